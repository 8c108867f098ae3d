//! Dumps and base backups of PostgreSQL and their way back, by the binary, on a server that runs.

mod clusters;
mod connections;
mod dumps;
mod example;
mod failures;
mod kills;
mod settings;

use std::collections::BTreeSet;
use std::process::Command;

use crate::binary::{Home, Ran, set_up};
use crate::harness::postgres::{Cluster, PASSWORD};

const POLICY: &str = "\
version: 1
name: shop
timezone: UTC
stores:
  vault: { folder: { path: '@/vault' } }
components:
  orders:
    postgresql: { url: '${env:DATABASE_URL}' }
    objectives: { process: { rpo: 26h } }
    protect:
      nightly: { logical_dump: {}, schedule: '0 2 * * *', store: vault }
    retain: { daily: { for: 7d } }
scheduler: { systemd: { directory: '@/units' } }
";

fn home() -> Home {
    let home = Home::new();
    home.policy(POLICY);
    set_up(&home.path("vault"), "shop");
    home
}

/// A policy whose component is read as it stands.
fn home_of(database: &str) -> Home {
    let home = home();
    home.policy(&POLICY.replace("{ url: '${env:DATABASE_URL}' }", database));
    home
}

fn command(home: &Home, url: &str, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    command.env("DATABASE_URL", url).env("PATH", "/usr/bin:/bin");
    command
}

/// Runs bdr; the password is in nothing that it says.
#[track_caller]
fn run(home: &Home, url: &str, arguments: &[&str]) -> Ran {
    let ran = Ran::of(&command(home, url, arguments).output().unwrap());
    assert!(!format!("{ran:?}").contains(PASSWORD), "{ran:#?}");
    ran
}

/// A checksum of every table, large object and sequence.
fn sums(cluster: &Cluster, database: &str) -> BTreeSet<String> {
    let sql = "\
CREATE FUNCTION pg_temp.sums() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE one record; sum text;
BEGIN
  FOR one IN SELECT c.oid::regclass AS name, CASE relkind WHEN 'S' THEN '(last_value, is_called)' ELSE 't' END AS row FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'S', 'm') AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
  LOOP
    EXECUTE format('SELECT count(*) || '' '' || md5(coalesce(string_agg((%1$s)::text, '','' ORDER BY (%1$s)::text), '''')) FROM %2$s t', one.row, one.name) INTO sum;
    RETURN NEXT one.name || ' ' || sum;
  END LOOP;
  RETURN QUERY SELECT 'large object ' || oid || ' ' || md5(lo_get(oid)) FROM pg_largeobject_metadata;
END $$;
SELECT pg_temp.sums()";
    cluster.sql(database, sql).lines().map(str::to_owned).collect()
}

/// What differs between two databases: nothing.
#[track_caller]
fn assert_same(cluster: &Cluster, one: &str, other: &str) {
    let (one, other) = (sums(cluster, one), sums(cluster, other));
    assert!(!one.is_empty());
    assert_eq!(one.symmetric_difference(&other).collect::<Vec<_>>(), Vec::<&String>::new());
}
