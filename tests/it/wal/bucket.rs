//! An archive in a bucket: how little is asked for, and that whatever an endpoint refuses is a doubt.

use std::sync::{Arc, Mutex};

use super::{SYSTEM, Scene, bytes_of, name_of};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{endpoint, fresh_name, make_bucket};

/// What becomes of requests that a pair of words is in.
type Broken = Arc<Mutex<Option<(&'static str, String, Fault)>>>;

async fn behind_a_proxy() -> Option<(Scene, Proxy, Broken)> {
    let endpoint = endpoint("ministack")?;
    let bucket = fresh_name();
    make_bucket(&endpoint.client().await, &bucket).await;
    let broken = Broken::default();
    let deciding = Arc::clone(&broken);
    let proxy = Proxy::before(&endpoint.url, move |line| match &*deciding.lock().unwrap() {
        Some((method, part, fault)) if line.starts_with(method) && line.contains(part.as_str()) => *fault,
        _ => Fault::None,
    })
    .await;
    Some((Scene::in_bucket(endpoint, &proxy.url, &bucket), proxy, broken))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_asks_for_no_more_than_it_must() {
    let Some((scene, proxy, _)) = behind_a_proxy().await else { return };
    scene.archive(1, [3, 4]);
    let asked = |work: &dyn Fn()| {
        let before = proxy.seen().len();
        work();
        let methods: Vec<String> = proxy.seen()[before..].iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        methods.join(" ")
    };
    let (path, name) = scene.segment(1, 5);
    assert_eq!(asked(&|| _ = scene.push(&path).ends(0)), "GET PUT");
    assert_eq!(asked(&|| _ = scene.fetch(&name).ends(0)), "GET");
    // Then whose archive it is, which timelines it has, and what is behind: no matter how much is archived.
    assert_eq!(asked(&|| _ = scene.fetch(&name_of(1, 6)).ends(1)), ["GET"; 4].join(" "));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_endpoint_refuses_is_a_doubt() {
    let Some((scene, _proxy, broken)) = behind_a_proxy().await else { return };
    scene.archive(1, 3..=5);
    let (name, next) = (name_of(1, 5), name_of(1, 6));
    let refusals = [
        ("GET", name.clone(), Fault::Deny, &name),
        ("GET", name.clone(), Fault::Reset, &name),
        ("GET", next.clone(), Fault::Hide, &next),
        ("GET", "list-type".to_owned(), Fault::Deny, &next),
        ("GET", "cluster.json".to_owned(), Fault::Deny, &next),
        ("GET", "list-type".to_owned(), Fault::Deny, &"00000002.history".to_owned()),
    ];
    for (method, part, fault, asked) in refusals {
        *broken.lock().unwrap() = Some((method, part.clone(), fault));
        let ran = scene.fetch(asked);
        assert_eq!(ran.code, Some(255), "{part} {fault:?}: {ran:#?}");
    }
    *broken.lock().unwrap() = None;
    scene.fetch(&name).ends(0);
    scene.fetch(&next).ends(1);
    // A write that was done and whose answer was lost is found to be our own.
    let (path, name) = scene.segment(1, 6);
    *broken.lock().unwrap() = Some(("PUT", name.clone(), Fault::DoneButCut));
    let cut = scene.push(&path);
    *broken.lock().unwrap() = None;
    assert!(matches!(cut.code, Some(0 | 1)), "{cut:#?}");
    scene.push(&path).ends(0);
    scene.fetch(&name).ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_push_to_a_bucket_at_once_one_writes() {
    let Some((scene, _proxy, _)) = behind_a_proxy().await else { return };
    let name = name_of(1, 5);
    let paths: Vec<String> =
        (0..6).map(|at| scene.file(&format!("server-{at}"), &name, &bytes_of(1, 5, SYSTEM, at / 2))).collect();
    super::pushes::one_of_them_wins(&scene, &name, &paths);
    let status: serde_json::Value =
        serde_json::from_str(&scene.bdr(&["wal", "status", "--format", "json"]).ends(2).stdout).unwrap();
    assert_eq!(status["stores"][0]["ranges"].as_array().unwrap().len(), 1, "{status:#}");
    assert_eq!(status["stores"][0]["ranges"][0]["segments"], 1, "{status:#}");
}
