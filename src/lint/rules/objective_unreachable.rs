//! An objective cannot be kept by what the policy does.
//!
//! ## What it finds
//!
//! The worst case follows from the policy: the longest gap between two runs, as the scheduler in use really carries the schedule
//! out (clock changes and short months included), and the time to make and ship one copy; for the RTO, retrieval and transfer.
//! Where it is longer than the objective, the objective is a wish. `bdr assess` shows every term and where it came from.
//!
//! ## Why it matters
//!
//! Whoever plans around the objective finds out in the outage that it never held.
//!
//! ## Example
//!
//! ```yaml
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     objectives: { rpo: 1h, rto: 4h }
//!     protect:
//!       nightly: { file_backup: {}, schedule: "0 4 * * *", store: primary }
//! ```
//!
//! ## Instead
//!
//! Run it more often than the objective allows for, or state what is true:
//!
//! ```yaml
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     objectives: { rpo: 1h, rto: 4h }
//!     protect:
//!       often: { file_backup: {}, schedule: every 30m, store: primary }
//! ```

use std::collections::BTreeMap;

use crate::assess::{Cell, Derived, Origin, Term, Verdict, wal_archive};
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Span};
use crate::lint::rules::{objective_unscheduled, replication_unbounded};
use crate::lint::{Context, Rule};
use crate::policy::Disruption;
use crate::units::cadence::Interval;
use crate::units::duration::Duration;

const CODE: Code = Code {
    code: "BDR-O001",
    name: "objective-unreachable",
    severity: Severity::Error,
    text: include_str!("objective_unreachable.rs"),
};

pub struct ObjectiveUnreachable;

impl Rule for ObjectiveUnreachable {
    fn about(&self) -> Code {
        CODE
    }

    /// Disruptions for which the same objective fails for the same reason are one finding.
    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let mut same: BTreeMap<(&str, &'static str, Option<Span>, String), Vec<&Cell>> = BTreeMap::new();
        let components = &context.policy.components;
        for cell in &context.assessment.cells {
            for (word, derived) in [("RPO", &cell.rpo), ("RTO", &cell.rto)] {
                if derived.verdict() != Verdict::Broken || derived.terms.is_empty() {
                    continue;
                }
                // That nothing runs by itself is told once, by its own rule.
                if word == "RPO" && components.get(&cell.component).is_some_and(objective_unscheduled::applies) {
                    continue;
                }
                // So is replication that promises no time.
                if replication_unbounded::applies(derived) {
                    continue;
                }
                let target = derived.target.as_ref().and_then(|target| target.span);
                same.entry((cell.component.as_str(), word, target, format!("{:?}", derived.terms))).or_default().push(cell);
            }
        }
        for ((_, word, _, _), cells) in same {
            if let Some(first) = cells.first() {
                let derived = if word == "RPO" { &first.rpo } else { &first.rto };
                let disruptions: Vec<Disruption> = cells.iter().map(|cell| cell.disruption).collect();
                found.extend(finding(word, first, derived, &disruptions));
            }
        }
    }
}

fn finding(word: &str, cell: &Cell, derived: &Derived, disruptions: &[Disruption]) -> Option<Diagnostic> {
    let target = derived.target.as_ref()?;
    let whom = &cell.component;
    let cause = derived.terms.iter().max_by_key(|term| term.seconds.unwrap_or(u64::MAX))?;
    let promise = if word == "RPO" { "of changes lost" } else { "until the data is back" };
    let when = super::when(disruptions);
    let mut diagnostic = Diagnostic::error(CODE.code, format!("`{whom}` cannot keep its {word} of {} {when}", target.value))
        .at(target.span, format!("promised: at most {} {promise}", target.value))
        .at(cause.span, format!("{}: {}", cause.name, shown(cause.seconds)));
    for term in derived.terms.iter() {
        diagnostic = diagnostic.note(format!("{}: {} ({}; {})", term.name, shown(term.seconds), origin(term.origin), term.why));
    }
    let total = derived.seconds();
    if let (Some(total), Some((protection, store))) = (total, &cell.by) {
        let kept = protection
            .as_ref()
            .map_or_else(|| format!("what is in `{store}` itself"), |by| format!("what `{by}` keeps in `{store}`"));
        diagnostic =
            diagnostic.note(format!("together {} with {kept}, the best of the copies that remain", Duration::from_secs(total)));
    }
    Some(diagnostic.help(way_out(word, target.value, derived, cause)))
}

/// What would keep the promise: the gap that the other terms leave room for, or the true objective.
fn way_out(word: &str, target: Duration, derived: &Derived, cause: &Term) -> String {
    let others: u64 = derived.terms.iter().filter(|term| *term != cause).filter_map(|term| term.seconds).sum();
    let room = target.as_secs().saturating_sub(others);
    let minutes = room / 60;
    let truth = derived.seconds().map(|seconds| format!("{} or more", Duration::from_secs(seconds)));
    match (word, truth) {
        ("RPO", Some(truth)) if cause.name == wal_archive::WAIT => {
            let set = (room > 0).then(|| format!("Set `max_interval` to {} or less, or state", Duration::from_secs(room)));
            format!("{} what is true: an RPO of {truth}.", set.as_deref().unwrap_or("State"))
        }
        ("RPO", Some(truth)) if minutes > 0 => {
            let often = match Interval::at_most(Duration::from_secs(minutes * 60)) {
                Some(interval) => format!("Let it run `{interval}` or more often"),
                None => format!("Let runs start no more than {}h apart", minutes / 60),
            };
            format!("{often}, or state what is true: an RPO of {truth}.")
        }
        _ if cause.name == wal_archive::BASE => "Add a `base_backup` in the same store, which the log rolls forward.".to_owned(),
        ("RPO", None) => "Give the protection a schedule and the policy a scheduler that runs it.".to_owned(),
        (_, Some(truth)) => format!("State what is true, an {word} of {truth}, or protect it by something faster."),
        (_, None) => format!("Nothing bounds it: state no {word}, or protect it by something that has a bound."),
    }
}

fn shown(seconds: Option<u64>) -> String {
    seconds.map_or_else(|| "no bound".to_owned(), |seconds| Duration::from_secs(seconds).to_string())
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Policy => "from the policy",
        Origin::Live => "from the live system",
        Origin::Measured => "measured",
        Origin::Assumed => "assumed",
    }
}
