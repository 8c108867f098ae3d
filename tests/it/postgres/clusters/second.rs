//! The next backup of a cluster stores what changed, in memory of a fixed size.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::{home, manifests, target};
use crate::binary::Home;
use crate::harness::own_cluster::own;
use crate::postgres::command;

const BLOCK: usize = 64 << 10;

/// What a data directory holds, by paths below it.
fn contents(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let all = crate::binary::contents(data).into_iter();
    all.map(|(path, bytes)| (path.strip_prefix(data).unwrap().to_owned(), bytes)).collect()
}

/// Blocks of the files below two data directories that are not the same, but for the log, which is always new.
fn changed(one: &Path, other: &Path) -> usize {
    let (before, after) = (contents(one), contents(other));
    let changed = |(path, bytes): (&PathBuf, &Vec<u8>)| {
        let old = before.get(path).map(Vec::as_slice).unwrap_or_default();
        let old: Vec<&[u8]> = old.chunks(BLOCK).collect();
        bytes.chunks(BLOCK).enumerate().filter(|(at, block)| old.get(*at) != Some(block)).count()
    };
    after.iter().filter(|(path, _)| !path.starts_with("pg_wal")).map(changed).sum()
}

/// Makes a backup; returns the most memory that it took, in MB.
#[track_caller]
fn backup(home: &Home, url: &str) -> u64 {
    let mut bdr = command(home, url, &["backup", "orders"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut most = 0;
    loop {
        let told = std::fs::read_to_string(format!("/proc/{}/status", bdr.id())).unwrap_or_default();
        let peak = told.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
        most = most.max(peak.unwrap_or_default());
        if let Some(ended) = bdr.try_wait().unwrap() {
            let mut said = String::new();
            bdr.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            assert!(ended.success(), "{said}");
            return most / 1024;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn after_one_page_in_a_hundred_changed_little_more_than_those_blocks_are_stored() {
    let Some(cluster) = own("cluster-second", &[]) else { return };
    let (home, url) = (home(), cluster.url("postgres", "postgres"));
    // Bytes that do not compress, so that what is stored is what is new.
    let row = "SELECT n, (SELECT string_agg(decode(md5(n || '-' || k), 'hex'), '') FROM generate_series(1, 16) k) AS note";
    let fill = format!("CREATE TABLE t WITH (fillfactor = 90) AS {row} FROM generate_series(1, 200000) n");
    cluster.sql("postgres", &fill);
    cluster.sql("postgres", "VACUUM t");
    let first = backup(&home, &url);
    let (one, other) = (target("cluster-second-one"), target("cluster-second-other"));
    super::restore(&home, &one, &[]);
    // One row in each page that is hit, which stays in its page; and nothing else.
    let pages: u64 = cluster.sql("postgres", "SELECT pg_relation_size('t') / 8192").parse().unwrap();
    let rows = "SELECT format('(%s,1)', p)::tid FROM generate_series(0, (pg_relation_size('t') / 8192 - 1)::int, 100) p";
    let update = format!("UPDATE t SET note = substr(note, 17) || decode(md5(n::text), 'hex') WHERE ctid IN ({rows})");
    cluster.sql("postgres", &update);
    let second = backup(&home, &url);
    super::restore(&home, &other, &[]);
    let changed = changed(&one, &other);
    let [full, next] = manifests(&home).try_into().unwrap();
    let hit = usize::try_from(pages / 100).unwrap();
    assert!(changed >= hit && changed < hit * 2, "{changed} blocks changed, {hit} pages were hit");
    // The log holds each page that was hit once whole, and what else it holds compresses.
    let (blocks, log) = ((changed * BLOCK) as u64, (hit * 2 * 8192) as u64);
    let told = format!(
        "{pages} pages, {hit} hit: {changed} blocks of 64 KiB changed ({blocks} bytes); stored {} of {}; peaks {first} and {second} MB",
        next.measured.stored_bytes, full.measured.stored_bytes
    );
    assert!(next.measured.stored_bytes <= (blocks + log) / 10 * 12, "{told}");
    assert!(next.measured.stored_bytes < full.measured.stored_bytes / 4, "{told}");
    assert!(first < 200 && second < 200, "{told}");
    assert_eq!(next.needs.len(), 1, "it stands on the first");
    cluster.stop("immediate");
}
