//! The trap of every archive: a segment that cannot be had in the middle of a recovery. The server stops, and never promotes over it.

use std::fs;
use std::sync::{Arc, Mutex};

use super::replay::{SUM, primary, recover, work};
use super::{Scene, flat};
use crate::harness::instance::Instance;
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{endpoint, fresh_name, make_bucket};

/// It has ended without a timeline of its own.
#[track_caller]
fn never_promoted(base: &Instance, why: &str) {
    let said = base.ends();
    assert!(said.contains("exit code 255"), "{said}");
    assert!(flat(&said).contains(why), "`{why}` is not in:\n{said}");
    assert!(!said.contains("selected new timeline"), "{said}");
    assert!(!base.data.join("pg_wal/00000002.history").exists());
}

#[test]
fn a_segment_that_is_missing_in_the_middle_is_named_and_not_promoted_over() {
    let scene = Scene::in_folder();
    let Some(primary) = primary(&scene, &["--wal-segsize=1"]) else { return };
    let base = Instance::base_of(&primary, "base");
    work(&primary, 2);
    let lost = work(&primary, 1);
    work(&primary, 2);
    let whole = primary.sql(SUM);
    primary.stop("immediate");
    let objects = scene.archived("vault");
    let lost = objects.iter().find(|key| key.ends_with(&lost)).unwrap();
    let place = scene.path("vault/shop/orders/wal/_wal").join(lost);
    let object = fs::read(&place).unwrap();
    fs::remove_file(&place).unwrap();
    recover(&scene, &base);
    let name = lost.rsplit('/').next().unwrap();
    never_promoted(&base, &format!("{name} is not in the archive, and"));
    let status = scene.bdr(&["wal", "status"]).ends(2);
    assert!(flat(&status.stdout).contains(&format!("GAP: {name} is missing")), "{status:#?}");
    // Once it is back, recovery goes on from where it stopped.
    fs::write(&place, object).unwrap();
    crate::harness::instance::give(&place);
    recover(&scene, &base);
    base.serves();
    assert_eq!(base.sql(SUM), whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_fails_with_5xx_in_the_middle_of_replay_is_not_promoted_over() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let bucket = fresh_name();
    make_bucket(&endpoint.client().await, &bucket).await;
    let broken: Arc<Mutex<Option<String>>> = Arc::default();
    let deciding = Arc::clone(&broken);
    let proxy = Proxy::before(&endpoint.url, move |line| match &*deciding.lock().unwrap() {
        Some(name) if line.starts_with("GET") && line.contains(name) => Fault::DoneButFailed,
        _ => Fault::None,
    })
    .await;
    let scene = Scene::in_bucket(endpoint, &proxy.url, &bucket);
    let Some(primary) = primary(&scene, &["--wal-segsize=1"]) else { return };
    let base = Instance::base_of(&primary, "base");
    work(&primary, 2);
    let failing = work(&primary, 1);
    work(&primary, 2);
    let whole = primary.sql(SUM);
    primary.stop("immediate");
    *broken.lock().unwrap() = Some(failing.clone());
    recover(&scene, &base);
    never_promoted(&base, &format!("could not fetch {failing}"));
    *broken.lock().unwrap() = None;
    recover(&scene, &base);
    base.serves();
    assert_eq!(base.sql(SUM), whole);
}
