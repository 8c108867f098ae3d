//! What can go wrong with a whole backup, verification, restore or prune.

use jiff::Timestamp;

use crate::address::BackupId;
use crate::catalog::FormatError;
use crate::source::Trouble;
use crate::store::{ErrorKind, StoreError};
use crate::units::bytes::Bytes;
use crate::units::count::count;

/// A job of the tree engine that did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error("could not read the source: {0}")]
    Source(#[from] Trouble),
    /// `done` and `of` are entries and bytes; the latter where everything was asked for.
    #[error("could not restore any further: {path}: {why}; {} are back", far(*done, *of))]
    Target { path: String, why: String, done: (u64, u64), of: Option<(u64, u64)> },
    #[error("could not find anything to back up: {0}")]
    Nothing(String),
    #[error("could not begin a backup of {what}: another one is being written since {} by {owner}", .since.strftime("%Y-%m-%d %H:%M UTC"))]
    Locked { what: String, since: Timestamp, owner: String },
    #[error("could not begin a backup: {by} was committed meanwhile")]
    Overtaken { by: BackupId },
    #[error("could not commit backup {id}: {why}")]
    Lost { id: String, why: String },
    #[error("could not restore backup {id} to the end: it was removed from the store meanwhile")]
    Removed { id: String },
    #[error("could not find {0}")]
    Missing(String),
    #[error("could not {operation}: {reason}")]
    Machine { operation: &'static str, reason: String },
    /// Another part of the engine failed, and its error is the one to tell.
    #[error("could not go on: the work was stopped")]
    Stopped,
}

fn far(done: (u64, u64), of: Option<(u64, u64)>) -> String {
    let amount = |(entries, bytes): (u64, u64)| format!("{}, {}", count(entries, "entry"), Bytes(bytes));
    amount(done) + &of.map(|of| format!(" of {}", amount(of))).unwrap_or_default()
}

impl TreeError {
    pub(crate) fn machine(operation: &'static str, reason: impl ToString) -> Self {
        Self::Machine { operation, reason: reason.to_string() }
    }

    /// What is missing or damaged, in words: an answer to whoever asks for it. A store that does not answer is not.
    ///
    /// # Errors
    /// Every other failure, as it was.
    pub fn damage(self, what: &str) -> Result<String, Self> {
        self.damaged(what).ok_or(self)
    }

    /// The same, where the error is still needed.
    pub fn damaged(&self, what: &str) -> Option<String> {
        match self {
            Self::Format(error) => Some(error.to_string()),
            Self::Store(error) if error.kind == ErrorKind::NotFound => Some(format!("{what} is missing: {}", error.subject)),
            Self::Store(error) if error.kind == ErrorKind::NoObject => Some(format!("{what} is damaged: {error}")),
            _ => None,
        }
    }
}
