//! Stores behind a network that fails: what is repeated, what is looked up, and when it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bdr::store::{Arrival, ErrorKind, Put, Retry, Store};
use bdr::stores::{Patience, Retrying, S3Store, Throttled, s3};
use bytes::Bytes;

use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{Endpoint, endpoint, fresh_name, make_bucket};

const CREATE: Put = Put { class: bdr::units::storage_class::StorageClass::Standard, if_absent: true, lock: None };
const SLOW: Fault = Fault::Delay(Duration::from_secs(2));
const BODY: Bytes = Bytes::from_static(b"written by this caller");

/// A store behind a proxy that breaks the first requests of a method, and the same bucket without one.
struct Broken {
    bucket: String,
    proxy: Proxy,
    store: Retrying<Throttled<S3Store>>,
    direct: S3Store,
}

/// `faults` happen to the first requests of `method`, in order.
async fn broken(endpoint: &Endpoint, method: &'static str, faults: &'static [Fault]) -> Broken {
    let bucket = fresh_name();
    make_bucket(&endpoint.client().await, &bucket).await;
    let count = AtomicU32::new(0);
    let proxy = Proxy::before(&endpoint.url, move |line| {
        if !line.starts_with(method) {
            return Fault::None;
        }
        let at = count.fetch_add(1, Ordering::Relaxed) as usize;
        faults.get(at).copied().unwrap_or(Fault::None)
    })
    .await;
    let behind = Endpoint { url: proxy.url.clone(), ..endpoint.clone() };
    let open = async |endpoint: &Endpoint| {
        let backend = endpoint.backend(&bucket, "");
        let connection = s3::connect(&backend, &endpoint.env()).await.unwrap();
        let pace = Arc::clone(&connection.pace);
        (S3Store::new(connection, &backend), pace)
    };
    let ((inner, pace), (direct, _)) = (open(&behind).await, open(endpoint).await);
    let patience = Patience { attempts: 6, total: Duration::from_secs(20) };
    Broken { bucket, proxy, store: Retrying::new(Throttled::new(inner, pace), patience), direct }
}

