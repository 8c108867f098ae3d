//! What is not bdr's in a shared document: kept, also when it comes in the middle of bdr's work.

use aws_sdk_s3::Client;
use aws_sdk_s3::types as t;
use bdr::provider::Settled;
use bdr::resource::{Change, Op, Resource};

use super::driver as driving;
use super::driver::{COMPONENT, Driver, store};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{Endpoint, endpoint, fresh_name, make_bucket};

fn rule(id: &str, prefix: &str, days: i32) -> t::LifecycleRule {
    t::LifecycleRule::builder()
        .id(id)
        .filter(t::LifecycleRuleFilter::builder().prefix(prefix).build())
        .status(t::ExpirationStatus::Enabled)
        .expiration(t::LifecycleExpiration::builder().days(days).build())
        .build()
        .unwrap()
}

async fn put_rules(client: &Client, bucket: &str, rules: Vec<t::LifecycleRule>) {
    let rules = t::BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().unwrap();
    client.put_bucket_lifecycle_configuration().bucket(bucket).lifecycle_configuration(rules).send().await.unwrap();
}

async fn rules(client: &Client, bucket: &str) -> Vec<t::LifecycleRule> {
    let answer = client.get_bucket_lifecycle_configuration().bucket(bucket).send().await;
    let mut rules = answer.map(|answer| answer.rules.unwrap_or_default()).unwrap_or_default();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    rules
}

async fn foreign(client: &Client, bucket: &str) -> Vec<t::LifecycleRule> {
    let own = format!("bdr/{bucket}/");
    rules(client, bucket).await.into_iter().filter(|rule| !rule.id().unwrap_or("").starts_with(&own)).collect()
}

/// The policy bears the bucket's name: one that it shared with other tests would find their buckets by its mark.
fn driver(endpoint: &Endpoint, bucket: &str, rest: &str) -> Driver {
    Driver::new(bucket, &format!("{}{rest}", store(endpoint, bucket, "")), endpoint.env())
}

