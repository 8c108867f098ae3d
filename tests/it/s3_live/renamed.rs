//! Stores and the bucket of an application that are renamed: each rule and statement gets its new name in the write that takes the old one.

use super::Trial;
use crate::harness::{Endpoint, endpoint, fresh_name};

/// The trial's bucket with rules of every kind, and the bucket of an application that is replicated.
async fn trial(endpoint: &Endpoint) -> (Trial, String) {
    let trial = Trial::new(endpoint).await;
    let (there, app) = (fresh_name(), fresh_name());
    let Endpoint { url, region, .. } = endpoint;
    let stores = format!(
        "    versioning: true\n    noncurrent: {{ for: 30d }}\n    access: {{ tls_only: false, delete: ['arn:aws:iam::000000000000:user/janitor'] \
         }}\n    replicate: {{ to: dr, within: 15m }}\n  dr:\n    s3: {{ bucket: {there}, region: {region}, endpoint: '{url}' }}\n    \
         versioning: true\n"
    );
    let component = format!(
        "components:\n  app:\n    object_storage: {{ bucket: {app}, region: {region}, endpoint: '{url}' }}\n    protect: {{ copy: {{ \
         replication: {{ to: dr }} }} }}\n"
    );
    let text = trial.home.text("bdr.yaml").replacen("    versioning: true\n", &stores, 1);
    trial.home.policy(&text.replacen("components:\n", &component, 1));
    crate::harness::make_bucket(&trial.client, &app).await;
    let versions =
        aws_sdk_s3::types::VersioningConfiguration::builder().status(aws_sdk_s3::types::BucketVersioningStatus::Enabled).build();
    trial.client.put_bucket_versioning().bucket(&app).versioning_configuration(versions).send().await.unwrap();
    (trial, app)
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn replication(trial: &Trial, bucket: &str) -> Vec<String> {
    let answer = trial.client.get_bucket_replication().bucket(bucket).send().await.unwrap();
    let rules = answer.replication_configuration.unwrap().rules;
    rules.into_iter().map(|rule| rule.id.unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_get_their_new_names_in_place() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let (trial, app) = trial(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
    let before = trial.rules().await;
    let text = trial.home.text("bdr.yaml");
    let text = text
        .replace("  bucket:\n", "  main:\n    moved: { from: bucket }\n")
        .replace("store: bucket", "store: main")
        .replace("  dr:\n", "  far:\n    moved: { from: dr }\n")
        .replace("to: dr", "to: far")
        .replace("  app:\n", "  files:\n    moved: { from: app }\n");
    trial.home.policy(&text);
    let shown = trial.run(&["plan"]).ends(0).stdout;
    // What is new after that is wrapped by the length of a name of chance.
    let told = shown.split("\n+ policy").next().unwrap().replace(&trial.bucket, "BUCKET").replace(&app, "APP");
    insta::assert_snapshot!("plan-of-renamed", told);
    let plan = words(&shown);
    assert!(plan.contains("moved from store.bucket") && plan.contains("moved from component.app"), "{plan}");
    assert!(!plan.contains("weakens") && !plan.contains("destroys"), "nothing is lost: {plan}");
    trial.run(&["plan", "--out", "p.json"]).ends(0);
    trial.run(&["apply", "p.json"]).ends(0);
    trial.plans_nothing();

    let after = trial.rules().await;
    let policy = &trial.bucket;
    let renamed = |id: Option<&str>| id.map(|id| id.replace(&format!("bdr/{policy}/bucket/"), &format!("bdr/{policy}/main/")));
    assert_eq!(after.len(), before.len());
    for (old, new) in before.iter().zip(&after) {
        assert_eq!((renamed(old.id()).as_deref(), &old.filter), (new.id(), &new.filter), "the same rule under another name");
    }
    assert_eq!(replication(&trial, policy).await, [format!("bdr/{policy}/main/far/docs")]);
    assert_eq!(replication(&trial, &app).await, [format!("bdr/{policy}/files/copy")]);
    let statements = trial.client.get_bucket_policy().bucket(policy).send().await.unwrap().policy.unwrap();
    assert!(statements.contains("XmainX") && !statements.contains("XbucketX"), "{statements}");
    // Nothing is left to be said of it.
    let said = ["    moved: { from: bucket }\n", "    moved: { from: dr }\n", "    moved: { from: app }\n"];
    trial.home.policy(&said.iter().fold(text, |text, line| text.replace(line, "")));
    trial.plans_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_document_is_written_once() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let proxy = crate::harness::proxy::Proxy::before(&endpoint.url, |_| crate::harness::proxy::Fault::None).await;
    let trial = Trial::through(endpoint, &proxy.url).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let text = trial.home.text("bdr.yaml");
    trial
        .home
        .policy(&text.replace("  bucket:\n", "  main:\n    moved: { from: bucket }\n").replace("store: bucket", "store: main"));
    let writes = || proxy.seen().iter().filter(|line| line.starts_with("PUT") && line.contains("?lifecycle")).count();
    let so_far = writes();
    trial.run(&["apply", "--auto-approve"]).ends(0);
    assert_eq!(writes(), so_far + 1);
    trial.plans_nothing();
}
