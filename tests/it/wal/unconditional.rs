//! A store that knows no conditional writes: looked at before, read back after, and what that leaves open is told in docs/postgresql.md.

use super::{SYSTEM, Scene, bytes_of, flat, name_of};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{endpoint, fresh_name, make_bucket};

#[tokio::test(flavor = "multi_thread")]
async fn without_conditional_writes_nothing_is_overwritten_either() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let bucket = fresh_name();
    make_bucket(&endpoint.client().await, &bucket).await;
    let proxy = Proxy::reading(&endpoint.url, |head| {
        let conditional = head.to_ascii_lowercase().contains("\r\nif-none-match:");
        if conditional { Fault::Unknown } else { Fault::None }
    })
    .await;
    let scene = Scene::in_bucket(endpoint, &proxy.url, &bucket);
    let (path, name) = scene.segment(1, 5);
    scene.push(&path).ends(0);
    let written = |seen: &[String]| seen.iter().filter(|line| line.starts_with("PUT") && line.contains(&name)).count();
    assert_eq!(written(&proxy.seen()), 1);
    scene.push(&path).ends(0);
    let other = scene.file("made", &name, &bytes_of(1, 5, SYSTEM, 1));
    let refused = scene.push(&other).ends(1);
    assert!(flat(&refused.stderr).contains(&format!("ANOTHER {name} IS ARCHIVED ALREADY")), "{refused:#?}");
    assert_eq!(written(&proxy.seen().into_iter().filter(|line| !line.contains("_refused")).collect::<Vec<_>>()), 1);
    scene.fetch(&name).ends(0);
    scene.fetch(&name_of(1, 6)).ends(1);
}
