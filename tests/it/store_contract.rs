//! The contract of `bdr::store::Store`, the same suite on every kind of store.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use bdr::store::{Capabilities, ErrorKind, Put, Store};
use bdr::stores::{FolderStore, Patience, Retrying, S3Store, Throttled, s3};
use bdr::units::storage_class::StorageClass;
use bytes::Bytes;
use futures_util::future::join_all;

use crate::harness::{Endpoint, endpoint, fresh_name, make_bucket};
use crate::world::World;
use crate::world::memory_store::MemoryStore;

const CREATE: Put = Put { class: StorageClass::Standard, if_absent: true, lock: None };

async fn put(store: &dyn Store, key: &str, body: &[u8]) -> String {
    store.put(key, Bytes::copy_from_slice(body), Put::default()).await.unwrap_or_else(|error| panic!("put {key}: {error}"))
}

async fn keys(store: &dyn Store, prefix: &str, start_after: Option<&str>, limit: usize) -> Vec<String> {
    let found = store.list(prefix, start_after, limit).await.unwrap_or_else(|error| panic!("list {prefix}: {error}"));
    found.into_iter().map(|object| object.key).collect()
}

async fn kind<T: std::fmt::Debug>(outcome: impl Future<Output = Result<T, bdr::store::StoreError>>) -> ErrorKind {
    outcome.await.expect_err("must be refused").kind
}

/// Everything that holds on every store. `atomic`: of many that write on a condition at the same moment, exactly one may; moto looks
/// and then writes, so that two got through on a busy machine.
async fn check(store: Arc<dyn Store>, atomic: bool) {
    objects(&*store).await;
    listings(&*store).await;
    odd_keys(&*store).await;
    let capabilities = store.capabilities().await.expect("capabilities");
    if capabilities.create_only {
        create_only(&*store, atomic).await;
    }
    if capabilities.replace_if_match {
        replace(&*store, atomic).await;
    }
    assert_eq!(store.capabilities().await.expect("again"), capabilities);
    let left = keys(&*store, ".bdr/probe/", None, 10).await;
    assert_eq!(left, Vec::<String>::new(), "the probe removes what it wrote");
}

async fn objects(store: &dyn Store) {
    let body = Bytes::from((0..=255).cycle().take(100_003).collect::<Vec<u8>>());
    let etag = store.put("one/two", body.clone(), Put::default()).await.expect("put");
    assert_eq!(store.get("one/two", None).await.expect("get"), body);
    assert_eq!(store.get("one/two", Some(10..13)).await.expect("range"), body.slice(10..13));
    assert_eq!(store.get("one/two", Some(100_000..100_003)).await.expect("last bytes"), body.slice(100_000..));
    assert_eq!(store.get("one/two", Some(5..5)).await.expect("empty range"), Bytes::new());
    kind(store.get("one/two", Some(100_000..100_004))).await;
    kind(store.get("one/two", Some(200_000..200_001))).await;
    let meta = store.head("one/two").await.expect("head");
    assert_eq!((meta.key.as_str(), meta.size, meta.etag), ("one/two", 100_003, etag.clone()));
    // The store in memory knows no time.
    let age = jiff::Timestamp::now().duration_since(meta.modified);
    assert!(meta.modified == jiff::Timestamp::UNIX_EPOCH || age.abs() < jiff::SignedDuration::from_mins(5), "modified {age} ago");

    let again = put(store, "one/two", b"short").await;
    assert_ne!(again, etag);
    assert_eq!(store.get("one/two", None).await.expect("get"), Bytes::from_static(b"short"));
    put(store, "empty", b"").await;
    assert_eq!(store.get("empty", None).await.expect("get"), Bytes::new());

    assert_eq!(kind(store.get("nothing", None)).await, ErrorKind::NotFound);
    assert_eq!(kind(store.head("nothing/there")).await, ErrorKind::NotFound);
    for key in ["one/two", "one/two", "empty", "nothing"] {
        store.delete(key).await.unwrap_or_else(|error| panic!("delete {key}: {error}"));
    }
    assert_eq!(kind(store.head("one/two")).await, ErrorKind::NotFound);
    for key in ["", "/a", "a/", "a//b", "../a", "a/./b", "a\nb", "a\\b"] {
        assert_eq!(kind(store.put(key, Bytes::new(), Put::default())).await, ErrorKind::Other, "{key:?}");
    }
}

