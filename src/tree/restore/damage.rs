//! Damage that a restore met in the store, as far as it says something of backups.

use crate::catalog::FormatError;
use crate::catalog::index::PackRef;
use crate::tree::TreeError;

/// What is not in the store as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Damage {
    /// Parts of the backup itself, its index and its table of packs: a sentence each.
    pub parts: Vec<String>,
    /// Packs that are not there.
    pub missing: Vec<PackRef>,
    /// Packs that hold something else, with the reason.
    pub packs: Vec<(PackRef, String)>,
}

impl Damage {
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.missing.is_empty() && self.packs.is_empty()
    }

    /// The damage that an error tells of; `None`: it comes from something else. A format that a later bdr wrote is no damage.
    pub fn of(error: &TreeError) -> Option<Self> {
        if matches!(error, TreeError::Format(FormatError::Version { .. })) {
            return None;
        }
        let part = error.damaged("a part of the index or of the table of packs")?;
        Some(Self { parts: vec![part], ..Self::default() })
    }
}
