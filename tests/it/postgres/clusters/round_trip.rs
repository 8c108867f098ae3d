//! A loaded cluster comes back whole.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};

use super::{assert_verified, home, manifests, restore, target};
use crate::harness::own_cluster::{Own, on, own, space};
use crate::harness::process;
use crate::postgres::{run, sums};

/// Tables that nobody changes, of every kind: a thousand of them, some in tablespaces, one unlogged, and large objects.
const KEPT: &str = "\
CREATE SCHEMA kept;
DO $$ BEGIN FOR n IN 1..997 LOOP
  EXECUTE format('CREATE TABLE kept.t%s AS SELECT %s AS id, md5(%s::text) AS note', n, n, n);
END LOOP; END $$;
CREATE TABLE kept.fast (id int PRIMARY KEY, note text) TABLESPACE fast;
CREATE TABLE kept.slow TABLESPACE slow AS SELECT n AS id, repeat(md5(n::text), 20) AS note FROM generate_series(1, 20000) n;
INSERT INTO kept.fast SELECT n, md5(n::text) FROM generate_series(1, 30000) n;
CREATE UNLOGGED TABLE kept.lost AS SELECT generate_series(1, 1000) AS n;
SELECT lo_from_bytea(4711, decode(repeat('00ff10', 90000), 'hex'));";

fn loaded(name: &str) -> Option<(Own, [String; 2])> {
    let cluster = own(name, &[])?;
    let spaces = ["fast", "slow"].map(|one| space(&format!("{name}-{one}")).display().to_string());
    cluster.sql("postgres", "CREATE DATABASE shop");
    for (name, location) in ["fast", "slow"].iter().zip(&spaces) {
        cluster.sql("postgres", &format!("CREATE TABLESPACE {name} LOCATION '{location}'"));
    }
    cluster.sql("shop", KEPT);
    let mut made = cluster.program("pgbench", "shop");
    assert!(made.args(["-i", "-s", "3", "-q"]).output().unwrap().status.success());
    Some((cluster, spaces))
}

