//! What `bdr status` saw, for people and as a JSON document (`schemas/status.json`).

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::Failure;
use crate::cli::chosen::Chosen;
use crate::cli::sampling::{self, Looked};
use crate::cli::view::backups::moment_in;
use crate::cli::view::table;
use crate::cli::view::unread::Unread;
use crate::tree::Known;
use crate::units::bytes::Bytes;
use crate::units::cadence::Zone;
use crate::units::count::count;
use crate::units::duration::Duration;

/// Of the whole policy.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Status of a policy")]
pub struct Document {
    pub version: u32,
    pub policy: String,
    /// In order of their names.
    pub rules: Vec<Rule>,
    /// By store, component and protection.
    pub held: Vec<Held>,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

/// One replication rule that the policy wants.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Rule {
    pub rule: String,
    /// Name of the store that gets the copies.
    pub to: String,
    pub within_seconds: Option<u64>,
    /// Whether it stands and is switched on; where not, nothing was looked at.
    pub in_place: bool,
    /// Objects that were looked at: the newest.
    pub sampled: u64,
    /// Whether the newest were picked from all that the rule is about, or that the newest backups hold.
    pub picked_from_all: bool,
    pub copied: u64,
    /// Not there yet.
    pub waiting: u64,
    /// Of these, those that wait for longer than `within_seconds`.
    pub late: u64,
    /// S3 is done with them, and the destination does not have them: they will not come by themselves.
    pub missing: u64,
    pub failed: u64,
    /// Neither side tells: a rule of some tags, and an object that it may not be about.
    pub unknown: u64,
    /// Keys of the first few that failed, newest first.
    pub failed_objects: Vec<String>,
    #[schemars(with = "Option<String>")]
    pub newest_written: Option<Timestamp>,
    /// For how long the oldest object of the sample that is not there has waited; 0: all are there.
    pub behind_seconds: Option<u64>,
}

/// The backups of one protection in one store.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Held {
    pub store: String,
    pub component: String,
    pub protection: String,
    /// The moment that the newest good backup brings back.
    #[schemars(with = "Option<String>")]
    pub newest_good: Option<Timestamp>,
    pub age_seconds: Option<u64>,
    /// Scheduled runs that came to no good backup since; `null`: none is overdue.
    pub overdue_runs: Option<u64>,
    /// Backups that are known to be damaged, as `verify` or a restore last found them, or whose manifest cannot be read.
    pub damaged: u64,
    /// Ids of the newest few of them.
    pub damaged_backups: Vec<String>,
    /// By the storage class in which they lie there: what replication copies may be made in another one.
    pub classes: BTreeMap<String, Sum>,
}

/// Damaged backups that are named.
const NAMED: usize = 5;

/// Backups of one class.
#[derive(Debug, Clone, Copy, Default, Serialize, JsonSchema)]
pub struct Sum {
    pub backups: u64,
    /// Of their own packs.
    pub bytes: u64,
}

impl Document {
    pub fn new(policy: &str) -> Self {
        Self { version: 1, policy: policy.to_owned(), rules: Vec::new(), held: Vec::new(), unread: Vec::new() }
    }

    /// Whether nothing of what was read failed, is late, is damaged or is not there.
    pub fn is_well(&self) -> bool {
        self.rules.iter().all(|rule| rule.in_place && rule.failed == 0 && rule.late == 0 && rule.missing == 0)
            && self.held.iter().all(|held| held.newest_good.is_some() && held.overdue_runs.is_none() && held.damaged == 0)
    }
}

impl Rule {
    pub fn of(rule: &sampling::Rule<'_>, looked: Option<Looked>) -> Self {
        let in_place = looked.is_some();
        let (copied, picked_from_all) = looked.map_or_else(Default::default, |looked| (looked.copied, looked.whole));
        Self {
            rule: rule.resource.id.to_string(),
            to: rule.to.to_string(),
            within_seconds: rule.within,
            in_place,
            sampled: copied.sampled,
            picked_from_all,
            copied: copied.copied,
            waiting: copied.waiting,
            late: copied.late,
            missing: copied.missing,
            failed: copied.failed,
            unknown: copied.unknown,
            failed_objects: copied.named,
            newest_written: copied.newest,
            behind_seconds: copied.behind,
        }
    }

