//! What endpoints do that nobody would expect, and that bdr is built around. When one of these tests fails, an endpoint has
//! changed, and what leans on the surprise should be looked at.

use aws_sdk_s3::types as t;

use super::driver::{COMPONENT, Driver, store};
use crate::harness::{Endpoint, endpoint, fresh_name, make_bucket};

async fn exists(client: &aws_sdk_s3::Client, bucket: &str) -> bool {
    client.head_bucket().bucket(bucket).send().await.is_ok()
}

/// `DELETE` of a sub-resource that the endpoint does not know is the `DELETE` of the bucket: why bdr sends none.
#[tokio::test(flavor = "multi_thread")]
async fn the_delete_of_an_unknown_sub_resource_deletes_the_bucket() {
    if let Some(endpoint) = endpoint("radosgw") {
        let (client, bucket) = (endpoint.client().await, fresh_name());
        make_bucket(&client, &bucket).await;
        client.delete_bucket_encryption().bucket(&bucket).send().await.ok();
        assert!(!exists(&client, &bucket).await, "radosgw keeps the bucket now");
    }
    if let Some(endpoint) = endpoint("seaweedfs") {
        let (client, bucket) = (endpoint.client().await, fresh_name());
        make_bucket(&client, &bucket).await;
        client.delete_bucket_replication().bucket(&bucket).send().await.ok();
        assert!(!exists(&client, &bucket).await, "SeaweedFS keeps the bucket now");
    }
}

/// The one `DELETE` that bdr sends is known where it is sent (`lifecycle/clear.rs`).
#[tokio::test(flavor = "multi_thread")]
async fn the_delete_of_the_lifecycle_keeps_the_bucket_where_bdr_sends_it() {
    for name in ["radosgw", "seaweedfs"] {
        let Some(endpoint) = endpoint(name) else { continue };
        let (client, bucket) = (endpoint.client().await, fresh_name());
        make_bucket(&client, &bucket).await;
        for _ in 0..2 {
            client.delete_bucket_lifecycle().bucket(&bucket).send().await.ok();
            assert!(exists(&client, &bucket).await, "{name} deleted the bucket");
        }
    }
}

/// An endpoint that bdr does not know gets no `DELETE`: the last rule leaves one behind that does nothing and counts as none.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_endpoint_gets_no_delete() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let proxy = crate::harness::proxy::Proxy::before(&endpoint.url, |_| crate::harness::proxy::Fault::None).await;
    let behind = Endpoint { url: proxy.url.clone(), ..endpoint.clone() };
    let (client, bucket) = (endpoint.client().await, fresh_name());
    Driver::new(&bucket, &format!("{}{COMPONENT}", store(&behind, &bucket, "")), behind.env()).converge().await;
    Driver::new(&bucket, &store(&behind, &bucket, ""), behind.env()).converge().await;
    assert!(!proxy.seen().iter().any(|line| line.starts_with("DELETE")), "{:?}", proxy.seen());
    let left = client.get_bucket_lifecycle_configuration().bucket(&bucket).send().await.unwrap().rules.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].status(), &t::ExpirationStatus::Disabled);
}

/// A compatible store has a region of its own: what the policy calls it is no reason to fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_the_endpoint_does_not_know_is_left_out() {
    for name in ["radosgw", "seaweedfs"] {
        let Some(endpoint) = endpoint(name) else { continue };
        let elsewhere = Endpoint { region: "eu-north-1", ..endpoint.clone() };
        let bucket = fresh_name();
        Driver::new(&bucket, &format!("{}{COMPONENT}", store(&elsewhere, &bucket, "")), endpoint.env()).converge().await;
    }
}

/// Ceph 16 answers 200 with nothing, or with the listing of the bucket, to what it does not know: said, never compared.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_does_not_know_is_said_and_never_compared() {
    for (name, kinds) in [("radosgw", &["s3_ownership_controls"][..]), ("seaweedfs", &["s3_public_access_block"])] {
        let Some(endpoint) = endpoint(name) else { continue };
        let bucket = fresh_name();
        let driver = Driver::new(&bucket, &store(endpoint, &bucket, ""), endpoint.env());
        driver.converge().await;
        for kind in kinds {
            let live = driver.live(&format!("store.primary/{kind}")).await;
            assert!(live.unsupported && live.notes[0].contains("not supported by this endpoint"), "{name}: {live:?}");
        }
    }
}
