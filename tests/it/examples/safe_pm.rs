//! The storage of the strategy, `examples/safe-pm/storage.yaml`, on every endpoint, as far as each can: linted, planned, applied, and the
//! next plan is empty.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::primitives::ByteStream;

use crate::binary::{Home, Ran};
use crate::harness::{Endpoint, endpoint, make_bucket};
use crate::iam_kinds::client;
use crate::tidy::root;

const FILES: &str = "safe-pm-files";
const BACKUPS: &str = "safe-pm-backups";
const COPIES: &str = "safe-pm-backups-dr";

/// The example at an endpoint, for a machine without systemd and `/srv`.
struct Example {
    home: Home,
    endpoint: Endpoint,
    client: Client,
}

impl Example {
    /// `account` is the endpoint's; what it lacks is taken out of the stores.
    async fn new(endpoint: &Endpoint, account: &str, lacks: &[&str]) -> Self {
        let home = Home::new();
        let text = std::fs::read_to_string(root().join("examples/safe-pm/storage.yaml")).unwrap();
        let text = text.replace("/srv/safe-pm/config", &home.path("docs").display().to_string());
        let text = text.replace("systemd: {}", &format!("systemd: {{ directory: {} }}", home.path("units").display()));
        // None of these endpoints is asked by TLS.
        let text = text.replace("      tls_only: true\n", "").replace("packs: [cis-s3]\n", "").replace("111122223333", account);
        let text = lacks.iter().fold(text, |text, key| without(&text, key));
        std::fs::write(home.path("bdr.yaml"), text).unwrap();
        let client = endpoint.client().await;
        make_bucket(&client, FILES).await;
        Self { home, endpoint: endpoint.clone(), client }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.home.command(arguments);
        command.env("AWS_ACCESS_KEY_ID", &self.endpoint.access_key).env("AWS_SECRET_ACCESS_KEY", &self.endpoint.secret_key);
        Ran::of(&command.env("AWS_ENDPOINT_URL", &self.endpoint.url).output().unwrap())
    }

