//! Retention: which backups stay, which go, and why. Pure; `bdr prune` carries it out, a plan shows it beforehand.
//!
//! A tier keeps the first good backup of each of its periods for as long as it says. A backup that somebody made by hand stays
//! as long as the shortest tier keeps one, and one that is not good besides until a newer one is. These always stay: the newest backup,
//! the newest good one, the newest good one that can be read at once, the last one that was verified, those without which an archived
//! log would not reach as far back as the policy says ([`crate::catalog::log_retention`]), and whatever one that stays refers to.
//!
//! Ages count from the newest good backup, not from the clock. So while no new backup succeeds nothing grows old, and a clock
//! that is wrong by years deletes nothing; a backup from the future stays until its time has come.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::address::{BackupId, TierName};
use crate::catalog::facts::BackupFacts;
use crate::policy::{Tier, Tiers};
use crate::units::cadence::{Bucket, Zone};

/// Why a backup stays or goes. Days are those of the policy's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Stays: the tier's backup of a period, until it is that much older than the newest good one.
    Tier { tier: TierName, bucket: Bucket, until: Date },
    /// Stays: somebody made it, and it is kept as long as the shortest tier keeps one.
    ByHand { tier: TierName, until: Date },
    /// Stays: nothing newer is good.
    Newest,
    /// Stays: none is good, and nothing is newer.
    NoneGood,
    /// Stays: nothing at all is newer, good or not.
    Last,
    /// Stays: somebody made it, it is not good, and nothing newer is either.
    NoneGoodSince,
    /// Stays: nothing newer is good and can be read at once.
    NewestAtHand,
    /// Stays: nothing newer was read whole and found good.
    LastVerified,
    /// Stays: an archived log rolls it forward to moments of its window that no other one leads to.
    RolledForward,
    /// Stays: another one that stays refers to its packs.
    Needed { by: BackupId },
    /// Stays: it is from after now.
    Future,
    /// Stays: the policy says nothing of how long backups stay.
    Unlimited,
    /// Goes: it was the tier's backup of a period, and its time is over.
    Expired { tier: TierName, bucket: Bucket, since: Date },
    /// Goes: a tier's period has an earlier one, or a good one.
    Second { tier: TierName, bucket: Bucket, first: BackupId },
    /// Goes: somebody made it, and the time of the shortest tier is over.
    ByHandEnded { tier: TierName, since: Date },
    /// Goes: it was made for no tier, and there is a newer one: the newest good one, or the newest of all where that is older.
    Superseded { by: BackupId },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tier { tier, bucket, until } => write!(f, "{tier} of {bucket}, until {}", until),
            Self::ByHand { tier, until } => write!(f, "made by hand: as long as {tier}, until {}", until),
            Self::ByHandEnded { tier, since } => write!(f, "made by hand: as long as {tier}, which ended on {}", since),
            Self::Newest => f.write_str("the newest good backup"),
            Self::NoneGood => f.write_str("the newest one, and none is good"),
            Self::Last => f.write_str("the newest one, though not good"),
            Self::NoneGoodSince => f.write_str("made by hand, and no newer one is good"),
            Self::NewestAtHand => f.write_str("the newest good backup that can be read at once"),
            Self::LastVerified => f.write_str("the last one that was verified"),
            Self::RolledForward => f.write_str("the window of the archived log needs it"),
            Self::Needed { by } => write!(f, "{by} refers to it"),
            Self::Future => f.write_str("from the future by this machine's clock"),
            Self::Unlimited => f.write_str("the policy sets no limit"),
            Self::Expired { tier, bucket, since } => write!(f, "{tier} of {bucket} ended on {}", since),
            Self::Second { tier, bucket, first } => write!(f, "{tier} of {bucket} is {first}"),
            Self::Superseded { by } => write!(f, "no tier keeps it, and {by} is newer"),
        }
    }
}

/// What becomes of one backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub id: BackupId,
    pub keep: bool,
    /// At least one.
    pub reasons: Vec<Reason>,
}

