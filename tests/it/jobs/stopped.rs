//! Backups that have stopped: said first of all by `plan` and `list`, and no objective is called kept.

use crate::binary::{Home, POLICY, Ran};

fn at(home: &Home, now: &str, arguments: &[&str]) -> Ran {
    Ran::of(&home.command(arguments).env("BDR_NOW", now).output().unwrap())
}

fn applied() -> Home {
    let home = Home::new();
    home.policy(&POLICY.replace("    protect:", "    objectives: { process: { rpo: 26h } }\n    protect:"));
    at(&home, "2026-10-15T12:00:00Z", &["apply", "--auto-approve"]).ends(0);
    home
}

/// Words without the breaks of lines.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_quiet(home: &Home, now: &str) {
    let plan = at(home, now, &["plan"]).ends(0).stdout;
    let listed = at(home, now, &["list"]).ends(0).stdout;
    assert!(!plan.contains("no good backup since") && !listed.contains('!'), "{now}: {plan}{listed}");
    let rest = plan.split("Objectives").nth(1).unwrap_or_default();
    assert!(!rest.contains("BROKEN"), "{now}: {plan}");
}

#[test]
fn a_schedule_that_made_none_for_weeks_is_told_first_of_all() {
    let home = applied();
    let now = "2026-12-20T12:00:00Z";
    let told = "no good backup since 2026-10-15 12:00 UTC, 66 runs missed or failed";
    let plan = at(&home, now, &["plan"]).ends(0).stdout;
    let second = plan.lines().nth(1).unwrap_or_default();
    assert!(second.starts_with("! component docs: nightly in disk: no good backup since"), "{plan}");
    assert!(flat(&plan).contains(told) && flat(&plan).contains("`bdr backup docs` makes one now"), "{plan}");
    assert!(plan.contains("66d") && plan.contains("BROKEN") && !plan.contains("meets its goal"), "{plan}");
    let markdown = at(&home, now, &["plan", "--format", "markdown"]).ends(0).stdout;
    assert!(markdown.contains("> [!CAUTION]") && markdown.contains("no good backup since"), "{markdown}");

    let listed = at(&home, now, &["list"]).ends(0).stdout;
    assert!(listed.lines().nth(1).unwrap_or_default().starts_with("! no good backup since"), "{listed}");
    assert!(flat(&listed).contains(told) && listed.contains("full"), "{listed}");
    let json = at(&home, now, &["list", "--format", "json"]).ends(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["overdue"][0]["runs"], 66, "{json:#}");

    let assessed = at(&home, now, &["assess", "--measured"]).ends(0).stdout;
    assert!(assessed.contains("66d") && assessed.contains("BROKEN"), "{assessed}");
    assert!(flat(&assessed).contains("age of the newest good backup"), "{assessed}");

    at(&home, now, &["backup", "docs"]).ends(0);
    is_quiet(&home, now);
}

#[test]
fn nothing_is_told_before_a_run_was_missed() {
    let home = applied();
    for now in ["2026-10-15T12:00:00Z", "2026-10-16T01:59:00Z", "2026-10-16T02:59:59Z"] {
        is_quiet(&home, now);
    }
    let plan = at(&home, "2026-10-16T03:10:00Z", &["plan"]).ends(0).stdout;
    assert!(flat(&plan).contains("no good backup since 2026-10-15 12:00 UTC, 1 run missed or failed"), "{plan}");
    assert!(plan.contains("meets its goal"), "nothing older than the goal is lost yet: {plan}");
}

#[test]
fn what_no_schedule_makes_is_never_late() {
    let home = Home::new();
    home.policy(&POLICY.replace(", schedule: '0 2 * * *'", ""));
    at(&home, "2026-10-15T12:00:00Z", &["apply", "--auto-approve"]).ends(0);
    is_quiet(&home, "2026-12-20T12:00:00Z");
}
