//! Real servers for the tests: each is started once for the test binary, on free ports of the loopback, and dies with it.
//!
//! Programs come from `$BDR_SERVERS` (default `.servers` in the repository; `scripts/servers install` fills it). Where one is
//! missing, its tests say so and pass, unless `BDR_TEST_SERVERS=1`: then they fail. `BDR_TEST_TIER` picks: `none`, `a`
//! (ministack, SeaweedFS), `b` (Ceph, moto as well; the default).

pub mod process;
mod python;
pub mod canned;
pub mod own_cluster;
pub mod postgres;
pub mod instance;
pub mod proxy;
mod radosgw;
mod weed;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use bdr::diag::Spanned;
use bdr::policy::{S3Backend, Text};
use bdr::provider::Env;

/// An S3 endpoint that answers.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub url: String,
    pub region: &'static str,
    pub access_key: String,
    pub secret_key: String,
}

impl Endpoint {
    pub fn env(&self) -> Env {
        self.env_with(&self.access_key, &self.secret_key)
    }

    /// Somebody else, by their keys.
    pub fn env_with(&self, access_key: &str, secret_key: &str) -> Env {
        let vars = [("AWS_ACCESS_KEY_ID", access_key), ("AWS_SECRET_ACCESS_KEY", secret_key)];
        Env { vars: vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(), ..Env::default() }
    }

    pub fn backend(&self, bucket: &str, prefix: &str) -> S3Backend {
        S3Backend {
            bucket: Spanned::bare(Text::plain(bucket)),
            region: Some(Spanned::bare(self.region.to_owned())),
            endpoint: Some(Spanned::bare(Text::plain(self.url.clone()))),
            path_style: None,
            prefix: Spanned::bare(prefix.to_owned()),
            account: None,
            through: None,
        }
    }

    /// A client with which a test acts as somebody else than bdr.
    pub async fn client(&self) -> aws_sdk_s3::Client {
        self.client_with(&self.access_key, &self.secret_key).await
    }

    pub async fn client_with(&self, access_key: &str, secret_key: &str) -> aws_sdk_s3::Client {
        let connection = bdr::stores::s3::connect(&self.backend("unused", ""), &self.env_with(access_key, secret_key)).await;
        connection.unwrap().client.clone()
    }
}

/// Makes a bucket as somebody with a client of their own would.
pub async fn make_bucket(client: &aws_sdk_s3::Client, bucket: &str) {
    use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
    let region = client.config().region().map(ToString::to_string).filter(|region| region != "us-east-1");
    let place = region.map(|region| {
        CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(region.as_str())).build()
    });
    client.create_bucket().bucket(bucket).set_create_bucket_configuration(place).send().await.unwrap();
}

/// A bucket name that no other test has.
pub fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("bdr-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The endpoints of every contract suite.
pub fn endpoint(name: &str) -> Option<&'static Endpoint> {
    static STARTED: OnceLock<BTreeMap<&'static str, OnceLock<Option<Endpoint>>>> = OnceLock::new();
    let all = STARTED.get_or_init(|| {
        let names = ["ministack", "ministack-auth", "seaweedfs", "moto", "moto-auth", "radosgw"];
        names.into_iter().map(|name| (name, OnceLock::new())).collect()
    });
    let start = || match name {
        "ministack" => python::ministack(false),
        "ministack-auth" => python::ministack(true),
        "moto" => python::moto("moto"),
        "moto-auth" => python::moto("moto-auth"),
        "seaweedfs" => weed::start(),
        "radosgw" => radosgw::start(),
        other => panic!("no endpoint `{other}`"),
    };
    let found = all[name].get_or_init(|| if is_wanted(name) { start() } else { None });
    found.as_ref()
}

fn is_wanted(name: &str) -> bool {
    match std::env::var("BDR_TEST_TIER").as_deref() {
        Ok("none") => false,
        Ok("a") => !matches!(name, "moto" | "moto-auth" | "radosgw"),
        _ => true,
    }
}

fn servers() -> PathBuf {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".servers");
    std::env::var_os("BDR_SERVERS").map_or_else(default, PathBuf::from)
}

/// A program of `$BDR_SERVERS`; `None` (said, or a failure where servers are demanded) where it is not installed.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = servers().join("venv/bin").join(name);
    available(path.exists(), name).then_some(path)
}

#[expect(clippy::print_stderr, reason = "a test that did not run must say so")]
fn available(there: bool, name: &str) -> bool {
    if !there {
        let advice = "run `scripts/servers install`, and set BDR_SERVERS if it is not `.servers` in the repository";
        let demanded = std::env::var("BDR_TEST_SERVERS").is_ok_and(|value| value == "1");
        assert!(!demanded, "{name} is not installed: {advice}");
        eprintln!("skipped: {name} is not installed ({advice})");
    }
    there
}