fn requests(broken: &Broken, method: &str) -> usize {
    broken.proxy.seen().iter().filter(|line| line.starts_with(method)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_writes_are_repeated() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let broken = broken(endpoint, "PUT", &[Fault::SlowDown, Fault::SlowDown, Fault::SlowDown]).await;
    broken.store.put("key", BODY, CREATE).await.unwrap();
    assert_eq!(requests(&broken, "PUT"), 4);
    assert_eq!(broken.direct.get("key", None).await.unwrap(), BODY);
}

/// The write landed and its answer did not: the 412 of the second attempt is this caller's own first.
#[tokio::test(flavor = "multi_thread")]
async fn a_create_whose_answer_was_lost_is_told_from_somebody_elses() {
    let Some(endpoint) = endpoint("ministack") else { return };
    for fault in [&[Fault::DoneButFailed][..], &[Fault::DoneButCut], &[Fault::DoneButCut, Fault::Reset, Fault::SlowDown]] {
        let broken = broken(endpoint, "PUT", fault).await;
        let etag = broken.store.put("key", BODY, CREATE).await.unwrap();
        assert_eq!(broken.direct.head("key").await.unwrap().etag, etag, "{fault:?}");
        let again = broken.store.put("key", BODY, CREATE).await.unwrap_err();
        assert_eq!(again.kind, ErrorKind::Exists, "a create without a fault before it is never taken for an earlier one");
    }
    for fault in [&[Fault::Reset][..], &[Fault::Reset, Fault::Reset]] {
        let broken = broken(endpoint, "PUT", fault).await;
        broken.direct.put("key", Bytes::from_static(b"somebody else's, as long"), Put::default()).await.unwrap();
        let lost = broken.store.put("key", BODY, CREATE).await.unwrap_err();
        assert_eq!((lost.kind, lost.retry), (ErrorKind::Exists, Retry::Never), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_whose_answer_was_lost_is_told_from_somebody_elses() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let broken = broken(endpoint, "PUT", &[Fault::DoneButFailed, Fault::None, Fault::Reset]).await;
    let first = broken.direct.put("key", Bytes::from_static(b"before"), Put::default()).await.unwrap();
    let second = broken.store.replace("key", BODY, &first).await.unwrap();
    assert_eq!(broken.direct.head("key").await.unwrap().etag, second);
    broken.direct.put("key", Bytes::from_static(b"somebody else"), Put::default()).await.unwrap();
    let lost = broken.store.replace("key", Bytes::from_static(b"mine"), &second).await.unwrap_err();
    assert_eq!(lost.kind, ErrorKind::Exists);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_answer_is_read_again_and_never_taken_for_the_whole() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let body = Bytes::from((0..=255).cycle().take(300_000).collect::<Vec<u8>>());
    let broken = broken(endpoint, "GET", &[Fault::CutAfter(20), Fault::CutAfter(2_000), Fault::CutAfter(290_000)]).await;
    broken.store.put("key", body.clone(), Put::default()).await.unwrap();
    assert_eq!(broken.store.get("key", None).await.unwrap(), body);
    assert_eq!(requests(&broken, "GET"), 4);
}

/// What was answered with success and broke off is no answer, whatever was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_is_cut_off_is_read_again() {
    for name in ["ministack", "seaweedfs", "moto", "radosgw"] {
        let Some(endpoint) = endpoint(name) else { continue };
        let broken = broken(endpoint, "GET", &[Fault::CutAfter(400), Fault::CutAfter(700), Fault::CutAfter(1_000)]).await;
        for at in 0..20 {
            broken.direct.put(&format!("folder/key-{at:02}"), BODY, Put::default()).await.unwrap();
        }
        assert_eq!(broken.store.list("folder/", None, 100).await.unwrap().len(), 20, "{name}");
        assert!(requests(&broken, "GET") >= 4, "{name}");
    }
}

/// Values of a header in the requests of a method so far.
fn headers(broken: &Broken, method: &str, name: &str) -> Vec<Option<String>> {
    let of = |head: &String| {
        let value = |line: &str| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        head.lines().find_map(value)
    };
    broken.proxy.heads().iter().filter(|head| head.starts_with(method)).map(of).collect()
}

/// Each attempt of these brings some of the body.
const CUTS: &[Fault] = &[Fault::CutAfter(100_000); 8];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_off_goes_on_where_it_broke_off_for_as_long_as_something_comes() {
    let body = Bytes::from((0..=250).cycle().take(500_000).collect::<Vec<u8>>());
    for name in ["ministack", "seaweedfs", "moto", "radosgw"] {
        let Some(endpoint) = endpoint(name) else { continue };
        for range in [None, Some(1_000..499_000)] {
            let broken = broken(endpoint, "GET", CUTS).await;
            let etag = broken.store.put("key", body.clone(), Put::default()).await.unwrap();
            let wanted = range.clone().map_or(body.clone(), |range: std::ops::Range<u64>| {
                body.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap())
            });
            assert_eq!(broken.store.get("key", range.clone()).await.unwrap(), wanted, "{name}");
            let (ranges, versions) = (headers(&broken, "GET", "range"), headers(&broken, "GET", "if-match"));
            assert!(ranges.len() > 4, "it was cut off: {name}: {ranges:?}");
            let begins = |range: &Option<String>| {
                let text = range.as_ref().map_or("0", |range| range.trim_start_matches("bytes=").split('-').next().unwrap());
                text.parse::<usize>().unwrap()
            };
            let begins: Vec<usize> = ranges.iter().map(begins).collect();
            assert!(begins.windows(2).all(|pair| pair[1] > pair[0] + 50_000), "{name}: {begins:?}");
            let same = versions[1..].iter().all(|version| version.as_ref() == Some(&etag));
            assert!(same && versions[0].is_none(), "{name}: {versions:?} of {etag}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_broke_off_is_never_gone_on_with_by_another_object() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let broken = broken(endpoint, "GET", &[Fault::CutAfter(100_000)]).await;
    let (first, second) = (Bytes::from(vec![1; 300_000]), Bytes::from(vec![2; 300_000]));
    broken.direct.put("key", first, Put::default()).await.unwrap();
    let told = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&told);
    let mut arrival = Arrival::telling(move |bytes| _ = count.fetch_add(u32::try_from(bytes).unwrap(), Ordering::Relaxed));
    // The store that does not try again by itself.
    let backend = Endpoint { url: broken.proxy.url.clone(), ..endpoint.clone() }.backend(&broken.bucket, "");
    let store = S3Store::new(s3::connect(&backend, &endpoint.env()).await.unwrap(), &backend);
    assert_eq!(store.arrive("key", None, &mut arrival).await.unwrap_err().retry, Retry::Later);
    assert!(arrival.len() > 50_000, "{} bytes came", arrival.len());
    assert_eq!(u64::from(told.load(Ordering::Relaxed)), arrival.len(), "counted as they come");
    broken.direct.put("key", second.clone(), Put::default()).await.unwrap();
    assert_eq!(store.arrive("key", None, &mut arrival).await.unwrap_err().retry, Retry::Later);
    store.arrive("key", None, &mut arrival).await.unwrap();
    assert!(arrival.into_bytes() == second, "two objects were mixed");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_answers_are_waited_for() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let broken = broken(endpoint, "PUT", &[SLOW]).await;
    broken.store.put("key", BODY, CREATE).await.unwrap();
    assert_eq!(requests(&broken, "PUT"), 1);
}

/// An endpoint that is gone: an end, in time, with the number of attempts; and the first one without a doubt.
#[tokio::test(flavor = "multi_thread")]
async fn trying_again_ends() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let broken = broken(endpoint, "PUT", &[]).await;
    let Broken { proxy, store, .. } = broken;
    drop(proxy);
    let begun = Instant::now();
    let error = store.put("key", BODY, CREATE).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.reason.contains("tried 6 times"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_succeed_is_tried_once() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let broken = broken(endpoint, "GET", &[]).await;
    assert_eq!(broken.store.get("nothing", None).await.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(requests(&broken, "GET"), 1);
}
