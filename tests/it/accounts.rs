//! Stores in other accounts, by a role that is taken on, on an endpoint that enforces trust and rights.

mod example;
mod refused;
mod renewed;
mod roles;

use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::binary::{Home, Ran};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{Endpoint, endpoint, fresh_name};
use crate::iam_kinds::client;

/// The account of the caller, and the one that the stores lie in.
const CALLER: &str = "000000000000";
const OTHER: &str = "222222222222";

/// A caller who may do nothing but take on a role of another account.
struct World {
    home: Home,
    endpoint: Endpoint,
    proxy: Proxy,
    /// Forms that were sent to STS and IAM.
    forms: Arc<Mutex<Vec<String>>>,
    /// Of the policy, the caller and the role.
    name: String,
    key: String,
    secret: String,
}

impl World {
    async fn new() -> Option<Self> {
        let endpoint = endpoint("ministack-auth")?.clone();
        let forms: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&forms);
        let proxy = Proxy::reading(&endpoint.url, move |head| {
            if let Some((_, form)) = head.split_once("\r\n\r\n").filter(|_| head.starts_with("POST / ")) {
                heard.lock().unwrap().push(form.to_owned());
            }
            Fault::None
        })
        .await;
        let name = fresh_name();
        let iam = client(&endpoint, &endpoint.access_key, &endpoint.secret_key, None);
        iam.create_user().user_name(&name).send().await.unwrap();
        let made = iam.create_access_key().user_name(&name).send().await.unwrap().access_key.unwrap();
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{CALLER}:user/{name}") },
            "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "sts:ExternalId": "known-to-both" } },
        }] });
        let there = client(&endpoint, OTHER, "any", None);
        there.create_role().role_name(&name).assume_role_policy_document(trust.to_string()).send().await.unwrap();
        let home = Home::new();
        let world = Self { home, endpoint, proxy, forms, name, key: made.access_key_id, secret: made.secret_access_key };
        world.policy("backups", "");
        Some(world)
    }

    /// Two stores in two regions of an account.
    fn policy(&self, account: &str, more: &str) {
        let (name, url) = (&self.name, &self.proxy.url);
        let store = |store: &str, region: &str, replicate: &str| {
            format!(
                "  {store}:\n    s3: {{ bucket: {name}-{store}, region: {region}, endpoint: '{url}', account: {account} }}\n    versioning: \
                 true\n{replicate}"
            )
        };
        self.home.policy(&format!(
            "version: 1\nname: {name}\naccounts:\n  backups: {{ id: '{OTHER}', role: {name}, external_id: '${{env:SHARED}}' }}\nstores:\n{}{}\
             components:\n  docs:\n    files: {{ paths: ['@/docs'] }}\n    protect: {{ nightly: {{ file_backup: {{}}, schedule: '0 2 * * *', \
             store: near }} }}\n    retain: {{ daily: {{ for: 14d }} }}\nscheduler: {{ systemd: {{ directory: '@/units' }} }}\n{more}",
            store("near", "eu-north-1", "    replicate: { to: far }\n"),
            store("far", "eu-west-1", ""),
        ));
    }

    fn run_with(&self, shared: &str, arguments: &[&str]) -> Ran {
        let mut command = self.home.command(arguments);
        command.env("AWS_ACCESS_KEY_ID", &self.key).env("AWS_SECRET_ACCESS_KEY", &self.secret).env("SHARED", shared);
        if matches!(arguments[0], "plan" | "drift") {
            command.args(["--allow-endpoint", &self.proxy.url, "--allow-env", "SHARED"]);
        }
        Ran::of(&command.output().unwrap())
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with("known-to-both", arguments)
    }

    /// What the printed documents allow, and nothing else: to the caller, and to the role. `also` is what this endpoint asks for besides.
    async fn allow(&self, purposes: &[&str], also: serde_json::Value) {
        let printed = |account: &[&str]| self.run(&[&["iam-policy"], purposes, account].concat()).ends(0).stdout;
        let iam = client(&self.endpoint, &self.endpoint.access_key, &self.endpoint.secret_key, None);
        let own = iam.put_user_policy().user_name(&self.name).policy_name("printed").policy_document(printed(&[]));
        own.send().await.unwrap();
        let there = client(&self.endpoint, OTHER, "any", None);
        for (name, document) in [("printed", printed(&["--account", "backups"])), ("also", also.to_string())] {
            let put = there.put_role_policy().role_name(&self.name).policy_name(name).policy_document(document);
            put.send().await.unwrap();
        }
    }

    /// How often a role was taken on since the last look.
    fn taken(&self) -> usize {
        let forms = std::mem::take(&mut *self.forms.lock().unwrap());
        forms.iter().filter(|form| form.starts_with("Action=AssumeRole&")).count()
    }
}

/// This endpoint takes a role's ARN to be without its path (AWS does not).
fn without_paths(policy: &str) -> serde_json::Value {
    let roles = format!("arn:aws:iam::{OTHER}:role/bdr-{policy}-*");
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": ["iam:*"], "Resource": roles }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_in_an_account_is_done_by_its_role() {
    let Some(world) = World::new().await else { return };
    world.allow(&["plan", "apply", "write", "restore"], without_paths(&world.name)).await;
    let planned = world.run(&["plan"]).ends(0);
    let role = format!("arn:aws:iam::{OTHER}:role/{}", world.name);
    let said = planned.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(&format!("As {role} (account backups): store far, store near")), "{said}");
    assert_eq!(world.taken(), 1, "for two stores in two regions, and for IAM");
    world.run(&["apply", "--auto-approve"]).ends(0);
    assert_eq!(world.taken(), 1);
    world.run(&["plan", "--detailed-exitcode"]).ends(0);
    for arguments in [&["backup", "docs"][..], &["list"], &["verify", "docs"], &["restore", "docs", "--to", "back"], &["status"]]
    {
        world.run(arguments).ends(0);
    }
    assert_eq!(world.home.text("back/a.txt"), "a");

    // The buckets and the role by which one replicates are the other account's, and the caller has nothing there.
    let there = client(&world.endpoint, OTHER, "any", None);
    let replication = format!("bdr-{}-replication-near", world.name);
    there.get_role().role_name(&replication).send().await.unwrap();
    let here = client(&world.endpoint, &world.endpoint.access_key, &world.endpoint.secret_key, None);
    assert!(here.get_role().role_name(&replication).send().await.is_err());
    let bucket = format!("{}-near", world.name);
    let of_other = world.endpoint.client_with(OTHER, "any").await;
    of_other.list_objects_v2().bucket(&bucket).send().await.unwrap();
    let of_caller = world.endpoint.client_with(&world.key, &world.secret).await;
    assert!(of_caller.list_objects_v2().bucket(&bucket).send().await.is_err());
    // Requests are signed by the session, never by the caller's own key, but for the question itself.
    let signed: Vec<String> = world.proxy.heads().into_iter().filter(|head| head.contains(&world.key)).collect();
    assert!(!signed.is_empty() && signed.iter().all(|head| head.starts_with("POST / ")), "{signed:#?}");
}
