//! Exit codes and next steps of `plan`, `show`, `apply`, `drift`, `destroy` and `unlock`.

use super::{Home, POLICY, contents};

fn applied() -> Home {
    let home = Home::new();
    home.policy(POLICY);
    home.run(&["apply", "--auto-approve"]).ends(0);
    home
}

const TIMER: &str = "units/bdr-notes.docs.nightly.timer";

#[test]
fn from_nothing_to_nothing_to_do_and_to_nothing_again() {
    let home = Home::new();
    home.policy(POLICY);
    home.run(&["plan"]).ends(0);
    let plan = home.run(&["plan", "--detailed-exitcode", "--out", "p.json"]).ends(2);
    assert!(plan.stdout.contains("first backup nightly"), "{plan:#?}");
    assert!(!home.path("backups").exists(), "a plan writes nothing");
    assert_eq!(home.run(&["show", "p.json"]).ends(0).stdout, plan.stdout);
    let json = home.run(&["show", "p.json", "--format", "json"]).ends(0).stdout;
    assert_eq!(json, home.text("p.json"));
    let ran = home.run(&["apply", "p.json"]).ends(0);
    assert!(ran.stdout.starts_with("Applied: 3 changes and 1 first backup."), "{ran:#?}");
    home.run(&["plan", "--detailed-exitcode"]).ends(0);
    home.run(&["drift"]).ends(0);
    assert!(home.run(&["list", "docs"]).ends(0).stdout.contains("full"));
    let again = home.run(&["apply", "--auto-approve"]).ends(0);
    assert!(again.stderr.contains("Nothing to do"), "{again:#?}");

    home.run(&["destroy"]).ends(64);
    home.run(&["destroy", "--confirm", "other"]).ends(4);
    let before = contents(&home.path("backups")).into_keys().filter(|path| path.to_string_lossy().contains("docs")).count();
    home.run(&["destroy", "--confirm", "notes"]).ends(0);
    assert!(!home.path(TIMER).exists());
    let after = contents(&home.path("backups")).into_keys().filter(|path| path.to_string_lossy().contains("docs")).count();
    assert!(before > 0 && before == after, "backups stay");
}

#[test]
fn a_stale_part_is_shown_and_left_alone() {
    let home = applied();
    let drifted = home.text(TIMER).replace("02:00", "03:00");
    std::fs::write(home.path(TIMER), drifted).unwrap();
    let drift = home.run(&["drift"]).ends(2).stdout;
    assert!(drift.starts_with("Drift from notes") && !drift.contains("Digest"), "{drift}");
    home.run(&["plan", "--out", "p.json"]).ends(0);
    let again = home.text(TIMER).replace("03:00", "04:00");
    std::fs::write(home.path(TIMER), &again).unwrap();
    let ran = home.run(&["apply", "p.json"]).ends(4);
    assert!(ran.stdout.contains("reviewed: *-*-* 03:00:00") && ran.stdout.contains("now: *-*-* 04:00:00"), "{ran:#?}");
    assert!(ran.stdout.contains("bdr.yaml:9") && ran.stdout.contains("run `bdr plan`"), "{ran:#?}");
    assert_eq!(home.text(TIMER), again, "left as it is");
    assert!(ran.stdout.contains("Not applied: 1 change stale."), "{ran:#?}");
    home.run(&["apply", "--auto-approve"]).ends(0);
    assert!(home.text(TIMER).contains("02:00"));
}

#[test]
fn a_summary_is_one_line_and_no_document() {
    let home = Home::new();
    home.policy(POLICY);
    let ran = home.run(&["plan", "--summary", "--detailed-exitcode"]).ends(2);
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (1, ""), "{ran:#?}");
    assert!(ran.stdout.starts_with("notes: 3 new, 1 first backup"), "{ran:#?}");
    for more in [["--format", "json"].as_slice(), &["--format", "markdown"], &["--all"]] {
        home.run(&[["plan", "--summary"].as_slice(), more].concat()).ends(64);
    }
    home.run(&["apply", "--auto-approve"]).ends(0);
    home.policy(&POLICY.replace("0 2 * * *", "0 2 * * 0").replace("    protect:", "    objectives: { rpo: 30h }\n    protect:"));
    let worse = home.run(&["plan"]).ends(0).stdout;
    let lines: Vec<&str> = worse.lines().collect();
    assert_eq!(lines[1], "This loses protection, from its apply on until the policy changes again:", "{worse}");
    assert!(lines[2].starts_with("! docs: a crash may cost 7d"), "{worse}");
    let summary = home.run(&["plan", "--summary"]).ends(0).stdout;
    assert!(summary.contains("; broken objectives: docs (process"), "{summary}");
}

