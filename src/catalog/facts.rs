//! What decisions about backups are made from: the few facts of each one that matter.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::address::{BackupId, TierName};
use crate::catalog::layout::Place;
use crate::catalog::manifest::{Kind, Manifest};
use crate::catalog::verification::Verification;
use crate::units::storage_class::StorageClass;

/// How far the clocks of two machines may be apart before what the other one wrote counts as from the future.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The latest moment that a backup can bring back by a clock that says `now`. What says that it brings back a later one was made
/// while some clock was wrong: how old it is nobody knows.
pub fn horizon(now: Timestamp) -> Timestamp {
    now.saturating_add(SKEW).unwrap_or(Timestamp::MAX)
}

/// One committed backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupFacts {
    pub id: BackupId,
    /// The moment that it brings back.
    pub at: Timestamp,
    /// The tiers that it was made for.
    pub tiers: Vec<TierName>,
    /// Somebody asked for it, and no schedule.
    pub by_hand: bool,
    pub class: StorageClass,
    pub full: bool,
    /// Something keeps it from being trusted as complete.
    pub suspect: bool,
    /// The last verification that looked at it found damage.
    pub damaged: bool,
    /// The backups whose packs it refers to.
    pub needs: Vec<BackupId>,
    /// When all of it was last read and found good.
    pub verified: Option<Timestamp>,
    /// Bytes of its own packs.
    pub stored: u64,
    /// Seconds from start to commit.
    pub took: u64,
    /// Without it some moment in the window of an archived log could not be come back to.
    pub pinned: bool,
}

impl BackupFacts {
    pub fn of(manifest: &Manifest, health: &Health) -> Self {
        Self {
            id: manifest.id,
            at: manifest.snapshot,
            tiers: manifest.tiers.clone(),
            by_hand: manifest.by_hand,
            class: manifest.class,
            full: manifest.kind == Kind::Full,
            suspect: manifest.is_suspect(),
            damaged: health.damaged.contains_key(&manifest.id),
            needs: manifest.needs.iter().filter_map(|place| Place::parse(place)).map(|place| place.id).collect(),
            verified: health.verified.get(&manifest.id).copied(),
            stored: manifest.measured.stored_bytes,
            took: manifest.measured.elapsed_ms.div_ceil(1_000),
            pinned: false,
        }
    }

    pub fn is_good(&self) -> bool {
        !self.suspect && !self.damaged
    }

    pub fn is_from_the_future(&self, now: Timestamp) -> bool {
        self.at > horizon(now)
    }

    /// Whether it is good, and of a time that is known.
    pub fn is_good_at(&self, now: Timestamp) -> bool {
        self.is_good() && !self.is_from_the_future(now)
    }
}

/// What verifications say of the backups of a series.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// When each backup was last read whole and found good; a later look that found damage takes it back.
    pub verified: BTreeMap<BackupId, Timestamp>,
    /// When each backup was last looked at and found damaged; a later look that found it good takes it back.
    pub damaged: BTreeMap<BackupId, Timestamp>,
}

impl Health {
    pub fn of(verifications: &[Verification]) -> Self {
        let mut sorted: Vec<&Verification> = verifications.iter().collect();
        sorted.sort_by_key(|verification| verification.at);
        let mut health = Self::default();
        for verification in sorted {
            for (id, seen) in &verification.backups {
                if !seen.damages.is_empty() {
                    health.verified.remove(id);
                    health.damaged.insert(*id, verification.at);
                    continue;
                }
                // A look at the structure alone tells of damage that an earlier one read, until that is read again.
                health.damaged.remove(id);
                if seen.whole {
                    health.verified.insert(*id, verification.at);
                }
            }
        }
        health
    }
}
