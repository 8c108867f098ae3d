//! Each S3 kind on real endpoints: made, read back equal, nothing more to do, drift seen and mended, what is foreign kept.

mod aws;
pub mod driver;
mod every_kind;
mod foreign;
mod owner;
mod races;
mod random;
mod refusals;
mod removal;
mod replication;
mod requests;
mod surprises;

use aws_sdk_s3::types as t;

use crate::harness::{Endpoint, endpoint, fresh_name};
use driver::{COMPONENT, Driver, store};

const EVERYTHING: &str = "    versioning: true\n    encryption: { sse: AES256 }\n    tags: { team: platform, \"cost center\": \"12\" }\n    \
                          noncurrent: { for: 30d }\n    abort_uploads_after: 3d\n";

fn driver(endpoint: &Endpoint, bucket: &str, settings: &str) -> Driver {
    Driver::new(bucket, &format!("{}{COMPONENT}", store(endpoint, bucket, settings)), endpoint.env())
}

/// From nothing to a bucket with everything, and back after somebody changed each thing.
async fn made_and_mended(endpoint: &Endpoint, settings: &str) {
    let bucket = fresh_name();
    let driver = driver(endpoint, &bucket, settings);
    let first = driver.todo().await;
    assert!(first.contains(&"create store.primary/s3_bucket".to_owned()), "{first:?}");
    driver.converge().await;

    let client = endpoint.client().await;
    let suspended = t::VersioningConfiguration::builder().status(t::BucketVersioningStatus::Suspended).build();
    client.put_bucket_versioning().bucket(&bucket).versioning_configuration(suspended).send().await.unwrap();
    let tag = |key: &str, value: &str| t::Tag::builder().key(key).value(value).build().unwrap();
    let tags = t::Tagging::builder().tag_set(tag("team", "sales")).tag_set(tag("theirs", "1")).build().unwrap();
    client.put_bucket_tagging().bucket(&bucket).tagging(tags).send().await.unwrap();
    let rule = t::LifecycleRule::builder()
        .id(format!("bdr/{bucket}/primary/docs/nightly/daily"))
        .filter(t::LifecycleRuleFilter::builder().prefix("some/where/").build())
        .status(t::ExpirationStatus::Enabled)
        .expiration(t::LifecycleExpiration::builder().days(1).build())
        .build()
        .unwrap();
    let rules = t::BucketLifecycleConfiguration::builder().rules(rule).build().unwrap();
    client.put_bucket_lifecycle_configuration().bucket(&bucket).lifecycle_configuration(rules).send().await.unwrap();

    let drift = driver.todo().await;
    for expected in [
        "update store.primary/s3_versioning",
        "update store.primary/s3_tags",
        "update store.primary/s3_lifecycle_rule:docs/nightly/daily",
        "create store.primary/s3_lifecycle_rule:docs/nightly/weekly",
        "create store.primary/s3_lifecycle_rule:noncurrent",
        "create store.primary/s3_lifecycle_rule:abort-uploads",
    ] {
        assert!(drift.iter().any(|word| word == expected), "{expected} is not in {drift:?}");
    }
    driver.converge().await;
    let tags = driver.live("store.primary/s3_tags").await;
    assert_eq!(tags.foreign.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["theirs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_is_made_and_mended() {
    let Some(endpoint) = endpoint("ministack") else { return };
    made_and_mended(endpoint, EVERYTHING).await;
    let driver = driver(endpoint, &fresh_name(), "    encryption: { sse: aws:kms, key: alias/backups }\n");
    driver.converge().await;
    let key = driver.live("store.primary/s3_encryption").await.attrs.unwrap();
    assert_eq!(key["key"].as_str(), Some("alias/backups"));
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_is_made_and_mended() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    made_and_mended(endpoint, EVERYTHING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moto_is_made_and_mended() {
    let Some(endpoint) = endpoint("moto") else { return };
    made_and_mended(endpoint, EVERYTHING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn radosgw_is_made_and_mended() {
    let Some(endpoint) = endpoint("radosgw") else { return };
    made_and_mended(endpoint, &EVERYTHING.replace("encryption: { sse: AES256 }", "")).await;
    // Stated and not to be had: the first apply says so, and so does every later plan.
    let driver = driver(endpoint, &fresh_name(), "    encryption: { sse: AES256 }\n");
    let seen = driver.plan().await.unwrap();
    let error = driver.apply(&seen).await.unwrap_err();
    assert_eq!(error.kind, bdr::store::ErrorKind::Unsupported, "{error}");
    let live = driver.live("store.primary/s3_encryption").await;
    assert!(live.unsupported && !live.notes.is_empty());
}
