//! What is damaged, breaks off or is killed is told, and is never a backup that looks whole.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::{home, manifests, restore, target};
use crate::binary::{Home, contents};
use crate::harness::own_cluster::{Own, on, own};
use crate::harness::postgres::PASSWORD;
use crate::postgres::{command, run};

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(child: &Child, name: &str) {
    assert!(std::process::Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap().success());
}

/// A cluster that takes a while, and a backup of it that was stopped on its way, as a process that hangs.
fn halfway(name: &str) -> Option<(Own, Home, String, Child)> {
    let cluster = own(name, &[])?;
    let filling = "CREATE TABLE t AS SELECT n, md5(n::text) || md5((-n)::text) AS note FROM generate_series(1, 700000) n";
    cluster.sql("postgres", filling);
    let (home, url) = (home(), cluster.url("postgres", "postgres"));
    let bdr = command(&home, &url, &["backup", "orders"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let phase = "SELECT phase = 'streaming database files' FROM pg_stat_progress_basebackup";
    until("no backup runs", || cluster.sql("postgres", phase) == "t");
    signal(&bdr, "STOP");
    Some((cluster, home, url, bdr))
}

#[track_caller]
fn none_is_listed(home: &Home, url: &str) {
    let listed = run(home, url, &["list", "orders"]);
    assert!(!listed.stdout.contains("full"), "{listed:#?}");
    assert!(manifests(home).is_empty());
}

#[test]
fn a_server_that_is_stopped_on_the_way_leaves_no_backup() {
    let Some((cluster, home, url, bdr)) = halfway("cluster-stopped") else { return };
    cluster.stop("immediate");
    signal(&bdr, "CONT");
    let ended = bdr.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("a base backup that did not come to its end"), "{said}");
    none_is_listed(&home, &url);
    // It goes on once the server is back, with what is in the store already.
    cluster.start();
    run(&home, &url, &["backup", "orders"]).ends(0);
    assert_eq!(manifests(&home).len(), 1);
    cluster.stop("immediate");
}

#[test]
fn a_killed_bdr_leaves_no_backup_and_the_next_run_makes_one_that_starts() {
    let Some((cluster, home, url, mut bdr)) = halfway("cluster-killed") else { return };
    bdr.kill().unwrap();
    bdr.wait().unwrap();
    none_is_listed(&home, &url);
    let working = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender'";
    until("the server works on for nobody", || cluster.sql("postgres", working) == "0");
    assert_eq!(cluster.sql("postgres", "SELECT count(*) FROM pg_replication_slots"), "0", "nothing holds the log");
    run(&home, &url, &["backup", "orders"]).ends(0);
    let back = target("cluster-killed-back");
    restore(&home, &back, &[]);
    let again = on(&back, &[]).unwrap();
    assert_eq!(again.sql("postgres", "SELECT count(*) FROM t"), "700000");
    again.stop("immediate");
    cluster.stop("immediate");
}

#[test]
fn a_page_that_fails_its_checksum_makes_the_backup_suspect() {
    let Some(cluster) = own("cluster-page", &[]) else { return };
    let (home, url) = (home(), cluster.url("postgres", "postgres"));
    cluster.sql("postgres", "CREATE TABLE t AS SELECT generate_series(1, 10000) AS n; CHECKPOINT");
    let file = cluster.data.join(cluster.sql("postgres", "SELECT pg_relation_filepath('t')"));
    cluster.stop("fast");
    let mut damaged = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    damaged.seek(SeekFrom::Start(3 * 8192 + 4000)).unwrap();
    damaged.write_all(b"damage").unwrap();
    cluster.start();
    let said = run(&home, &url, &["backup", "orders"]).ends(3).stderr;
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    assert!(said.contains("suspect: pages that fail their checksums") && said.contains(&name), "{said}");
    assert!(said.contains("block 3"), "{said}");
    assert!(manifests(&home)[0].is_suspect());
    let listed = run(&home, &url, &["list", "orders"]);
    assert!(listed.stdout.to_lowercase().contains("suspect"), "{listed:#?}");
    cluster.stop("immediate");
}

#[test]
fn another_cluster_behind_the_address_leaves_no_backup() {
    let Some(cluster) = own("cluster-first", &[]) else { return };
    let home = home();
    run(&home, &cluster.url("postgres", "postgres"), &["backup", "orders"]).ends(0);
    let other = own("cluster-other", &[]).unwrap();
    let refused = run(&home, &other.url("postgres", "postgres"), &["backup", "orders"]).ends(1);
    assert!(refused.stderr.contains("the server is another cluster than the backups are of, and none was made"), "{refused:#?}");
    assert_eq!(manifests(&home).len(), 1);
    run(&home, &cluster.url("postgres", "postgres"), &["backup", "orders"]).ends(0);
    other.stop("immediate");
    cluster.stop("immediate");
}

#[test]
fn who_may_not_replicate_is_told_what_is_needed() {
    let Some(cluster) = own("cluster-rights", &["max_replication_slots=0"]) else { return };
    cluster.sql("postgres", &format!("CREATE ROLE plain LOGIN PASSWORD '{}'", PASSWORD));
    cluster.sql("postgres", &format!("CREATE ROLE copier LOGIN REPLICATION PASSWORD '{}'", PASSWORD));
    let home = home();
    let refused = run(&home, &cluster.url("plain", "postgres"), &["backup", "orders"]).ends(1).stderr;
    assert!(refused.contains("`plain` needs the attribute REPLICATION"), "{refused}");
    none_is_listed(&home, &cluster.url("plain", "postgres"));
    // That is all it takes: no superuser, and no database that it may connect to.
    cluster.sql("postgres", "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC");
    let made = run(&home, &cluster.url("copier", "postgres"), &["backup", "orders"]).ends(0).stderr;
    assert!(made.contains("note: the server holds no log for the backup"), "{made}");
    cluster.stop("immediate");
}

#[test]
fn a_restore_that_lacks_something_leaves_a_folder_on_which_no_server_starts() {
    let Some(cluster) = own("cluster-lacking", &[]) else { return };
    let (home, url) = (home(), cluster.url("postgres", "postgres"));
    cluster.sql("postgres", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n");
    run(&home, &url, &["backup", "orders"]).ends(0);
    let packs =
        contents(&home.path("vault")).into_keys().filter(|path| path.components().any(|part| part.as_os_str() == "packs"));
    let pack = packs.max_by_key(|path| std::fs::metadata(path).unwrap().len()).unwrap();
    let whole = std::fs::read(&pack).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 3] ^= 1;
    std::fs::write(&pack, &damaged).unwrap();
    let back = target("cluster-lacking-back");
    let to = back.display().to_string();
    let said = run(&home, &url, &["restore", "orders", "--to", &to]);
    assert!(said.code != Some(0) && said.stderr.contains("No server starts on the folder"), "{said:#?}");
    assert!(!back.join("global/pg_control").exists() && back.join("PG_VERSION").exists());
    // The store is mended, and the backup named, since it is remembered as damaged.
    std::fs::write(&pack, &whole).unwrap();
    let id = manifests(&home)[0].id.to_string();
    restore(&home, &back, &["--backup", &id, "--overwrite", "--delete-extra"]);
    let again = on(&back, &[]).unwrap();
    assert_eq!(again.sql("postgres", "SELECT count(*) FROM t"), "1000");
    again.stop("immediate");
    cluster.stop("immediate");
}

#[test]
fn a_replication_connection_takes_tls_and_every_way_to_give_a_password() {
    let Some(cluster) = crate::harness::postgres::cluster() else { return };
    let home = home();
    let at = |host: &str, root: &std::path::Path| {
        let secure = format!("sslmode=verify-full&sslrootcert={}", root.display());
        format!("postgresql://postgres:{PASSWORD}@{host}:{}/postgres?{secure}", cluster.port)
    };
    run(&home, &at("localhost", &cluster.root), &["backup", "orders"]).ends(0);
    for (host, root) in [("localhost", &cluster.other_root), ("127.0.0.1", &cluster.root)] {
        let refused = run(&home, &at(host, root), &["backup", "orders"]).ends(1).stderr;
        assert!(refused.contains("certificate"), "{refused}");
    }
    let socket = format!("host={} port={} user=postgres dbname=postgres", cluster.socket.display(), cluster.port);
    run(&home, &socket, &["backup", "orders"]).ends(0);
    let Some(own) = own("cluster-md5", &["password_encryption=md5"]) else { return };
    own.sql("postgres", &format!("CREATE ROLE old LOGIN REPLICATION PASSWORD '{PASSWORD}'"));
    let (hba, ways) =
        (own.data.join("pg_hba.conf"), "host replication old 127.0.0.1/32 md5\nhost all all 127.0.0.1/32 password\n");
    let rest = std::fs::read_to_string(&hba).unwrap();
    std::fs::write(&hba, format!("{ways}{rest}")).unwrap();
    own.sql("postgres", "SELECT pg_reload_conf()");
    run(&crate::postgres::clusters::home(), &own.url("old", "postgres"), &["backup", "orders"]).ends(0);
    own.stop("immediate");
}
