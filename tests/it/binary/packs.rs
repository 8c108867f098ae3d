//! Packs and change freezes: named by the caller, explained, and what a plan and an apply make of them.

use super::{Home, POLICY};

const NOW: &str = "2026-11-27T12:00:00Z";

fn at(home: &Home, now: &str, arguments: &[&str]) -> super::Ran {
    super::Ran::of(&home.command(arguments).env("BDR_NOW", now).output().unwrap())
}

/// Without the line breaks of a width.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_caller_names_packs_too_and_each_is_explained() {
    let home = Home::new();
    home.policy(POLICY);
    home.run(&["lint"]).ends(0);
    let lint = home.run(&["lint", "--pack", "3-2-1-1-0"]).ends(2).stdout;
    for code in ["BDR-K001", "BDR-K002"] {
        assert!(lint.contains(code), "{code}: {lint}");
    }
    let digest = |text: &str| text.lines().find(|line| line.starts_with("Digest ")).map(str::to_owned);
    let (with, without) = (home.run(&["plan", "--pack", "3-2-1-1-0"]).ends(0).stdout, home.run(&["plan"]).ends(0).stdout);
    assert!(with.contains("BDR-K002") && !without.contains("BDR-K"), "{with}");
    assert_eq!(digest(&with), digest(&without), "what a caller asks for changes nothing of what is done");
    home.run(&["plan", "--pack", "3-2-1-1-0", "--deny-warnings"]).ends(1);
    home.run(&["lint", "--pack", "none"]).ends(64);
    let all = home.run(&["explain", "pack"]).ends(0).stdout;
    assert_eq!(all, "3-2-1-1-0\ncis-s3\nchange-freeze\n");
    for name in all.lines() {
        let page = home.run(&["explain", "pack", name]).ends(0).stdout;
        assert!(page.contains("BDR-K0") && page.contains(&format!("--pack {name}")), "{page}");
    }
    assert!(home.run(&["explain", "cis-s3"]).ends(64).stderr.contains("bdr explain pack cis-s3"));
}

#[test]
fn copies_that_were_never_verified_are_told_by_a_plan_until_they_are() {
    let home = Home::new();
    home.policy(&format!("packs: [3-2-1-1-0]\n{POLICY}"));
    let unmade = at(&home, NOW, &["plan"]).ends(0).stdout;
    assert!(!unmade.contains("BDR-K004"), "there is none yet: {unmade}");
    at(&home, NOW, &["apply", "--auto-approve"]).ends(0);
    let never = at(&home, NOW, &["plan"]).ends(0).stdout;
    assert!(flat(&never).contains("BDR-K004 no backup of `docs/nightly` in `disk` was verified within 31 days"), "{never}");
    at(&home, NOW, &["verify", "--read-data"]).ends(0);
    let verified = at(&home, "2026-12-20T12:00:00Z", &["plan"]).ends(0).stdout;
    assert!(!verified.contains("BDR-K004"), "{verified}");
    let long_ago = at(&home, "2027-01-20T12:00:00Z", &["plan"]).ends(0).stdout;
    assert!(long_ago.contains("BDR-K004"), "{long_ago}");
    let suppressed = POLICY.replace("      nightly:", "      # bdr:ignore[BDR-K004] verified by hand\n      nightly:");
    home.policy(&format!("packs: [3-2-1-1-0]\n{suppressed}"));
    assert!(!at(&home, "2027-01-20T12:00:00Z", &["plan"]).ends(0).stdout.contains("BDR-K004"));
    let lint = at(&home, NOW, &["lint"]).ends(2).stdout;
    assert!(!lint.contains("BDR-L901"), "lint cannot know that nothing is suppressed: {lint}");
}

const FREEZE: &str = "change_freeze: [{ from: 2026-12-20, to: 2027-01-06, reason: peak season }]\n";

