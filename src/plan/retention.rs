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
    pub before: Option<Window>,
    pub after: Option<Window>,
    /// By whose clock people are told: the policy's `timezone`.
    #[serde(default)]
    pub timezone: String,
    /// Where the policy says how long backups stay.
    pub place: Option<Position>,
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

    /// Whether less far back can be restored afterwards. What only thins out the window is retention's everyday work.
    pub fn shortens(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => after.from > before.from || after.to < before.to,
            (before, _) => before.is_some() && !self.goes.is_empty(),
        }
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
            before: Some(window(before)),
            after: after.map(window),
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
}