#[test]
fn quiet_says_nothing_where_nothing_went_wrong_and_debug_counts() {
    let home = Home::new();
    home.policy(POLICY);
    let plan = home.run(&["plan", "--without-backups"]).ends(0).stdout;
    assert!(!plan.contains("meets its goal"), "{plan}");
    let ran = home.run(&["apply", "--auto-approve", "-q"]).ends(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    let ran = home.run(&["backup", "docs", "--log", "debug"]).ends(0);
    assert!(ran.stderr.contains("operations on stores: ") && ran.stderr.contains(" write"), "{ran:#?}");
}

#[test]
fn another_policy_than_the_reviewed_one_is_refused() {
    let home = Home::new();
    home.policy(POLICY);
    home.run(&["plan", "--out", "p.json"]).ends(0);
    home.policy(&POLICY.replace("0 2 * * *", "0 3 * * *"));
    let ran = home.run(&["apply", "p.json"]).ends(4);
    assert!(ran.stderr.contains("the policy is not the one"), "{ran:#?}");
    assert!(!home.path("backups").exists());

    home.policy(POLICY);
    let tampered = home.text("p.json").replace("0700", "0777");
    std::fs::write(home.path("tampered.json"), tampered).unwrap();
    home.run(&["apply", "tampered.json"]).ends(1);
    home.run(&["apply", "--auto-approve", "--expect", "sha256:00"]).ends(4);
    assert!(!home.path("backups").exists());
    let plan: serde_json::Value = serde_json::from_str(&home.text("p.json")).unwrap();
    home.run(&["apply", "--auto-approve", "--expect", plan["digest"].as_str().unwrap()]).ends(0);
}

#[test]
fn without_a_terminal_nothing_is_applied_unasked() {
    let home = Home::new();
    home.policy(POLICY);
    let ran = home.run(&["apply"]).ends(64);
    assert!(ran.stderr.contains("--auto-approve"), "{ran:#?}");
    home.run(&["apply", "missing.json"]).ends(1);
    home.run(&["plan", "--target", "nowhere"]).ends(64);
    assert!(!home.path("backups").exists());
}

#[test]
fn what_failed_names_the_line_of_the_policy_and_the_rest_is_done() {
    let home = Home::new();
    home.policy(&POLICY.replace("'@/units'", "'@/in-the-way/units'"));
    std::fs::write(home.path("in-the-way"), "a file").unwrap();
    let plan = home.run(&["plan"]);
    let ran = home.run(&["apply", "--auto-approve"]);
    assert!(matches!(ran.code, Some(1 | 3)), "{plan:#?} {ran:#?}");
    assert!(ran.stdout.contains("bdr.yaml:9") || ran.stderr.contains("in-the-way"), "{ran:#?}");
    assert!(home.path("backups").exists(), "the store does not wait for the timers");
}

#[test]
fn a_lease_is_shown_and_broken() {
    let home = applied();
    let lease = home.path("backups/notes/.bdr/lease.json");
    home.run(&["unlock"]).ends(0);
    let mut record: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&lease).unwrap()).unwrap();
    record["holder"] = serde_json::json!({
        "owner": { "user": "eve", "host": "elsewhere", "pid": 7, "started": 1, "boot": "b", "namespace": "n" },
        "run": "r", "since": "2026-01-01T00:00:00Z", "ttl_seconds": 3, "renewals": 4,
    });
    std::fs::write(&lease, record.to_string()).unwrap();
    let shown = home.run(&["unlock"]).ends(4);
    assert!(shown.stdout.contains("eve@elsewhere (process 7) holds the lease of notes"), "{shown:#?}");
    home.run(&["unlock", "--break"]).ends(0);
    assert!(home.run(&["unlock"]).ends(0).stderr.contains("Nobody holds the lease"));
    std::fs::write(&lease, record.to_string()).unwrap();
    std::fs::remove_file(home.path(TIMER)).unwrap();
    let begun = std::time::Instant::now();
    let ran = home.run(&["apply", "--auto-approve"]).ends(0);
    assert!(begun.elapsed() >= std::time::Duration::from_secs(3), "it is watched for its whole time");
    assert!(ran.stderr.contains("taken over from eve@elsewhere"), "{ran:#?}");
}

