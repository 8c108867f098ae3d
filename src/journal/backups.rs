//! Events of the commands that act on backups by hand, `prune` and `restore`, and of every command that failed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::BackupId;
use crate::lint::format::FindingEntry;

/// The backups of one protection in one store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Series {
    pub component: String,
    pub protection: String,
    pub store: String,
}

/// What becomes of one backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decided {
    pub series: Series,
    #[schemars(with = "String")]
    pub backup: BackupId,
    /// The moment that it brings back.
    #[schemars(with = "String")]
    pub restores: jiff::Timestamp,
    /// Bytes of its own packs.
    pub stored: u64,
    pub stays: bool,
    /// At least one, in words.
    pub reasons: Vec<String>,
}

/// What a prune removed of one series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesPruned {
    pub series: Series,
    pub backups: u64,
    pub leftovers: u64,
    /// Freed, in bytes.
    pub bytes: u64,
    /// Backups that are no longer listed but whose packs stay, because one being written refers to them.
    pub still_needed: u64,
    /// Scheduled moments of long ago whose claims are gone.
    pub slots: u64,
}

/// What becomes of an archived log in one store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogDecided {
    /// Its protection is the `wal_archive`.
    pub series: Series,
    pub goes: Vec<LogSpan>,
    pub stays: Vec<LogSpan>,
    /// Bytes that go.
    pub bytes: u64,
    /// Why it stays from there on, in words.
    pub because: String,
    /// How far back any moment is to be restored; `null`: as far as the oldest base backup.
    pub keep_seconds: Option<u64>,
    /// The moments that can be restored before; `null`: none by this log.
    pub before: Option<LogWindow>,
    pub after: Option<LogWindow>,
}

/// Segments of one timeline that follow one another, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogSpan {
    pub timeline: u32,
    pub first: String,
    pub last: String,
    pub segments: u64,
}

/// Moments any of which can be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogWindow {
    #[schemars(with = "String")]
    pub from: jiff::Timestamp,
    #[schemars(with = "String")]
    pub to: jiff::Timestamp,
}

/// What a prune removed of an archived log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogPruned {
    pub series: Series,
    pub segments: u64,
    /// Freed, in bytes.
    pub bytes: u64,
}

/// What is about to be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RestoreStarted {
    pub format_version: u32,
    pub series: Series,
    #[schemars(with = "String")]
    pub backup: BackupId,
    /// The moment that it brings back.
    #[schemars(with = "String")]
    pub restores: jiff::Timestamp,
    /// Of the whole backup, whatever part is asked for.
    pub entries: u64,
    pub bytes: u64,
    pub to: String,
    /// Nothing is written: this is only told.
    pub dry_run: bool,
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RestoreEnded {
    pub files: u64,
    pub directories: u64,
    pub symlinks: u64,
    pub hard_links: u64,
    pub bytes: u64,
    /// Files and links that stood there already, byte for byte.
    pub kept: u64,
    /// Entries that are not as they were asked for, those among them whose content is back and only an attribute is not.
    pub failed: u64,
    /// Those among them that the destination did not take.
    pub refused: u64,
    /// Those that the store did not give this time; the rest are missing or damaged in it.
    pub not_given: u64,
    /// Entries that came back and belong to somebody else than they did; under `--no-owner` that is as asked.
    pub foreign: u64,
    /// Those among them whose set-user-id or set-group-id bits or capabilities were left off for that.
    pub bared: u64,
    /// The exit code.
    pub exit: u8,
}

/// Why a command could not do what was asked. It stands alone where the command failed before it had anything else to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failed {
    pub format_version: u32,
    /// The exit code.
    pub exit: u8,
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    pub help: Option<String>,
    /// What is wrong with the policy, where that is the reason: as in `schemas/findings.json`.
    #[schemars(with = "Vec<FindingEntry>")]
    pub findings: Vec<serde_json::Value>,
}
