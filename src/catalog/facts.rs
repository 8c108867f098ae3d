//! What decisions about backups are made from: the few facts of each one that matter.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::address::{BackupId, TierName};
use crate::catalog::layout::Place;
use crate::catalog::manifest::{Kind, Manifest};
use crate::catalog::verification::Verification;
use crate::units::storage_class::StorageClass;

/// One committed backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupFacts {
    pub id: BackupId,
    /// The moment that it brings back.
    pub at: Timestamp,
    /// The tiers that it was made for.
    pub tiers: Vec<TierName>,
    pub class: StorageClass,
    pub full: bool,
    /// Something keeps it from being trusted as complete.
    pub suspect: bool,
    /// The backups whose packs it refers to.
    pub needs: Vec<BackupId>,
    /// When all of it was last read and found good.
    pub verified: Option<Timestamp>,
    /// Bytes of its own packs.
    pub stored: u64,
}

impl BackupFacts {
    pub fn of(manifest: &Manifest, verified: Option<Timestamp>) -> Self {
        Self {
            id: manifest.id,
            at: manifest.snapshot,
            tiers: manifest.tiers.clone(),
            class: manifest.class,
            full: manifest.kind == Kind::Full,
            suspect: manifest.is_suspect(),
            needs: manifest.needs.iter().filter_map(|place| Place::parse(place)).map(|place| place.id).collect(),
            verified,
            stored: manifest.measured.stored_bytes,
        }
    }

    pub fn is_good(&self) -> bool {
        !self.suspect
    }
}

/// When each backup was last read whole and found good; a later look that found damage takes it back.
pub fn verified(verifications: &[Verification]) -> BTreeMap<BackupId, Timestamp> {
    let mut sorted: Vec<&Verification> = verifications.iter().collect();
    sorted.sort_by_key(|verification| verification.at);
    let mut verified = BTreeMap::new();
    for verification in sorted {
        for (id, seen) in &verification.backups {
            if !seen.damages.is_empty() {
                verified.remove(id);
            } else if seen.whole {
                verified.insert(*id, verification.at);
            }
        }
    }
    verified
}
