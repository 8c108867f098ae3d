//! Retention as people type it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{DurationText, PeriodText};
use crate::policy::read::{Field, Hints, Instead};
use crate::units::storage_class::StorageClass;

/// A class of retention: the first good backup of each period is kept for a time, in a storage class.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Tier")]
pub struct TierDocument {
    /// The period of which one backup is kept: a word of the calendar, or a duration; the names `hourly` to `yearly` imply it.
    pub every: Field<PeriodText>,
    /// How long a backup of this tier is kept; of `wal`, how far back any moment can be restored.
    #[serde(rename = "for")]
    pub keep: Field<DurationText>,
    /// The storage class it is written in; STANDARD unless told.
    pub class: Field<StorageClass>,
}

impl Instead for TierDocument {
    const WRITE: Hints = &["Write `{key}: { for: {value} }`.", "Write how long its copies stay: `{key}: { for: 30d }`."];
    const NAMED: Hints = &[
        "Write how long one of each day is kept: `{key}: { daily: { for: {value} } }`.",
        "Write the tiers by name: `{key}: { daily: { for: 30d } }`.",
    ];
}

impl Instead for StorageClass {}
