//! Protections as people type them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{DurationText, ReplicationDocument, ScheduleText, StoreText};
use crate::policy::read::{Field, Hints, Instead};

/// One way in which a component's data is copied: exactly one method, when it runs, and where its copies go.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Protection", extend("not" = { "required": ["store", "stores"] }))]
pub struct ProtectionDocument {
    /// Copies the component's files into the tree format.
    pub file_backup: Field<FileBackupDocument>,
    /// Dumps the component's database by pg_dump into the tree format.
    pub logical_dump: Field<Box<LogicalDumpDocument>>,
    /// Copies the whole cluster that the component's database is in, file by file, into the tree format.
    pub base_backup: Field<Box<BaseBackupDocument>>,
    /// Archives the write-ahead log of the component's cluster, as PostgreSQL hands it over by `bdr wal push`; needs no schedule.
    pub wal_archive: Field<Box<WalArchiveDocument>>,
    /// S3 copies the component's objects to a store by itself, as they are written; needs no schedule.
    pub replication: Field<Box<ReplicationDocument>>,
    /// When it runs; only by hand unless told.
    pub schedule: Field<ScheduleText>,
    /// The store that its copies go to.
    pub store: Field<StoreText>,
    /// The stores that its copies go to, where there are several.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub stores: Field<Vec<Field<StoreText>>>,
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
    pub compression: Field<Level>,
}

/// Dumps a database with its roles into the tree format: what is as it was in the dump before is not stored again.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "LogicalDump")]
pub struct LogicalDumpDocument {
    /// How often a backup refers to no other one; `weekly` unless told.
    pub full: Field<ScheduleText>,
    /// Level of zstd: 1 is fast, 19 is small; 3 unless told.
    #[schemars(range(min = 1, max = 19))]
    pub compression: Field<Level>,
}

/// Copies a whole cluster with the log that makes the copy consistent into the tree format: blocks that did not change are not stored
/// again.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "BaseBackup")]
pub struct BaseBackupDocument {
    /// How often a backup refers to no other one; `weekly` unless told.
    pub full: Field<ScheduleText>,
    /// Level of zstd: 1 is fast, 19 is small; 3 unless told.
    #[schemars(range(min = 1, max = 19))]
    pub compression: Field<Level>,
}

/// Archives the write-ahead log (WAL) of a cluster of PostgreSQL, whose `archive_command` is `bdr wal push`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "WalArchive")]
pub struct WalArchiveDocument {
    /// The longest that a change waits to be archived: the server's `archive_timeout`, or more; 60s unless told.
    pub max_interval: Field<DurationText>,
}

/// A level of zstd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Level(pub i64);

impl Instead for ProtectionDocument {
    const WRITE: Hints = &[
        "Write `{key}: { file_backup: {}, schedule: daily, store: NAME }`.",
        "Write `{key}: { file_backup: {}, schedule: daily, store: NAME }`.",
    ];
    const NAMED: Hints = &[
        "The names are keys: `{key}: { nightly: { file_backup: {}, schedule: daily, store: NAME } }`.",
        "The names are keys: `{key}: { nightly: { file_backup: {}, schedule: daily, store: NAME } }`.",
    ];
}

impl Instead for FileBackupDocument {
    const WRITE: Hints = &["Write `{key}: {}`.", "Write `{key}: {}`."];
}

impl Instead for LogicalDumpDocument {
    const WRITE: Hints = &["Write `{key}: {}`.", "Write `{key}: {}`."];
}

impl Instead for BaseBackupDocument {
    const WRITE: Hints = &["Write `{key}: {}`.", "Write `{key}: {}`."];
}

impl Instead for WalArchiveDocument {
    const WRITE: Hints = &["Write `{key}: { max_interval: {value} }`.", "Write `{key}: {}`."];
}

impl Instead for Level {
    const WRITE: Hints = &[
        "Write a level from 1 (fast) to 19 (small): `{key}: 3`.",
        "Write a level from 1 (fast) to 19 (small): `{key}: 3`.",
        "Write a level from 1 (fast) to 19 (small): `{key}: 3`.",
    ];
}
