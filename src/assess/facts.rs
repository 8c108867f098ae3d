//! What is known besides the policy: sizes, rates and live schedules; and what is assumed where nothing is known yet.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{ComponentName, ProtectionName, StoreName};
use crate::catalog::overdue::Overdue;
use crate::units::cadence::Running;
use crate::units::duration::Duration;

/// Bytes of a component before a backup of it was measured.
pub const ASSUMED_BYTES: u64 = 10 << 30;
/// Bytes per second at which a backup is made and shipped, before one was measured. One busy gigabit link.
pub const ASSUMED_CAPTURE_RATE: u64 = 50 << 20;
/// Bytes per second at which a backup is restored, before one was measured.
pub const ASSUMED_RESTORE_RATE: u64 = 50 << 20;
/// Bytes per second at which a database takes a dump in, indexes and all, before one was measured.
pub const ASSUMED_LOAD_RATE: u64 = 20 << 20;

/// A log is replayed in this part of the time in which it was written.
pub const ASSUMED_REPLAY: u64 = 10;
/// Until somebody notices that credentials were taken over, or that copies are gone, where nothing states it: whoever looks at the
/// backups once a week, as a weekly drill does, may have looked an hour before it happened.
pub const ASSUMED_NOTICE: Duration = Duration::from_secs(7 * 24 * 3600);

/// What past runs of one protection showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Backups that the figures come from.
    pub samples: usize,
    /// Bytes of the newest backup, as restored.
    pub bytes: u64,
    /// Longest time from start to commit among the samples, in seconds.
    pub longest_seconds: u64,
}

/// Everything known besides the policy.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The moment from which the calendar is looked at: gaps of the next two years count.
    pub now: jiff::Timestamp,
    pub measured: BTreeMap<(ComponentName, ProtectionName), Measured>,
    /// What is carried out on the live system, where that is what is assessed ("before" in a plan): protections that
    /// stand there, with their live schedule. `None`: assess the policy as if it were applied.
    pub live: Option<BTreeMap<(ComponentName, ProtectionName), Option<Running>>>,
    /// What runs protections otherwise than the policy says, though the policy is applied: what others have laid over their schedules
    /// is kept.
    pub overridden: BTreeMap<(ComponentName, ProtectionName), Option<Running>>,
    /// Copies that were looked for and not found good in a store, where the live system is assessed: nothing stands behind what they
    /// promise.
    pub without_backup: BTreeSet<(ComponentName, ProtectionName, StoreName)>,
    /// Copies whose newest good backup is older than the schedule allows: what is lost now is no less than its age.
    pub overdue: BTreeMap<(ComponentName, ProtectionName, StoreName), Overdue>,
}

impl Facts {
    /// Nothing but the policy and the calendar.
    pub fn at(now: jiff::Timestamp) -> Self {
        Self { now, ..Self::default() }
    }

    pub fn measured(&self, component: &ComponentName, protection: &ProtectionName) -> Option<Measured> {
        self.measured.get(&(component.clone(), protection.clone())).copied()
    }

    /// Whether the protection stands in the world that is assessed.
    pub fn is_in_place(&self, component: &ComponentName, protection: &ProtectionName) -> bool {
        self.live.as_ref().is_none_or(|live| live.contains_key(&(component.clone(), protection.clone())))
    }

    /// Whether a copy was looked for in a store and is not there.
    pub fn is_missing(&self, component: &ComponentName, protection: &ProtectionName, store: &StoreName) -> bool {
        // Nearly always empty, and then not worth three names.
        !self.without_backup.is_empty() && self.without_backup.contains(&(component.clone(), protection.clone(), store.clone()))
    }

    pub fn overdue(&self, component: &ComponentName, protection: &ProtectionName, store: &StoreName) -> Option<Overdue> {
        // As above.
        if self.overdue.is_empty() {
            return None;
        }
        self.overdue.get(&(component.clone(), protection.clone(), store.clone())).copied()
    }

    /// The live schedule, where the live system is assessed or others have changed it for good.
    pub fn live_schedule(&self, component: &ComponentName, protection: &ProtectionName) -> Option<&Option<Running>> {
        self.live.as_ref().unwrap_or(&self.overridden).get(&(component.clone(), protection.clone()))
    }
}
