//! Roles of the policy in an account of it: made there, and taken away where they stood before.

use super::{OTHER, World};
use crate::iam_kinds::client;

/// An account that the policy names is looked into, also where nothing of it lies there any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_left_is_found_in_an_account_that_the_policy_still_names() {
    let Some(world) = World::new().await else { return };
    let root = |arguments: &[&str]| {
        let mut command = world.home.command(arguments);
        command
            .env("AWS_ACCESS_KEY_ID", &world.endpoint.access_key)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("SHARED", "known-to-both");
        if arguments[0] == "plan" {
            command.args(["--allow-endpoint", &world.proxy.url, "--allow-env", "SHARED"]);
        }
        crate::binary::Ran::of(&command.output().unwrap())
    };
    let everything = serde_json::json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": ["s3:*", "iam:*"], "Resource": "*" }] });
    let there = client(&world.endpoint, OTHER, "any", None);
    let trust = crate::iam_kinds::trust_in("000000000000");
    there.update_assume_role_policy().role_name(&world.name).policy_document(trust).send().await.unwrap();
    let put = there.put_role_policy().role_name(&world.name).policy_name("all").policy_document(everything.to_string());
    put.send().await.unwrap();
    root(&["apply", "--auto-approve", "--without-backups"]).ends(0);
    let (name, url) = (&world.name, &world.proxy.url);
    world.home.policy(&format!(
        "version: 1\nname: {name}\naccounts:\n  backups: {{ id: '{OTHER}', role: {name} }}\nstores:\n  own:\n    s3: {{ bucket: {name}-own, region: \
         eu-north-1, endpoint: '{url}' }}\n"
    ));
    let plan = root(&["plan"]).ends(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for bucket in [format!("{name}-near"), format!("{name}-far")] {
        assert!(plan.contains(&bucket) && plan.contains("released"), "{bucket}: {plan}");
    }
    assert!(plan.contains("what left the policy"), "by which role is said: {plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_move_with_the_account_that_the_policy_names() {
    let Some(world) = World::new().await else { return };
    let root = |arguments: &[&str], account: Option<&str>| {
        let mut command = world.home.command(arguments);
        let key = account.unwrap_or(&world.endpoint.access_key);
        command.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", "test").env("SHARED", "known-to-both");
        crate::binary::Ran::of(&command.output().unwrap())
    };
    // The caller's role stands in the caller's account …
    let access = |account: &str| {
        format!("access:\n  account: {account}\n  roles:\n    writer: {{ may: write, trust: {{ account: '{OTHER}' }} }}\n")
    };
    let policy = |account: &str| world.policy("backups", &access(account));
    let everything = serde_json::json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": ["s3:*", "iam:*"], "Resource": "*" }] });
    let there = client(&world.endpoint, OTHER, "any", None);
    let trust = crate::iam_kinds::trust_in("000000000000");
    there.update_assume_role_policy().role_name(&world.name).policy_document(trust).send().await.unwrap();
    let put = there.put_role_policy().role_name(&world.name).policy_name("all").policy_document(everything.to_string());
    put.send().await.unwrap();
    policy("'000000000000'");
    root(&["apply", "--auto-approve", "--without-backups"], None).ends(0);
    let here = client(&world.endpoint, &world.endpoint.access_key, &world.endpoint.secret_key, None);
    let writer = format!("bdr-{}-writer", world.name);
    here.get_role().role_name(&writer).send().await.unwrap();
    assert!(there.get_role().role_name(&writer).send().await.is_err());
    // … and in the other one when the policy says so: made there, and taken away here, by names that tell them apart.
    policy("backups");
    let planned =
        root(&["plan", "--format", "json", "--allow-endpoint", &world.proxy.url, "--allow-env", "SHARED"], None).ends(0);
    let plan: serde_json::Value = serde_json::from_str(&planned.stdout).unwrap();
    let ids: Vec<&str> = plan["actions"].as_array().unwrap().iter().filter_map(|action| action["id"].as_str()).collect();
    for id in ["policy/iam_role:writer", "policy/iam_role:/writer", "policy/iam_role_policy:/writer"] {
        assert!(ids.contains(&id), "{id}: {ids:?}");
    }
    root(&["apply", "--auto-approve", "--without-backups"], None).ends(0);
    there.get_role().role_name(&writer).send().await.unwrap();
    assert!(here.get_role().role_name(&writer).send().await.is_err());
    root(
        &["plan", "--detailed-exitcode", "--target", "policy", "--allow-endpoint", &world.proxy.url, "--allow-env", "SHARED"],
        None,
    )
    .ends(0);
    // What left the policy is found in the account where the last apply made it.
    world.policy("backups", "");
    let planned = root(&["plan", "--allow-endpoint", &world.proxy.url, "--allow-env", "SHARED"], None).ends(0);
    assert!(planned.stdout.contains("- role backups/writer"), "{planned:#?}");
}