/// Decides about every backup; the answer is in order of time. `tiers` is the component's whole `retain`.
pub fn decide(backups: &[BackupFacts], tiers: &Tiers, zone: &Zone, now: Timestamp) -> Vec<Decision> {
    let mut sorted: Vec<&BackupFacts> = backups.iter().collect();
    sorted.sort_by_key(|backup| (backup.at, backup.id));
    let mut table = Table { kept: BTreeMap::new(), gone: BTreeMap::new() };
    if tiers.is_empty() {
        sorted.iter().for_each(|backup| table.keep(backup.id, Reason::Unlimited));
        return table.decisions(&sorted);
    }
    let present: Vec<&BackupFacts> = sorted.iter().copied().filter(|backup| !backup.is_from_the_future(now)).collect();
    sorted.iter().filter(|backup| backup.is_from_the_future(now)).for_each(|backup| table.keep(backup.id, Reason::Future));
    let newest = |wanted: &dyn Fn(&BackupFacts) -> bool| present.iter().rev().copied().find(|backup| wanted(backup));
    let newest_good = newest(&BackupFacts::is_good).or_else(|| newest(&|_| true));
    let (Some(newest_good), Some(last)) = (newest_good, present.last()) else { return table.decisions(&sorted) };
    let age_from = newest_good.at;

    table.keep(newest_good.id, if newest_good.is_good() { Reason::Newest } else { Reason::NoneGood });
    if let Some(at_hand) = newest(&|backup| backup.is_good() && backup.class.is_immediate()) {
        table.keep(at_hand.id, Reason::NewestAtHand);
    }
    if let Some(verified) = newest(&|backup| backup.is_good() && backup.verified.is_some()) {
        table.keep(verified.id, Reason::LastVerified);
    }
    sorted.iter().filter(|backup| backup.pinned).for_each(|backup| table.keep(backup.id, Reason::RolledForward));
    for tier in tiers.values() {
        table.tier(tier, &present, zone, age_from);
    }
    let is_newer = |one: &BackupFacts, than: &BackupFacts| (one.at, one.id) > (than.at, than.id);
    let any_good = newest_good.is_good();
    if let Some(tier) = shortest(tiers) {
        for backup in present.iter().filter(|backup| backup.by_hand) {
            table.by_hand(tier, backup, zone, age_from, !any_good || is_newer(backup, newest_good));
        }
    }
    if last.id != newest_good.id {
        table.keep_if_nothing_else(last.id, Reason::Last);
    }
    for backup in &present {
        if !table.kept.contains_key(&backup.id) && !table.gone.contains_key(&backup.id) {
            let by = if is_newer(newest_good, backup) { newest_good.id } else { last.id };
            table.go(backup.id, Reason::Superseded { by });
        }
    }
    table.close_over_needs(&sorted);
    table.decisions(&sorted)
}

/// The tier that keeps a backup for the shortest time: the least that one made by hand is kept for.
pub fn shortest(tiers: &Tiers) -> Option<&Tier> {
    tiers.values().min_by(|a, b| a.keep.cmp(&b.keep).then_with(|| a.name.cmp(&b.name)))
}

/// Until when a backup of that time is kept by a tier.
fn until(tier: &Tier, at: Timestamp) -> Timestamp {
    let length = SignedDuration::from_secs(i64::try_from(tier.keep.as_secs()).unwrap_or(i64::MAX));
    at.saturating_add(length).unwrap_or(Timestamp::MAX)
}

fn day(at: Timestamp, zone: &Zone) -> Date {
    zone.0.to_datetime(at).date()
}