    /// What is wrong, or that nothing is.
    fn state(&self) -> String {
        let wrong = [
            (!self.in_place).then(|| "NOT IN PLACE".to_owned()),
            (self.failed > 0).then(|| format!("{} FAILED", self.failed)),
            (self.missing > 0).then(|| format!("{} NOT THERE", self.missing)),
            (self.late > 0).then(|| format!("{} LATE", self.late)),
            // Where no time is promised nothing is late, and nothing is well that is not there.
            (self.waiting > 0 && self.within_seconds.is_none()).then(|| format!("{} not there yet", self.waiting)),
            (self.in_place && self.sampled == 0).then(|| "nothing to copy".to_owned()),
            (self.unknown > 0).then(|| format!("{} not known", self.unknown)),
            (!self.picked_from_all && self.sampled > 0).then(|| "newest of the first keys only".to_owned()),
        ];
        let wrong: Vec<String> = wrong.into_iter().flatten().collect();
        if wrong.is_empty() { "ok".to_owned() } else { wrong.join(", ") }
    }

    fn line(&self) -> Vec<String> {
        let within = self.within_seconds.map_or("-".to_owned(), |within| Duration::from_secs(within).to_string());
        let behind = match self.behind_seconds {
            None => "-".to_owned(),
            Some(0) => "0".to_owned(),
            Some(seconds) => Duration::from_secs(seconds).to_string(),
        };
        let copied = if self.in_place { format!("{} of {}", self.copied, self.sampled) } else { "-".to_owned() };
        vec![self.rule.clone(), self.to.clone(), copied, self.waiting.to_string(), behind, within, self.state()]
    }
}

impl Held {
    pub fn of(chosen: &Chosen<'_>, known: &Known, overdue_runs: Option<u64>, now: Timestamp) -> Self {
        let facts = &known.facts;
        let damaged = known.damaged();
        let newest_good = facts.iter().filter(|facts| facts.is_good_at(now)).map(|facts| facts.at).max();
        let mut classes: BTreeMap<String, Sum> = BTreeMap::new();
        for one in facts {
            let sum = classes.entry(chosen.class_of(one.class).as_str().to_owned()).or_default();
            sum.backups += 1;
            sum.bytes += one.stored;
        }
        Self {
            store: chosen.store.to_string(),
            component: chosen.component.name.to_string(),
            protection: chosen.protection.name.to_string(),
            newest_good,
            age_seconds: newest_good.map(|at| now.duration_since(at).as_secs().max(0).cast_unsigned()),
            overdue_runs,
            damaged: damaged.len() as u64,
            damaged_backups: damaged.iter().rev().take(NAMED).map(ToString::to_string).collect(),
            classes,
        }
    }

    /// What they are ordered by.
    pub fn place(&self) -> (&str, &str, &str) {
        (&self.store, &self.component, &self.protection)
    }

    fn line(&self, zone: &Zone) -> Vec<String> {
        let newest = self.newest_good.map_or("none".to_owned(), |at| moment_in(at, zone));
        let age = self.age_seconds.map_or("-".to_owned(), |age| Duration::from_secs(age - age % 60).to_string());
        let class = |(class, sum): (&String, &Sum)| format!("{} ({}) in {class}", sum.backups, Bytes(sum.bytes));
        let classes: Vec<String> = self.classes.iter().map(class).collect();
        let classes = if classes.is_empty() { "-".to_owned() } else { classes.join("; ") };
        let place = format!("{}/{}", self.component, self.protection);
        vec![self.store.clone(), place, newest, age, classes, self.state()]
    }