#[test]
fn events_are_lines_of_json_that_fit_their_schema() {
    let home = Home::new();
    home.policy(POLICY);
    let ran = home.run(&["apply", "--auto-approve", "--format", "json"]).ends(0);
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(crate::tidy::root().join("schemas/event.json")).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let events: Vec<serde_json::Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &events {
        assert!(validator.is_valid(event), "{event}");
    }
    assert_eq!(events.first().unwrap()["event"], "run_started");
    assert_eq!(events.last().unwrap()["event"], "run_ended");
    let plan: serde_json::Value = serde_json::from_str(&home.run(&["plan", "--format", "json"]).ends(0).stdout).unwrap();
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(crate::tidy::root().join("schemas/plan.json")).unwrap()).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&plan));
}

#[test]
fn two_applies_at_once_do_not_meet() {
    let home = Home::new();
    home.policy(POLICY);
    let spawn = || {
        let mut command = home.command(&["apply", "--auto-approve", "--lease-ttl", "3"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let both = [spawn(), spawn(), spawn()];
    let ran: Vec<super::Ran> = both.into_iter().map(|child| super::Ran::of(&child.wait_with_output().unwrap())).collect();
    for one in &ran {
        assert!(matches!(one.code, Some(0 | 3 | 4)), "{ran:#?}");
        // Whoever plans before and acts after the one that wins has a stale plan, and says so.
        let told = ["lease", "another apply", "stale"].iter().any(|word| one.stderr.contains(word));
        assert!(one.code == Some(0) || told, "{ran:#?}");
    }
    assert!(ran.iter().any(|one| one.code == Some(0)), "one of them wins: {ran:#?}");
    home.run(&["plan", "--detailed-exitcode"]).ends(0);
    assert_eq!(home.run(&["list", "docs"]).ends(0).stdout.matches("full").count(), 1, "one first backup");
}

#[test]
fn a_pipe_is_no_policy() {
    let home = Home::new();
    let made = std::process::Command::new("mkfifo").arg(home.path("bdr.yaml")).status().unwrap();
    assert!(made.success());
    for command in ["lint", "fmt", "plan"] {
        let ran = home.run(&[command]).ends(1);
        assert!(ran.stderr.contains("neither a file nor a folder"), "{command}: {ran:#?}");
    }
    assert!(home.run(&["lint", "-p", "/dev/zero"]).ends(1).stderr.contains("neither a file nor a folder"));
}

/// What the environment sets was not typed, and need not be.
#[test]
fn a_usage_line_says_nothing_of_what_the_environment_sets() {
    let home = Home::new();
    let with = [("BDR_ALLOW_ENV", "A"), ("BDR_ALLOW_ENDPOINT", "http://127.0.0.1:9"), ("BDR_ALLOW_FILE", "/x")];
    let plain = home.run(&["explain"]).ends(64);
    let set = super::Ran::of(&home.command(&["explain"]).envs(with).output().unwrap()).ends(64);
    assert_eq!(plain.stderr, set.stderr);
    assert!(plain.stderr.contains("Usage: bdr explain"), "{plain:#?}");
}

#[test]
fn a_policy_that_is_not_there_comes_with_a_way_out() {
    let home = Home::new();
    home.policy(POLICY);
    let ran = home.run(&["lint", "bdr.yml"]).ends(1);
    assert!(ran.stderr.contains("could not read `bdr.yml`") && ran.stderr.contains("help: Did you mean `bdr.yaml`?"), "{ran:#?}");
    let ran = home.run(&["lint", "elsewhere/policies"]).ends(1);
    assert!(ran.stderr.contains("help: Name a file, or a folder") && ran.stderr.contains("bdr init"), "{ran:#?}");
}