/// Which backup is a tier's in each of its periods: the first good one that was made for it, else the first good one, else
/// the first one at all.
fn holders<'a>(tier: &Tier, present: &[&'a BackupFacts], zone: &Zone) -> BTreeMap<Bucket, &'a BackupFacts> {
    let rank = |backup: &BackupFacts| match (backup.is_good(), backup.tiers.contains(&tier.name)) {
        (true, true) => 0,
        (true, false) => 1,
        (false, _) => 2,
    };
    let mut holders: BTreeMap<Bucket, &BackupFacts> = BTreeMap::new();
    for backup in present {
        let holder = holders.entry(tier.every.bucket(backup.at, zone)).or_insert(backup);
        if rank(backup) < rank(holder) {
            *holder = backup;
        }
    }
    holders
}

struct Table {
    kept: BTreeMap<BackupId, Vec<Reason>>,
    gone: BTreeMap<BackupId, Vec<Reason>>,
}

impl Table {
    fn keep(&mut self, id: BackupId, reason: Reason) {
        self.kept.entry(id).or_default().push(reason);
    }

    fn go(&mut self, id: BackupId, reason: Reason) {
        self.gone.entry(id).or_default().push(reason);
    }

    fn tier(&mut self, tier: &Tier, present: &[&BackupFacts], zone: &Zone, age_from: Timestamp) {
        let name = || tier.name.value.clone();
        let holders = holders(tier, present, zone);
        for (bucket, holder) in &holders {
            let until = until(tier, holder.at);
            let (tier, bucket, day) = (name(), *bucket, day(until, zone));
            if until > age_from {
                self.keep(holder.id, Reason::Tier { tier, bucket, until: day });
            } else {
                self.go(holder.id, Reason::Expired { tier, bucket, since: day });
            }
        }
        for backup in present.iter().filter(|backup| backup.tiers.contains(&tier.name)) {
            let bucket = tier.every.bucket(backup.at, zone);
            if let Some(first) = holders.get(&bucket).filter(|first| first.id != backup.id) {
                self.go(backup.id, Reason::Second { tier: name(), bucket, first: first.id });
            }
        }
    }

    /// What a tier keeps anyway needs no other reason. `unsurpassed`: no newer one is good.
    fn by_hand(&mut self, tier: &Tier, backup: &BackupFacts, zone: &Zone, age_from: Timestamp, unsurpassed: bool) {
        let (name, until) = (tier.name.value.clone(), until(tier, backup.at));
        let day = day(until, zone);
        let is_kept = self.kept.get(&backup.id).is_some_and(|why| why.iter().any(|one| matches!(one, Reason::Tier { .. })));
        if unsurpassed && !backup.is_good() {
            self.keep_if_nothing_else(backup.id, Reason::NoneGoodSince);
        } else if until <= age_from {
            self.go(backup.id, Reason::ByHandEnded { tier: name, since: day });
        } else if !is_kept {
            self.keep(backup.id, Reason::ByHand { tier: name, until: day });
        }
    }

    fn keep_if_nothing_else(&mut self, id: BackupId, reason: Reason) {
        self.kept.entry(id).or_insert_with(|| vec![reason]);
    }

    fn close_over_needs(&mut self, backups: &[&BackupFacts]) {
        let by_id: BTreeMap<BackupId, &BackupFacts> = backups.iter().map(|backup| (backup.id, *backup)).collect();
        let mut open: Vec<BackupId> = self.kept.keys().copied().collect();
        let mut seen: BTreeSet<BackupId> = open.iter().copied().collect();
        while let Some(id) = open.pop() {
            for needed in by_id.get(&id).map(|backup| backup.needs.as_slice()).unwrap_or_default() {
                if by_id.contains_key(needed) && seen.insert(*needed) {
                    self.keep(*needed, Reason::Needed { by: id });
                    open.push(*needed);
                }
            }
        }
    }

    fn decisions(mut self, backups: &[&BackupFacts]) -> Vec<Decision> {
        let decide = |backup: &&BackupFacts| match self.kept.remove(&backup.id) {
            Some(reasons) => Decision { id: backup.id, keep: true, reasons },
            None => Decision { id: backup.id, keep: false, reasons: self.gone.remove(&backup.id).unwrap_or_default() },
        };
        backups.iter().map(decide).collect()
    }
}
