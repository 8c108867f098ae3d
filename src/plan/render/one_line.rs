//! A plan in one line, for a chat or a status: the counts, what goes, what weakens, which objectives are broken.

use std::collections::BTreeMap;

use super::entry::{Weight, entries};
use super::together;
use crate::address::ComponentName;
use crate::diag::{Severity, printable};
use crate::plan::{ObjectiveRow, Plan, RetentionEffect};
use crate::units::count::counted;
use crate::units::duration::Duration;

/// Names of one sort that are told.
const NAMES: usize = 3;

/// One line with its end.
pub fn one_line(plan: &Plan) -> String {
    let mut parts = vec![format!("{}: {}", plan.policy.name, plan.headline())];
    let all = entries(plan);
    for (weight, word) in [(Weight::Destroys, "destroys"), (Weight::Weakens, "weakens"), (Weight::Refused, "refused")] {
        let of_weight = all.iter().filter(|entry| entry.weight == weight);
        parts.extend(named(word, of_weight.map(|entry| format!("{} of {}", entry.title, entry.whose())).collect()));
    }
    let going = plan.retention.iter().filter(|effect| effect.shortens());
    parts.extend(named("shortens", going.map(shortens).collect()));
    let broken = plan.objectives.iter().filter(|row| row.unknown.is_none() && !row.kept());
    parts.extend(named("broken objectives", by_component(broken)));
    parts.extend(named("not known", by_component(plan.objectives.iter().filter(|row| row.unknown.is_some()))));
    let alarms = together::alarms(plan).into_iter().map(|(whose, alarm)| format!("{whose}: {}", alarm.text));
    parts.extend(named("told first", alarms.collect()));
    let counts = [
        (plan.findings.iter().filter(|finding| finding.severity == Severity::Error).count(), "error"),
        (plan.findings.iter().filter(|finding| finding.severity == Severity::Warning).count(), "warning"),
    ];
    parts.extend(counts.into_iter().filter(|(number, _)| *number > 0).map(|(number, noun)| counted(number, noun)));
    if super::hindrance(plan).is_some() {
        parts.push("nothing can be carried out".to_owned());
    }
    parts.extend(plan.held_by().map(|freeze| format!("frozen until {}", freeze.end())));
    if !plan.complete {
        parts.push("incomplete".to_owned());
    }
    let line = parts.join("; ");
    format!("{}\n", printable(&line).replace('\n', " "))
}

/// `docs in vault (365 d to 30 d)`.
fn shortens(effect: &RetentionEffect) -> String {
    if let Some(log) = &effect.log {
        let length = |seconds| Duration::from_secs(seconds).to_string();
        let window = log.before_seconds.zip(log.after_seconds);
        let window = window.map(|(before, after)| format!(", {} to {}", length(before), length(after))).unwrap_or_default();
        return format!("{} in {} (log{window})", effect.component, effect.store);
    }
    let window = effect.reached().zip(effect.longest_days);
    let left = effect.left.then(|| " (left the policy)".to_owned());
    let window = window.map(|((_, before), after)| format!(" ({before} d to {after} d)")).or(left).unwrap_or_default();
    format!("{} in {}{window}", effect.component, effect.store)
}

/// `weakens: a, b, c and 2 more`.
fn named(word: &str, names: Vec<String>) -> Option<String> {
    let more = names.len().saturating_sub(NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| format!("{word}: {}{more}", names.iter().take(NAMES).cloned().collect::<Vec<_>>().join(", ")))
}

/// Components with their disruptions: `cache (host, region)`.
fn by_component<'a>(rows: impl Iterator<Item = &'a ObjectiveRow>) -> Vec<String> {
    let mut all: BTreeMap<&ComponentName, Vec<&str>> = BTreeMap::new();
    rows.for_each(|row| all.entry(&row.component).or_default().push(row.disruption.as_str()));
    all.into_iter().map(|(component, disruptions)| format!("{component} ({})", disruptions.join(", "))).collect()
}
