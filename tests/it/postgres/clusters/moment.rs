//! A base backup is rolled forward to a moment, with a log that was archived.

use std::path::PathBuf;

use super::{home, restore, target};
use crate::harness::own_cluster::{Own, on, own, space};
use crate::postgres::run;

/// A cluster that archives its log into a folder.
fn archiving(name: &str) -> Option<(Own, PathBuf)> {
    let archive = space(&format!("{name}-archive"));
    let command = format!("archive_command=test ! -e {0}/%f && cp %p {0}/%f", archive.display());
    let cluster = own(name, &["archive_mode=on", &command])?;
    Some((cluster, archive))
}

fn rows(cluster: &Own) -> String {
    cluster.sql("postgres", "SELECT string_agg(note, ' ' ORDER BY n) FROM t")
}

fn insert(cluster: &Own, note: &str) {
    cluster.sql("postgres", &format!("INSERT INTO t (note) VALUES ('{note}')"));
}

/// Waits until recovery is over: a server may answer before it.
fn recovered(data: &std::path::Path) -> Own {
    let again = on(data, &[]).unwrap();
    let begun = std::time::Instant::now();
    while again.sql("postgres", "SELECT pg_is_in_recovery()") == "t" {
        assert!(begun.elapsed().as_secs() < 60, "recovery does not end");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    again
}

#[test]
fn a_cluster_comes_back_to_a_moment_a_position_and_the_end() {
    let Some((cluster, archive)) = archiving("cluster-moment") else { return };
    let (home, url) = (home(), cluster.url("postgres", "postgres"));
    cluster.sql("postgres", "CREATE TABLE t (n serial, note text)");
    insert(&cluster, "before");
    run(&home, &url, &["backup", "orders"]).ends(0);
    insert(&cluster, "good");
    let position = cluster.sql("postgres", "SELECT pg_current_wal_insert_lsn()");
    insert(&cluster, "fine");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let moment = cluster.sql("postgres", "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
    cluster.sql("postgres", "UPDATE t SET note = 'bad'");
    // A later backup is no way back to a moment before it.
    run(&home, &url, &["backup", "orders"]).ends(0);
    insert(&cluster, "last");
    cluster.sql("postgres", "SELECT pg_switch_wal()");
    cluster.stop("fast");
    let archived = std::fs::read_dir(&archive).unwrap().count();
    let command = format!("cp {}/%f %p", archive.display());
    for (at, more, expected) in [
        ("time", vec!["--at", &moment], "before good fine"),
        ("position", vec!["--lsn", &position], "before good"),
        ("end", vec![], "bad bad bad last"),
    ] {
        let back = target(&format!("cluster-moment-{at}"));
        let more: Vec<&str> = more.into_iter().map(|word| word as &str).chain(["--restore-command", &command]).collect();
        restore(&home, &back, &more);
        assert!(back.join("recovery.signal").exists());
        let again = recovered(&back);
        assert_eq!(rows(&again), expected, "{at}");
        assert_eq!(again.sql("postgres", "SHOW archive_mode"), "off");
        again.sql("postgres", "SELECT pg_switch_wal()");
        again.stop("fast");
        assert_eq!(std::fs::read_dir(&archive).unwrap().count(), archived, "a copy wrote into the archive");
    }
    // By itself a backup comes back as it ended.
    let back = target("cluster-moment-alone");
    restore(&home, &back, &[]);
    let again = on(&back, &[]).unwrap();
    assert_eq!(rows(&again), "bad bad bad");
    again.stop("immediate");
    let to = target("cluster-moment-never").display().to_string();
    let refused = run(&home, &url, &["restore", "orders", "--to", &to, "--lsn", "0/1", "--restore-command", &command]);
    assert_eq!(refused.code, Some(1), "no backup ends before it: {refused:#?}");
}
