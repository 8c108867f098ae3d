//! Letting go of backups: planned first, then carried out in an order in which a crash does no harm.
//!
//! Before a manifest goes it is noted that it does (a manifest that is missing without such a note is damage, see `lost.rs`).
//! Manifests go first, those of dependants before those of what they refer to: from then on nobody lists the backup, and at no
//! moment does a listed backup lack a pack. What a crash leaves is a folder without a manifest and a note, which a later prune sweeps.
//! Then, and only then, it is looked again who is writing and what was committed meanwhile; packs that somebody refers to stay.
//! Index and table go before the packs, so that what is left of a cut removal is never taken for more than it is.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::address::BackupId;
use crate::catalog::layout::Place;
use crate::catalog::manifest::Manifest;
use crate::catalog::retention::{Decision, decide};
use crate::policy::Tiers;
use crate::slots::{self, Slots};
use crate::store::ErrorKind;
use crate::tree::TreeError;
use crate::tree::attempt::{GRACE, Seen};
use crate::tree::known::Known;
use crate::tree::progress::Progress;
use crate::tree::shelf::Shelf;
use crate::units::cadence::Zone;

/// What a prune would do.
#[derive(Debug, Clone)]
pub struct PrunePlan {
    /// About every backup, oldest first.
    pub decisions: Vec<Decision>,
    /// The backups that go.
    pub goes: Vec<Manifest>,
    /// Folders that dead attempts left, with their bytes.
    pub orphans: Vec<(Place, u64)>,
    /// Manifests that cannot be read or are lost. While there is one nothing goes, because it may refer to anything before it.
    pub damaged: Vec<Place>,
    /// Claims of scheduled moments that nobody asks for any more.
    pub slots: slots::Old,
}

/// What a prune did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    pub backups: u64,
    pub orphans: u64,
    /// Bytes of packs that were removed.
    pub bytes: u64,
    /// Backups that are no longer listed but whose packs stay, because one being written refers to them.
    pub still_needed: u64,
    pub slots: u64,
}

fn place_text(place: &Place) -> String {
    place.folder().trim_end_matches('/').to_owned()
}

