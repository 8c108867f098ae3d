//! Settings of a server: planned, applied, drifted, given back, and refused where they cannot be set.

use super::{POLICY, home};
use crate::binary::{Home, Ran};
use crate::harness::postgres::{Cluster, PASSWORD, cluster};

/// The policy with settings of the server.
fn keep(home: &Home, settings: &str) {
    let database = format!("{{ url: '${{env:DATABASE_URL}}', settings: {{ {settings} }} }}");
    home.policy(&POLICY.replace("{ url: '${env:DATABASE_URL}' }", &database));
}

/// Runs bdr where the server may be spoken to.
#[track_caller]
fn run(home: &Home, url: &str, arguments: &[&str]) -> Ran {
    let port = url.rsplit(':').next().and_then(|rest| rest.split('/').next()).unwrap();
    let mut command = super::command(home, url, arguments);
    command.env("BDR_ALLOW_ENV", "DATABASE_URL").env("BDR_ALLOW_ENDPOINT", format!("postgresql://127.0.0.1:{port}"));
    let ran = Ran::of(&command.output().unwrap());
    assert!(!format!("{ran:?}").contains(PASSWORD), "{ran:#?}");
    ran
}

/// Without its line breaks, which depend on lengths.
fn flowing(ran: &Ran) -> String {
    ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn apply(home: &Home, url: &str) -> Ran {
    run(home, url, &["apply", "--auto-approve"])
}

fn shows(cluster: &Cluster, setting: &str) -> String {
    cluster.sql("postgres", &format!("SHOW {setting}"))
}

/// What is told of settings, without what differs from run to run.
fn of_settings(cluster: &Cluster, ran: &Ran) -> String {
    let lines = ran
        .stdout
        .lines()
        .filter(|line| ["server setting", "wal_", "value", "before bdr"].iter().any(|word| line.contains(word)));
    lines.map(|line| format!("{line}\n").replace(&cluster.port.to_string(), "PORT")).collect()
}

#[test]
fn a_setting_is_kept_and_given_back_when_it_leaves_the_policy() {
    let Some(cluster) = cluster() else { return };
    let (home, url) = (home(), cluster.url("postgres", "postgres"));
    cluster.sql("postgres", "ALTER SYSTEM SET wal_keep_size = '32MB'");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    keep(&home, "wal_keep_size: 64MB, max_slot_wal_keep_size: 1024");
    insta::assert_snapshot!(of_settings(cluster, &run(&home, &url, &["plan"]).ends(0)));
    apply(&home, &url).ends(0);
    assert_eq!([shows(cluster, "wal_keep_size"), shows(cluster, "max_slot_wal_keep_size")], ["64MB", "1GB"]);
    run(&home, &url, &["plan", "--detailed-exitcode"]).ends(0);

    // Changed by hand.
    cluster.sql("postgres", "ALTER SYSTEM SET wal_keep_size = 0");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    let drift = run(&home, &url, &["drift"]).ends(2);
    assert!(drift.stdout.contains("wal_keep_size"), "{drift:#?}");
    apply(&home, &url).ends(0);
    assert_eq!(shows(cluster, "wal_keep_size"), "64MB");

    // Both leave: one had a value before, the other had none.
    home.policy(POLICY);
    insta::assert_snapshot!(of_settings(cluster, &run(&home, &url, &["plan"]).ends(0)));
    apply(&home, &url).ends(0);
    assert_eq!([shows(cluster, "wal_keep_size"), shows(cluster, "max_slot_wal_keep_size")], ["32MB", "-1"]);
    run(&home, &url, &["plan", "--detailed-exitcode"]).ends(0);
}

#[test]
fn what_takes_effect_at_the_next_start_is_told_until_then_and_never_done_unasked() {
    let Some(cluster) = cluster() else { return };
    let (home, url) = (home(), cluster.url("postgres", "postgres"));
    let before = shows(cluster, "max_wal_senders");
    keep(&home, "max_wal_senders: 12");
    let plan = run(&home, &url, &["plan"]).ends(0);
    assert!(flowing(&plan).contains("takes effect when the server is started again"), "{plan:#?}");
    apply(&home, &url).ends(0);
    assert_eq!(shows(cluster, "max_wal_senders"), before);
    let again = run(&home, &url, &["plan", "--detailed-exitcode"]).ends(0);
    assert!(flowing(&again).contains("`max_wal_senders` waits for a restart of the server"), "{again:#?}");
}

#[test]
fn who_may_not_change_it_is_told_in_the_plan_with_the_grant_and_the_line_to_write_by_hand() {
    let Some(cluster) = cluster() else { return };
    let (home, url) = (home(), cluster.url("app", "postgres"));
    keep(&home, "archive_timeout: 60s");
    let plan = run(&home, &url, &["plan"]).ends(0);
    assert!(flowing(&plan).contains("GRANT ALTER SYSTEM ON PARAMETER archive_timeout TO \"app\""), "{plan:#?}");
    assert!(flowing(&plan).contains("archive_timeout = '1min'"), "{plan:#?}");
    assert_eq!(shows(cluster, "archive_timeout"), "0");
}

/// As docs/postgresql.md grants it, and the reading of what is dumped.
#[test]
fn a_role_that_is_no_superuser_sets_what_it_was_granted() {
    let Some(cluster) = cluster() else { return };
    for sql in [
        &format!("CREATE ROLE keeper LOGIN PASSWORD '{PASSWORD}'"),
        "GRANT ALTER SYSTEM ON PARAMETER max_replication_slots TO keeper",
        "GRANT EXECUTE ON FUNCTION pg_reload_conf(), pg_show_all_file_settings() TO keeper",
        "GRANT pg_read_all_settings, pg_read_all_data TO keeper",
    ] {
        cluster.sql("postgres", sql);
    }
    let (home, url) = (home(), cluster.url("keeper", "postgres"));
    keep(&home, "max_replication_slots: 11");
    apply(&home, &url).ends(0);
    assert_eq!(cluster.sql("postgres", "SELECT setting FROM pg_file_settings WHERE name = 'max_replication_slots'"), "11");
    run(&home, &url, &["plan", "--detailed-exitcode"]).ends(0);
}

#[test]
fn of_a_component_that_leaves_the_plan_has_the_line_that_gives_its_settings_back() {
    let Some(cluster) = cluster() else { return };
    let (home, url) = (home(), cluster.url("postgres", "postgres"));
    keep(&home, "wal_level: logical");
    apply(&home, &url).ends(0);
    let noted = home.path("vault/shop/.bdr/settings/orders/wal_level.json");
    assert!(noted.exists());
    let left = POLICY.split("  orders:").next().unwrap().to_owned()
        + "  docs:\n    files: { paths: [/usr/share/doc/bash] }\n    protect: { often: { file_backup: {}, schedule: daily, store: vault } }\n"
        + &POLICY[POLICY.find("scheduler:").unwrap()..];
    home.policy(&left);
    let plan = run(&home, &url, &["plan"]).ends(0);
    assert!(flowing(&plan).contains("`ALTER SYSTEM RESET \"wal_level\"` gives it back"), "{plan:#?}");
    run(&home, &url, &["apply", "--auto-approve", "--remove=3"]).ends(0);
    assert!(!noted.exists());
    assert_eq!(cluster.sql("postgres", "SELECT setting FROM pg_file_settings WHERE name = 'wal_level'"), "logical");
    assert!(!run(&home, &url, &["plan"]).ends(0).stdout.contains("wal_level"));
}

#[test]
fn a_pipeline_speaks_to_no_server_that_it_was_not_allowed() {
    let Some(cluster) = cluster() else { return };
    let (home, url) = (home(), cluster.url("postgres", "postgres"));
    keep(&home, "wal_keep_size: 64MB");
    let plan = |more: &[&str]| {
        let allowed = ["plan", "--allow-env", "DATABASE_URL"];
        let mut command = super::command(&home, &url, &[&allowed, more].concat());
        Ran::of(&command.env("CI", "true").output().unwrap())
    };
    let refused = plan(&[]);
    let place = format!("postgresql://127.0.0.1:{}", cluster.port);
    assert!(format!("{refused:?}").contains(&format!("--allow-endpoint {place}")), "{refused:#?}");
    let allowed = plan(&["--allow-endpoint", &place]);
    assert!(allowed.stdout.contains("wal_keep_size"), "{allowed:#?}");
}
