//! Copies that end because what they rest on leaves the policy, and goals that rest on what could not be read: told with what it costs.

use super::Trial;
use super::component::{made, policy, versions};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{Endpoint, endpoint, fresh_name};

const COPY: &str = "copy: { replication: { to: dr, within: 15m } }";

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The application's bucket, replicated to another region, as applied; with the names of both buckets and the policy.
async fn trial(endpoint: &Endpoint, url: &str) -> (Trial, [String; 2], String) {
    let trial = Trial::through(endpoint, url).await;
    let names = [fresh_name(), fresh_name()];
    let buckets = names.each_ref().map(String::as_str);
    made(&trial, buckets[0], endpoint.region).await;
    versions(&trial, buckets[0]).await;
    let through = Endpoint { url: url.to_owned(), ..endpoint.clone() };
    let text = policy(&trial.bucket, buckets, &through, "required");
    // A store stays, so that there is one that remembers.
    let kept = format!(
        "stores:\n  kept:\n    s3: {{ bucket: {}, region: {}, endpoint: '{url}', account: \"000000000000\" }}\n",
        trial.bucket, endpoint.region
    );
    let text = text.replacen("stores:\n", &kept, 1);
    trial.home.policy(&text);
    trial.run(&["apply", "--auto-approve"]).ends(0);
    (trial, names, text)
}

/// Without the store that copies go to.
fn without_dr(text: &str) -> String {
    let (begin, rest) = text.split_once("  dr:\n").unwrap();
    format!("{begin}{}", &rest[rest.find("components:").unwrap()..])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_leaves_with_the_rule_to_it_is_told_with_what_that_costs() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let denied = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let denies = std::sync::Arc::clone(&denied);
    let proxy = Proxy::before(&endpoint.url, move |line| {
        let lists = line.starts_with("GET /?");
        if lists && denies.load(std::sync::atomic::Ordering::Relaxed) { Fault::Deny } else { Fault::None }
    })
    .await;
    let (trial, [_, there], text) = trial(endpoint, &proxy.url).await;
    trial.home.policy(&without_dr(&text.replace(COPY, "")));
    let lost = "documents: the loss of the region is no longer survived, until now it cost at most 15m of data";
    let plan = words(&trial.run(&["plan"]).ends(0).stdout);
    assert!(plan.contains(lost) && plan.contains("RPO 30m 15m → no bound BROKEN"), "{plan}");
    assert!(plan.contains(&there) && plan.contains("released"), "its bucket, in another region, is released: {plan}");
    // Who may not list the account does not find the bucket; where it lies its rule tells.
    denied.store(true, std::sync::atomic::Ordering::Relaxed);
    let plan = words(&trial.run(&["plan"]).ends(0).stdout);
    assert!(plan.contains(lost) && !plan.contains("released"), "{plan}");
    denied.store(false, std::sync::atomic::Ordering::Relaxed);
    trial.run(&["apply", "--auto-approve", "--remove=6"]).ends(0);
    trial.plans_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_leaves_is_told_with_what_it_survived() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let (trial, _, text) = trial(endpoint, &endpoint.url).await;
    for text in [text.clone(), without_dr(&text)] {
        trial.home.policy(&text[..text.find("components:").unwrap()]);
        let plan = words(&trial.run(&["plan"]).ends(0).stdout);
        let lost =
            "documents left the policy: the loss of the region is no longer survived, until now it cost at most 15m of data";
        assert!(plan.contains(lost) && plan.contains("documents/copy removed, which weakens"), "{plan}");
        assert!(!plan.contains("no longer survived, until now it cost at most 0s"), "the bucket itself is what it was: {plan}");
    }
    trial.run(&["apply", "--auto-approve", "--remove=6"]).ends(0);
    trial.plans_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rests_on_roles_that_could_not_be_read_is_not_known() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let denied = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let denies = std::sync::Arc::clone(&denied);
    let proxy = Proxy::reading(&endpoint.url, move |head| {
        let lists = head.contains("Action=ListRoles");
        if lists && denies.load(std::sync::atomic::Ordering::Relaxed) { Fault::Deny } else { Fault::None }
    })
    .await;
    let (trial, _, _) = trial(endpoint, &proxy.url).await;
    denied.store(true, std::sync::atomic::Ordering::Relaxed);
    let plan = words(&trial.run(&["plan"]).ends(1).stdout);
    assert!(plan.contains("documents region RPO 30m not known → not known ?"), "{plan}");
    assert!(plan.contains("? documents: policy/iam_role") && plan.contains("could not be read"), "{plan}");
    assert!(plan.contains("3 more meet their goals, unchanged"), "what the bucket itself keeps is known: {plan}");
    let line = trial.run(&["plan", "--summary"]).ends(1).stdout;
    assert!(line.contains("not known: documents (region)") && line.contains("of what could be read"), "{line}");
}
