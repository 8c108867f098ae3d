//! An account with buckets of others, and a policy over several regions: nothing is asked for twice.

use std::collections::BTreeMap;

use super::Trial;
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{Endpoint, endpoint, fresh_name, make_bucket};

/// Other buckets of the account.
const OTHERS: usize = 12;

fn policy(name: &str, stores: &[&str], regions: &[&str], url: &str) -> String {
    let mut text = format!("version: 1\nname: {name}\nscheduler: {{ systemd: {{}} }}\nstores:\n");
    for (at, (bucket, region)) in stores.iter().zip(regions).enumerate() {
        text += &format!(
            "  s{at}:\n    s3: {{ bucket: {bucket}, region: {region}, endpoint: '{url}' }}\n    versioning: true\n    noncurrent: {{ for: 30d }}\n"
        );
    }
    text
}

async fn each_is_read_once(endpoint: &Endpoint, lease: &[&str]) {
    let proxy = Proxy::before(&endpoint.url, |_| Fault::None).await;
    let trial = Trial::through(endpoint, &proxy.url).await;
    let names: Vec<String> = (0..4).map(|_| fresh_name()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let regions = [endpoint.region, "eu-west-1", "us-east-2", "eu-west-1"];
    let text = policy(&trial.bucket, &names, &regions, &proxy.url);
    trial.home.policy(&text);
    trial.run(&[&["apply", "--auto-approve"], lease].concat()).ends(0);
    let mut others = Vec::new();
    for _ in 0..OTHERS {
        others.push(fresh_name());
        make_bucket(&trial.client, others.last().unwrap()).await;
    }
    // One of ours that no store names any more is found by its tags, and read no more often than the others.
    trial.home.policy(&policy(&trial.bucket, &names[..3], &regions[..3], &proxy.url));
    let before = proxy.seen().len();
    let plan = trial.run(&["plan"]).ends(0).stdout;
    assert!(plan.contains("1 to release") && plan.contains(names[3]), "{plan}");
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for line in proxy.seen().split_off(before) {
        *asked.entry(line).or_default() += 1;
    }
    assert_eq!(asked.keys().filter(|line| line.starts_with("GET /?")).count(), 1, "the account is listed once: {asked:#?}");
    let looked_at = |name: &&String| {
        asked.keys().any(|line| line.contains(&format!("/{name}/?tagging")) || line.contains(&format!("/{name}?tagging")))
    };
    assert_eq!(others.iter().filter(looked_at).count(), OTHERS, "{asked:#?}");
    let twice: Vec<_> = asked.iter().filter(|(line, times)| !line.starts_with("POST") && **times > 1).collect();
    assert!(twice.is_empty(), "{twice:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_is_asked_nothing_twice() {
    let Some(endpoint) = endpoint("ministack") else { return };
    each_is_read_once(endpoint, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moto_is_asked_nothing_twice() {
    let Some(endpoint) = endpoint("moto") else { return };
    each_is_read_once(endpoint, &["--no-lease"]).await;
}
