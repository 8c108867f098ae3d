//! The example of a database: checked, planned, applied with its first dump, and loaded.

use super::{assert_same, command};
use crate::binary::{Home, Ran};
use crate::harness::postgres::{PASSWORD, cluster};
use crate::tidy::root;

#[test]
fn the_example_is_applied_and_loaded() {
    let Some(cluster) = cluster() else { return };
    cluster.database("example", "CREATE TABLE orders AS SELECT n AS id, 'order ' || n AS what FROM generate_series(1, 100) n");
    let home = Home::new();
    std::fs::copy(root().join("examples/postgres/bdr.yaml"), home.path("bdr.yaml")).unwrap();
    let url = cluster.url("postgres", "example");
    let run = |arguments: &[&str]| {
        let mut command = command(&home, &url, arguments);
        Ran::of(&command.env("BDR_EXAMPLE", home.path("")).env("BDR_PROGRAM", "/usr/bin/bdr").output().unwrap())
    };
    run(&["lint"]).ends(0);
    let assessed = run(&["assess"]).ends(0).stdout;
    assert!(assessed.contains("orders"), "{assessed}");
    let applied = run(&["apply", "--auto-approve"]).ends(0);
    assert!(!format!("{applied:?}").contains(PASSWORD));
    run(&["restore", "orders", "--to", "back", "--database", "example_then"]).ends(0);
    assert_same(cluster, "example_then", "example");
    run(&["restore", "orders", "--protection", "cluster", "--to", "whole"]).ends(0);
    assert!(home.path("whole/global/pg_control").exists() && home.path("whole/backup_label").exists());
}

/// Its document has an RPO of an hour, an RTO of four, and log for seven days.
#[test]
fn the_database_of_the_strategy_keeps_its_promises_beside_its_storage() {
    let home = Home::new();
    let folder = root().join("examples/safe-pm").display().to_string();
    let run = |arguments: &[&str]| Ran::of(&home.command(&[&["-p", folder.as_str()], arguments].concat()).output().unwrap());
    run(&["lint"]).ends(0);
    let assessed = run(&["assess", "--format", "json"]).ends(0).stdout;
    let assessed: serde_json::Value = serde_json::from_str(&assessed).unwrap();
    assert_eq!(assessed["broken"], 0, "{assessed:#}");
    let of_database = assessed["cells"].as_array().unwrap().iter().filter(|cell| cell["component"] == "database").count();
    assert_eq!(of_database, 5, "one for each disruption: {assessed:#}");
}
