//! What left the policy is taken away; buckets and what they hold stay, whatever the endpoint makes of a request.

use aws_sdk_s3::primitives::ByteStream;

use super::driver::{COMPONENT, Driver, store};
use crate::harness::{Endpoint, endpoint, fresh_name};

const TAGS: &str = "    tags: { team: platform }\n";

fn driver(endpoint: &Endpoint, policy: &str, bucket: &str, settings: &str, rest: &str) -> Driver {
    Driver::new(policy, &format!("{}{rest}", store(endpoint, bucket, settings)), endpoint.env())
}

/// The last rule, the last tag, and then the whole bucket leave the policy; empty and with an object in it.
async fn released(endpoint: &Endpoint) {
    let client = endpoint.client().await;
    for holds in [false, true] {
        let (policy, bucket) = (fresh_name(), fresh_name());
        driver(endpoint, &policy, &bucket, TAGS, COMPONENT).converge().await;
        if holds {
            client.put_object().bucket(&bucket).key("kept").body(ByteStream::from_static(b"x")).send().await.unwrap();
        }
        let fewer = driver(endpoint, &policy, &bucket, "", "");
        let todo = fewer.todo().await;
        assert!(todo.contains(&"delete store.primary/s3_lifecycle_rule:docs/nightly/daily".to_owned()), "{todo:?}");
        assert!(todo.contains(&"update store.primary/s3_tags".to_owned()), "{todo:?}");
        fewer.converge().await;

        // Rules once more, so that both rules and tags must go with the bucket.
        driver(endpoint, &policy, &bucket, TAGS, COMPONENT).converge().await;
        let moved = driver(endpoint, &policy, &fresh_name(), "", "");
        let todo = moved.todo().await;
        for expected in [
            format!("delete policy/s3_lifecycle_rule:{bucket}/bdr/{policy}/primary/docs/nightly/daily"),
            format!("delete policy/s3_tags:{bucket}"),
            format!("release policy/s3_bucket:{bucket}"),
        ] {
            assert!(todo.contains(&expected), "{expected} is not in {todo:?}");
        }
        moved.converge().await;
        client.head_bucket().bucket(&bucket).send().await.unwrap();
        assert_eq!(client.get_object().bucket(&bucket).key("kept").send().await.is_ok(), holds);
    }
}

/// A store gets another name, and one of two that share a bucket leaves: their rules would go on under nobody's eyes.
async fn renamed(endpoint: &Endpoint) {
    let (policy, bucket) = (fresh_name(), fresh_name());
    driver(endpoint, &policy, &bucket, TAGS, COMPONENT).converge().await;
    let yaml = format!("{}{COMPONENT}", store(endpoint, &bucket, TAGS)).replace("primary", "vault");
    let other = Driver::new(&policy, &yaml, endpoint.env());
    let todo = other.todo().await;
    assert!(todo.contains(&"delete store.vault/s3_lifecycle_rule:/primary/docs/nightly/daily".to_owned()), "{todo:?}");
    assert!(todo.contains(&"create store.vault/s3_lifecycle_rule:docs/nightly/daily".to_owned()), "{todo:?}");
    other.converge().await;
    let client = endpoint.client().await;
    let rules = client.get_bucket_lifecycle_configuration().bucket(&bucket).send().await.unwrap().rules.unwrap();
    let ids: Vec<&str> = rules.iter().filter_map(|rule| rule.id()).collect();
    assert!(ids.iter().all(|id| id.starts_with(&format!("bdr/{policy}/vault/"))), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_keeps_no_rule_of_a_store_with_another_name() {
    let Some(endpoint) = endpoint("ministack") else { return };
    renamed(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_keeps_no_rule_of_a_store_with_another_name() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    renamed(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_releases_and_keeps_the_bucket() {
    let Some(endpoint) = endpoint("ministack") else { return };
    released(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_releases_and_keeps_the_bucket() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    released(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moto_releases_and_keeps_the_bucket() {
    let Some(endpoint) = endpoint("moto") else { return };
    released(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn radosgw_releases_and_keeps_the_bucket() {
    let Some(endpoint) = endpoint("radosgw") else { return };
    released(endpoint).await;
}
