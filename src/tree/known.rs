//! What is known of a series: its backups, what verifications saw, and the facts that decisions are made from.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::address::BackupId;
use crate::catalog::due::{self, Due};
use crate::catalog::facts::{BackupFacts, Health, horizon};
use crate::catalog::layout::Place;
use crate::catalog::manifest::Manifest;
use crate::catalog::verification::Verification;
use crate::policy::Tiers;
use crate::store::StoreError;
use crate::tree::claim::Wish;
use crate::tree::shelf::{Backups, Shelf};
use crate::units::cadence::{Schedule, Zone};

/// The catalogue of one series.
#[derive(Debug, Default)]
pub struct Known {
    pub backups: Backups,
    pub verifications: Vec<Verification>,
    pub health: Health,
    /// Of the backups whose manifests could be read, oldest first.
    pub facts: Vec<BackupFacts>,
    /// Its place does not carry the policy's mark, and holds its backups all the same: it was released, or the mark was removed.
    pub unmarked: bool,
}

/// A backup that is not restored unawares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedBackup {
    pub id: BackupId,
    /// What of it is damaged.
    pub what: String,
    /// When that was seen; `None`: just now.
    pub seen: Option<Timestamp>,
}

/// A backup to make now.
#[derive(Debug)]
pub struct Round {
    pub due: Due,
    pub parent: Option<Manifest>,
}

impl Shelf {
    /// Reads the catalogue from the store; there is nothing else that it could be read from.
    ///
    /// # Errors
    /// When the store fails, or is not the one that was set up.
    pub async fn known(&self) -> Result<Known, StoreError> {
        let unmarked = !self.check_readable().await?;
        let backups = self.backups().await?;
        let verifications = self.verifications().await?;
        let health = Health::of(&verifications);
        let facts = backups.good.iter().map(|manifest| BackupFacts::of(manifest, &health)).collect();
        Ok(Known { backups, verifications, health, facts, unmarked })
    }
}

impl Known {
    pub fn find(&self, id: BackupId) -> Option<&Manifest> {
        self.backups.good.iter().find(|manifest| manifest.id == id)
    }

    /// Where committed backups lie.
    pub fn committed(&self) -> BTreeSet<Place> {
        let damaged = self.backups.damaged.iter().map(|(place, _)| place.clone());
        self.backups.good.iter().map(Manifest::place).chain(damaged).collect()
    }

    /// Whether nothing speaks against trusting it: it is not suspect, and no verification found damage.
    pub fn is_good(&self, manifest: &Manifest) -> bool {
        !manifest.is_suspect() && !self.health.damaged.contains_key(&manifest.id)
    }

    /// Every backup that is known to be damaged, those whose manifest cannot be read or is lost among them; in order of their ids, which
    /// is that of time.
    pub fn damaged(&self) -> BTreeSet<BackupId> {
        let seen = self.facts.iter().filter(|facts| facts.damaged).map(|facts| facts.id);
        seen.chain(self.backups.damaged.iter().map(|(place, _)| place.id)).collect()
    }

    /// The newest damaged backup from after `chosen` and no later than `at`. The moment of one whose manifest cannot be read is
    /// taken from its id, to the second.
    pub fn damaged_after(&self, chosen: &Manifest, at: Timestamp) -> Option<DamagedBackup> {
        let seen = self.backups.good.iter().filter(|m| m.snapshot > chosen.snapshot && m.snapshot <= at);
        let seen = seen.filter_map(|m| {
            let at = *self.health.damaged.get(&m.id)?;
            Some(DamagedBackup { id: m.id, what: self.found(m.id, at), seen: Some(at) })
        });
        // What the chosen one refers to was there before it, however close the two were made.
        let before = |place: &Place| chosen.refers_to(place);
        let unreadable = self.backups.damaged.iter().filter(|(place, _)| !before(place));
        let unreadable = unreadable.map(|(place, error)| DamagedBackup { id: place.id, what: error.to_string(), seen: None });
        let unreadable = unreadable.filter(|one| one.id.began() >= chosen.id.began() && one.id.began() <= at);
        seen.chain(unreadable).max_by_key(|one| one.id)
    }

    /// What was found damaged of a backup at that time.
    fn found(&self, id: BackupId, at: Timestamp) -> String {
        let then = self.verifications.iter().filter(|verification| verification.at == at);
        let damages: Vec<&String> = then.filter_map(|one| one.backups.get(&id)).flat_map(|seen| &seen.damages).collect();
        match damages.as_slice() {
            [] => "damage was found".to_owned(),
            [one] => (*one).clone(),
            [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
        }
    }

    /// The newest good backup; one from the future only where there is no other.
    pub fn newest(&self, now: Timestamp) -> Option<&Manifest> {
        self.latest(horizon(now)).or_else(|| self.latest(Timestamp::MAX))
    }

    /// The newest good backup that brings back a moment no later than `at`; one that can be read at once before one that cannot.
    pub fn latest(&self, at: Timestamp) -> Option<&Manifest> {
        self.latest_that(at, |_| true)
    }

    /// The same of those that `fits` takes.
    pub fn latest_that(&self, at: Timestamp, fits: impl Fn(&Manifest) -> bool) -> Option<&Manifest> {
        let fits = |manifest: &&Manifest| manifest.snapshot <= at && self.is_good(manifest) && fits(manifest);
        let newest = self.backups.good.iter().filter(fits).max_by_key(|m| (m.snapshot, m.id))?;
        let at_hand = self.backups.good.iter().filter(fits).filter(|m| m.class.is_immediate());
        // A copy for the archive is made right after the one at hand, so the two are of nearly the same moment.
        let near = |m: &&Manifest| newest.snapshot.duration_since(m.snapshot) < jiff::SignedDuration::from_hours(6);
        at_hand.max_by_key(|m| (m.snapshot, m.id)).filter(near).or(Some(newest))
    }

    /// The backups that a run at `now` makes, the one at hand first.
    pub fn rounds(&self, tiers: &Tiers, full: Option<&Schedule>, (zone, now): (&Zone, Timestamp)) -> Vec<Round> {
        let round = |due: Due| {
            let parent = due::parent(&due, &self.facts, tiers, full, (zone, now));
            Round { parent: parent.and_then(|parent| self.find(parent.id)).cloned(), due }
        };
        due::due(&self.facts, tiers, zone, now).into_iter().map(round).collect()
    }
}

impl Round {
    pub fn wish(&self) -> Wish {
        let needs = self.parent.iter().flat_map(|parent| {
            let own = parent.place().folder().trim_end_matches('/').to_owned();
            parent.needs.iter().cloned().chain([own])
        });
        Wish {
            tier: self.due.tiers.first().cloned(),
            tiers: self.due.tiers.clone(),
            class: self.due.class,
            needs: needs.collect(),
        }
    }
}
