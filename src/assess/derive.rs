//! Combines what the copies promise into one cell: component × disruption.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::address::{ComponentName, ProtectionName, StoreName};
use crate::assess::bounds::{CopyBounds, Survival, Term, sum};
use crate::assess::{Origin, Site};
use crate::diag::Spanned;
use crate::policy::{Component, Disruption};
use crate::units::duration::Duration;

/// One component under one disruption.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    pub component: ComponentName,
    pub disruption: Disruption,
    pub rpo: Derived,
    pub rto: Derived,
    /// The copy that would be restored in the worst case, and what made it; `None`: it is the data itself.
    pub by: Option<(Option<ProtectionName>, StoreName)>,
    /// How long after the disruption that copy is kept, where that ends: who has taken over an account waits for the end of a lock.
    pub kept_for: Option<Duration>,
    /// Why each copy that does not survive does not.
    pub lost: Vec<Arc<str>>,
}

/// A worst case with its terms, held against its objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Derived {
    pub target: Option<Spanned<Duration>>,
    /// Empty: no copy survives. Otherwise the summands.
    pub terms: Arc<[Term]>,
}

/// How a worst case stands to its objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// There is no objective.
    Unstated,
    Met,
    Broken,
}

impl Derived {
    /// Seconds; `None`: no copy survives, or no bound.
    pub fn seconds(&self) -> Option<u64> {
        if self.terms.is_empty() { None } else { sum(&self.terms) }
    }

    pub fn verdict(&self) -> Verdict {
        match (&self.target, self.seconds()) {
            (None, _) => Verdict::Unstated,
            (Some(target), Some(seconds)) if seconds <= target.as_secs() => Verdict::Met,
            (Some(_), _) => Verdict::Broken,
        }
    }

    /// The weakest origin among the terms that matter: what the figure may be called.
    pub fn origin(&self) -> Option<Origin> {
        self.terms.iter().filter(|term| term.seconds != Some(0)).map(|term| term.origin).max()
    }
}

/// Derives one cell.
pub fn cell(component: &Component, disruption: Disruption, copies: &[CopyBounds]) -> Cell {
    let objective = component.objectives.under(disruption);
    let mut lost: Vec<Arc<str>> = copies.iter().filter_map(|copy| lost_because(copy, disruption)).collect();
    let survivors: Vec<&CopyBounds> = copies.iter().filter(|copy| lost_because(copy, disruption).is_none()).collect();
    let worst = if disruption == Disruption::Region { worst_region(&survivors, &mut lost) } else { best(&survivors, disruption) };
    lost.sort();
    lost.dedup();
    Cell {
        component: component.name.value.clone(),
        disruption,
        rpo: Derived { target: objective.rpo, terms: worst.map(|copy| copy.loss.clone()).unwrap_or_default() },
        rto: Derived { target: objective.rto, terms: worst.map(|copy| copy.recovery.clone()).unwrap_or_default() },
        by: worst.map(|copy| (copy.protection.clone(), copy.store.clone())),
        kept_for: worst.and_then(|copy| copy.kept_for(disruption)).map(|time| no_longer_than_kept(component, time)),
        lost,
    }
}

/// A copy is locked no longer than its own tier keeps it, and the newest may have no tier but the shortest.
fn no_longer_than_kept(component: &Component, lock: Duration) -> Duration {
    component.retain.values().map(|tier| tier.keep.value).min().map_or(lock, |shortest| shortest.min(lock))
}

fn lost_because(copy: &CopyBounds, disruption: Disruption) -> Option<Arc<str>> {
    match copy.place.survives.get(&disruption) {
        Some(Survival::Yes(_) | Survival::For(..)) => None,
        Some(Survival::No(why)) => Some(why.clone()),
        None => Some(format!("`{}` makes no statement on it", copy.store).into()),
    }
}

/// The copy that is restored: the one that loses least, and of equals the one that is back soonest, then the one that
/// is kept longest. No bound is worst.
fn best<'a>(copies: &[&'a CopyBounds], disruption: Disruption) -> Option<&'a CopyBounds> {
    copies.iter().copied().min_by_key(|copy| {
        let goes = copy.kept_for(disruption).map_or(0, |time| u64::MAX - time.as_secs());
        (copy.loss_seconds().unwrap_or(u64::MAX), copy.recovery_seconds().unwrap_or(u64::MAX), goes)
    })
}

/// Which region is lost is not ours to choose, and the host may stand in any of them: for each, the best copy elsewhere is
/// what remains; the worst of those counts. `None` where one loss takes every copy.
fn worst_region<'a>(copies: &[&'a CopyBounds], lost: &mut Vec<Arc<str>>) -> Option<&'a CopyBounds> {
    let sites: BTreeSet<&Site> = copies.iter().map(|copy| &copy.place.site).collect();
    let mut worst: Option<&CopyBounds> = None;
    for site in &sites {
        let elsewhere: Vec<&CopyBounds> = copies.iter().copied().filter(|copy| copy.place.site != **site).collect();
        let Some(remaining) = best(&elsewhere, Disruption::Region) else {
            lost.push(format!("every copy lies in {site}, and nothing says that the host stands elsewhere").into());
            return None;
        };
        let weight = |copy: &CopyBounds| (copy.loss_seconds().unwrap_or(u64::MAX), copy.recovery_seconds().unwrap_or(u64::MAX));
        if worst.is_none_or(|so_far| weight(remaining) > weight(so_far)) {
            worst = Some(remaining);
        }
    }
    worst
}