    fn words(&self, arguments: &[&str]) -> String {
        self.run(arguments).ends(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What the account has besides, by what the example says.
    async fn account(&self) {
        let iam = client(&self.endpoint, &self.endpoint.access_key, &self.endpoint.secret_key, None);
        let provider = iam.create_open_id_connect_provider().url("https://token.actions.githubusercontent.com");
        // Another test may have made it.
        let _ = provider.client_id_list("sts.amazonaws.com").send().await;
        for region in ["eu-north-1", "eu-west-1"] {
            let made = kms(&self.endpoint, region, "CreateKey", "{}");
            let key =
                made.split("\"KeyId\": \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("{made}"));
            let alias = format!("{{\"AliasName\": \"alias/safe-pm-backups\", \"TargetKeyId\": \"{key}\"}}");
            kms(&self.endpoint, region, "CreateAlias", &alias);
        }
    }
}

/// A policy without a key of its stores, or without storage classes of its tiers.
fn without(text: &str, key: &str) -> String {
    if key == "class" {
        let lines =
            text.lines().map(|line| line.split_once(", class: ").map_or(line.to_owned(), |(before, _)| format!("{before} }}")));
        return lines.map(|line| line + "\n").collect();
    }
    let (mut kept, mut inside) = (String::new(), false);
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        inside = if inside { indent > 4 } else { line.starts_with(&format!("    {key}:")) };
        kept.push_str(if inside { "" } else { line });
    }
    assert_ne!(kept, text, "{key}");
    kept
}

/// One request to KMS of an endpoint that checks no signature.
fn kms(endpoint: &Endpoint, region: &str, operation: &str, body: &str) -> String {
    let host = endpoint.url.trim_start_matches("http://");
    let credential = format!("{}/20261127/{region}/kms/aws4_request", endpoint.access_key);
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {host}\r\nX-Amz-Target: TrentService.{operation}\r\nContent-Type: application/x-amz-json-1.1\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn on_ministack_all_of_it_stands_and_what_is_written_arrives() {
    let Some(endpoint) = endpoint("ministack") else { return };
    // It takes an access key of twelve digits for the account, and this one no other test has.
    let account = "222233334444";
    let endpoint = Endpoint { access_key: account.to_owned(), ..endpoint.clone() };
    let example = Example::new(&endpoint, account, &[]).await;
    example.account().await;
    example.run(&["lint"]).ends(0);
    let plan = example.words(&["plan"]);
    for part in ["+ replication rule copy", "+ replication rule dr/configuration", "+ object lock", "+ role ci-apply"] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    assert!(!plan.contains("BROKEN") && !plan.contains("not supported"), "{plan}");
    example.run(&["apply", "--auto-approve"]).ends(0);
    example.run(&["plan", "--detailed-exitcode"]).ends(0);

    let put = example.client.put_object().bucket(FILES).key("files/attachments/plan.pdf");
    put.body(ByteStream::from_static(b"x")).send().await.unwrap();
    let far = Client::from_conf(example.client.config().to_builder().region(Region::new("eu-west-1")).build());
    let begun = Instant::now();
    let there = loop {
        match far.head_object().bucket(COPIES).key("files/attachments/plan.pdf").send().await {
            Ok(there) => break there,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "it did not arrive: {error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(there.storage_class().map(|class| class.as_str()), Some("STANDARD_IA"));
    let held = |store: &str| example.run(&["list", "configuration", "--store", store]).stdout.matches(" full ").count();
    // Of the tiers, the monthly one lies in a class of its own.
    assert_eq!(held("primary"), 2);
    while held("dr") < 2 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the backups did not arrive");
        std::thread::sleep(Duration::from_millis(100));
    }
    example.run(&["restore", "configuration", "--store", "dr", "--to", "back"]).ends(0);
    assert_eq!(example.home.text("back/a.txt"), "a");
    example.run(&["status"]).ends(0);
}

/// moto 5.2 forgets what of a bucket a rule copies, so the rules are left out: seen as not standing, and the backup waits for them.
#[tokio::test(flavor = "multi_thread")]
async fn on_moto_all_but_the_rules_of_replication_stands() {
    let Some(endpoint) = endpoint("moto") else { return };
    let example = Example::new(endpoint, "123456789012", &[]).await;
    example.account().await;
    let kinds =
        ["s3_bucket", "s3_versioning", "s3_public_access_block", "s3_ownership_controls", "s3_object_lock", "s3_encryption"];
    let more = ["s3_bucket_policy_statement", "s3_tags", "s3_lifecycle_rule", "iam_role", "iam_role_policy", "systemd_timer"];
    let targets: Vec<&str> = kinds.into_iter().chain(more).flat_map(|kind| ["--target", kind]).collect();
    // A lock is taken only for a bucket that holds nothing, and a lease is an object.
    example.run(&[&["apply", "--auto-approve", "--no-lease"], &targets[..]].concat()).ends(0);
    example.run(&[&["plan", "--detailed-exitcode"], &targets[..]].concat()).ends(0);
    let plan = example.words(&["plan"]);
    assert!(plan.contains("2 new, 1 first backup"), "{plan}");
    assert!(plan.contains("+ replication rule copy") && plan.contains("+ replication rule dr/configuration"), "{plan}");
}

/// Without KMS and IAM, so without principals.
async fn without_aws(endpoint: &Endpoint, lacks: &[&str], more: &[&str]) {
    let example = Example::new(endpoint, "111122223333", lacks).await;
    let plan = example.words(&["plan"]);
    assert!(plan.contains("replication; nothing is copied to the other store"), "{plan}");
    assert!(plan.contains("not supported by this endpoint: roles"), "{plan}");
    // Said before the stores' buckets are there, and where the objectives stand: the region's rests on replication.
    let region = plan.split("configuration region").nth(1).unwrap_or_default();
    assert!(region.trim_start().starts_with("RPO 27h no bound BROKEN"), "{plan}");
    example.run(&[&["apply", "--auto-approve"], more].concat()).ends(0);
    example.run(&["plan", "--detailed-exitcode"]).ends(0);
    example.run(&["restore", "configuration", "--to", "back"]).ends(0);
    assert_eq!(example.home.text("back/a.txt"), "a");
    for bucket in [FILES, BACKUPS, COPIES] {
        example.client.head_bucket().bucket(bucket).send().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_seaweedfs_the_plan_says_what_is_not_copied_and_the_rest_stands() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    without_aws(endpoint, &["encryption", "access"], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_radosgw_the_plan_says_what_is_not_copied_and_the_rest_stands() {
    let Some(endpoint) = endpoint("radosgw") else { return };
    // It honours no conditional writes, so nothing can hold a lease there.
    without_aws(endpoint, &["encryption", "access", "class"], &["--no-lease"]).await;
}
