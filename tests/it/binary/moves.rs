//! What an earlier form of the policy wrote elsewhere is found and removed, and what is told of the past is true.

use std::sync::LazyLock;

use super::Home;

/// With an objective, whose bound moves with the schedule.
static POLICY: LazyLock<String> =
    LazyLock::new(|| super::POLICY.replace("    protect:", "    objectives: { rpo: 30h, rto: 4h }\n    protect:"));

fn units(home: &Home, folder: &str) -> usize {
    let files = std::fs::read_dir(home.path(folder)).into_iter().flatten();
    files.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("bdr-")).count()
}

#[test]
fn units_and_entries_of_where_the_policy_wrote_before_are_removed() {
    let home = Home::new();
    home.policy(&POLICY);
    home.run(&["apply", "--auto-approve"]).ends(0);
    assert_eq!(units(&home, "units"), 2);
    std::fs::write(home.path("units/theirs.timer"), "[Timer]\n").unwrap();

    let moved = POLICY.replace("'@/units'", "'@/elsewhere'");
    home.policy(&moved);
    let plan = home.run(&["plan"]).ends(0);
    assert!(plan.stdout.contains("2 to remove") && plan.stdout.contains("@"), "{plan:#?}");
    assert!(plan.stdout.contains("moved to where") && !plan.stdout.contains("weaken"), "nothing is lost by a move: {plan:#?}");
    // What stands elsewhere still makes the backups: the objectives are not called new.
    assert!(plan.stdout.contains("meets its goal, unchanged") || plan.stdout.contains("meet their goals"), "{plan:#?}");
    home.run(&["plan", "--out", "p.json"]).ends(0);
    home.run(&["apply", "p.json"]).ends(0);
    assert_eq!((units(&home, "units"), units(&home, "elsewhere")), (0, 2));
    assert!(home.path("units/theirs.timer").exists());
    home.run(&["plan", "--detailed-exitcode"]).ends(0);

    let cron = |file: &str| POLICY.replace("systemd: { directory: '@/units' }", &format!("cron: {{ file: '@/{file}' }}"));
    home.policy(&cron("table"));
    home.run(&["apply", "--auto-approve"]).ends(0);
    assert_eq!(units(&home, "elsewhere"), 0);
    std::fs::write(home.path("table"), format!("1 2 3 4 5 root true\n{}", home.text("table"))).unwrap();
    home.policy(&cron("other-table"));
    home.run(&["apply", "--auto-approve"]).ends(0);
    assert_eq!(home.text("table"), "1 2 3 4 5 root true\n", "what is theirs stays");
    assert!(home.text("other-table").contains("# bdr begin notes"));
    home.run(&["plan", "--detailed-exitcode"]).ends(0);
}

#[test]
fn a_move_of_many_schedules_is_no_mass_removal() {
    let home = Home::new();
    let more: String = ["b", "c", "d"]
        .map(|name| format!("      {name}: {{ file_backup: {{}}, schedule: '5 3 * * *', store: disk }}\n"))
        .concat();
    let many = POLICY.replace("    retain:", &format!("{more}    retain:"));
    home.policy(&many);
    home.run(&["apply", "--auto-approve"]).ends(0);
    home.policy(&many.replace("'@/units'", "'@/elsewhere'"));
    home.run(&["apply", "--auto-approve"]).ends(0);
    assert_eq!((units(&home, "units"), units(&home, "elsewhere")), (0, 8));
    // Without a new place it is one.
    home.policy(&POLICY.replace("'@/units'", "'@/third'"));
    home.run(&["apply", "--auto-approve"]).ends(4);
}

