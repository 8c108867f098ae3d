//! Roles on real endpoints, by the binary: made, read back equal, nothing more to do, drift seen and mended, what is foreign kept.

mod drift;
mod enforced;
mod example;
mod others;

use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_iam::types as t;

use crate::binary::{Home, Ran};
use crate::harness::{Endpoint, fresh_name};

/// The account of the endpoint that takes any access key of twelve digits for one.
const ACCOUNT: &str = "111111111111";

/// A policy with roles at an endpoint.
struct World {
    home: Home,
    endpoint: Endpoint,
    /// Of the policy, and of its bucket.
    name: String,
    iam: aws_sdk_iam::Client,
}

impl World {
    /// `access` as YAML, with `@` for the account.
    fn new(endpoint: &Endpoint, account: &str, access: &str) -> Self {
        let home = Home::new();
        let name = fresh_name();
        let iam = client(endpoint, &endpoint.access_key, &endpoint.secret_key, None);
        let world = Self { home, endpoint: endpoint.clone(), name, iam };
        world.policy(account, access);
        world
    }

    fn policy(&self, account: &str, access: &str) {
        let Endpoint { url, region, .. } = &self.endpoint;
        let access = access.replace('@', account).replace('#', &self.name);
        let text = format!(
            "version: 1\nname: {0}\nstores:\n  bucket:\n    s3: {{ bucket: {0}, region: {region}, endpoint: '{url}', prefix: some/where }}\n\
             components:\n  docs:\n    files: {{ paths: ['{1}'] }}\n    protect:\n      nightly: {{ file_backup: {{}}, schedule: '0 2 * * *', \
             store: bucket }}\n    retain: {{ daily: {{ for: 14d }} }}\nscheduler: {{ systemd: {{ directory: '{2}' }} }}\n{access}",
            self.name,
            self.home.path("docs").display(),
            self.home.path("units").display(),
        );
        std::fs::write(self.home.path("bdr.yaml"), text).unwrap();
    }

    /// The binary with somebody's credentials.
    fn run_as(&self, key: &str, secret: &str, token: Option<&str>, arguments: &[&str]) -> Ran {
        let mut command = self.home.command(arguments);
        command.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", secret);
        token.into_iter().for_each(|token| _ = command.env("AWS_SESSION_TOKEN", token));
        if matches!(arguments[0], "plan" | "drift") {
            command.args(["--allow-endpoint", &self.endpoint.url]);
        }
        Ran::of(&command.output().unwrap())
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_as(&self.endpoint.access_key, &self.endpoint.secret_key, None, arguments)
    }

    #[track_caller]
    fn apply(&self) -> Ran {
        self.run(&["apply", "--auto-approve", "--without-backups"]).ends(0)
    }

    #[track_caller]
    fn is_as_wanted(&self) {
        self.run(&["plan", "--detailed-exitcode", "--target", "policy"]).ends(0);
    }

    /// What a plan would do, as its words on one line.
    #[track_caller]
    fn plan(&self) -> String {
        let ran = self.run(&["plan", "--detailed-exitcode"]).ends(2);
        ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn role(&self, key: &str) -> String {
        format!("bdr-{}-{key}", self.name)
    }

    async fn seen(&self, key: &str) -> Option<t::Role> {
        self.iam.get_role().role_name(self.role(key)).send().await.ok().and_then(|answer| answer.role)
    }
}

pub fn client(endpoint: &Endpoint, key: &str, secret: &str, token: Option<&str>) -> aws_sdk_iam::Client {
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(endpoint.region))
        .endpoint_url(&endpoint.url)
        .credentials_provider(Credentials::new(key, secret, token.map(str::to_owned), None, "test"));
    aws_sdk_iam::Client::from_conf(config.build())
}

/// A document that trusts an account.
pub fn trust_in(account: &str) -> String {
    format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{{\"AWS\":\"arn:aws:iam::{account}:root\"}},\
         \"Action\":\"sts:AssumeRole\"}}]}}"
    )
}
