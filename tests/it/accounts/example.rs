//! `examples/accounts/bdr.yaml`: three accounts, each with what it holds, and copies from one to another.

use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types as t;
use serde_json::json;

use super::CALLER;
use crate::binary::{Home, Ran};
use crate::harness::{endpoint, make_bucket};
use crate::iam_kinds::client;
use crate::tidy::root;

/// The accounts of the example.
const VAULT: &str = "222222222222";
const REMOTE: &str = "333333333333";

#[tokio::test(flavor = "multi_thread")]
async fn backups_and_documents_lie_in_the_accounts_that_the_example_names() {
    let Some(endpoint) = endpoint("ministack-auth") else { return };
    let home = Home::new();
    let text = std::fs::read_to_string(root().join("examples/accounts/bdr.yaml")).unwrap();
    let text = text.replace("111111111111", CALLER).replace("/srv/reports", &home.path("docs").display().to_string());
    home.policy(&text.replace("systemd: {}", "systemd: { directory: '@/units' }"));
    let everything =
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": ["s3:*", "iam:*"], "Resource": "*" }] });
    for account in [VAULT, REMOTE] {
        let iam = client(endpoint, account, "any", None);
        let made =
            iam.create_role().path("/bdr/").role_name("papers").assume_role_policy_document(crate::iam_kinds::trust_in(CALLER));
        made.send().await.unwrap();
        let put = iam.put_role_policy().role_name("papers").policy_name("all").policy_document(everything.to_string());
        put.send().await.unwrap();
    }
    let here = endpoint.client_with(&endpoint.access_key, &endpoint.secret_key).await;
    make_bucket(&here, "papers-documents").await;
    let on = t::VersioningConfiguration::builder().status(t::BucketVersioningStatus::Enabled).build();
    here.put_bucket_versioning().bucket("papers-documents").versioning_configuration(on).send().await.unwrap();

    let run = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.env("AWS_ACCESS_KEY_ID", &endpoint.access_key).env("AWS_SECRET_ACCESS_KEY", &endpoint.secret_key);
        command.env("AWS_ENDPOINT_URL", &endpoint.url).env("BDR_EXTERNAL_ID", "known-to-both");
        if matches!(arguments[0], "plan" | "drift") {
            command.args(["--allow-env", "BDR_EXTERNAL_ID"]);
        }
        Ran::of(&command.output().unwrap())
    };
    run(&["lint"]).ends(0);
    let plan = run(&["plan"]).ends(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for (account, name) in [(VAULT, "vault"), (REMOTE, "remote")] {
        assert!(plan.contains(&format!("As arn:aws:iam::{account}:role/bdr/papers (account {name})")), "{plan}");
    }
    assert!(!plan.contains("BROKEN"), "{plan}");
    run(&["apply", "--auto-approve"]).ends(0);
    run(&["plan", "--detailed-exitcode"]).ends(0);

    let put = here.put_object().bucket("papers-documents").key("a").body(ByteStream::from_static(b"x"));
    put.send().await.unwrap();
    let there = endpoint.client_with(REMOTE, "any").await;
    let there = Client::from_conf(there.config().to_builder().region(Region::new("eu-west-1")).build());
    let begun = Instant::now();
    while there.head_object().bucket("papers-documents-remote").key("a").send().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it did not arrive");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    run(&["restore", "reports", "--store", "remote", "--to", "back"]).ends(0);
    assert_eq!(home.text("back/a.txt"), "a");
}