#[test]
fn drift_tells_since_when_and_who_changed_something() {
    let home = Home::new();
    home.policy(&POLICY);
    let mut apply = home.command(&["apply", "--auto-approve"]);
    assert!(apply.env("BDR_NOW", "2026-03-04T05:06:07Z").output().unwrap().status.success());
    let timer = "units/bdr-notes.docs.nightly.timer";
    std::fs::write(home.path(timer), home.text(timer).replace("02:00", "03:00")).unwrap();
    let drift = home.run(&["drift"]).ends(2);
    let text = drift.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("changed outside bdr after 2026-03-04 05:06 UTC (apply by ada@"), "{text}");
    std::fs::remove_file(home.path(timer)).unwrap();
    let text = home.run(&["drift"]).ends(2).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("removed outside bdr after 2026-03-04 05:06 UTC"), "{text}");
    home.run(&["apply", "--auto-approve"]).ends(0);
    home.policy(&POLICY.replace("0 2 * * *", "0 4 * * *"));
    let text = home.run(&["drift"]).ends(2).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("left it; the policy changed since"), "{text}");
}

#[test]
fn what_left_the_policy_and_still_runs_counts_in_what_holds_before() {
    let home = Home::new();
    let two = POLICY.replace("    retain:", "      hourly: { file_backup: {}, schedule: '5 * * * *', store: disk }\n    retain:");
    home.policy(&two);
    home.run(&["apply", "--auto-approve"]).ends(0);
    home.policy(&POLICY);
    let plan: serde_json::Value = serde_json::from_str(&home.run(&["plan", "--format", "json"]).ends(0).stdout).unwrap();
    let row = plan["objectives"].as_array().unwrap().iter().find(|row| row["disruption"] == "process").unwrap_or_else(|| {
        panic!("{plan:#}");
    });
    let (before, after) = (row["rpo"]["before"]["seconds"].as_u64().unwrap(), row["rpo"]["after"]["seconds"].as_u64().unwrap());
    assert!(before < 2 * 3_600 && after > 23 * 3_600, "{row:#}");
}

#[test]
fn old_records_of_runs_go_and_the_newest_stay() {
    let home = Home::new();
    home.policy(&POLICY);
    home.run(&["apply", "--auto-approve"]).ends(0);
    let runs = home.path("backups/notes/.bdr/runs");
    for day in 0..120 {
        std::fs::write(runs.join(format!("2020{:02}{:02}T020000Z-0a0b0c0d.json", day / 28 + 1, day % 28 + 1)), "{}").unwrap();
    }
    home.policy(&POLICY.replace("0 2 * * *", "0 4 * * *"));
    home.run(&["apply", "--auto-approve"]).ends(0);
    let mut left: Vec<String> =
        std::fs::read_dir(&runs).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    left.sort();
    assert_eq!(left.len(), 100, "{left:?}");
    assert!(left[0].starts_with("20200123T"), "the oldest went: {}", left[0]);
}

#[test]
fn a_target_that_is_misspelt_is_suggested_and_what_it_leaves_out_is_told() {
    let home = Home::new();
    home.policy(&POLICY);
    let wrong = home.run(&["plan", "--target", "dosc"]).ends(64);
    assert!(wrong.stderr.contains("Did you mean `docs`?"), "{wrong:#?}");
    let far = home.run(&["plan", "--target", "zzzzzzzz"]).ends(64);
    assert!(far.stderr.contains("`disk`") && far.stderr.contains("`systemd_timer`"), "{far:#?}");
    let narrowed = home.run(&["plan", "--target", "disk"]).ends(0);
    let said = "Left undone: component.docs (2 changes and 1 first backup, waiting for this).";
    assert!(narrowed.stdout.replace("\n  ", " ").contains(said), "{narrowed:#?}");
}

#[test]
fn a_plan_of_another_version_says_who_made_it() {
    let home = Home::new();
    home.policy(&POLICY);
    home.run(&["plan", "--out", "p.json"]).ends(0);
    let newer = home.text("p.json").replace("\"format_version\": 1", "\"format_version\": 7").replace("\"bdr 0.", "\"bdr 9.");
    std::fs::write(home.path("p.json"), newer).unwrap();
    let shown = home.run(&["show", "p.json"]).ends(1);
    assert!(shown.stderr.contains("bdr 9.") && shown.stderr.contains("format version 7"), "{shown:#?}");
    assert!(shown.stderr.contains("bdr plan --out"), "{shown:#?}");
}