async fn listings(store: &dyn Store) {
    let names = ["l/a-b", "l/a.b", "l/a/b", "l/a/c/d", "l/a0", "l/b/c", "l/ab", "l2/x", "l/Z", "l/å"];
    join_all(names.iter().map(|key| put(store, key, b"x"))).await;
    let mut all: Vec<&str> = names.iter().copied().filter(|key| key.starts_with("l/")).collect();
    all.sort_unstable();
    assert_eq!(keys(store, "l/", None, 100).await, all);
    for limit in 1..=all.len() {
        let mut paged = Vec::new();
        loop {
            let page = keys(store, "l/", paged.last().map(String::as_str), limit).await;
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= limit);
            paged.extend(page);
        }
        assert_eq!(paged, all, "pages of {limit}");
    }
    assert_eq!(keys(store, "l/a", None, 100).await, all.iter().copied().filter(|k| k.starts_with("l/a")).collect::<Vec<_>>());
    assert_eq!(keys(store, "l/", Some("l/a/b"), 100).await, all.iter().copied().filter(|k| *k > "l/a/b").collect::<Vec<_>>());
    assert_eq!(keys(store, "l/", Some("l/a/"), 100).await, all.iter().copied().filter(|k| *k > "l/a/").collect::<Vec<_>>());
    assert_eq!(keys(store, "nothing/", None, 100).await, Vec::<String>::new());
    assert_eq!(keys(store, "l/", None, 0).await, Vec::<String>::new());
    assert_eq!(store.list_folders("l/").await.expect("folders"), ["a/", "b/"]);
    assert_eq!(store.list_folders("l/a/").await.expect("folders"), ["c/"]);
    assert_eq!(store.list_folders("nothing/").await.expect("folders"), Vec::<String>::new());
    assert!(store.list_folders("").await.expect("folders").contains(&"l2/".to_owned()));
    join_all(names.iter().map(|key| store.delete(key))).await;
}

async fn odd_keys(store: &dyn Store) {
    let odd = ["o/a b", "o/a+b", "o/a%20b", "o/a%2Fb", "o/&<>\"'", "o/😀/日本", "o/..a", "o/a..", "o/?x=1#y", "o/~!@$^*()"];
    join_all(odd.iter().map(|key| put(store, key, key.as_bytes()))).await;
    for key in odd {
        assert_eq!(store.get(key, None).await.unwrap_or_else(|e| panic!("{key}: {e}")), key.as_bytes(), "{key}");
    }
    let listed: BTreeSet<String> = keys(store, "o/", None, 100).await.into_iter().collect();
    assert_eq!(listed, odd.iter().map(|key| (*key).to_owned()).collect());
    join_all(odd.iter().map(|key| store.delete(key))).await;
    assert_eq!(keys(store, "o/", None, 100).await, Vec::<String>::new());
}

