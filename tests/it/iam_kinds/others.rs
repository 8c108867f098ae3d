//! What is not the policy's: names that are taken, roles that leave, providers of tokens, endpoints without IAM, other accounts.

use super::{ACCOUNT, World, trust_in};
use crate::harness::endpoint;
use crate::s3_kinds::driver::Driver;
use bdr::providers::iam::Iam;

const WRITER: &str = "access:\n  roles:\n    writer: { may: [write, prune], trust: { account: '@' } }\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_left_the_policy_goes() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let two = format!("{WRITER}    restorer: {{ may: restore, trust: {{ account: '@' }} }}\n");
    let world = World::new(endpoint, ACCOUNT, &two);
    world.apply();
    world.policy(ACCOUNT, WRITER);
    let plan = world.plan();
    assert!(plan.contains("role restorer") && plan.contains("left the policy"), "{plan}");
    world.apply();
    world.is_as_wanted();
    assert!(world.seen("restorer").await.is_none() && world.seen("writer").await.is_some());
    // A role below the path that does not carry the mark is somebody's.
    let path = format!("/bdr/{}/", world.name);
    let request = world.iam.create_role().role_name(world.role("theirs")).path(&path);
    request.assume_role_policy_document(trust_in(ACCOUNT)).send().await.unwrap();
    world.is_as_wanted();
    // Where the policy says nothing of roles any more, the records of applies do.
    world.policy(ACCOUNT, "");
    let plan = world.plan();
    assert!(plan.contains("role writer") && !plan.contains("theirs"), "{plan}");
    world.apply();
    assert!(world.seen("writer").await.is_none() && world.seen("theirs").await.is_some());
}

