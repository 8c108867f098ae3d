//! A bucket of the application's own data: replicated, never made or marked, and what every command says of it.

use std::time::{Duration, Instant};

use aws_sdk_s3::config::Region;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types as t;

use super::Trial;
use crate::harness::{Endpoint, endpoint, fresh_name};

pub fn policy(name: &str, [files, there]: [&str; 2], endpoint: &Endpoint, versioning: &str) -> String {
    let place = format!("endpoint: '{}', account: \"000000000000\"", endpoint.url);
    format!(
        "version: 1\nname: {name}\nstores:\n  dr:\n    s3: {{ bucket: {there}, region: eu-west-1, {place} }}\n    versioning: true\ncomponents:\n  \
         documents:\n    object_storage: {{ bucket: {files}, region: {}, {place}, versioning: {versioning} }}\n    objectives: {{ rpo: 30m, \
         rto: 2h, region: {{ rpo: 30m }} }}\n    protect: {{ copy: {{ replication: {{ to: dr, within: 15m }} }} }}\n",
        endpoint.region
    )
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub async fn made(trial: &Trial, bucket: &str, region: &str) {
    let place = t::CreateBucketConfiguration::builder().location_constraint(region.into()).build();
    let place = Some(place).filter(|_| region != "us-east-1");
    trial.client.create_bucket().bucket(bucket).set_create_bucket_configuration(place).send().await.unwrap();
}

pub async fn versions(trial: &Trial, bucket: &str) {
    let on = t::VersioningConfiguration::builder().status(t::BucketVersioningStatus::Enabled).build();
    trial.client.put_bucket_versioning().bucket(bucket).versioning_configuration(on).send().await.unwrap();
}

async fn suspended(client: &aws_sdk_s3::Client, bucket: &str) {
    let off = t::VersioningConfiguration::builder().status(t::BucketVersioningStatus::Suspended).build();
    client.put_bucket_versioning().bucket(bucket).versioning_configuration(off).send().await.unwrap();
}

/// Where the destination lies.
fn far(trial: &Trial) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::from_conf(trial.client.config().to_builder().region(Region::new("eu-west-1")).build())
}

/// A bucket of the application whose rule stands, and the one that it is copied to.
pub async fn copied(endpoint: &Endpoint) -> (Trial, [String; 2]) {
    let trial = Trial::new(endpoint).await;
    let names = [fresh_name(), fresh_name()];
    made(&trial, &names[0], endpoint.region).await;
    versions(&trial, &names[0]).await;
    trial.home.policy(&policy(&trial.bucket, names.each_ref().map(String::as_str), endpoint, "required"));
    trial.run(&["apply", "--auto-approve"]).ends(0);
    (trial, names)
}

/// What a plan says of the application's bucket under a disruption, where it does.
fn row<'a>(plan: &'a str, disruption: &str) -> Option<&'a str> {
    plan.split(&format!("documents {disruption} ")).nth(1)
}

