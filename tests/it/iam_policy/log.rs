//! What it takes to archive a log, to hand it out and to look at it.

use super::tried::{Spared, ends_well, one_less};
use super::{Guarded, policy};
use crate::harness::{endpoint, fresh_name};
use crate::wal::{SYSTEM, bytes_of, history_of, name_of};

/// A policy that archives into the bucket, by a protection of this name.
fn archiving(text: &str, protection: &str) -> String {
    let (before, rest) = text.split_once("    files: {").unwrap();
    let (_, after) = rest.split_once("scheduler: ").unwrap();
    format!(
        "{before}    postgresql: {{}}\n    protect: {{ {protection}: {{ wal_archive: {{}}, store: bucket }} }}\nscheduler: {after}"
    )
}

/// A bucket, and segments of a made-up cluster on two timelines beside one another.
async fn guarded() -> Option<(Guarded, String)> {
    let endpoint = endpoint("ministack")?;
    let guarded = Guarded::new(endpoint).await;
    let text = policy(&fresh_name(), &guarded.proxy.url, endpoint.region);
    guarded.home.policy(&archiving(&text, "wal"));
    std::fs::create_dir_all(guarded.home.path("pg_wal")).unwrap();
    let file = |name: &str, bytes: &[u8]| std::fs::write(guarded.home.path("pg_wal").join(name), bytes).unwrap();
    for (timeline, number) in [(1, 3), (1, 4), (2, 4), (2, 5)] {
        file(&name_of(timeline, number), &bytes_of(timeline, number, SYSTEM, 0));
    }
    file("00000002.history", history_of(1, 4).as_bytes());
    guarded.freely(&["apply", "--auto-approve", "--without-backups"]);
    Some((guarded, text))
}

fn path(timeline: u32, number: u64) -> String {
    format!("pg_wal/{}", name_of(timeline, number))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_archived_with_what_write_allows_and_no_less() {
    let Some((guarded, text)) = guarded().await else { return };
    let spared: &[Spared] = &[("s3:DeleteObject", "/.bdr/probe/*", "what a probe wrote then stays until the lifecycle takes it")];
    let leaves = guarded.leaves(&["write"]);
    one_less(&leaves, spared, |day, leaves| {
        // An archive that has not begun, so that all of it is done each time.
        guarded.home.policy(&archiving(&text, &format!("wal-{day}")));
        let pushed = [path(1, 3), path(1, 3), path(2, 5)].map(|path| guarded.with(leaves, 0, &["wal", "push", &path]));
        pushed.iter().try_for_each(ends_well)
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_handed_out_with_what_restore_allows_and_no_less() {
    let Some((guarded, _)) = guarded().await else { return };
    guarded.freely(&["wal", "push", &path(1, 3)]);
    guarded.freely(&["wal", "push", &path(2, 4)]);
    one_less(&guarded.leaves(&["restore"]), &[], |_, leaves| {
        ends_well(&guarded.with(leaves, 0, &["wal", "fetch", &name_of(2, 4), "got"]))?;
        let end = guarded.with(leaves, 0, &["wal", "fetch", &name_of(2, 5), "got"]);
        if end.code == Some(1) { Ok(()) } else { Err(end.stderr) }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_looked_at_with_what_status_allows_and_no_less() {
    let Some((guarded, text)) = guarded().await else { return };
    for (timeline, number) in [(1, 3), (1, 4), (2, 4)] {
        guarded.freely(&["wal", "push", &path(timeline, number)]);
    }
    // Some of it went.
    let note = format!(r#"{{"version":1,"at":"2026-11-28T12:00:00Z","first":["{}"]}}"#, name_of(1, 3));
    put(&text, &format!("docs/wal/_let_go/{SYSTEM}/20261128T120000Z.0123456789abcdef.json"), note.into_bytes()).await;
    one_less(&guarded.leaves(&["status"]), &[], |_, leaves| ends_well(&guarded.with(leaves, 0, &["wal", "status"])));
}

/// Below the policy's folder in the bucket.
async fn put(text: &str, key: &str, body: Vec<u8>) {
    let bucket = text.split("name: ").nth(1).unwrap().lines().next().unwrap();
    let client = endpoint("ministack").unwrap().client().await;
    let key = format!("some/where/{bucket}/{key}");
    client.put_object().bucket(bucket).key(key).body(body.into()).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_let_go_with_what_prune_allows_and_not_by_who_writes() {
    let Some((guarded, text)) = guarded().await else { return };
    let beside =
        "store: bucket }, cluster: { base_backup: {}, store: bucket } }\n    retain: { daily: { for: 30d }, wal: { for: 7d } }";
    guarded.home.policy(&archiving(&text, "wal").replace("store: bucket } }", beside));
    for (timeline, number) in [(1, 3), (1, 4), (2, 4), (2, 5)] {
        guarded.freely(&["wal", "push", &path(timeline, number)]);
    }
    let policy = text.split("name: ").nth(1).unwrap().lines().next().unwrap();
    let manifest = bdr::catalog::manifest::Manifest {
        policy: policy.parse().unwrap(),
        component: "docs".parse().unwrap(),
        ..crate::wal::kept::manifest(1, 2, 5)
    };
    put(&text, &format!("docs/cluster/daily/{}/manifest.json", manifest.id), manifest.encode().unwrap()).await;
    let writer = guarded.with(&guarded.leaves(&["write"]), 0, &["prune", "docs", "--yes"]);
    assert!(writer.code != Some(0) && writer.stderr.contains("`bdr iam-policy prune`"), "{writer:#?}");
    let pruned = guarded.with(&guarded.leaves(&["prune"]), 0, &["prune", "docs", "--yes"]);
    ends_well(&pruned).unwrap();
    assert!(pruned.stderr.contains("of the log removed"), "{pruned:#?}");
    let gone = guarded.with(&guarded.leaves(&["restore"]), 0, &["wal", "fetch", &name_of(2, 4), "got"]);
    assert_eq!(gone.code, Some(255), "{gone:#?}");
    guarded.freely(&["wal", "fetch", &name_of(2, 5), "got"]);
}
