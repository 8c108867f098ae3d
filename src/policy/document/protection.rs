//! Protections as people type them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{NameText, ScheduleText};
use crate::policy::read::Field;

/// One way in which a component's data is copied: exactly one method, when it runs, and where its copies go.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Protection", extend("not" = { "required": ["store", "stores"] }))]
pub struct ProtectionDocument {
    /// Copies the component's files into the tree format.
    pub file_backup: Field<FileBackupDocument>,
    /// When it runs; only by hand unless told.
    pub schedule: Field<ScheduleText>,
    /// The store that its copies go to.
    pub store: Field<NameText>,
    /// The stores that its copies go to, where there are several.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub stores: Field<Vec<Field<NameText>>>,
}

/// Copies files into the tree format: what did not change is not stored again.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "FileBackup")]
pub struct FileBackupDocument {
    /// How often a backup refers to no other one; `weekly` unless told.
    pub full: Field<ScheduleText>,
    /// Level of zstd: 1 is fast, 19 is small; 3 unless told.
    #[schemars(range(min = 1, max = 19))]
    pub compression: Field<i64>,
}
