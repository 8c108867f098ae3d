//! What the next backup is to be: for which tiers, in which class, and compared with which one before it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::address::TierName;
use crate::catalog::facts::BackupFacts;
use crate::policy::{Tier, Tiers};
use crate::units::cadence::{Period, Schedule, Semantics, Zone};
use crate::units::storage_class::StorageClass;

/// One backup to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Longest first.
    pub tiers: Vec<TierName>,
    pub class: StorageClass,
}

/// The backups that a run at `now` makes. Tiers whose class can be read at once share one, in the class of the longest of them;
/// each archive class gets a copy of its own, so that the latest state never has to be retrieved first. There is always one that
/// can be read at once, also when no tier asks for it.
pub fn due(backups: &[BackupFacts], tiers: &Tiers, zone: &Zone, now: Timestamp) -> Vec<Due> {
    let mut open: Vec<&Tier> = tiers.values().filter(|tier| !is_filled(tier, backups, zone, now)).collect();
    open.sort_by(|a, b| b.keep.cmp(&a.keep).then_with(|| a.name.cmp(&b.name)));
    let at_hand: Vec<&Tier> = open.iter().copied().filter(|tier| tier.class.is_immediate()).collect();
    let names = |tiers: &[&Tier]| tiers.iter().map(|tier| tier.name.value.clone()).collect();
    let class = at_hand.first().map_or(StorageClass::Standard, |tier| tier.class.value);
    let mut all = vec![Due { tiers: names(&at_hand), class }];
    let mut archived: BTreeMap<StorageClass, Vec<&Tier>> = BTreeMap::new();
    for tier in open.iter().filter(|tier| !tier.class.is_immediate()) {
        archived.entry(tier.class.value).or_default().push(tier);
    }
    all.extend(archived.into_iter().map(|(class, tiers)| Due { tiers: names(&tiers), class }));
    all
}

/// Whether the tier has its good backup of the present period.
fn is_filled(tier: &Tier, backups: &[BackupFacts], zone: &Zone, now: Timestamp) -> bool {
    let bucket = tier.every.bucket(now, zone);
    let fills = |backup: &BackupFacts| backup.is_good_at(now) && backup.tiers.contains(&tier.name);
    backups.iter().any(|backup| fills(backup) && tier.every.bucket(backup.at, zone) == bucket)
}

/// What a backup may refer to: the newest good one since the last full backup was due, that can be read at once and is kept at
/// least as long. `None`: it has to be a full one.
pub fn parent<'a>(
    due: &Due,
    backups: &'a [BackupFacts],
    tiers: &Tiers,
    full: Option<&Schedule>,
    (zone, now): (&Zone, Timestamp),
) -> Option<&'a BackupFacts> {
    if !due.class.is_immediate() {
        return None;
    }
    let usable = |backup: &&BackupFacts| backup.is_good_at(now) && backup.class.is_immediate();
    let last_full = backups.iter().filter(usable).filter(|backup| backup.full).map(|backup| backup.at).max()?;
    if is_full_due(last_full, full, zone, now) {
        return None;
    }
    let keep = |names: &[TierName]| names.iter().filter_map(|name| tiers.get(name)).map(|tier| tier.keep.value).max();
    // A long tier must not hang on what a short one keeps: it would keep that alive for as long as itself.
    let long_enough = |backup: &&BackupFacts| keep(&backup.tiers) >= keep(&due.tiers);
    let recent = |backup: &&BackupFacts| backup.at >= last_full;
    backups.iter().filter(usable).filter(recent).filter(long_enough).max_by_key(|backup| (backup.at, backup.id))
}

/// Whether the moment of a full backup has come since the last one. Without a schedule they are made once a week.
fn is_full_due(last: Timestamp, full: Option<&Schedule>, zone: &Zone, now: Timestamp) -> bool {
    match full {
        None => Period::Week.bucket(last, zone) < Period::Week.bucket(now, zone),
        Some(schedule) => schedule.cadence.runs(zone, Semantics::Agent).latest(now).is_some_and(|moment| moment > last),
    }
}
