//! The documents of `bdr iam-policy`: each suffices for its commands, and nothing can be taken out of it but what is listed here with
//! its reason.
//!
//! No endpoint at hand enforces at that grain, so a proxy stands before one that executes everything: it finds for each request what
//! AWS asks for, evaluates the printed document, and refuses the rest as AWS does.

mod copied;
mod evaluate;
mod log;
mod pages;
mod requests;
mod roles;
mod tried;

use std::process::Command;
use std::sync::{Arc, Mutex};

use evaluate::{Asked, Leaf};

use crate::binary::{Home, Ran};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{Endpoint, fresh_name};

/// The account of the endpoint, the key of the bucket and the alias that the policy names it by.
const ACCOUNT: &str = "111111111111";
const KEY: &str = "arn:aws:kms:eu-north-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const ALIAS: &str = "alias/backups";
/// What bounds the policy's roles, and who makes tokens that one of them trusts.
const BOUNDARY: &str = "arn:aws:iam::111111111111:policy/Boundary";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// What is allowed just now, and what was asked for.
#[derive(Default)]
struct Gate {
    /// `None`: everything.
    allowed: Option<Vec<Leaf>>,
    asked: Vec<Asked>,
}

impl Gate {
    fn allows(&self, asked: &Asked) -> bool {
        self.allowed.as_ref().is_none_or(|leaves| evaluate::allows(leaves, asked))
    }

    /// The bucket's default encryption makes S3 use the key in the caller's name.
    fn decide(&mut self, head: &str) -> Fault {
        if let Some((_, form)) = head.split_once("\r\n\r\n").filter(|_| head.starts_with("POST / ")) {
            return self.decide_of_roles(form);
        }
        let asked = requests::asked(head.lines().next().unwrap_or_default());
        // Whoever locks what it writes must be allowed both (S3 API reference, `PutObject`).
        let locks = head.to_ascii_lowercase().contains("\nx-amz-object-lock-mode:");
        let asked = if asked.action == "s3:CreateBucket" { asked } else { asked.with("s3:ResourceAccount", ACCOUNT) };
        let key = |action| {
            let key = Asked { action, resource: KEY.to_owned(), context: Default::default() };
            key.with("kms:ViaService", "s3.eu-north-1.amazonaws.com").with("kms:ResourceAliases", ALIAS)
        };
        let also = match asked.action {
            "s3:PutObject" => Some(key("kms:GenerateDataKey")),
            "s3:GetObject" => Some(key("kms:Decrypt")),
            _ => None,
        };
        let mut locked: Vec<&'static str> = if locks { vec!["s3:PutObjectRetention"] } else { Vec::new() };
        // A bucket that is made with a lock has versions (S3 API reference, `CreateBucket`).
        if head.to_ascii_lowercase().contains("\nx-amz-bucket-object-lock-enabled: true") {
            locked.extend(["s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning"]);
        }
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(':'));
            lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
        };
        // Whoever gives an object tags, or has it copied, must be allowed that too (S3 API reference, `CreateMultipartUpload`, `UploadPartCopy`).
        locked.extend(header("x-amz-tagging").map(|_| "s3:PutObjectTagging"));
        let copied = header("x-amz-copy-source").map(|source| {
            let resource = format!("arn:aws:s3:::{}", requests::decoded(source.trim_start_matches('/')));
            Asked { action: "s3:GetObject", resource, context: Default::default() }.with("s3:ResourceAccount", ACCOUNT)
        });
        let locked: Vec<Asked> =
            locked.into_iter().map(|action| Asked { action, ..asked.clone() }.with("s3:ResourceAccount", ACCOUNT)).collect();
        let reads = asked.action == "s3:GetObject";
        let bucket = asked.resource.split('/').next().unwrap().to_owned();
        let all: Vec<Asked> = [Some(asked), also].into_iter().flatten().chain(locked).chain(copied).collect();
        let allowed = all.iter().all(|asked| self.allows(asked));
        self.asked.extend(all);
        // Whether a missing object may be told from one that may not be read is a matter of listing, without a prefix.
        let listing = Asked { action: "s3:ListBucket", resource: bucket, context: Default::default() };
        match (allowed, reads) {
            (false, _) => Fault::Deny,
            (true, true) if !self.allows(&listing.with("s3:ResourceAccount", ACCOUNT)) => Fault::Hide,
            (true, _) => Fault::None,
        }
    }
}

