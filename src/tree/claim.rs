//! Claiming the right to write a backup: one attempt of a series lives at a time, and a dead one's packs are gone on with.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::address::{BackupId, TierName};
use crate::apply::Owner;
use crate::catalog::index::PackRef;
use crate::catalog::layout::{Place, pack_digest};
use crate::store::ErrorKind;
use crate::tree::TreeError;
use crate::tree::attempt::{Attempt, BEAT, Seen};
use crate::tree::shelf::Shelf;
use crate::units::storage_class::StorageClass;

/// Rounds in which those that met at the same moment step back and try again.
const ROUNDS: u32 = 4;

/// One try at a claim.
enum Tried {
    Won(Claim),
    /// Somebody else claimed at the same moment.
    Met(TreeError),
}

/// What is to be written.
#[derive(Debug, Clone)]
pub struct Wish {
    pub tiers: Vec<TierName>,
    /// The longest of `tiers`.
    pub tier: Option<TierName>,
    pub class: StorageClass,
    /// Backups whose packs it may refer to.
    pub needs: Vec<String>,
}

/// The right to write one backup.
#[derive(Debug)]
pub struct Claim {
    pub attempt: Attempt,
    /// Packs that a dead attempt left in the backup's folder.
    pub left: Vec<PackRef>,
}

impl Shelf {
    /// Everybody who writes or wrote without committing: the newest generation of each backup.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn attempts(&self) -> Result<Vec<Seen>, TreeError> {
        let mut newest: BTreeMap<BackupId, Seen> = BTreeMap::new();
        for object in self.list(&self.series.attempts()).await? {
            let body = match self.store.get(&object.key, None).await {
                Ok(body) => body,
                // Committed or swept since the listing.
                Err(error) if error.kind == ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            // Half an attempt object is no attempt: whoever wrote it never got further.
            let Ok(attempt) = Attempt::decode(&body, &object.key) else { continue };
            let seen = Seen { attempt, beat: object.modified };
            let newer = newest.get(&seen.attempt.id).is_none_or(|old| old.attempt.generation < seen.attempt.generation);
            if newer {
                newest.insert(seen.attempt.id, seen);
            }
        }
        Ok(newest.into_values().collect())
    }

