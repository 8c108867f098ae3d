//! What is dumped comes back, and what did not change is stored once.

use std::process::Stdio;

use bdr::catalog::manifest::Manifest;

use super::{assert_same, command, home, run};
use crate::binary::{Home, contents};
use crate::harness::postgres::{Cluster, PASSWORD, cluster};

fn manifests(home: &Home) -> Vec<Manifest> {
    let all = contents(&home.path("vault")).into_iter().filter(|(path, _)| path.ends_with("manifest.json"));
    all.map(|(_, bytes)| Manifest::decode(&bytes, "a manifest").unwrap()).collect()
}

/// A thousand tables with rows, keys between them, a view, a sequence that moved and a large object.
const THOUSAND: &str = "\
CREATE TABLE parent (id serial PRIMARY KEY, name text NOT NULL, data bytea);
INSERT INTO parent (name, data) SELECT 'å ''' || n, decode(md5(n::text), 'hex') FROM generate_series(1, 500) n;
DO $$ BEGIN FOR n IN 1..999 LOOP
  EXECUTE format('CREATE TABLE t%s (id int, parent int, note text)', n);
  EXECUTE format('INSERT INTO t%s VALUES (%s, 1 + %s %% 500, NULL), (2, 3, E''a\\tb'')', n, n, n);
END LOOP; END $$;
ALTER TABLE t1 ADD FOREIGN KEY (parent) REFERENCES parent;
CREATE VIEW both_of AS SELECT p.name, t.note FROM parent p JOIN t1 t ON t.parent = p.id;
SELECT lo_from_bytea(4711, decode(repeat('00ff10', 90000), 'hex'));";

#[test]
fn a_thousand_tables_and_a_large_object_come_back_and_the_password_is_nowhere() {
    let Some(cluster) = cluster() else { return };
    cluster.database("thousand", THOUSAND);
    let (home, url) = (home(), cluster.url("postgres", "thousand"));
    let plan = run(&home, &url, &["plan", "--allow-env", "DATABASE_URL"]).ends(0).stdout;
    assert!(plan.contains("orders"), "{plan}");
    run(&home, &url, &["backup", "orders"]).ends(0);
    let listed = run(&home, &url, &["list", "orders"]).ends(0).stdout;
    assert!(listed.contains("full"), "{listed}");
    run(&home, &url, &["verify", "orders", "--read-data"]).ends(0);
    let manifest = manifests(&home).remove(0);
    assert_eq!((manifest.origin.kind.as_str(), manifest.is_suspect()), ("postgresql", false), "{:?}", manifest.issues);
    let done = run(&home, &url, &["restore", "orders", "--to", "back", "--database", "thousand_new"]).ends(0);
    assert!(done.stderr.contains("database `thousand_new` made of thousand.dump"), "{done:#?}");
    assert_same(cluster, "thousand_new", "thousand");
    assert_eq!(cluster.sql("thousand_new", "SELECT count(*) FROM both_of"), "2");
    let described = home.text("back/server.json");
    let identifier = cluster.sql("postgres", "SELECT system_identifier FROM pg_control_system()");
    assert!(described.contains(&identifier) && described.contains("\"thousand\""), "{described}");
    let globals = home.text("back/globals.sql");
    assert!(globals.contains("CREATE ROLE app") && globals.contains("SCRAM-SHA-256"), "{globals}");
    for (path, bytes) in contents(&home.path("")) {
        let found = bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
        assert!(!found, "{}", path.display());
    }
    run(&home, &url, &["prune", "orders"]).ends(0);
}