/// Writers that go on until they are told to end: transactions, and tables that come and go.
fn load(cluster: &Own) -> Vec<Child> {
    let mut bench = cluster.program("pgbench", "shop");
    bench.args(["-c", "3", "-T", "60", "-n"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut tables = cluster.program("psql", "shop");
    tables.args(["-XAtq", "-c"]).stdout(Stdio::null()).stderr(Stdio::null());
    tables.arg(
        "DO $$ BEGIN FOR n IN 1..100000 LOOP EXECUTE 'CREATE TABLE comes AS SELECT generate_series(1, 500) AS n'; COMMIT; \
         EXECUTE 'ALTER TABLE comes ADD more text'; COMMIT; EXECUTE 'DROP TABLE comes'; COMMIT; END LOOP; END $$",
    );
    vec![bench.spawn().unwrap(), tables.spawn().unwrap()]
}

fn kept(cluster: &Own) -> Vec<String> {
    sums(cluster, "shop").into_iter().filter(|sum| sum.starts_with("kept.") && !sum.starts_with("kept.lost")).collect()
}

#[test]
fn a_cluster_under_load_with_tablespaces_comes_back_whole() {
    let Some((cluster, [fast, slow])) = loaded("cluster-loaded") else { return };
    let (home, url) = (home(), cluster.url("postgres", "shop"));
    let expected = kept(&cluster);
    assert_eq!(expected.len(), 999);
    let mut writers = load(&cluster);
    run(&home, &url, &["backup", "orders"]).ends(0);
    for writer in &mut writers {
        assert!(writer.try_wait().unwrap().is_none(), "a writer ended before the backup");
        writer.kill().unwrap();
        writer.wait().unwrap();
    }
    let manifest = manifests(&home).remove(0);
    let copied = manifest.origin.cluster.clone().unwrap();
    assert_eq!((manifest.version, manifest.is_suspect(), copied.tablespaces.len()), (2, false, 2), "{:?}", manifest.issues);
    let system = cluster.sql("postgres", "SELECT system_identifier FROM pg_control_system()");
    assert!(copied.system_identifier == system && copied.start < copied.stop && copied.checksums, "{copied:?}");
    run(&home, &url, &["verify", "orders", "--read-data"]).ends(0);
    cluster.stop("fast");

    let (back, moved) = (target("cluster-loaded-back"), space("cluster-loaded-moved").join("fast"));
    let option = format!("{fast}={}", moved.display());
    restore(&home, &back, &["--tablespace", &option]);
    assert_eq!(std::fs::metadata(&back).unwrap().permissions().mode() & 0o7777, 0o700);
    assert_verified(cluster.on_files("pg_verifybackup"), &back);
    let again = on(&back, &[]).unwrap();
    assert_eq!(kept(&again), expected);
    let locations =
        again.sql("postgres", "SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE oid > 16383 ORDER BY spcname");
    let below = back.join("tablespaces");
    let (first, second) = locations.split_once('\n').unwrap();
    assert!(first == moved.display().to_string() && second.starts_with(&below.display().to_string()), "{locations}");
    assert!(!locations.contains(&slow));
    assert_eq!(again.sql("shop", "SELECT count(*) FROM kept.lost"), "0", "an unlogged table is there, and empty");
    // Each transaction of pgbench adds the same to an account, a teller and a branch, and says so in the history.
    let balances = "SELECT count(DISTINCT sum) FROM (SELECT sum(abalance) FROM pgbench_accounts UNION ALL SELECT sum(tbalance) FROM \
                    pgbench_tellers UNION ALL SELECT sum(bbalance) FROM pgbench_branches UNION ALL SELECT sum(delta) FROM \
                    pgbench_history) sums";
    assert_eq!(again.sql("shop", balances), "1");
    assert_ne!(again.sql("shop", "SELECT count(*) FROM pgbench_history"), "0");
    // A cluster with a tablespace in its own data directory is backed up like any other.
    run(&home, &again.url("postgres", "shop"), &["backup", "orders"]).ends(0);
    let third = target("cluster-loaded-third");
    restore(&home, &third, &[]);
    assert_verified(cluster.on_files("pg_verifybackup"), &third);
    let other = on(&third, &[]).unwrap();
    assert_eq!(kept(&other), expected);
    other.stop("immediate");
    again.sql("shop", "INSERT INTO kept.slow SELECT 0, 'it takes writes'");
    again.stop("fast");
    // What is there already is compared and kept, what a server changed goes back.
    std::fs::remove_dir_all(&moved).unwrap();
    let first = manifest.id.to_string();
    restore(&home, &back, &["--backup", &first, "--tablespace", &option, "--overwrite", "--delete-extra"]);
    assert_verified(cluster.on_files("pg_verifybackup"), &back);
    let again = on(&back, &[]).unwrap();
    assert_eq!(kept(&again), expected);
    again.stop("immediate");
}

#[test]
fn what_does_not_fit_a_cluster_is_refused_before_a_byte_is_copied() {
    let Some(cluster) = own("cluster-refused", &[]) else { return };
    let (home, url) = (home(), cluster.url("postgres", "postgres"));
    run(&home, &url, &["backup", "orders"]).ends(0);
    let back = target("cluster-refused-back");
    let to = back.display().to_string();
    let refused = |more: &[&str], code: i32| {
        let arguments: Vec<&str> = ["restore", "orders", "--to", &to].into_iter().chain(more.iter().copied()).collect();
        run(&home, &url, &arguments).ends(code).stderr
    };
    let said = refused(&["--tablespace", "/nowhere=/tmp/x"], 64);
    assert!(said.contains("names no tablespace of the backup") && said.contains("It has none."), "{said}");
    assert!(refused(&["--database", "new"], 64).contains("is of a whole cluster"));
    assert!(!back.exists());
    // A folder of somebody else's, and a data directory on which a server may run.
    std::fs::create_dir_all(&back).unwrap();
    std::fs::write(back.join("letter"), "mine").unwrap();
    assert!(refused(&[], 1).contains("is not empty"));
    assert!(refused(&["--overwrite"], 64).contains("--delete-extra"));
    std::fs::write(back.join("postmaster.pid"), "1").unwrap();
    assert!(refused(&["--overwrite", "--delete-extra"], 1).contains("a server may run on"));
    assert_eq!(std::fs::read_to_string(back.join("letter")).unwrap(), "mine");
    // A part of it is files, and no data directory.
    std::fs::remove_dir_all(&back).unwrap();
    run(&home, &url, &["restore", "orders", "--to", &to, "--path", "global"]).ends(0);
    assert!(back.join("global/pg_control").exists() && !back.join("PG_VERSION").exists());
    cluster.stop("immediate");
}

#[test]
fn a_standby_is_backed_up_and_comes_back_as_a_server_of_its_own() {
    let Some(cluster) = own("cluster-primary", &[]) else { return };
    cluster.sql("postgres", "CREATE TABLE t AS SELECT generate_series(1, 5000) AS n");
    let copy = space("cluster-standby").join("data");
    let mut following = cluster.on_files("pg_basebackup");
    following.arg("-h").arg(&cluster.socket).args(["-p", &cluster.port.to_string(), "-U", "postgres", "-R", "-c", "fast", "-D"]);
    process::run(following.arg(&copy));
    let standby = on(&copy, &[]).unwrap();
    assert_eq!(standby.sql("postgres", "SELECT pg_is_in_recovery()"), "t");
    let home = home();
    run(&home, &standby.url("postgres", "postgres"), &["backup", "orders"]).ends(0);
    let back = target("cluster-standby-back");
    restore(&home, &back, &[]);
    let again = on(&back, &[]).unwrap();
    assert_eq!(again.sql("postgres", "SELECT count(*), pg_is_in_recovery() FROM t"), "5000|f");
    again.sql("postgres", "INSERT INTO t VALUES (0)");
    assert_eq!(cluster.sql("postgres", "SELECT count(*) FROM pg_stat_replication"), "1", "only the standby follows");
    again.stop("immediate");
    standby.stop("immediate");
    cluster.stop("immediate");
}