    /// What is wrong, or that nothing is.
    fn state(&self) -> String {
        let late = || self.overdue_runs.map(|runs| format!("OVERDUE, {} missed or failed", count(runs, "run")));
        let wrong = [
            if self.newest_good.is_none() { Some("no good backup".to_owned()) } else { late() },
            (self.damaged > 0).then(|| format!("{} DAMAGED", self.damaged)),
        ];
        let wrong: Vec<String> = wrong.into_iter().flatten().collect();
        if wrong.is_empty() { "ok".to_owned() } else { wrong.join(", ") }
    }
}

/// A table of what was copied, with what failed below, and one of what the stores hold.
pub fn human(document: &Document, zone: &Zone, width: usize) -> String {
    let mut parts = Vec::new();
    if !document.rules.is_empty() {
        let lines: Vec<Vec<String>> = document.rules.iter().map(Rule::line).collect();
        let header = ["replication rule", "to", "copied", "waiting", "behind", "within", "state"];
        let mut part = table::fitting(&header, &lines, width, 3);
        for rule in document.rules.iter().filter(|rule| rule.failed > 0) {
            part.push_str(&failed(rule, width));
        }
        for rule in document.rules.iter().filter(|rule| rule.missing > 0) {
            part.push_str(&missing(rule, width));
        }
        parts.push(part);
    }
    if !document.held.is_empty() {
        let lines: Vec<Vec<String>> = document.held.iter().map(|held| held.line(zone)).collect();
        let mut part = table::fitting(&["store", "protection", "newest good", "age", "backups", "state"], &lines, width, 4);
        for held in document.held.iter().filter(|held| held.damaged > 0) {
            part.push_str(&damaged(held, width));
        }
        parts.push(part);
    }
    if parts.is_empty() && document.unread.is_empty() {
        parts.push(
            "The policy makes no backups, and copies no bucket. Of a log that it archives `bdr wal status` tells.\n".to_owned(),
        );
    }
    parts.join("\n")
}

fn failed(rule: &Rule, width: usize) -> String {
    let more = rule.failed.saturating_sub(rule.failed_objects.len() as u64);
    let mut out = format!("\n{}: S3 gave up on\n", rule.rule);
    rule.failed_objects.iter().for_each(|key| out.push_str(&format!("  {key}\n")));
    out.push_str(&if more > 0 { format!("  and {more} more\n") } else { String::new() });
    let help = "S3 does not try again. Look at the role's rights, the keys of KMS and the destination's bucket policy (`bdr plan` shows what \
                differs); then have them copied again by S3 Batch Replication, or write them anew.";
    table::wrap(help, width).iter().for_each(|line| out.push_str(&format!("{line}\n")));
    out
}

fn missing(rule: &Rule, width: usize) -> String {
    let help = format!(
        "{}: S3 is done with what is not there, and does not copy it by itself: it lay in the source before the rule, is a copy itself, or was \
         removed from `{}`. Have it copied by S3 Batch Replication, or write it anew.",
        rule.rule, rule.to
    );
    format!("\n{}\n", table::wrap(&help, width).join("\n"))
}

fn damaged(held: &Held, width: usize) -> String {
    let Held { store, component, protection, .. } = held;
    let more = held.damaged.saturating_sub(held.damaged_backups.len() as u64);
    let mut out = format!("\n{component}/{protection} in {store}: damaged\n");
    held.damaged_backups.iter().for_each(|id| out.push_str(&format!("  {id}\n")));
    out.push_str(&if more > 0 { format!("  and {more} more\n") } else { String::new() });
    let help = format!(
        "`bdr verify {component} --protection {protection} --store {store}` tells what of them. Nothing is repaired: `bdr backup {component}` \
         makes a new one, which builds on none of them."
    );
    table::wrap(&help, width).iter().for_each(|line| out.push_str(&format!("{line}\n")));
    out
}

/// # Errors
/// Never for values that bdr makes; the JSON writer's type asks for it.
pub fn json(document: &Document) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(document).map_err(|error| Failure::new(error.to_string()))?;
    Ok(text + "\n")
}

