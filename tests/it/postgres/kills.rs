//! A dump that is killed leaves no backup and no program of PostgreSQL, and none of them shows the password to who looks on.

use std::io::Write;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::{command, home, run};
use crate::harness::postgres::{PASSWORD, cluster};

/// Waits until something holds.
#[track_caller]
fn until<T>(what: &str, mut holds: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = holds() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The words of a process that runs.
fn words(pid: &str) -> Option<String> {
    let words = std::fs::read(format!("/proc/{pid}/cmdline")).ok().filter(|words| !words.is_empty())?;
    Some(String::from_utf8_lossy(&words).replace('\0', " "))
}

fn parent(pid: &str) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok())
}

/// The `pg_dump` that bdr runs.
fn dump_of(bdr: &Child) -> Option<String> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut children = pids.filter(|pid| parent(pid) == Some(bdr.id()));
    children.find(|pid| words(pid).is_some_and(|words| words.contains("--format=custom") && !words.starts_with("bdr-leash")))
}

#[test]
fn a_killed_bdr_takes_its_dump_with_it_and_leaves_no_backup() {
    let Some(cluster) = cluster() else { return };
    cluster.database("held", "CREATE TABLE a AS SELECT generate_series(1, 1000) AS n");
    let (home, url) = (home(), cluster.url("postgres", "held"));
    // A dump waits for a table that somebody else has for himself, so that it writes nothing and no closed pipe ends it.
    let mut holder = cluster.program("psql", "held").arg("-XAtq").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut says = holder.stdin.take().unwrap();
    says.write_all(b"BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE;\n").unwrap();
    let waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'a'::regclass AND mode = 'AccessExclusiveLock' AND granted";
    until("the table is not held", || (cluster.sql("held", waiting) == "1").then_some(()));
    let mut bdr = command(&home, &url, &["backup", "orders"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let dump = until("no dump runs", || dump_of(&bdr));
    let shown = [words(&dump), words(&bdr.id().to_string())].map(Option::unwrap_or_default).concat();
    assert!(shown.contains("pg_dump") && !shown.contains(PASSWORD), "{shown}");
    bdr.kill().unwrap();
    bdr.wait().unwrap();
    until("the dump outlives bdr", || words(&dump).is_none().then_some(()));
    let backends = "SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('bdr', 'pg_dump') AND datname = 'held'";
    until("the server works on for nobody", || (cluster.sql("held", backends) == "0").then_some(()));
    drop(says);
    holder.wait().unwrap();
    let listed = run(&home, &url, &["list", "orders"]);
    assert!(!listed.stdout.contains("full"), "{listed:#?}");
    run(&home, &url, &["backup", "orders"]).ends(0);
}