async fn create_only(store: &dyn Store, atomic: bool) {
    let writers = if atomic { 8 } else { 1 };
    for round in 0..5 {
        let key = format!("race/{round}");
        let race = join_all((0..writers).map(|writer: u8| store.put(&key, Bytes::from(vec![writer; 1000]), CREATE))).await;
        let winners: Vec<_> = (0..writers).zip(&race).filter(|(_, outcome)| outcome.is_ok()).map(|(writer, _)| writer).collect();
        for outcome in &race {
            if let Err(error) = outcome {
                assert_eq!(error.kind, ErrorKind::Exists, "{error}");
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        assert_eq!(store.get(&key, None).await.expect("get"), Bytes::from(vec![winners[0]; 1000]));
        assert_eq!(kind(store.put(&key, Bytes::from(vec![winners[0]; 1000]), CREATE)).await, ErrorKind::Exists);
        store.delete(&key).await.expect("delete");
        store.put(&key, Bytes::new(), CREATE).await.expect("free again");
        store.delete(&key).await.expect("delete");
    }
}

async fn replace(store: &dyn Store, atomic: bool) {
    let writers = if atomic { 8 } else { 1 };
    let first = put(store, "swap", b"first").await;
    let race = join_all((0..writers).map(|writer: u8| store.replace("swap", Bytes::from(vec![writer]), &first))).await;
    assert_eq!(race.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let winner = race.iter().position(Result::is_ok).expect("one won");
    assert_eq!(*store.get("swap", None).await.expect("get"), [u8::try_from(winner).expect("small")]);
    let second = race[winner].as_ref().expect("one won").clone();
    assert_eq!(store.head("swap").await.expect("head").etag, second);
    assert_eq!(kind(store.replace("swap", Bytes::new(), &first)).await, ErrorKind::Exists);
    store.replace("swap", Bytes::from_static(b"third"), &second).await.expect("replace");
    store.delete("swap").await.expect("delete");
    assert_eq!(kind(store.replace("swap", Bytes::new(), &second)).await, ErrorKind::Exists);
}

/// What the engine is tested on keeps the contract too.
#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract() {
    check(Arc::new(MemoryStore::new(World::default(), |_| true)), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_keeps_the_contract() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    check(Arc::new(FolderStore::new(dir.path())), true).await;
}

/// The store of an endpoint as bdr opens it, in a bucket of its own.
async fn open(endpoint: &Endpoint, versioned: bool) -> Arc<dyn Store> {
    let backend = endpoint.backend(&fresh_name(), "some/where/");
    let connection = s3::connect(&backend, &endpoint.env()).await.unwrap();
    let bucket = backend.bucket.expose();
    make_bucket(&connection.client, bucket).await;
    if versioned {
        let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        connection.client.put_bucket_versioning().bucket(bucket).versioning_configuration(on).send().await.unwrap();
    }
    let pace = Arc::clone(&connection.pace);
    Arc::new(Retrying::new(Throttled::new(S3Store::new(connection, &backend), pace), Patience::default()))
}

/// A bucket that is not there is not made by looking at it: some endpoints make one by the first write.
async fn missing(endpoint: &Endpoint) {
    let backend = endpoint.backend(&fresh_name(), "");
    let store = S3Store::new(s3::connect(&backend, &endpoint.env()).await.unwrap(), &backend);
    assert_eq!(kind(store.capabilities()).await, ErrorKind::NotFound);
    assert_eq!(kind(store.list("", None, 1)).await, ErrorKind::NotFound, "nothing was made");
}

async fn on(name: &str, expected: Capabilities, versioned: Capabilities) {
    let Some(endpoint) = endpoint(name) else { return };
    missing(endpoint).await;
    for (is_versioned, expected) in [(false, expected), (true, versioned)] {
        let store = open(endpoint, is_versioned).await;
        let found = store.capabilities().await.expect("capabilities");
        assert!(found == expected || name == "moto", "{found:?}, versioned: {is_versioned}");
        check(store, name != "moto").await;
    }
}

const ALL: Capabilities = Capabilities { create_only: true, replace_if_match: true };

#[tokio::test(flavor = "multi_thread")]
async fn ministack_keeps_the_contract() {
    on("ministack", ALL, ALL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_keeps_the_contract() {
    on("seaweedfs", ALL, ALL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moto_keeps_the_contract() {
    on("moto", ALL, ALL).await;
}

/// Ceph 16 fails `If-Match` with the right ETag, and in a versioned bucket overwrites where it should refuse: the probe must
/// say so, bucket by bucket.
#[tokio::test(flavor = "multi_thread")]
async fn radosgw_keeps_the_contract_but_for_conditions() {
    on("radosgw", Capabilities { replace_if_match: false, ..ALL }, Capabilities { create_only: false, replace_if_match: false })
        .await;
}