impl Shelf {
    /// Decides what goes. Nothing is changed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn plan_prune(&self, known: &Known, tiers: &Tiers, zone: &Zone, now: Timestamp) -> Result<PrunePlan, TreeError> {
        let decisions = decide(&known.facts, tiers, zone, now);
        let attempts = self.attempts().await?;
        let needed = needed(&attempts, &known.backups.good, now);
        let damaged: Vec<Place> = known.backups.damaged.iter().map(|(place, _)| place.clone()).collect();
        let gone: BTreeSet<BackupId> = decisions.iter().filter(|one| !one.keep).map(|one| one.id).collect();
        let goes = |manifest: &&Manifest| damaged.is_empty() && gone.contains(&manifest.id);
        let goes: Vec<Manifest> = known.backups.good.iter().filter(goes).cloned().collect();
        let mut orphans = Vec::new();
        for place in known.backups.unfinished.iter().filter(|_| damaged.is_empty()) {
            if let Some(bytes) = self.orphaned(place, &attempts, &needed, now).await? {
                orphans.push((place.clone(), bytes));
            }
        }
        let slots = self.slots().old(now).await?;
        Ok(PrunePlan { decisions, goes, orphans, damaged, slots })
    }

    fn slots(&self) -> Slots<'_> {
        Slots::new(&*self.store, self.series.clone())
    }

    /// The bytes of a folder that nobody writes and nobody needs; `None` where somebody does or may.
    async fn orphaned(
        &self,
        place: &Place,
        attempts: &[Seen],
        needed: &BTreeSet<String>,
        now: Timestamp,
    ) -> Result<Option<u64>, TreeError> {
        let written = attempts.iter().any(|seen| seen.attempt.id == place.id && !seen.is_past(GRACE, now));
        if written || needed.contains(&place_text(place)) {
            return Ok(None);
        }
        let objects = self.list(&self.key(&place.folder())).await?;
        let young = objects.iter().any(|object| now.duration_since(object.modified) < GRACE);
        let committed = objects.iter().any(|object| object.key == self.key(&place.manifest()));
        Ok((!young && !committed).then(|| objects.iter().map(|object| object.size).sum()))
    }

    /// Carries a plan out.
    ///
    /// # Errors
    /// When the store fails or it is asked to stop; what was not done yet is done by the next prune.
    pub async fn prune(&self, plan: &PrunePlan, now: Timestamp, progress: &Progress) -> Result<Pruned, TreeError> {
        let mut pruned = Pruned::default();
        let before = living_needs(&self.attempts().await?, now);
        let mut goes: Vec<&Manifest> = plan.goes.iter().filter(|m| !before.contains(&place_text(&m.place()))).collect();
        pruned.still_needed += (plan.goes.len() - goes.len()) as u64;
        // What refers to more goes first: a dependant refers to all that its parent refers to, and to the parent.
        goes.sort_by_key(|manifest| std::cmp::Reverse((manifest.needs.len(), manifest.snapshot)));
        for manifest in &goes {
            progress.go_on()?;
            self.expire(manifest.id, now).await?;
            self.store.delete(&self.key(&manifest.place().manifest())).await?;
        }
        // First who writes, then what is committed: who committed in between is seen in the second, who did not in the first.
        let attempts = self.attempts().await?;
        let known = self.backups().await?;
        let needed = needed(&attempts, &known.good, now);
        let mut standing: BTreeSet<BackupId> = known.unfinished.iter().map(|place| place.id).collect();
        for manifest in goes {
            progress.go_on()?;
            progress.add_entries(1);
            let place = manifest.place();
            if needed.contains(&place_text(&place)) || !known.damaged.is_empty() {
                pruned.still_needed += 1;
                continue;
            }
            pruned.bytes += self.remove_folder(&place).await?;
            standing.remove(&place.id);
            pruned.backups += 1;
        }
        for (place, _) in &plan.orphans {
            progress.go_on()?;
            if self.orphaned(place, &attempts, &needed, now).await?.is_some() {
                pruned.bytes += self.remove_folder(place).await?;
                standing.remove(&place.id);
                pruned.orphans += 1;
            }
        }
        let listed = known.good.iter().map(|manifest| manifest.id).collect();
        self.forget(&attempts, &listed, &standing, now).await?;
        progress.go_on()?;
        self.slots().forget(&plan.slots).await?;
        pruned.slots = plan.slots.slots;
        Ok(pruned)
    }

    /// Removes what lies in the folder of a backup that has no manifest any more: lists first, packs last.
    async fn remove_folder(&self, place: &Place) -> Result<u64, TreeError> {
        let objects = self.list(&self.key(&place.folder())).await?;
        let packs_at = self.key(&place.packs());
        let (packs, lists): (Vec<_>, Vec<_>) = objects.into_iter().partition(|object| object.key.starts_with(&packs_at));
        let bytes = packs.iter().map(|pack| pack.size).sum();
        for part in [lists, packs] {
            let keys: Vec<String> = part.into_iter().map(|object| object.key).collect();
            self.delete_all(&keys).await?;
        }
        self.store.delete(&self.series.expired(place.id)).await?;
        Ok(bytes)
    }

    /// Removes attempts of committed backups and long dead ones, notes of what is gone or stayed, and verifications that speak only of
    /// backups that are gone. Of a folder that is `standing` without a manifest it stays said why.
    async fn forget(
        &self,
        attempts: &[Seen],
        listed: &BTreeSet<BackupId>,
        standing: &BTreeSet<BackupId>,
        now: Timestamp,
    ) -> Result<(), TreeError> {
        for seen in attempts.iter().filter(|seen| !seen.lives(now)) {
            let swept = seen.is_past(GRACE, now) && !standing.contains(&seen.attempt.id);
            if listed.contains(&seen.attempt.id) || swept {
                self.release(&seen.attempt).await?;
            }
        }
        for (id, since) in self.said().await?.expired {
            // A prune that died before the manifest went, and another one that is between the two.
            let stayed = listed.contains(&id) && now.duration_since(since) >= GRACE;
            if stayed || !(listed.contains(&id) || standing.contains(&id)) {
                self.store.delete(&self.series.expired(id)).await?;
            }
        }
        for object in self.list(&self.series.verified()).await? {
            let body = match self.store.get(&object.key, None).await {
                Err(error) if error.kind == ErrorKind::NotFound => continue,
                other => other?,
            };
            let Ok(verification) = crate::catalog::verification::Verification::decode(&body, &object.key) else { continue };
            let old = now.duration_since(verification.at) > GRACE;
            if old && !verification.backups.keys().any(|id| listed.contains(id)) {
                self.store.delete(&object.key).await?;
            }
        }
        Ok(())
    }
}

/// The places that backups being written may refer to.
fn living_needs(attempts: &[Seen], now: Timestamp) -> BTreeSet<String> {
    attempts.iter().filter(|seen| seen.lives(now)).flat_map(|seen| seen.attempt.needs.iter().cloned()).collect()
}

/// The places that anybody refers to.
fn needed(attempts: &[Seen], committed: &[Manifest], now: Timestamp) -> BTreeSet<String> {
    let mut needed = living_needs(attempts, now);
    needed.extend(committed.iter().flat_map(|manifest| manifest.needs.iter().cloned()));
    needed
}