    /// Claims the right to write a backup.
    ///
    /// # Errors
    /// [`TreeError::Locked`] when somebody else has it.
    pub async fn claim(&self, wish: &Wish, owner: &Owner, now: Timestamp) -> Result<Claim, TreeError> {
        let mut round = 0;
        loop {
            round += 1;
            match self.claim_once(wish, owner, now).await? {
                Tried::Won(claim) => return Ok(claim),
                Tried::Met(error) if round == ROUNDS => return Err(error),
                // Those that began at once may all have seen another and stepped back: one of them comes first now.
                Tried::Met(_) => {
                    let wait = Duration::from_millis(fastrand::u64(50..400) * u64::from(round));
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    async fn claim_once(&self, wish: &Wish, owner: &Owner, now: Timestamp) -> Result<Tried, TreeError> {
        let seen = self.attempts().await?;
        // Who was there before is not waited for. Of those that claim at once the last one to step back meets nobody here.
        if let Some(living) = seen.iter().find(|seen| seen.lives(now)) {
            return Err(self.locked(living));
        }
        let mut attempt = self.new_attempt(wish, owner, now);
        for dead in seen.iter().filter(|seen| seen.fits(&wish.tiers, wish.class, now)) {
            if self.exists(&self.key(&dead.attempt.place().manifest())).await? {
                // It was committed, and died before it said so.
                self.release(&dead.attempt).await?;
                continue;
            }
            attempt = dead.attempt.adopted_by(owner.clone());
        }
        attempt.needs.clone_from(&wish.needs);
        let key = attempt.key(&self.series);
        match self.put_small(&key, attempt.encode()?, true).await {
            Err(error) if error.kind == ErrorKind::Exists => {
                return Ok(Tried::Met(self.attempts().await?.first().map_or(TreeError::Stopped, |other| self.locked(other))));
            }
            other => other?,
        }
        // Whoever claims writes first and looks then. So of two that claim at once at least one sees the other, and whoever
        // sees another steps back. That needs no conditional write, which not every store has.
        for other in self.attempts().await? {
            let mine = other.attempt.nonce == attempt.nonce;
            if !mine && (other.lives(now) || other.attempt.id == attempt.id) {
                if other.attempt.id != attempt.id {
                    self.withdraw(&attempt, &[key]).await?;
                }
                return Ok(Tried::Met(self.locked(&other)));
            }
        }
        let left = if attempt.generation > 0 { self.packs_of(&attempt.place()).await? } else { Vec::new() };
        Ok(Tried::Won(Claim { attempt, left }))
    }

    fn new_attempt(&self, wish: &Wish, owner: &Owner, now: Timestamp) -> Attempt {
        let place = Place::new(wish.tier.as_ref(), BackupId::new(now, fastrand::u32(..)));
        Attempt::new(&place, wish.tiers.clone(), wish.class, owner.clone(), now)
    }

    fn locked(&self, other: &Seen) -> TreeError {
        TreeError::Locked {
            what: self.series.prefix().trim_end_matches('/').to_owned(),
            since: other.attempt.started,
            owner: other.attempt.owner.to_string(),
        }
    }

    /// The packs that lie in the folder of a backup, listed by anything or not.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn packs_of(&self, place: &Place) -> Result<Vec<PackRef>, TreeError> {
        let objects = self.list(&self.key(&place.packs())).await?;
        let pack = |key: &str, size| pack_digest(key).map(|sha256| PackRef { place: place.clone(), sha256, size });
        Ok(objects.iter().filter_map(|object| pack(&object.key, object.size)).collect())
    }

    /// Says, again and again, that the attempt lives. Returns only when it has lost its right or the store fails for good.
    pub async fn beat(&self, attempt: &Attempt) -> TreeError {
        let mut failures = 0;
        loop {
            tokio::time::sleep(BEAT).await;
            match self.beat_once(attempt).await {
                Ok(()) => failures = 0,
                Err(lost @ TreeError::Lost { .. }) => return lost,
                // Silence is what makes others take over, so a store that fails for long ends the attempt before they do.
                Err(error) if failures > 8 => return error,
                Err(_) => failures += 1,
            }
        }
    }

    async fn beat_once(&self, attempt: &Attempt) -> Result<(), TreeError> {
        self.still_ours(attempt).await?;
        self.put_attempt(attempt).await
    }

    /// Writes an attempt over what it said before: it is no part of any backup, so it may change.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_attempt(&self, attempt: &Attempt) -> Result<(), TreeError> {
        Ok(self.put_small(&attempt.key(&self.series), attempt.encode()?, false).await?)
    }

    /// # Errors
    /// [`TreeError::Lost`] when somebody took the attempt for dead and adopted or swept it.
    pub async fn still_ours(&self, attempt: &Attempt) -> Result<(), TreeError> {
        let lost = |why: String| TreeError::Lost { id: attempt.id.to_string(), why };
        let seen = self.attempts().await?;
        let Some(now) = seen.iter().find(|seen| seen.attempt.id == attempt.id) else {
            return Err(lost("its attempt is gone from the store".to_owned()));
        };
        if now.attempt.nonce != attempt.nonce {
            return Err(lost(format!("{} took it over", now.attempt.owner)));
        }
        Ok(())
    }

    /// A backup that was committed since the catalogue was read in which only those were `seen`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn committed_beside(&self, seen: &BTreeSet<Place>) -> Result<Option<Place>, TreeError> {
        for place in self.places().await? {
            if !seen.contains(&place) && self.exists(&self.key(&place.manifest())).await? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Removes an attempt: it was committed, or given up before it wrote anything.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn release(&self, attempt: &Attempt) -> Result<(), TreeError> {
        let objects = self.list(&format!("{}{}/", self.series.attempts(), attempt.id)).await?;
        let keys: Vec<String> = objects.into_iter().map(|object| object.key).collect();
        self.withdraw(attempt, &keys).await
    }

    /// Removes what says that an attempt lives. Who may remove nothing says instead that it has ended: then nobody waits for it, and
    /// whoever prunes removes it.
    async fn withdraw(&self, attempt: &Attempt, keys: &[String]) -> Result<(), TreeError> {
        match self.delete_all(keys).await {
            Err(error) if error.kind == ErrorKind::Denied && !attempt.ended => self.put_attempt(&attempt.over()).await,
            Err(error) if error.kind != ErrorKind::Denied => Err(error.into()),
            _ => Ok(()),
        }
    }
}
