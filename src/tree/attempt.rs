//! Attempts: who is writing a backup that is not committed yet. Gone after the commit; what a dead one left is adopted or swept.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::address::{BackupId, TierName};
use crate::apply::Owner;
use crate::catalog::FormatError;
use crate::catalog::layout::{Place, Series};
use crate::units::storage_class::StorageClass;

const VERSION: u32 = 1;

/// How often the one who writes says that it lives.
pub const BEAT: std::time::Duration = std::time::Duration::from_secs(60);
/// An attempt without a beat for so long is dead, wherever it runs.
const SILENCE: SignedDuration = SignedDuration::from_mins(15);
/// What a dead attempt left is used again for so long …
const ADOPTABLE: SignedDuration = SignedDuration::from_hours(12);
/// … and swept only after so long, so that nobody sweeps what another just adopted.
pub const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// One try at one backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    version: u32,
    pub id: BackupId,
    /// Folder below the series.
    pub shelf: String,
    pub tiers: Vec<TierName>,
    pub class: StorageClass,
    /// How often it was adopted.
    pub generation: u32,
    pub owner: Owner,
    /// Tells two attempts of one process apart.
    pub nonce: u64,
    pub started: Timestamp,
    /// It failed, and its process knew: nobody has to wait for its silence.
    pub ended: bool,
    /// `<tier>/<backup id>` of backups whose packs it may refer to: no prune takes them while it lives.
    pub needs: Vec<String>,
}

impl Attempt {
    pub fn new(place: &Place, tiers: Vec<TierName>, class: StorageClass, owner: Owner, started: Timestamp) -> Self {
        let (shelf, id) = (place.tier.clone(), place.id);
        let nonce = fastrand::u64(..);
        Self { version: VERSION, id, shelf, tiers, class, generation: 0, owner, nonce, started, ended: false, needs: Vec::new() }
    }

    /// The same backup, gone on with by somebody else.
    #[must_use]
    pub fn adopted_by(&self, owner: Owner) -> Self {
        Self { generation: self.generation + 1, owner, nonce: fastrand::u64(..), ended: false, ..self.clone() }
    }

    /// The same, of which its process knows that it has ended: nobody has to wait for its silence.
    #[must_use]
    pub fn over(&self) -> Self {
        Self { ended: true, ..self.clone() }
    }

    pub fn place(&self) -> Place {
        Place { tier: self.shelf.clone(), id: self.id }
    }

    pub fn key(&self, series: &Series) -> String {
        format!("{}{}/{:06}.json", series.attempts(), self.id, self.generation)
    }

    /// # Errors
    /// Never for values that bdr makes; the JSON writer's type asks for it.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        serde_json::to_vec(self).map_err(|error| FormatError::damaged("an attempt", error.to_string()))
    }

    /// # Errors
    /// When it is damaged, or of a version that this bdr does not know.
    pub fn decode(object: &[u8], what: &str) -> Result<Self, FormatError> {
        let attempt: Self = serde_json::from_slice(object).map_err(|error| FormatError::damaged(what, error.to_string()))?;
        if attempt.version > VERSION {
            return Err(FormatError::Version { what: what.to_owned(), found: attempt.version, known: VERSION });
        }
        Ok(attempt)
    }
}

/// An attempt with what the store tells about it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub attempt: Attempt,
    /// The last beat, by the store's clock.
    pub beat: Timestamp,
}

impl Seen {
    /// Whether somebody may still be writing: its process is not seen to have ended, and it said so not long ago. A beat from
    /// the future is taken for a fresh one.
    pub fn lives(&self, now: Timestamp) -> bool {
        !self.attempt.ended && now.duration_since(self.beat) < SILENCE && !self.attempt.owner.is_certainly_gone()
    }

    /// Whether it is so long dead that what it left may be swept.
    pub fn is_past(&self, grace: SignedDuration, now: Timestamp) -> bool {
        !self.lives(now) && now.duration_since(self.beat) >= grace
    }

    /// Whether what it left may be gone on with, for a backup of the given tiers and class.
    pub fn fits(&self, tiers: &[TierName], class: StorageClass, now: Timestamp) -> bool {
        let attempt = &self.attempt;
        let young = now.duration_since(attempt.started) < ADOPTABLE && now.duration_since(self.beat) < ADOPTABLE;
        !self.lives(now) && young && attempt.tiers == tiers && attempt.class == class
    }
}