/// Rules and tags of others, before bdr, between its plan and its apply, and after all that is bdr's is gone.
async fn kept(endpoint: &Endpoint) {
    let bucket = fresh_name();
    let client = endpoint.client().await;
    make_bucket(&client, &bucket).await;
    put_rules(&client, &bucket, vec![rule("theirs", "tmp/", 7), rule("bdr/other/x", "other/", 9)]).await;
    let before = foreign(&client, &bucket).await;

    let with = driver(endpoint, &bucket, COMPONENT);
    let seen = with.plan().await.unwrap();
    let known: Vec<&str> = seen.changes.iter().flat_map(|change| &change.foreign).map(|one| one.name.as_str()).collect();
    assert!(known.contains(&"theirs") && known.contains(&"bdr/other/x"), "{known:?}");
    with.apply(&seen).await.unwrap();
    assert_eq!(foreign(&client, &bucket).await, before);
    assert_eq!(with.todo().await, Vec::<String>::new());

    let days = "    retain:\n      daily: { for: 60d }\n      weekly: { for: 12w }\n";
    let longer = COMPONENT.split("    retain:").next().unwrap().to_owned() + days;
    let changed = driver(endpoint, &bucket, &longer);
    let seen = changed.plan().await.unwrap();
    assert_eq!(driving::words(&seen.changes), ["update store.primary/s3_lifecycle_rule:docs/nightly/daily"]);
    let mut all = rules(&client, &bucket).await;
    all.push(rule("late", "late/", 3));
    put_rules(&client, &bucket, all).await;
    let before = foreign(&client, &bucket).await;
    changed.apply(&seen).await.unwrap();
    assert_eq!(foreign(&client, &bucket).await, before);
    assert_eq!(before.len(), 3);
    assert_eq!(changed.todo().await, Vec::<String>::new());

    driver(endpoint, &bucket, "").converge().await;
    assert_eq!(rules(&client, &bucket).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_keeps_what_is_foreign() {
    let Some(endpoint) = endpoint("ministack") else { return };
    kept(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_keeps_what_is_foreign() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    kept(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moto_keeps_what_is_foreign() {
    let Some(endpoint) = endpoint("moto") else { return };
    kept(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn radosgw_keeps_what_is_foreign() {
    let Some(endpoint) = endpoint("radosgw") else { return };
    kept(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_policies_share_a_bucket() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let bucket = fresh_name();
    let other = fresh_name();
    let yaml = format!("{}{COMPONENT}", store(endpoint, &bucket, ""));
    let (one, two) = (Driver::new(&bucket, &yaml, endpoint.env()), Driver::new(&other, &yaml, endpoint.env()));
    one.converge().await;
    two.converge().await;
    assert_eq!(one.todo().await, Vec::<String>::new());
    let without = Driver::new(&other, &store(endpoint, &bucket, ""), endpoint.env());
    without.converge().await;
    assert_eq!(one.todo().await, Vec::<String>::new());
}

/// The plan's lifecycle changes with what they are to become.
async fn lifecycle_changes(driver: &Driver) -> (driving::Seen, Vec<Change>, Vec<Option<Resource>>) {
    let seen = driver.plan().await.unwrap();
    let is_rule = |change: &&Change| change.id.kind == "s3_lifecycle_rule" && change.op != Op::None;
    let changes: Vec<Change> = seen.changes.iter().filter(is_rule).cloned().collect();
    let desired = changes.iter().map(|change| driver.compiled.desired.get(&change.id).cloned()).collect();
    (seen, changes, desired)
}

/// Somebody read before bdr wrote and wrote after: bdr's rules are gone. They come back once, theirs stay; a second time is told.
#[tokio::test(flavor = "multi_thread")]
async fn rules_that_somebody_wrote_over_come_back_once() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let bucket = fresh_name();
    let client = endpoint.client().await;
    driver(endpoint, &bucket, "").converge().await;
    let driver = driver(endpoint, &bucket, COMPONENT);
    let (seen, changes, desired) = lifecycle_changes(&driver).await;
    seen.session.apply(&changes, &desired).await.unwrap();
    put_rules(&client, &bucket, vec![rule("theirs", "tmp/", 7)]).await;
    let first = seen.session.settled(&changes, &desired).await.unwrap();
    assert!(matches!(first, Settled::NotYet { .. }), "{first:?}");
    assert_eq!(seen.session.settled(&changes, &desired).await.unwrap(), Settled::Yes);
    assert_eq!(rules(&client, &bucket).await.len(), 3);
    put_rules(&client, &bucket, vec![rule("again", "tmp/", 7)]).await;
    let error = seen.session.settled(&changes, &desired).await.unwrap_err();
    assert!(error.help.unwrap().contains("Another tool"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_read_after_the_write_is_not_taken_for_failure_or_success() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let bucket = fresh_name();
    let mut written = false;
    let mut stale = 2;
    let proxy = Proxy::before(&endpoint.url, move |line| {
        let about_rules = line.contains("?lifecycle");
        written |= about_rules && line.starts_with("PUT");
        if written && about_rules && line.starts_with("GET") && stale > 0 {
            stale -= 1;
            return Fault::Stale;
        }
        Fault::None
    })
    .await;
    let behind = Endpoint { url: proxy.url.clone(), ..endpoint.clone() };
    let client = endpoint.client().await;
    make_bucket(&client, &bucket).await;
    put_rules(&client, &bucket, vec![rule("theirs", "tmp/", 7)]).await;
    let driver = driver(&behind, &bucket, COMPONENT);
    let (seen, changes, desired) = lifecycle_changes(&driver).await;
    seen.session.apply(&changes, &desired).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(seen.session.settled(&changes, &desired).await.unwrap(), Settled::NotYet { .. }));
    }
    assert_eq!(seen.session.settled(&changes, &desired).await.unwrap(), Settled::Yes);
    assert_eq!(proxy.seen().iter().filter(|line| line.starts_with("PUT") && line.contains("?lifecycle")).count(), 1);
}

/// A write whose answer is lost is read before it is done again; one that is refused for the moment is merged anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_was_lost_is_looked_at_first() {
    let Some(endpoint) = endpoint("ministack") else { return };
    for fault in [Fault::DoneButFailed, Fault::DoneButCut, Fault::SlowDown, Fault::Reset] {
        let bucket = fresh_name();
        let mut first = true;
        let proxy = Proxy::before(&endpoint.url, move |line| {
            let hit = line.starts_with("PUT") && line.contains("?lifecycle") && std::mem::take(&mut first);
            if hit { fault } else { Fault::None }
        })
        .await;
        let behind = Endpoint { url: proxy.url.clone(), ..endpoint.clone() };
        driver(&behind, &bucket, COMPONENT).converge().await;
        let writes = proxy.seen().iter().filter(|line| line.starts_with("PUT") && line.contains("?lifecycle")).count();
        let landed = matches!(fault, Fault::DoneButFailed | Fault::DoneButCut);
        assert_eq!(writes, if landed { 1 } else { 2 }, "{fault:?}");
    }
}

/// S3 resets the setting where a write does not say it.
#[tokio::test(flavor = "multi_thread")]
async fn the_minimum_size_of_transitions_is_written_back_as_read() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let bucket = fresh_name();
    let client = endpoint.client().await;
    make_bucket(&client, &bucket).await;
    put_rules(&client, &bucket, vec![rule("theirs", "tmp/", 7)]).await;
    let proxy = Proxy::before(&endpoint.url, |_| Fault::None).await;
    let behind = Endpoint { url: proxy.url.clone(), ..endpoint.clone() };
    driver(&behind, &bucket, COMPONENT).converge().await;
    let heads = proxy.heads();
    let undo = client.list_objects_v2().bucket(&bucket).prefix("some/where/.bdr/undo/").send().await.unwrap().contents.unwrap();
    let kept = client.get_object().bucket(&bucket).key(undo[0].key().unwrap()).send().await.unwrap();
    let kept = kept.body.collect().await.unwrap().into_bytes();
    assert!(String::from_utf8_lossy(&kept).contains("<ID>theirs</ID>"), "what was replaced is kept");
    let write = heads.iter().find(|head| head.starts_with("PUT") && head.contains("?lifecycle")).unwrap();
    assert!(write.contains("x-amz-transition-default-minimum-object-size: all_storage_classes_128K"), "{write}");
}
