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
}
