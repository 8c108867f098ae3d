//! What a policy lets go of, and for how much shorter it keeps the rest, in words.

use super::*;
use crate::plan::{BackupGoes, LogEffect, TierShortened, Window};

pub(super) fn letting_go() -> RetentionEffect {
    let moment = |text: &str| text.parse::<jiff::Timestamp>().expect("moment");
    let window = |from, backups| Some(Window { from: moment(from), to: moment("2026-11-24T02:00:00Z"), backups });
    let goes = |day: u32| BackupGoes {
        backup: format!("20261{day:03}T020000Z"),
        at: moment("2026-10-25T02:00:00Z"),
        bytes: 27 << 30,
        reason: "no tier keeps it: daily keeps 14d".into(),
    };
    RetentionEffect {
        component: ComponentName::new("database").expect("name"),
        store: StoreName::new("primary").expect("name"),
        goes: (25..41).map(goes).collect(),
        tiers: Vec::new(),
        longest_days: None,
        left: false,
        before: window("2026-10-25T02:00:00Z", 30),
        after: window("2026-11-10T02:00:00Z", 14),
        log: None,
        timezone: "Europe/Stockholm".into(),
        place: Some(Position { file: "safe-pm.yaml".into(), line: 31, column: 7 }),
    }
}

/// What is said of it in words, and in the one line.
fn told(effect: RetentionEffect) -> (String, String) {
    let plan = Plan { retention: vec![effect], ..plan(Vec::new()) };
    let words = losses::losses(&plan, LOOK).join("\n");
    for text in [human(&plan, LOOK), markdown(&plan)] {
        let flat = text.replace("> ", "").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(&words) && text.contains(losses::HEADING), "{words}: {text}");
    }
    let line = one_line(&plan);
    (words, line.split("; ").find_map(|part| part.trim_end().strip_prefix("shortens: ")).unwrap_or_default().to_owned())
}

fn tier(tier: &str, before_days: Option<u64>, after_days: Option<u64>) -> TierShortened {
    TierShortened { tier: tier.to_owned(), before_days, after_days }
}

#[test]
fn a_tier_that_leaves_or_is_shortened_is_told_whether_backups_go_or_not() {
    let none = RetentionEffect { goes: Vec::new(), before: None, after: None, ..letting_go() };
    let of = |tiers: Vec<TierShortened>, longest: u64, effect: &RetentionEffect| {
        told(RetentionEffect { tiers, longest_days: Some(longest), ..effect.clone() })
    };
    let left = vec![tier("monthly", Some(365), None)];
    let (words, line) = of(left.clone(), 30, &none);
    assert_eq!(
        words,
        "database in primary: monthly left the policy, which kept backups for 365 d, so that the window of what can be restored shrinks \
         from 365 d to 30 d; no good backup is there yet"
    );
    assert_eq!(line, "database in primary (365 d to 30 d)");
    let young = RetentionEffect { goes: Vec::new(), after: letting_go().before, ..letting_go() };
    assert!(of(left.clone(), 30, &young).0.ends_with("from 365 d to 30 d; of 30 backups none goes yet"));
    assert!(of(left, 30, &letting_go()).0.ends_with(
        "from 365 d to 30 d; the next prune lets go of what is older than 2026-11-10 (16 backups, 432.0 GiB), until now back to 2026-10-25"
    ));
    let thinned = RetentionEffect { after: letting_go().before, ..letting_go() };
    let (words, line) = of(vec![tier("weekly", Some(84), Some(28)), tier("yearly", None, None)], 365, &thinned);
    assert_eq!(
        words,
        "database in primary: weekly keeps backups for 28 d, until now for 84 d, yearly left the policy; the next prune lets go of 16 \
         backups, 432.0 GiB, from 2026-10-25 to 2026-10-25"
    );
    assert_eq!(line, "database in primary");
}

#[test]
fn backups_of_a_component_that_left_are_told_as_lost_to_the_policy() {
    let (words, line) = told(RetentionEffect { left: true, goes: Vec::new(), after: None, ..letting_go() });
    assert_eq!(
        words,
        "database left the policy: 30 backups in primary, from 2026-10-25 to 2026-11-24, are no longer listed, verified, restored or \
         removed by it"
    );
    assert_eq!(line, "database in primary (left the policy)");
}

#[test]
fn a_log_that_reaches_less_far_back_is_told_with_both_lengths() {
    let moment = |text: &str| text.parse::<jiff::Timestamp>().ok();
    let log = LogEffect {
        segments: 120,
        bytes: 1 << 30,
        before_seconds: Some(30 * 86_400),
        before_known: true,
        after_seconds: Some(7 * 86_400),
        before: moment("2026-10-25T02:00:00Z"),
        after: moment("2026-11-16T02:00:00Z"),
    };
    let effect = |log| RetentionEffect { goes: Vec::new(), before: None, after: None, log: Some(log), ..letting_go() };
    let (words, line) = told(effect(log.clone()));
    assert_eq!(
        words,
        "database in primary: any moment can be restored 7d back, until now 30d; the next prune lets go of 120 segments of the log \
         (1.0 GiB)"
    );
    assert_eq!(line, "database in primary (log, 30d to 7d)");
    let shown = human(&Plan { retention: vec![effect(log.clone())], ..plan(Vec::new()) }, LOOK);
    assert!(
        shown.contains("prune lets 120 segments of the log go") && shown.contains("any moment from 2026-10-25 03:00"),
        "{shown}"
    );
    let (words, _) = told(effect(LogEffect { before_seconds: None, before_known: false, ..log }));
    assert!(
        words.starts_with("database in primary: any moment can be restored 7d back, until now back to 2026-10-25;"),
        "{words}"
    );
}
