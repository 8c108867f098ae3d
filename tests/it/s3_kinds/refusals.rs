//! What a person is told when an endpoint refuses: other accounts, wrong keys, missing rights, endpoints that are not there.

use std::time::{Duration, Instant};

use bdr::provider::{Env, ProviderError};
use bdr::store::ErrorKind;

use super::driver::{COMPONENT, Driver, store};
use crate::harness::{Endpoint, endpoint, fresh_name, make_bucket};

fn driver(endpoint: &Endpoint, bucket: &str, env: Env) -> Driver {
    Driver::new(&fresh_name(), &format!("{}{COMPONENT}", store(endpoint, bucket, "")), env)
}

async fn refused(driver: &Driver) -> ProviderError {
    match driver.plan().await {
        Err(error) => error,
        Ok(seen) => driver.apply(&seen).await.unwrap_err(),
    }
}

/// Kind and help, and that neither key is anywhere in what is said.
fn says(error: &ProviderError, kind: ErrorKind, words: &[&str], secrets: &[&str]) {
    let help = error.help.clone().unwrap_or_default();
    let all = format!("{error} {error:?} {help}");
    assert_eq!(error.kind, kind, "{all}");
    for word in words {
        assert!(help.contains(word), "`{word}` is not in: {help}\n{error}");
    }
    for secret in secrets {
        assert!(!all.contains(secret), "{all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_another_account() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let bucket = fresh_name();
    make_bucket(&endpoint.client_with("222222222222", "test").await, &bucket).await;
    let error = refused(&driver(endpoint, &bucket, endpoint.env())).await;
    says(&error, ErrorKind::Denied, &["s3:ListBucket", "another account"], &[]);

    let yaml = store(endpoint, &bucket, "").replace(", region:", ", account: \"111111111111\", region:");
    let demanded = Driver::new(&fresh_name(), &yaml, endpoint.env());
    says(&refused(&demanded).await, ErrorKind::Denied, &["s3:ListBucket", "account 111111111111"], &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_another_ceph_user() {
    let Some(endpoint) = endpoint("radosgw") else { return };
    let bucket = fresh_name();
    make_bucket(&endpoint.client_with("AKBOB", "SKBOB").await, &bucket).await;
    says(&refused(&driver(endpoint, &bucket, endpoint.env())).await, ErrorKind::Denied, &["another account"], &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys() {
    for name in ["seaweedfs", "radosgw"] {
        let Some(endpoint) = endpoint(name) else { continue };
        let bucket = fresh_name();
        make_bucket(&endpoint.client().await, &bucket).await;
        let wrong = endpoint.env_with(&endpoint.access_key, "wrong-and-secret");
        says(
            &refused(&driver(endpoint, &bucket, wrong)).await,
            ErrorKind::Unauthenticated,
            &["credentials"],
            &["wrong-and-secret"],
        );
        let unknown = endpoint.env_with("AKNOBODY", "wrong-and-secret");
        says(
            &refused(&driver(endpoint, &bucket, unknown)).await,
            ErrorKind::Unauthenticated,
            &["credentials"],
            &["wrong-and-secret"],
        );
    }
}

/// Who may only read can plan; the apply names the right that is missing.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    let bucket = fresh_name();
    make_bucket(&endpoint.client().await, &bucket).await;
    let driver = driver(endpoint, &bucket, endpoint.env_with("AKREADER", "SKREADER"));
    let error = refused(&driver).await;
    says(&error, ErrorKind::Denied, &["s3:"], &["SKREADER"]);
}

/// With checks on, keys that nobody has are refused.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_the_account_does_not_know() {
    let Some(endpoint) = endpoint("ministack-auth") else { return };
    let bucket = fresh_name();
    make_bucket(&endpoint.client().await, &bucket).await;
    let unknown = endpoint.env_with("AKIANOBODYNOBODY0000", "wrong-and-secret");
    let error = refused(&driver(endpoint, &bucket, unknown)).await;
    says(&error, ErrorKind::Unauthenticated, &["credentials"], &["wrong-and-secret"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_in_another_region_is_refused_and_not_made_again() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let bucket = fresh_name();
    make_bucket(&endpoint.client().await, &bucket).await;
    let elsewhere = Endpoint { region: "eu-west-1", ..endpoint.clone() };
    let driver = driver(&elsewhere, &bucket, endpoint.env());
    let live = driver.live("store.primary/s3_bucket").await;
    assert_eq!(
        live.attrs.unwrap()["region"].as_str(),
        Some("eu-north-1"),
        "an attribute that cannot change, so the plan refuses"
    );
    says(&refused(&driver).await, ErrorKind::Other, &["write `region: eu-north-1`"], &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_not_there_is_told_soon() {
    let nobody = Endpoint {
        url: "http://127.0.0.1:9".to_owned(),
        region: "eu-north-1",
        access_key: "AK".to_owned(),
        secret_key: "SK-secret".to_owned(),
    };
    let begun = Instant::now();
    let error = refused(&driver(&nobody, "some-bucket", nobody.env())).await;
    says(&error, ErrorKind::Unavailable, &["could not be reached"], &["SK-secret"]);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_the_caller_does_not_allow_is_never_asked() {
    let proxy = crate::harness::proxy::Proxy::before("http://127.0.0.1:9", |_| crate::harness::proxy::Fault::None).await;
    let asked =
        Endpoint { url: proxy.url.clone(), region: "eu-north-1", access_key: "AK".to_owned(), secret_key: "SK".to_owned() };
    let env = Env { allowed_endpoints: Some(vec!["https://s3.example.com".to_owned()]), ..asked.env() };
    let error = refused(&driver(&asked, "some-bucket", env)).await;
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.help.as_deref().is_some_and(|help| help.contains("--allow-endpoint")), "{error}");
    assert_eq!(proxy.seen(), Vec::<String>::new());
}
