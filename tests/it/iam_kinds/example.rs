//! The example of roles: its plan, which is also how roles look in one, and its apply.

use std::process::Command;

use super::client;
use crate::binary::{Home, Ran};
use crate::harness::{Endpoint, endpoint};
use crate::tidy::root;

fn command(home: &Home, endpoint: &Endpoint, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    // The endpoint takes an access key of twelve digits for the account.
    command.env("AWS_ACCESS_KEY_ID", "111122223333").env("AWS_SECRET_ACCESS_KEY", "test");
    command.env("AWS_ENDPOINT_URL", &endpoint.url).env("BDR_NOW", "2026-11-27T12:00:00Z").env("BDR_PROGRAM", "/usr/bin/bdr");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_is_planned_and_applied() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let home = Home::new();
    // The crontab of the machine is nobody's business here.
    let text = std::fs::read_to_string(root().join("examples/access/bdr.yaml")).unwrap();
    let text = text.replace("cron: {}", &format!("cron: {{ file: {} }}", home.path("crontab").display()));
    std::fs::write(home.path("bdr.yaml"), text).unwrap();
    let run = |arguments: &[&str]| Ran::of(&command(&home, endpoint, arguments).output().unwrap());
    run(&["lint"]).ends(0);

    let refused = run(&["plan", "--target", "policy"]).ends(0).stdout;
    assert!(refused.contains("needs a person"), "without the provider of tokens: {refused}");
    let iam = client(endpoint, "111122223333", "test", None);
    let provider = iam.create_open_id_connect_provider().url("https://token.actions.githubusercontent.com");
    provider.client_id_list("sts.amazonaws.com").send().await.unwrap();
    let shown = run(&["plan", "--target", "policy"]).ends(0).stdout;
    assert!(shown.lines().all(|line| line.chars().count() <= 80 || !line.trim().contains(' ')), "{shown}");
    let shown = shown.lines().filter(|line| !line.starts_with("Digest ")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("plan-of-roles", shown);

    run(&["apply", "--auto-approve", "--without-backups"]).ends(0);
    run(&["plan", "--detailed-exitcode", "--target", "policy"]).ends(0);
    let wider = home.text("bdr.yaml").replace(
        "trust: { service: ec2.amazonaws.com }",
        "trust: [{ service: ec2.amazonaws.com }, { account: \"444455556666\" }]",
    );
    std::fs::write(home.path("bdr.yaml"), wider.replace("may: [write, prune]", "may: write")).unwrap();
    let shown = run(&["plan", "--target", "policy"]).ends(0).stdout;
    let shown =
        shown.lines().filter(|line| !line.starts_with("Digest ") && !line.contains("(apply by")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("plan-of-a-wider-trust", shown);
}