#[test]
fn in_a_freeze_a_plan_is_shown_and_nothing_is_applied_without_a_reason() {
    let home = Home::new();
    home.policy(&format!("timezone: Europe/Stockholm\n{FREEZE}{POLICY}"));
    let within = "2027-01-06T22:59:00Z";
    let plan = at(&home, within, &["plan", "--out", "p.json"]).ends(0).stdout;
    assert!(
        flat(&plan).contains("BDR-K021 a change freeze is on until 2027-01-07 00:00 (Europe/Stockholm): peak season"),
        "{plan}"
    );
    let saved: serde_json::Value = serde_json::from_str(&home.text("p.json")).unwrap();
    assert_eq!((&saved["applyable"], &saved["freeze"]["reason"]), (&false.into(), &"peak season".into()), "{saved}");
    assert_eq!(saved["freeze"]["until"], "2027-01-06T23:00:00Z", "{saved}");
    let until = "Until 2027-01-07 00:00 (Europe/Stockholm) nothing of this is applied without";
    let told = format!("{until} --override-freeze REASON, for a change freeze: peak season.");
    assert!(flat(&plan).ends_with(&told), "{plan}");
    let line = at(&home, within, &["plan", "--summary"]).ends(0).stdout;
    assert!(line.contains("; frozen until 2027-01-07 00:00 (Europe/Stockholm)"), "{line}");
    let markdown = at(&home, within, &["plan", "--format", "markdown"]).ends(0).stdout;
    assert!(
        markdown.contains(&format!("**{until} `--override-freeze REASON`**, for a change freeze: peak season.")),
        "{markdown}"
    );
    let later: serde_json::Value =
        serde_json::from_str(&at(&home, "2027-01-06T23:00:00Z", &["plan", "--format", "json"]).ends(0).stdout).unwrap();
    assert_eq!((&later["applyable"], &later["digest"]), (&true.into(), &saved["digest"]), "what is done is the same");
    assert!(later["freeze"].is_null(), "{later}");
    for arguments in [["apply", "p.json"].as_slice(), &["apply", "--auto-approve"]] {
        let refused = at(&home, within, arguments).ends(4);
        assert!(refused.stderr.contains("a change freeze is on until") && refused.stderr.contains("peak season"), "{refused:#?}");
        assert!(!home.path("units").exists());
    }
    at(&home, within, &["apply", "p.json", "--override-freeze", ""]).ends(64);
    at(&home, within, &["apply", "p.json", "--override-freeze", "the disk is full"]).ends(0);
    let runs: Vec<String> = super::contents(&home.path("backups/notes/.bdr/runs"))
        .into_values()
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .collect();
    assert!(runs.len() == 1 && runs[0].contains("the disk is full"), "{runs:?}");
    let destroy = at(&home, within, &["destroy", "--confirm", "notes"]).ends(4);
    assert!(destroy.stderr.contains("a change freeze is on"), "{destroy:#?}");
    at(&home, within, &["backup", "docs"]).ends(0);
    at(&home, within, &["prune"]).ends(0);
}

#[test]
fn in_a_freeze_what_is_planned_now_is_applied_with_a_reason() {
    let home = Home::new();
    home.policy(&format!("timezone: Europe/Stockholm\n{FREEZE}{POLICY}"));
    let within = "2026-12-24T12:00:00Z";
    at(&home, within, &["apply", "--auto-approve", "--override-freeze", "the disk is full"]).ends(0);
    assert!(home.path("units").exists());
    let empty = at(&home, within, &["plan"]).ends(0).stdout;
    assert!(!empty.contains("--override-freeze REASON"), "there is nothing to apply: {empty}");
}

#[test]
fn before_and_after_a_freeze_nothing_is_kept_away() {
    for now in ["2026-12-19T22:59:59Z", "2027-01-06T23:00:00Z"] {
        let home = Home::new();
        home.policy(&format!("timezone: Europe/Stockholm\n{FREEZE}{POLICY}"));
        let plan = at(&home, now, &["plan"]).ends(0).stdout;
        assert!(!plan.contains("BDR-K021"), "{now}: {plan}");
        at(&home, now, &["apply", "--auto-approve", "--override-freeze", "to be sure"]).ends(0);
        let runs = super::contents(&home.path("backups/notes/.bdr/runs"));
        let text = String::from_utf8(runs.into_values().next().unwrap()).unwrap();
        assert!(!text.contains("to be sure"), "nothing was overridden: {text}");
    }
}