pub fn schema() -> String {
    let schema = schemars::schema_for!(Document);
    serde_json::to_string_pretty(&schema).map(|text| text + "\n").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(failed: u64, in_place: bool) -> Rule {
        Rule {
            rule: "component.documents/s3_replication_rule:copy".to_owned(),
            to: "dr".to_owned(),
            within_seconds: Some(900),
            in_place,
            sampled: 20,
            picked_from_all: true,
            copied: 20 - failed,
            waiting: 0,
            late: 0,
            missing: 0,
            failed,
            unknown: 0,
            failed_objects: (0..failed.min(2)).map(|n| format!("a/{n}")).collect(),
            newest_written: None,
            behind_seconds: Some(failed * 60),
        }
    }

    fn held(newest: Option<&str>) -> Held {
        let sum = Sum { backups: 3, bytes: 5 << 20 };
        Held {
            store: "primary".to_owned(),
            component: "docs".to_owned(),
            protection: "nightly".to_owned(),
            newest_good: newest.map(|at| at.parse().expect("a time")),
            age_seconds: newest.map(|_| 7_230),
            overdue_runs: None,
            damaged: 0,
            damaged_backups: Vec::new(),
            classes: BTreeMap::from([("STANDARD".to_owned(), sum), ("GLACIER".to_owned(), sum)]),
        }
    }

    fn document(rule: Rule, held: Held) -> Document {
        Document { rules: vec![rule], held: vec![held], ..Document::new("p") }
    }

    #[test]
    fn tables_fit_a_terminal() {
        let zone = Zone::parse("Europe/Stockholm").expect("a zone");
        let told = human(&document(rule(3, true), held(Some("2026-11-27T10:00:00Z"))), &zone, 80);
        assert!(told.lines().all(|line| line.chars().count() <= 80), "{told}");
        insta::assert_snapshot!(told);
    }

    #[test]
    fn what_is_not_there_is_never_ok() {
        let missing = Rule { copied: 0, missing: 20, ..rule(0, true) };
        assert_eq!(missing.state(), "20 NOT THERE");
        let told = human(&document(missing, held(Some("2026-11-27T10:00:00Z"))), &Zone::parse("UTC").expect("a zone"), 80);
        assert!(told.contains("S3 Batch Replication") && told.lines().all(|line| line.chars().count() <= 80), "{told}");
        let waiting = |within_seconds| Rule { copied: 0, waiting: 20, within_seconds, ..rule(0, true) }.state();
        assert_eq!((waiting(None).as_str(), waiting(Some(900)).as_str()), ("20 not there yet", "ok"));
    }

    #[test]
    fn damaged_backups_are_counted_and_never_ok() {
        let damaged_backups = vec!["20261127T100000Z-00000002".to_owned()];
        let one = Held { damaged: 7, damaged_backups, ..held(Some("2026-11-27T10:00:00Z")) };
        assert_eq!(one.state(), "7 DAMAGED");
        assert_eq!(Held { newest_good: None, ..one.clone() }.state(), "no good backup, 7 DAMAGED");
        assert_eq!(Held { overdue_runs: Some(2), ..one.clone() }.state(), "OVERDUE, 2 runs missed or failed, 7 DAMAGED");
        let document = document(rule(0, true), one);
        assert!(!document.is_well());
        let told = human(&document, &Zone::parse("UTC").expect("a zone"), 80);
        assert!(told.contains("docs/nightly in primary: damaged\n  20261127T100000Z-00000002\n  and 6 more\n"), "{told}");
        assert!(told.lines().all(|line| line.chars().count() <= 80), "{told}");
    }

    #[test]
    fn what_is_not_there_is_not_well() {
        let made = || held(Some("2026-11-27T10:00:00Z"));
        assert!(document(rule(0, true), made()).is_well());
        assert!(!document(rule(1, true), made()).is_well());
        assert!(!document(rule(0, false), made()).is_well());
        assert!(!document(Rule { missing: 1, ..rule(0, true) }, made()).is_well());
        assert!(!document(rule(0, true), held(None)).is_well(), "a protection without any good backup");
    }
}
