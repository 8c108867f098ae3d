//! Rules and statements of somebody else that are taken over by name: one write takes theirs away and brings ours, and without a word they stay.

use aws_sdk_s3::types as t;

use super::Trial;
use crate::harness::{Endpoint, endpoint};

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A bucket that is set up, with a rule of somebody else below the policy's own folder in place of bdr's.
async fn trial(endpoint: &Endpoint) -> Trial {
    let trial = Trial::new(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let mut rules = trial.rules().await;
    let daily = rules.iter_mut().find(|rule| rule.id().unwrap().ends_with("docs/nightly/daily")).unwrap();
    daily.id = Some("expire-old".to_owned());
    daily.expiration = Some(t::LifecycleExpiration::builder().days(90).build());
    trial.put_rules(rules).await;
    trial.add_rule("theirs").await;
    trial
}

async fn ids(trial: &Trial) -> Vec<String> {
    trial.rules().await.into_iter().map(|rule| rule.id.unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lifecycle_rule_is_taken_over_by_the_reviewed_plan() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = trial(endpoint).await;
    let before = ids(&trial).await;
    let plan = words(&trial.run(&["plan"]).ends(0).stdout);
    assert!(plan.contains("+ lifecycle rule docs/nightly/daily") && plan.contains("expire-old"), "{plan}");
    let shown = trial.run(&["plan", "--adopt", "expire-old", "--out", "p.json"]).ends(0).stdout;
    let plan = words(&shown);
    // It expires things sooner than theirs did.
    assert!(plan.contains("destroys data; takes over `expire-old` of somebody else"), "{plan}");
    assert!(plan.contains("expire_days 90 →") && plan.contains("theirs"), "{plan}");
    assert_eq!(plan.matches("expire-old").count(), 1, "it is no more among what stays: {plan}");
    assert_eq!(ids(&trial).await, before, "a plan writes nothing");
    trial.run(&["apply", "p.json"]).ends(4);
    assert_eq!(ids(&trial).await, before, "nothing is done that was not agreed to");
    trial.run(&["apply", "p.json", "--destroy-data=1"]).ends(0);
    let after = ids(&trial).await;
    let policy = &trial.bucket;
    assert!(
        after.contains(&format!("bdr/{policy}/bucket/docs/nightly/daily")) && after.contains(&"theirs".to_owned()),
        "{after:?}"
    );
    assert!(!after.contains(&"expire-old".to_owned()) && after.len() == before.len(), "{after:?}");
    trial.plans_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_changed_since_the_review_is_not_taken_over() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = trial(endpoint).await;
    trial.run(&["plan", "--adopt", "expire-old", "--out", "p.json"]).ends(0);
    let mut rules = trial.rules().await;
    let theirs = rules.iter_mut().find(|rule| rule.id() == Some("expire-old")).unwrap();
    theirs.expiration = Some(t::LifecycleExpiration::builder().days(91).build());
    trial.put_rules(rules).await;
    trial.run(&["apply", "p.json"]).ends(4);
    assert!(ids(&trial).await.contains(&"expire-old".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_over_is_told_with_what_can() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = trial(endpoint).await;
    let wrong = trial.run(&["plan", "--adopt", "nothing-of-the-kind"]).ends(64);
    let could = "store.bucket/s3_lifecycle_rule:docs/nightly/daily=expire-old: conflicts";
    assert!(words(&wrong.stderr).contains(could), "{wrong:#?}");
    let near = trial.run(&["plan", "--adopt", "expire-odl"]).ends(64);
    assert!(near.stderr.contains("Did you mean `expire-old`?"), "{near:#?}");
    let beside = trial.run(&["plan", "--adopt", "theirs"]).ends(64);
    assert!(beside.stderr.contains("stays as it is"), "{beside:#?}");
    // Said in full, anything of the document can be.
    let full = "store.bucket/s3_lifecycle_rule:docs/nightly/daily=theirs";
    trial.run(&["apply", "--auto-approve", "--adopt", full]).ends(0);
    let left = ids(&trial).await;
    assert!(!left.contains(&"theirs".to_owned()) && left.contains(&"expire-old".to_owned()), "{left:?}");
    trial.plans_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_says_the_same_gets_the_policys_name() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    let text = trial.home.text("bdr.yaml");
    trial.home.policy(&text.replacen(
        "    versioning: true\n",
        "    versioning: true\n    access: { delete: ['arn:aws:iam::000000000000:user/janitor'] }\n",
        1,
    ));
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let policy = trial.client.get_bucket_policy().bucket(&trial.bucket).send().await.unwrap().policy.unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&policy).unwrap();
    let statements = document["Statement"].as_array_mut().unwrap();
    let own = statements.iter_mut().find(|one| one["Sid"].as_str().unwrap().ends_with("onlyDdeleters")).unwrap();
    own["Sid"] = "KeepBackups".into();
    trial.client.put_bucket_policy().bucket(&trial.bucket).policy(document.to_string()).send().await.unwrap();
    let plan = words(&trial.run(&["plan", "--adopt", "KeepBackups"]).ends(0).stdout);
    assert!(
        plan.contains("~ bucket policy statement only-deleters") && plan.contains("takes over `KeepBackups` of somebody else"),
        "{plan}"
    );
    trial.run(&["apply", "--auto-approve", "--adopt", "KeepBackups"]).ends(0);
    let policy = trial.client.get_bucket_policy().bucket(&trial.bucket).send().await.unwrap().policy.unwrap();
    assert!(!policy.contains("KeepBackups") && policy.matches("onlyDdeleters").count() == 1, "{policy}");
    trial.plans_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replication_rule_is_taken_over() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    let there = crate::harness::fresh_name();
    let Endpoint { url, region, .. } = endpoint;
    let second = format!(
        "    versioning: true\n    replicate: {{ to: dr }}\n  dr:\n    s3: {{ bucket: {there}, region: {region}, endpoint: '{url}' }}\n    \
         versioning: true\n"
    );
    trial.home.policy(&trial.home.text("bdr.yaml").replacen("    versioning: true\n", &second, 1));
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let answer = trial.client.get_bucket_replication().bucket(&trial.bucket).send().await.unwrap();
    let mut config = answer.replication_configuration.unwrap();
    config.rules[0].id = Some("by-hand".to_owned());
    config.rules[0].delete_marker_replication =
        Some(t::DeleteMarkerReplication::builder().status(t::DeleteMarkerReplicationStatus::Enabled).build());
    trial.client.put_bucket_replication().bucket(&trial.bucket).replication_configuration(config).send().await.unwrap();
    let plan = words(&trial.run(&["plan", "--adopt", "by-hand"]).ends(0).stdout);
    assert!(plan.contains("replication rule dr/docs") && plan.contains("takes over `by-hand`"), "{plan}");
    assert!(plan.contains("delete_markers true → false"), "{plan}");
    trial.run(&["apply", "--auto-approve", "--adopt", "by-hand"]).ends(0);
    let answer = trial.client.get_bucket_replication().bucket(&trial.bucket).send().await.unwrap();
    let rules = answer.replication_configuration.unwrap().rules;
    assert_eq!(rules.len(), 1);
    assert_eq!(rules[0].id().unwrap(), format!("bdr/{}/bucket/dr/docs", trial.bucket));
    trial.plans_nothing();
}
