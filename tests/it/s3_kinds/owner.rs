//! Where an endpoint keeps no tags, an object is the mark: two policies both keep theirs, and what left the policy is found.

use super::driver::{COMPONENT, Driver, store};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{Endpoint, endpoint, fresh_name, make_bucket};

async fn without_tags(endpoint: &Endpoint) -> (Proxy, Endpoint) {
    let proxy = Proxy::before(&endpoint.url, |line| if line.contains("?tagging") { Fault::Unknown } else { Fault::None }).await;
    let behind = Endpoint { url: proxy.url.clone(), ..endpoint.clone() };
    (proxy, behind)
}

async fn owner(client: &aws_sdk_s3::Client, bucket: &str) -> Option<String> {
    let object = client.get_object().bucket(bucket).key(".bdr/owner").send().await.ok()?;
    Some(String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap())
}

/// Marked by the object, shared with another policy that says so, and released when it left both.
async fn marked_by_an_object(endpoint: &Endpoint) {
    let (proxy, behind) = without_tags(endpoint).await;
    let (client, bucket, other) = (endpoint.client().await, fresh_name(), fresh_name());
    let yaml = format!("{}{COMPONENT}", store(&behind, &bucket, "    tags: { team: ops }\n"));
    let (one, two) = (Driver::new(&bucket, &yaml, behind.env()), Driver::new(&other, &yaml, behind.env()));
    one.converge().await;
    assert!(owner(&client, &bucket).await.unwrap().contains(&bucket));
    let notes = one.live("store.primary/s3_tags").await.notes;
    assert!(notes[0].contains("`.bdr/owner`"), "{notes:?}");

    let others = two.live("store.primary/s3_tags").await.others;
    assert_eq!(others, std::slice::from_ref(&bucket), "not taken silently");
    two.converge().await;
    assert_eq!(one.todo().await, Vec::<String>::new());
    let mark = owner(&client, &bucket).await.unwrap();
    assert!(mark.contains(&bucket) && mark.contains(&other), "{mark}");
    let conditional = |head: &String| {
        let head = head.to_ascii_lowercase();
        head.contains("if-none-match: *") || head.contains("if-match:")
    };
    let writes: Vec<String> =
        proxy.heads().into_iter().filter(|head| head.starts_with("PUT") && head.contains("/.bdr/owner")).collect();
    assert!(writes.len() == 2 && writes.iter().all(conditional), "{writes:#?}");

    // Another bucket in their place: the mark finds the one that was left.
    for driver in [&bucket, &other] {
        let moved = Driver::new(driver, &store(&behind, &fresh_name(), ""), behind.env());
        let todo = moved.todo().await;
        assert!(todo.contains(&format!("release policy/s3_bucket:{bucket}")), "{todo:?}");
        moved.converge().await;
    }
    assert_eq!(owner(&client, &bucket).await, None, "nobody's mark is left");
    client.head_bucket().bucket(&bucket).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_without_tags() {
    let Some(endpoint) = endpoint("ministack") else { return };
    marked_by_an_object(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_without_tags() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    marked_by_an_object(endpoint).await;
}

/// What the endpoint lacks is said with what it means; where the policy demands it, with what to do.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_lacking_is_said_and_a_demand_more_loudly() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let lacking = |line: &str| match line {
        line if line.contains("?encryption") || line.contains("?publicAccessBlock") => Fault::Unknown,
        _ => Fault::None,
    };
    let proxy = Proxy::before(&endpoint.url, lacking).await;
    let behind = Endpoint { url: proxy.url.clone(), ..endpoint.clone() };
    let bucket = fresh_name();
    make_bucket(&endpoint.client().await, &bucket).await;
    let driver = Driver::new(&bucket, &store(&behind, &bucket, "    encryption: { sse: AES256 }\n"), behind.env());
    let stated = driver.live("store.primary/s3_encryption").await.notes[0].clone();
    assert!(stated.contains("not supported by this endpoint") && stated.contains("The policy states it"), "{stated}");
    let implied = driver.live("store.primary/s3_public_access_block").await.notes[0].clone();
    assert!(implied.contains("not supported by this endpoint") && !implied.contains("The policy states it"), "{implied}");
}
