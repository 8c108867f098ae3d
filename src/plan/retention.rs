//! Retention in a plan: which backups the policy lets go, why, and how the window of restorable moments moves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{ComponentName, StoreName};
use crate::diag::Position;

/// What the retention of one component does to its backups in one store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetentionEffect {
    #[schemars(with = "String")]
    pub component: ComponentName,
    #[schemars(with = "String")]
    pub store: StoreName,
    /// In order of time.
    pub goes: Vec<BackupGoes>,
    /// Tiers that keep backups for less long than on the live system, or left the policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierShortened>,
    /// Days for which the longest tier of the policy keeps a backup, where some are shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_days: Option<u64>,
    /// The component left the policy, and what is there of it is found by nobody any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
    pub before: Option<Window>,
    pub after: Option<Window>,
    /// What becomes of a log that is archived in the store, where it is of that and of no backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogEffect>,
    /// By whose clock people are told: the policy's `timezone`.
    #[serde(default)]
    pub timezone: String,
    /// Where the policy says how long backups stay.
    pub place: Option<Position>,
}

/// A tier that keeps backups for less long, or no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TierShortened {
    pub tier: String,
    /// Days for which it keeps one as what stands says; `None`: nothing but its backups tells of it.
    pub before_days: Option<u64>,
    /// `None`: it left the policy.
    pub after_days: Option<u64>,
}

/// What the retention does to an archived log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogEffect {
    /// Segments that go at the next prune.
    pub segments: u64,
    pub bytes: u64,
    /// How far back any moment was to be restored when some of it went last; `None`: as far as the oldest base backup, or nothing tells.
    pub before_seconds: Option<u64>,
    /// Whether something tells.
    pub before_known: bool,
    /// How far back any moment is to be restored; `None`: as far as the oldest base backup.
    pub after_seconds: Option<u64>,
    /// The oldest moment that can be restored, any later one too.
    #[schemars(with = "Option<String>")]
    pub before: Option<jiff::Timestamp>,
    #[schemars(with = "Option<String>")]
    pub after: Option<jiff::Timestamp>,
}

impl LogEffect {
    /// Whether any moment can be restored less far back because the policy says so. That the oldest part goes is its everyday work.
    pub fn shortens(&self) -> bool {
        match (self.before_seconds, self.after_seconds) {
            (Some(before), Some(after)) => after < before,
            (Some(_), None) => false,
            (None, Some(_)) => self.before.is_some() && self.after > self.before,
            (None, None) => !self.before_known && self.before.is_some() && self.after > self.before,
        }
    }
}

/// A backup that is no longer kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackupGoes {
    pub backup: String,
    /// The moment that it restores.
    #[schemars(with = "String")]
    pub at: jiff::Timestamp,
    /// Bytes that it takes in the store.
    pub bytes: u64,
    /// Why, in a sentence fragment.
    pub reason: String,
}

/// The oldest and the newest moment that can be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    #[schemars(with = "String")]
    pub from: jiff::Timestamp,
    #[schemars(with = "String")]
    pub to: jiff::Timestamp,
    /// Backups in it.
    pub backups: u64,
}

impl RetentionEffect {
    /// Bytes that go.
    pub fn bytes(&self) -> u64 {
        self.goes.iter().map(|backup| backup.bytes).sum()
    }

    /// Whether less far back can be restored afterwards, or not as far back as was promised until now. What only thins out the window is
    /// retention's everyday work, unless a tier is shortened.
    pub fn shortens(&self) -> bool {
        self.left || !self.tiers.is_empty() || self.moves_window() || self.log.as_ref().is_some_and(LogEffect::shortens)
    }

    fn moves_window(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => after.from > before.from || after.to < before.to,
            (before, _) => before.is_some() && !self.goes.is_empty(),
        }
    }

    /// The tier that kept a backup longer than any does from now on, with its days.
    pub fn reached(&self) -> Option<(&TierShortened, u64)> {
        let known = self.tiers.iter().filter_map(|tier| Some((tier, tier.before_days?)));
        known.max_by_key(|(_, days)| *days).filter(|(_, days)| self.longest_days.is_some_and(|longest| *days > longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(before: (i64, i64), after: Option<(i64, i64)>) -> RetentionEffect {
        let at = |day: i64| jiff::Timestamp::from_second(day * 86_400).expect("time");
        let window = |(from, to): (i64, i64)| Window { from: at(from), to: at(to), backups: 2 };
        let goes = vec![BackupGoes { backup: "b".to_owned(), at: at(before.0), bytes: 1, reason: String::new() }];
        RetentionEffect {
            component: ComponentName::new("documents").expect("name"),
            store: StoreName::new("vault").expect("name"),
            goes,
            tiers: Vec::new(),
            longest_days: None,
            left: false,
            before: Some(window(before)),
            after: after.map(window),
            log: None,
            timezone: "UTC".to_owned(),
            place: None,
        }
    }

    #[test]
    fn a_window_that_is_thinned_out_is_not_shortened() {
        assert!(!effect((1, 9), Some((1, 9))).shortens());
        assert!(effect((1, 9), Some((2, 9))).shortens());
        assert!(effect((1, 9), None).shortens(), "nothing is left");
    }

    #[test]
    fn a_tier_that_is_shortened_is_told_whatever_goes() {
        let tier = |tier: &str, before_days, after_days| TierShortened { tier: tier.to_owned(), before_days, after_days };
        let tiers = vec![tier("weekly", Some(84), Some(28)), tier("monthly", Some(365), None), tier("yearly", None, None)];
        let nothing_goes = RetentionEffect { goes: Vec::new(), tiers, longest_days: Some(30), ..effect((1, 9), Some((1, 9))) };
        assert!(nothing_goes.shortens());
        assert_eq!(nothing_goes.reached().map(|(tier, days)| (tier.tier.as_str(), days)), Some(("monthly", 365)));
        assert_eq!(RetentionEffect { longest_days: Some(400), ..nothing_goes }.reached(), None, "another keeps one longer still");
    }

    #[test]
    fn a_log_is_shortened_by_the_policy_and_not_by_every_day() {
        let at = |day: i64| jiff::Timestamp::from_second(day * 86_400).ok();
        let log = LogEffect {
            segments: 9,
            bytes: 9,
            before_seconds: Some(30),
            before_known: true,
            after_seconds: Some(30),
            before: at(1),
            after: at(2),
        };
        assert!(!log.shortens());
        assert!(LogEffect { after_seconds: Some(7), segments: 0, after: at(1), ..log.clone() }.shortens());
        assert!(LogEffect { before_seconds: None, ..log.clone() }.shortens(), "there was no limit");
        assert!(!LogEffect { before_seconds: None, after: at(1), ..log.clone() }.shortens());
        assert!(
            !LogEffect { before_seconds: None, after_seconds: None, ..log }.shortens(),
            "as far as the oldest backup, as before"
        );
    }
}
