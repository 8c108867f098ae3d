//! Verifications: what was looked at, when, and what was wrong. Small create-only objects, from which the rotation is derived.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::BackupId;
use crate::catalog::FormatError;
use crate::catalog::digest::Digest;
use crate::catalog::layout::Series;

const VERSION: u32 = 1;

/// What one verification saw of one backup.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seen {
    /// The packs of this backup's own folder that were read whole and found good.
    pub packs: Vec<Digest>,
    /// All of them were; then `packs` is empty.
    pub all_packs: bool,
    /// Every pack that the backup refers to has been read and found good, in this verification or an earlier one.
    pub whole: bool,
    /// Keys, below the series' prefix, of packs that were damaged when they were last read, in this verification or an earlier one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged_packs: Vec<String>,
    /// Those of `damaged_packs` that this verification did not read itself, with when one last did.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub carried: BTreeMap<String, Timestamp>,
    /// Keys of packs that had their turn and that the store did not give: they lie in an archive class, or it failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<String>,
    /// Each damage in a sentence; empty: none.
    pub damages: Vec<String>,
}

/// One run of `bdr verify` over a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    version: u32,
    pub at: Timestamp,
    pub backups: BTreeMap<BackupId, Seen>,
}

impl Verification {
    pub fn new(at: Timestamp) -> Self {
        Self { version: VERSION, at, backups: BTreeMap::new() }
    }

    pub fn key(&self, series: &Series, random: u32) -> String {
        format!("{}{}.json", series.verified(), BackupId::new(self.at, random))
    }

    /// # Errors
    /// Never for values that bdr makes; the JSON writer's type asks for it.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        serde_json::to_vec(self).map_err(|error| FormatError::damaged("a verification", error.to_string()))
    }

    /// # Errors
    /// When it is damaged, or of a version that this bdr does not know.
    pub fn decode(object: &[u8], what: &str) -> Result<Self, FormatError> {
        let read: Self = serde_json::from_slice(object).map_err(|error| FormatError::damaged(what, error.to_string()))?;
        if read.version > VERSION {
            return Err(FormatError::Version { what: what.to_owned(), found: read.version, known: VERSION });
        }
        Ok(read)
    }
}
