//! A tier of retention that its schedule cannot fill.
//!
//! ## What it finds
//!
//! A tier that keeps one backup of each hour, day, week, 6h, … under schedules that make fewer than one for every second of these
//! periods: a `daily` tier under a weekly schedule.
//!
//! ## Why it matters
//!
//! The tier promises restore points that never come to exist. Whoever reads `daily: { for: 30d }` counts on thirty of them,
//! and finds four.
//!
//! ## Example
//!
//! ```yaml
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       copy: { file_backup: {}, schedule: weekly, store: primary }
//!     retain:
//!       daily: { for: 30d }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       copy: { file_backup: {}, schedule: daily, store: primary }
//!     retain:
//!       daily: { for: 30d }
//! ```

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Spanned};
use crate::lint::{Context, Rule};
use crate::policy::{Component, Tier};
use crate::units::cadence::{Cadence, Period, Schedule, Semantics};

const YEAR: i64 = 366 * 86_400;

pub struct UnreachableTier;

impl Rule for UnreachableTier {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L004",
            name: "unreachable-tier",
            severity: Severity::Warning,
            text: include_str!("unreachable_tier.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let mut counted = HashMap::new();
        for component in context.policy.components.values() {
            let periods = |tier: &Tier| usize::try_from(YEAR / tier.every.longest()).unwrap_or(usize::MAX);
            let most = component.retain.values().map(|tier| periods(tier).div_ceil(2)).max().unwrap_or_default();
            let runs = runs_in_a_year(context, component, most, &mut counted);
            for tier in component.retain.values() {
                let periods = periods(tier);
                let enough = periods.div_ceil(2);
                if runs.is_empty() || runs.iter().map(|(_, count)| count).sum::<usize>() >= enough {
                    continue;
                }
                let (of, name, every) = (&component.name, &tier.name, tier.every.value);
                let message = format!("tier `{name}` of `{of}` keeps one backup of each {every}, and far fewer are made");
                let mut finding = Diagnostic::warning(self.about().code, message)
                    .at(tier.every.span.or(tier.name.span).or(tier.span), format!("one of each {every}: {periods} in a year"));
                for (schedule, count) in &runs {
                    finding = finding.at(schedule.span, format!("{} in a year", times(*count)));
                }
                found.push(finding.help(format!("Run it more often, or keep one of each {} instead.", longer(every))));
            }
        }
    }
}

/// Runs of each scheduled protection of the component in a year, each counted up to `enough`. Many components share a cadence,
/// whose runs are counted once.
fn runs_in_a_year<'a>(
    context: &Context<'a>,
    component: &'a Component,
    enough: usize,
    counted: &mut HashMap<(&'a Cadence, usize), usize>,
) -> Vec<(&'a Spanned<Schedule>, usize)> {
    let Context { policy, now, .. } = context;
    let end = now.checked_add(SignedDuration::from_secs(YEAR)).unwrap_or(Timestamp::MAX);
    let schedules = component.protections.values().filter_map(|protection| protection.schedule.as_ref());
    let count = |cadence: &Cadence| cadence.runs(&policy.timezone, Semantics::Agent).between(*now, end).take(enough).count();
    let mut once =
        |schedule: &'a Spanned<Schedule>| *counted.entry((&schedule.cadence, enough)).or_insert_with(|| count(&schedule.cadence));
    schedules.map(|schedule| (schedule, once(schedule))).collect()
}

fn times(count: usize) -> String {
    if count == 1 { "one run".to_owned() } else { format!("{count} runs") }
}

fn longer(period: Period) -> &'static str {
    match period {
        period if period < Period::Hour => "hour",
        Period::Hour => "day",
        Period::Day => "week",
        Period::Week => "month",
        Period::Month => "quarter",
        period if period < Period::Day => "day",
        period if period < Period::Week => "week",
        period if period < Period::Month => "month",
        Period::Quarter | Period::Year | Period::Fixed(_) => "year",
    }
}
