//! The longest gaps between the runs of a policy's schedules: many protections share one, and two years are walked once for each.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::policy::{Policy, Scheduler};
use crate::units::cadence::{Cadence, Gap, Semantics, Zone};

/// The gaps as the scheduler in use carries the schedules out.
pub struct Gaps<'a> {
    zone: &'a Zone,
    /// `None`: nothing runs them.
    semantics: Option<Semantics>,
    now: Timestamp,
    of: HashMap<&'a Cadence, Option<Longest>>,
}

/// The longest gap of one schedule.
#[derive(Debug, Clone)]
pub struct Longest {
    pub seconds: u64,
    /// For people.
    pub why: String,
}

impl<'a> Gaps<'a> {
    pub fn of(policy: &'a Policy, now: Timestamp) -> Self {
        let semantics = policy.scheduler.as_ref().map(|scheduler| match scheduler.value {
            Scheduler::Systemd { .. } => Semantics::Systemd,
            Scheduler::Cron(_) => Semantics::Cron,
        });
        let mut gaps = Self { zone: &policy.timezone, semantics, now, of: HashMap::new() };
        let protections = policy.components.values().flat_map(|component| component.protections.values());
        for schedule in protections.filter_map(|protection| protection.schedule.as_ref()) {
            if !gaps.of.contains_key(&schedule.cadence) {
                let longest = gaps.walk(&schedule.cadence, gaps.zone);
                gaps.of.insert(&schedule.cadence, longest);
            }
        }
        gaps
    }

    /// The longest gap by a zone's clock; `None` where it runs less than twice.
    pub fn longest(&self, cadence: &Cadence, zone: &Zone) -> Option<Longest> {
        match self.of.get(cadence).filter(|_| zone == self.zone) {
            Some(known) => known.clone(),
            None => self.walk(cadence, zone),
        }
    }

    fn walk(&self, cadence: &Cadence, zone: &Zone) -> Option<Longest> {
        let gap: Gap = cadence.runs(zone, self.semantics?).longest_gap(self.now)?;
        Some(Longest { seconds: gap.length.as_secs(), why: gap.explain() })
    }
}