/// A boundary that bdr set is nobody else's, and no tag outlives its role.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_a_part_of_a_role_is_not_kept_where_the_role_goes() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let bounded = WRITER.replace("  roles:", "  permissions_boundary: arn:aws:iam::@:policy/Boundary\n  roles:");
    let world = World::new(endpoint, ACCOUNT, &bounded);
    super::drift::make_boundary(&world).await;
    world.apply();
    let tag = aws_sdk_iam::types::Tag::builder().key("team").value("web").build().unwrap();
    world.iam.tag_role().role_name(world.role("writer")).tags(tag).send().await.unwrap();
    world.policy(ACCOUNT, "access: { roles: {} }\n");
    let plan = world.plan();
    let (boundary, tag) =
        (format!("{}/arn:aws:iam::{ACCOUNT}:policy/Boundary", world.role("writer")), format!("{}/team", world.role("writer")));
    assert!(plan.contains("role writer") && !plan.contains("foreign part"), "{plan}");
    assert!(plan.contains("with it goes what bdr keeps otherwise") && plan.contains(&boundary) && plan.contains(&tag), "{plan}");
    world.apply();
    assert!(world.seen("writer").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_others_gave_rights_to_is_not_removed() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let world = World::new(endpoint, ACCOUNT, WRITER);
    world.apply();
    let name = world.role("writer");
    let theirs =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sns:Publish\",\"Resource\":\"*\"}]}";
    world.iam.put_role_policy().role_name(&name).policy_name("theirs").policy_document(theirs).send().await.unwrap();
    world.policy(ACCOUNT, "access: { roles: {} }\n");
    let ran = world.run(&["apply", "--auto-approve", "--without-backups"]);
    assert!(ran.code != Some(0) && ran.stdout.contains("inline policy `theirs`"), "{ran:#?}");
    let kept = world.iam.list_role_policies().role_name(&name).send().await.unwrap().policy_names;
    assert_eq!(kept, ["theirs"]);
    world.iam.delete_role_policy().role_name(&name).policy_name("theirs").send().await.unwrap();
    world.apply();
    assert!(world.seen("writer").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_somebody_else_is_never_taken_over() {
    for (server, account) in [("ministack", ACCOUNT), ("moto", "123456789012")] {
        let Some(endpoint) = endpoint(server) else { continue };
        let world = World::new(endpoint, account, WRITER);
        let theirs =
            world.iam.create_role().role_name(world.role("writer")).assume_role_policy_document(trust_in("222222222222"));
        theirs.send().await.unwrap();
        let plan = world.plan();
        assert!(plan.contains("not taken over"), "{server}: {plan}");
        let ran = world.run(&["apply", "--auto-approve", "--without-backups"]);
        assert!(ran.code != Some(0), "{server}: {ran:#?}");
        let seen = world.seen("writer").await.unwrap();
        assert!(seen.path == "/" && seen.assume_role_policy_document.unwrap().contains("222222222222"), "{server}");
        let inline = world.iam.list_role_policies().role_name(world.role("writer")).send().await.unwrap();
        assert!(inline.policy_names.is_empty(), "{server}: {inline:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_of_tokens_is_needed_and_never_made() {
    let Some(endpoint) = endpoint("moto") else { return };
    let access =
        "access:\n  account: '@'\n  roles:\n    ci: { may: plan, trust: { gitlab: { project: org/repo, branch: main } } }\n";
    let world = World::new(endpoint, "123456789012", access);
    let plan = world.run(&["plan"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let command = "aws iam create-open-id-connect-provider --url https://gitlab.com --client-id-list sts.amazonaws.com";
    assert!(plan.contains(command), "{plan}");
    let ran = world.run(&["apply", "--auto-approve", "--without-backups"]);
    assert!(ran.code != Some(0) && world.seen("ci").await.is_none(), "{ran:#?}");
    let provider = world.iam.create_open_id_connect_provider().url("https://gitlab.com");
    let arn = provider.client_id_list("sts.amazonaws.com").send().await.unwrap().open_id_connect_provider_arn.unwrap();
    world.apply();
    world.is_as_wanted();
    let trust = world.seen("ci").await.unwrap().assume_role_policy_document.unwrap();
    assert!(trust.replace("%3A", ":").replace("%2F", "/").contains("project_path:org/repo:"), "{trust}");
    // Without it the role stands, and nobody takes it on: an alarm.
    world.iam.delete_open_id_connect_provider().open_id_connect_provider_arn(&arn).send().await.unwrap();
    let plan = world.run(&["plan"]).ends(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plan.contains("no provider of tokens") && plan.contains(command), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_without_roles_is_told_and_all_else_is_set_up() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    let two = format!("{WRITER}    restorer: {{ may: restore, trust: {{ account: '@' }} }}\n");
    let world = World::new(endpoint, ACCOUNT, &two);
    let plan = world.plan();
    assert_eq!(plan.matches("not supported by this endpoint: roles").count(), 1, "{plan}");
    world.apply();
    world.is_as_wanted();
}

/// Ceph 16 has roles, and answers in another form than AWS: none is made that could not be read back. It holds no lease, so without the
/// engine.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_with_another_iam_is_told_as_one_without() {
    let Some(endpoint) = endpoint("radosgw") else { return };
    let world = World::new(endpoint, ACCOUNT, WRITER);
    let text = world.home.text("bdr.yaml");
    let yaml = text.split_once("stores:").unwrap().1;
    let driver = Driver::of(&Iam, &world.name, &format!("stores:{yaml}"), endpoint.env());
    for _ in 0..2 {
        assert_eq!(driver.todo().await, [""; 0]);
        let live = driver.live("policy/iam_role:writer").await;
        assert!(live.unsupported && live.notes[0].starts_with("not supported by this endpoint: roles"), "{live:?}");
        // One of somebody's below the path changes nothing.
        let path = format!("/bdr/{}/", world.name);
        let request = world.iam.create_role().role_name(world.role("theirs")).path(path);
        let _ = request.assume_role_policy_document(trust_in(ACCOUNT).replace(' ', "")).send().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_another_account_look_at_nothing() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let world = World::new(endpoint, "222222222222", &WRITER.replace("  roles:", "  account: '@'\n  roles:"));
    let ran = world.run(&["plan"]);
    let said = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("the credentials are of account 111111111111"), "{said}");
    assert!(world.seen("writer").await.is_none());
}

/// In CI no policy leads a plan to an endpoint that the caller did not name.
#[tokio::test(flavor = "multi_thread")]
async fn no_policy_leads_a_plan_to_an_iam_that_nobody_named() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let access = WRITER.replace("  roles:", "  endpoint: http://127.0.0.1:9\n  roles:");
    let world = World::new(endpoint, ACCOUNT, &access);
    let ran = world.run(&["plan"]);
    let said = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("--allow-endpoint http://127.0.0.1:9 "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trust_in_somebody_who_was_deleted_is_told() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let world = World::new(endpoint, ACCOUNT, WRITER);
    world.apply();
    let dead = trust_in(ACCOUNT).replace(&format!("arn:aws:iam::{ACCOUNT}:root"), "AROAEXAMPLE1234567890");
    world.iam.update_assume_role_policy().role_name(world.role("writer")).policy_document(dead).send().await.unwrap();
    let plan = world.plan();
    assert!(plan.contains("`AROAEXAMPLE1234567890`, which is the id of somebody who was deleted"), "{plan}");
    world.apply();
    world.is_as_wanted();
}