#[test]
fn a_second_dump_of_the_same_data_stores_next_to_nothing() {
    let Some(cluster) = cluster() else { return };
    cluster.database(
        "still",
        "CREATE TABLE rows AS SELECT n, md5(n::text) || md5((n + 1)::text) AS noise FROM generate_series(1, 250000) n",
    );
    let (home, url) = (home(), cluster.url("postgres", "still"));
    run(&home, &url, &["backup", "orders"]).ends(0);
    cluster.sql("still", "INSERT INTO rows VALUES (0, 'new')");
    run(&home, &url, &["backup", "orders"]).ends(0);
    let mut all = manifests(&home);
    // Ids of one second come in no order.
    all.sort_by_key(|manifest| manifest.committed);
    let stored: Vec<u64> = all.iter().map(|manifest| manifest.measured.stored_bytes).collect();
    assert!(stored[0] > 5_000_000 && stored[1] * 5 < stored[0], "{stored:?}");
    // Of both dumps, each comes to its own rows.
    let first = all[0].id.to_string();
    run(&home, &url, &["restore", "orders", "--backup", &first, "--to", "back", "--database", "still_then"]).ends(0);
    assert_eq!(cluster.sql("still_then", "SELECT count(*) FROM rows"), "250000");
}

/// What every transaction of pgbench leaves equal.
fn balances(cluster: &Cluster, database: &str) -> Vec<String> {
    let sums = "SELECT (SELECT sum(abalance) FROM pgbench_accounts), (SELECT sum(tbalance) FROM pgbench_tellers), \
                (SELECT sum(bbalance) FROM pgbench_branches), (SELECT coalesce(sum(delta), 0) FROM pgbench_history)";
    cluster.sql(database, sums).split('|').map(str::to_owned).collect()
}

#[test]
fn a_dump_under_load_is_of_one_moment() {
    let Some(cluster) = cluster() else { return };
    cluster.database("busy", "");
    assert!(cluster.program("pgbench", "busy").args(["-i", "-q", "-s", "1"]).stderr(Stdio::null()).status().unwrap().success());
    let (home, url) = (home(), cluster.url("postgres", "busy"));
    let load = cluster
        .program("pgbench", "busy")
        .args(["-n", "-c", "3", "-T", "20"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut load = load.unwrap();
    let begun = std::time::Instant::now();
    while cluster.sql("busy", "SELECT count(*) > 20 FROM pgbench_history") != "t" {
        assert!(begun.elapsed().as_secs() < 15, "pgbench does not begin");
    }
    let mut backup = command(&home, &url, &["backup", "orders"]);
    let backup = backup.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for n in 0..8 {
        cluster.sql("busy", &format!("CREATE TABLE new{n} AS SELECT 1 AS one; ALTER TABLE new{n} ADD COLUMN two int DEFAULT 2"));
    }
    let ran = crate::binary::Ran::of(&backup.wait_with_output().unwrap()).ends(0);
    load.kill().unwrap();
    load.wait().unwrap();
    assert!(!ran.stderr.contains("suspect"), "{ran:#?}");
    run(&home, &url, &["restore", "orders", "--to", "back", "--database", "busy_then"]).ends(0);
    let then = balances(cluster, "busy_then");
    assert!(then.iter().all(|sum| *sum == then[0]), "{then:?}");
    assert_eq!(cluster.sql("busy_then", "SELECT count(*) FROM pgbench_accounts"), "100000");
}

#[test]
fn who_may_not_read_passwords_gets_a_note_and_a_dump_that_loads() {
    let Some(cluster) = cluster() else { return };
    cluster.database("owned", "CREATE TABLE mine AS SELECT generate_series(1, 10) AS n");
    let (home, url) = (home(), cluster.url("owner", "owned"));
    let ran = run(&home, &url, &["backup", "orders"]).ends(0);
    assert!(ran.stderr.contains("note: roles without their passwords (1)"), "{ran:#?}");
    // The database itself may be what is lost.
    cluster.sql("postgres", "ALTER DATABASE owned RENAME TO owned_lost");
    run(&home, &url, &["restore", "orders", "--to", "back", "--database", "owned", "--no-owner"]).ends(0);
    assert_same(cluster, "owned", "owned_lost");
    assert!(!home.text("back/globals.sql").contains("SCRAM-SHA-256"));
}