async fn what_stands_and_copies_nothing_is_told(trial: &Trial, [bucket, there]: [&str; 2], role: &str) {
    suspended(&trial.client, bucket).await;
    let drift = words(&trial.run(&["drift"]).ends(2).stdout);
    assert!(drift.contains("the bucket keeps no versions") && drift.contains("S3 copies nothing by it"), "{drift}");
    versions(trial, bucket).await;
    trial.run(&["drift"]).ends(0);
    suspended(&far(trial), there).await;
    let drift = words(&trial.run(&["drift"]).ends(2).stdout);
    let dead = "the rule that copies stands, and no copy by it can be counted on, for want of";
    assert!(drift.contains(&format!("! component documents: {dead} versioning of store dr")), "{drift}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.run(&["drift"]).ends(0);
    let Some(endpoint) = endpoint("ministack") else { return };
    let iam = crate::iam_kinds::client(endpoint, &endpoint.access_key, &endpoint.secret_key, None);
    iam.delete_role_policy().role_name(role).policy_name("bdr").send().await.unwrap();
    let plan = words(&trial.run(&["plan"]).stdout);
    assert!(row(&plan, "region").is_some_and(|row| row.starts_with("RPO 30m no bound → 15m")), "{plan}");
    assert!(plan.contains(&format!("{dead} rights of role replication-component.documents")), "{plan}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_of_the_strategy_are_copied_as_they_are_written() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    let names = [fresh_name(), fresh_name()];
    let buckets = names.each_ref().map(String::as_str);
    trial.home.policy(&policy(&trial.bucket, buckets, endpoint, "required"));

    // Not there, then without versions: nothing of it is made, and the plan says what it waits for.
    let plan = words(&trial.run(&["plan"]).stdout);
    assert!(plan.contains("there is no such bucket, and bdr never makes one of the application"), "{plan}");
    made(&trial, buckets[0], endpoint.region).await;
    let plan = words(&trial.run(&["plan"]).stdout);
    assert!(plan.contains("keeps no versions") && plan.contains("versioning: managed"), "{plan}");
    versions(&trial, buckets[0]).await;

    let plan = words(&trial.run(&["plan"]).ends(0).stdout);
    assert!(plan.contains("+ replication rule copy") && plan.contains("→ 15m"), "{plan}");
    assert!(plan.contains("+ role replication-component.documents"), "{plan}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
    trial.client.put_object().bucket(buckets[0]).key("a/b").body(ByteStream::from_static(b"x")).send().await.unwrap();
    let begun = Instant::now();
    let far = far(&trial);
    while far.head_object().bucket(buckets[1]).key("a/b").send().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it did not arrive");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // By a role of its own, which may do that and nothing else.
    let iam = crate::iam_kinds::client(endpoint, &endpoint.access_key, &endpoint.secret_key, None);
    let role = format!("bdr-{}-replication-component.documents", trial.bucket);
    let rights = iam.get_role_policy().role_name(&role).policy_name("bdr").send().await.unwrap().policy_document;
    assert!(rights.contains(buckets[0]) && rights.contains(buckets[1]), "{rights}");
    let tags = trial.client.get_bucket_tagging().bucket(buckets[0]).send().await;
    assert!(tags.is_err() || tags.unwrap().tag_set.is_empty(), "the application's bucket is marked");

    // Every other command says something true of it, and none fails otherwise than by saying so.
    for command in [&["backup", "documents"][..], &["restore", "documents", "--to", "back"], &["list", "documents"]] {
        let ran = trial.run(command);
        assert!(ran.code == Some(1) && ran.stderr.contains("S3 copies `documents` by itself"), "{command:?}: {ran:#?}");
    }
    for command in [&["list"][..], &["verify"], &["prune", "--yes"]] {
        let ran = trial.run(command);
        assert!(matches!(ran.code, Some(0 | 1)) && !ran.stderr.contains("panicked"), "{command:?}: {ran:#?}");
    }
    let text = trial.home.text("bdr.yaml");
    trial.run(&["assess"]).ends(0);
    trial.run(&["iam-policy", "apply"]).ends(0);

    // Switched off behind its back, then taken out of the policy.
    trial.client.delete_bucket_replication().bucket(buckets[0]).send().await.unwrap();
    let plan = words(&trial.run(&["plan", "--detailed-exitcode"]).ends(2).stdout);
    assert!(
        plan.contains(&format!("objects lie in s3://{} already", buckets[0])) && plan.contains("Batch Replication"),
        "{plan}"
    );
    assert!(row(&plan, "region").is_some_and(|row| row.starts_with("RPO 30m no bound → 15m")), "{plan}");
    assert!(row(&plan, "host").is_none_or(|row| !row.starts_with("RPO 30m no bound")), "{plan}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
    what_stands_and_copies_nothing_is_told(&trial, buckets, &role).await;
    trial.home.policy(&text.replace("copy: { replication: { to: dr, within: 15m } }", ""));
    let plan = words(&trial.run(&["plan"]).stdout);
    assert!(plan.contains("replication rule copy removed, which weakens"), "{plan}");
    assert!(plan.contains("the loss of the region is no longer survived, until now it cost at most 15m"), "{plan}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.client.head_object().bucket(buckets[0]).key("a/b").send().await.unwrap();
    assert!(iam.get_role().role_name(&role).send().await.is_err(), "nothing is copied any more, and the role is still there");
    trial.plans_nothing();
}

#[tokio::test(flavor = "multi_thread")]
pub async fn versions_that_bdr_manages_are_switched_on_and_never_off() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    let names = [fresh_name(), fresh_name()];
    let buckets = names.each_ref().map(String::as_str);
    made(&trial, buckets[0], endpoint.region).await;
    trial.home.policy(&policy(&trial.bucket, buckets, endpoint, "managed"));
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
    let on = || trial.client.get_bucket_versioning().bucket(buckets[0]).send();
    assert_eq!(on().await.unwrap().status, Some(t::BucketVersioningStatus::Enabled));
    let text = trial.home.text("bdr.yaml");
    trial.home.policy(&text.replace(", versioning: managed", ""));
    trial.plans_nothing();
    assert_eq!(on().await.unwrap().status, Some(t::BucketVersioningStatus::Enabled));
}

/// No tag in the application's bucket tells that its rules are the policy's: the records of applies do.
#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_leaves_takes_its_rules_and_then_its_role_along() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let (trial, names) = copied(endpoint).await;
    let buckets = names.each_ref().map(String::as_str);
    let text = trial.home.text("bdr.yaml");
    trial.home.policy(text.split_once("components:").unwrap().0);
    let plan = words(&trial.run(&["plan"]).stdout);
    assert!(plan.contains("This loses protection") && plan.contains("documents/copy removed"), "{plan}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let left = trial.client.get_bucket_replication().bucket(buckets[0]).send().await;
    let left = left.ok().and_then(|found| found.replication_configuration).map(|found| found.rules).unwrap_or_default();
    assert!(left.iter().all(|rule| rule.id.as_deref() == Some("bdr/nothing")), "{left:?}");
    let iam = crate::iam_kinds::client(endpoint, &endpoint.access_key, &endpoint.secret_key, None);
    let role = format!("bdr-{}-replication-component.documents", trial.bucket);
    assert!(iam.get_role().role_name(&role).send().await.is_err(), "the role is still there");
    trial.plans_nothing();
}

/// A bucket has one role for all rules: that of bdr's stays as long as rules of others work by it, whether the component is still there or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_by_which_rules_of_others_copy_stays() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let (trial, names) = copied(endpoint).await;
    let buckets = names.each_ref().map(String::as_str);
    let text = trial.home.text("bdr.yaml");
    let read = || trial.client.get_bucket_replication().bucket(buckets[0]).send();
    let mut rules = read().await.unwrap().replication_configuration.unwrap();
    let to = t::Destination::builder().bucket(format!("arn:aws:s3:::{}", buckets[1])).build().unwrap();
    let filter = t::ReplicationRuleFilter::builder().prefix("logs/").build();
    let theirs = t::ReplicationRule::builder().id("theirs").priority(900).filter(filter).destination(to);
    let theirs = theirs.delete_marker_replication(t::DeleteMarkerReplication::builder().status("Disabled".into()).build());
    rules.rules.push(theirs.status(t::ReplicationRuleStatus::Enabled).build().unwrap());
    trial.client.put_bucket_replication().bucket(buckets[0]).replication_configuration(rules).send().await.unwrap();

    let iam = crate::iam_kinds::client(endpoint, &endpoint.access_key, &endpoint.secret_key, None);
    let role = format!("bdr-{}-replication-component.documents", trial.bucket);
    let without = text.split("components:").next().unwrap().to_owned();
    for left in [text.replace("copy: { replication: { to: dr, within: 15m } }", ""), without] {
        trial.home.policy(&left);
        for _ in 0..2 {
            let plan = words(&trial.run(&["plan"]).stdout);
            assert!(plan.contains("`theirs` of somebody else works by it"), "{plan}");
            let applied = trial.run(&["apply", "--auto-approve"]).ends(0);
            iam.get_role_policy().role_name(&role).policy_name("bdr").send().await.unwrap();
            let left = read().await.unwrap().replication_configuration.unwrap();
            assert_eq!(left.rules.iter().map(|rule| rule.id().unwrap()).collect::<Vec<_>>(), ["theirs"], "{applied:#?}");
        }
        trial.home.policy(&text);
        trial.run(&["apply", "--auto-approve"]).ends(0);
    }
    trial.home.policy(&text.replace("copy: { replication: { to: dr, within: 15m } }", ""));
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.client.delete_bucket_replication().bucket(buckets[0]).send().await.unwrap();
    trial.run(&["apply", "--auto-approve"]).ends(0);
    assert!(iam.get_role().role_name(&role).send().await.is_err(), "nothing copies by it, and the role is still there");
}