impl Gate {
    fn decide_of_roles(&mut self, form: &str) -> Fault {
        let all = roles::asked(form, ACCOUNT, BOUNDARY);
        let allowed = all.iter().all(|asked| self.allows(asked));
        self.asked.extend(all);
        if allowed { Fault::None } else { Fault::Deny }
    }
}

/// A policy on one bucket behind the gate.
struct Guarded {
    home: Home,
    gate: Arc<Mutex<Gate>>,
    proxy: Proxy,
    access_key: String,
}

impl Guarded {
    async fn new(endpoint: &Endpoint) -> Self {
        let gate: Arc<Mutex<Gate>> = Arc::default();
        let deciding = Arc::clone(&gate);
        let proxy = Proxy::reading(&endpoint.url, move |head| deciding.lock().unwrap().decide(head)).await;
        roles::provider(endpoint).await;
        let home = Home::new();
        home.policy(&policy(&fresh_name(), &proxy.url, endpoint.region));
        Self { home, gate, proxy, access_key: endpoint.access_key.clone() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(arguments);
        command.env("AWS_ACCESS_KEY_ID", &self.access_key).env("AWS_SECRET_ACCESS_KEY", "test");
        if arguments[0] == "plan" {
            command.args(["--allow-endpoint", &self.proxy.url]);
        }
        command
    }

    /// With every right.
    #[track_caller]
    fn freely(&self, arguments: &[&str]) -> Ran {
        self.gate.lock().unwrap().allowed = None;
        Ran::of(&self.command(arguments).output().unwrap()).ends(0)
    }

    /// With these rights alone; `day` moves the clock on, so that another moment of the schedule is due.
    fn with(&self, allowed: &[Leaf], day: usize, arguments: &[&str]) -> Ran {
        self.gate.lock().unwrap().allowed = Some(allowed.to_vec());
        let now = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * i64::try_from(day).unwrap());
        let ran = Ran::of(&self.command(arguments).env("BDR_NOW", now.to_string()).output().unwrap());
        self.gate.lock().unwrap().allowed = None;
        ran
    }

    /// The document, taken apart.
    fn leaves(&self, arguments: &[&str]) -> Vec<Leaf> {
        let printed = self.home.run(&[&["iam-policy"], arguments].concat()).ends(0);
        evaluate::leaves(&printed.stdout)
    }

    fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.gate.lock().unwrap().asked)
    }
}

fn policy(bucket: &str, url: &str, region: &str) -> String {
    format!(
        "version: 1\nname: {bucket}\nstores:\n  bucket:\n    s3: {{ bucket: {bucket}, region: {region}, endpoint: '{url}', prefix: \
         some/where, account: '{ACCOUNT}' }}\n    versioning: true\n    immutability: {{ mode: governance, for: 7d }}\n    encryption: {{ sse: aws:kms, key: {ALIAS} }}\n    access: {{ delete: ['arn:aws:iam::{ACCOUNT}:role/prune'] }}\n    tags: {{ \
         team: ops }}\ncomponents:\n  docs:\n    files: {{ paths: ['@/docs'] }}\n    protect:\n      nightly: {{ file_backup: {{}}, \
         schedule: '0 2 * * *', store: bucket }}\n    retain: {{ daily: {{ for: 14d }}, monthly: {{ for: 12mo, class: GLACIER }} \
         }}\nscheduler: {{ systemd: {{ directory: '@/units' }} }}\naccess:\n  account: '{ACCOUNT}'\n  \
         permissions_boundary: {BOUNDARY}\n  roles:\n    writer: {{ may: [write, prune], trust: {{ account: '{ACCOUNT}' }} }}\n    ci: {{ \
         may: plan, trust: {{ github: {{ repository: org/repo, pull_request: true }} }} }}\n"
    )
}
