//! What goes wrong reads well, and leaves no backup and no database behind.

use super::{home, home_of, run};
use crate::binary::{Home, Ran};
use crate::harness::postgres::{Cluster, cluster};
use crate::harness::process::free_port;

/// What was said, without what differs from run to run.
fn said(cluster: &Cluster, ran: &Ran) -> String {
    ran.stderr.replace(&cluster.port.to_string(), "PORT")
}

/// Fails, and no backup is listed.
#[track_caller]
fn fails(cluster: &Cluster, home: &Home, url: &str) -> String {
    let ran = run(home, url, &["backup", "orders"]).ends(1);
    let listed = run(home, url, &["list", "orders"]);
    assert!(!listed.stdout.contains("full"), "{listed:#?}");
    said(cluster, &ran)
}

#[test]
fn what_refuses_a_connection_is_told_with_the_way_out() {
    let Some(cluster) = cluster() else { return };
    let home = home();
    let at = |port: u16, login: &str, rest: &str| format!("postgresql://{login}@127.0.0.1:{port}/{rest}");
    let mut told = String::new();
    let free = free_port();
    for url in [
        at(cluster.port, "app:wrong", "postgres"),
        at(cluster.port, "app", "postgres"),
        at(cluster.port, "nobody:x", "postgres"),
        cluster.url("app", "nothing"),
        at(free, "app:x", "postgres"),
        cluster.url("app", "postgres?sslmode=verify-full&sslrootcert=/nowhere.crt"),
        cluster.url("app", &format!("postgres?sslmode=verify-ca&sslrootcert={}", cluster.other_root.display())),
        cluster.url("app", &format!("postgres?sslmode=verify-full&sslrootcert={}", cluster.root.display())),
        cluster.url("app", "postgres?ssl_mode=require"),
    ] {
        let said = fails(cluster, &home, &url).replace(&free.to_string(), "FREE");
        let folder = cluster.socket.display().to_string();
        told += &format!("{}\n", said.trim().replace(&folder, "@").replace(&home.path("").display().to_string(), "~/"));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_password_file_that_others_can_read_is_told() {
    let Some(cluster) = cluster() else { return };
    let home = home();
    std::fs::write(home.path(".pgpass"), "*:*:*:*:whatever\n").unwrap();
    let said = fails(cluster, &home, &format!("host=127.0.0.1 port={} user=app dbname=postgres", cluster.port));
    assert!(said.contains(".pgpass` is ignored, because others can read it: `chmod 0600 "), "{said}");
}

#[test]
fn a_dump_that_fails_is_no_backup() {
    let Some(cluster) = cluster() else { return };
    cluster
        .database("secretive", "CREATE TABLE a AS SELECT 1 AS n; CREATE TABLE secret AS SELECT 1 AS n; GRANT SELECT ON a TO app");
    let said = fails(cluster, &home(), &cluster.url("app", "secretive"));
    assert!(
        said.contains("could not read the source: a dump that did not come to its end: secretive.dump: pg_dump: error:"),
        "{said}"
    );
    assert!(said.contains("permission denied for table secret"), "{said}");
}

#[test]
fn a_database_that_is_there_is_never_loaded_into() {
    let Some(cluster) = cluster() else { return };
    cluster.database("taken", "CREATE TABLE kept AS SELECT 1 AS n");
    cluster.database("from_here", "CREATE TABLE a AS SELECT 1 AS n");
    let (home, url) = (home(), cluster.url("postgres", "from_here"));
    run(&home, &url, &["backup", "orders"]).ends(0);
    let refused = run(&home, &url, &["restore", "orders", "--to", "back", "--database", "taken"]).ends(1);
    insta::assert_snapshot!(said(cluster, &refused).trim(), @r#"
    error: could not create the database "taken": it exists
      help: Name another one: bdr never writes into a database that is there.
    "#);
    assert!(!home.path("back").exists(), "a byte was copied");
    cluster.sql("postgres", "CREATE DATABASE bdr_loading_left");
    let refused = run(&home, &url, &["restore", "orders", "--to", "back", "--database", "left"]).ends(1);
    assert!(refused.stderr.contains("DROP DATABASE \"bdr_loading_left\""), "{refused:#?}");
    let refused = run(&home, &cluster.url("app", "from_here"), &["restore", "orders", "--to", "back", "--database", "n"]).ends(1);
    assert!(refused.stderr.contains("this user may create none"), "{refused:#?}");
    // Dry, nothing is made either.
    run(&home, &url, &["restore", "orders", "--to", "back", "--database", "dry", "--dry-run"]).ends(0);
    assert_eq!(cluster.sql("postgres", "SELECT count(*) FROM pg_database WHERE datname IN ('n', 'dry')"), "0");
}

#[test]
fn a_load_that_fails_leaves_no_database() {
    let Some(cluster) = cluster() else { return };
    cluster.sql("postgres", "CREATE ROLE leaver LOGIN");
    cluster.database("orphan", "CREATE TABLE a AS SELECT 1 AS n");
    cluster.sql("orphan", "ALTER TABLE a OWNER TO leaver");
    let (home, url) = (home(), cluster.url("postgres", "orphan"));
    run(&home, &url, &["backup", "orders"]).ends(0);
    cluster.sql("orphan", "REASSIGN OWNED BY leaver TO owner; DROP ROLE leaver");
    let failed = run(&home, &url, &["restore", "orders", "--to", "back", "--database", "orphan_new"]).ends(1);
    assert!(failed.stderr.contains("role \"leaver\" does not exist") && failed.stderr.contains("globals.sql"), "{failed:#?}");
    assert_eq!(cluster.sql("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE '%orphan\\_new'"), "0");
    run(&home, &url, &["restore", "orders", "--to", "back", "--overwrite", "--database", "orphan_new", "--no-owner"]).ends(0);
    assert_eq!(cluster.sql("orphan_new", "SELECT tableowner FROM pg_tables WHERE tablename = 'a'"), "postgres");
}

#[test]
fn files_are_no_database() {
    let home = home_of("{}");
    home.policy(
        &super::POLICY
            .replace("postgresql: { url: '${env:DATABASE_URL}' }", "files: { paths: ['@/docs'] }")
            .replace("logical_dump", "file_backup"),
    );
    let refused = run(&home, "", &["restore", "orders", "--to", "back", "--database", "new"]).ends(64);
    assert!(refused.stderr.contains("`orders` is no database"), "{refused:#?}");
}
