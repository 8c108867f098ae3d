//! What the stores hold of a policy's backups, read once, as facts for `plan` and `assess`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::address::{BackupId, ComponentName, ProtectionName, StoreName, TierName};
use crate::assess::Measured;
use crate::catalog::facts::{BackupFacts, horizon};
use crate::catalog::layout::Series;
use crate::catalog::manifest::Manifest;
use crate::catalog::overdue::Overdue;
use crate::catalog::retention::{self, Decision};
use crate::cli::catalogues::{Catalogue, Catalogues, Held, PATIENCE};
use crate::cli::log_kept::{self, Logs};
use crate::cli::{Failure, chosen, log_effects};
use crate::diag::{Sources, Spanned};
use crate::lint::at_plan::Copies;
use crate::plan::{self, BackupGoes, Finding, FirstBackup, RetentionEffect, TierShortened, Unread, Window};
use crate::policy::{Component, Policy};
use crate::provider::Env;
use crate::providers::s3;
use crate::store::{ErrorKind, StoreError};
use crate::stores::Patience;
use crate::tree::Known;
use crate::units::count::count;

/// Newest backups that figures are taken from.
const SAMPLES: usize = 20;

/// A component's protection.
pub type Protected = (ComponentName, ProtectionName);

/// What was found, series by series.
pub struct Holdings {
    held: BTreeMap<Held, Catalogue>,
    /// Of protections that left the policy and are still carried out.
    left: BTreeMap<Held, Catalogue>,
    /// The logs of components that archive one.
    logs: BTreeMap<ComponentName, Logs>,
}

/// Reads the catalogue of every protection from every store, `at_once` series at a time. A store that cannot be read is a
/// finding of its own, never an empty catalogue.
pub async fn look(policy: &Policy, env: &Env, at_once: usize) -> Holdings {
    let (held, logs) = tokio::join!(read(policy, all(policy), env, at_once), log_effects::look(policy, env, at_once));
    Holdings { held, left: BTreeMap::new(), logs }
}

/// The protections that are carried out live and that the policy no longer has, whether their component stays or not.
pub fn left_behind<'a>(policy: &Policy, live: impl Iterator<Item = &'a Protected>) -> BTreeSet<Protected> {
    let is_left = |(component, protection): &&Protected| {
        policy.components.get(component).is_none_or(|component| !component.protections.contains_key(protection))
    };
    live.filter(is_left).cloned().collect()
}

/// Reads series, each with the folder of its component, and each with its own outcome.
pub async fn read(
    policy: &Policy,
    wanted: impl Iterator<Item = (Held, ComponentName)>,
    env: &Env,
    at_once: usize,
) -> BTreeMap<Held, Catalogue> {
    let mut found = BTreeMap::new();
    let mut series = Vec::new();
    for (held, component) in wanted {
        let Some(spec) = policy.stores.get(&held.2) else { continue };
        let one = Series { policy: policy.name.value.clone(), component, protection: held.1.clone() };
        match chosen::shelf(spec, env, Patience::PERSON, one).await {
            Ok(shelf) => series.push((held, shelf)),
            Err(error) => _ = found.insert(held, Err(Arc::new(error))),
        }
    }
    let shelves = series.iter().map(|(held, shelf)| (held.2.clone(), shelf.clone()));
    let mut reads = Catalogues::read(shelves, at_once, Some(PATIENCE));
    while let Some((at, catalogue)) = reads.next().await {
        found.insert(series[at].0.clone(), catalogue);
    }
    found
}

fn all(policy: &Policy) -> impl Iterator<Item = (Held, ComponentName)> {
    policy.components.values().flat_map(|component| {
        let with_backups = component.protections.values().filter(|protection| protection.as_tree().is_some());
        with_backups.flat_map(move |protection| {
            let held =
                |store: &Spanned<StoreName>| (component.name.value.clone(), protection.name.value.clone(), store.value.clone());
            protection.stores.iter().map(held).map(|held| (held, component.folder().clone()))
        })
    })
}

impl Holdings {
    /// For a plan: a store that is not there yet holds nothing, since its folder or bucket is what the plan makes. Whether one is
    /// new or gone is told of the folder itself ([`super::gone`]).
    #[must_use]
    pub fn empty_where_new(mut self) -> Self {
        for catalogue in self.held.values_mut() {
            if catalogue.as_ref().is_err_and(|error| error.kind == ErrorKind::NotFound) {
                *catalogue = Ok(Known::default());
            }
        }
        self
    }

    /// Reads what every store holds of protections that left the policy: which stores theirs were, only the backups tell.
    pub async fn look_for_left(&mut self, policy: &Policy, env: &Env, left: &BTreeSet<Protected>, at_once: usize) {
        let all = left.iter().flat_map(|(component, protection)| {
            let folder = policy.components.get(component).map_or(component, Component::folder);
            policy.stores.keys().map(move |store| ((component.clone(), protection.clone(), store.clone()), folder.clone()))
        });
        self.left = read(policy, all, env, at_once).await;
    }

    /// The stores that hold backups of a protection that left the policy.
    pub fn stores_of_left(&self, (component, protection): &Protected) -> Vec<StoreName> {
        let holds = |known: &Catalogue| known.as_ref().is_ok_and(|known| !known.facts.is_empty());
        let same = self.left.iter().filter(|((c, p, _), known)| (c, p) == (component, protection) && holds(known));
        same.map(|((_, _, store), _)| store.clone()).collect()
    }

    /// Whether a store was looked at and holds no backup of a protection.
    pub fn has_none(&self, held: &Held) -> bool {
        self.held.get(held).is_some_and(|known| known.as_ref().is_ok_and(|known| known.facts.is_empty()))
    }

    /// Sizes and times of the newest good backups of each protection.
    pub fn measured(&self, now: Timestamp) -> BTreeMap<(ComponentName, ProtectionName), Measured> {
        let mut all: BTreeMap<(ComponentName, ProtectionName), Vec<&Manifest>> = BTreeMap::new();
        for ((component, protection, _), known) in self.held.iter().chain(&self.left) {
            let counts = |known: &Known, manifest: &Manifest| known.is_good(manifest) && manifest.snapshot <= horizon(now);
            let good = known.iter().flat_map(|known| known.backups.good.iter().filter(move |manifest| counts(known, manifest)));
            all.entry((component.clone(), protection.clone())).or_default().extend(good);
        }
        all.into_iter().filter_map(|(key, manifests)| Some((key, measured(manifests)?))).collect()
    }

    /// Whether each protection has a good backup in every one of its stores, but for those that are in doubt: none is made there.
    pub fn first_backups(&self, doubtful: &BTreeSet<StoreName>, now: Timestamp) -> BTreeMap<Protected, FirstBackup> {
        let mut all = BTreeMap::new();
        for ((component, protection, store), known) in self.held.iter().filter(|((.., store), _)| !doubtful.contains(store)) {
            let here = match known {
                Err(_) => FirstBackup::Unknown,
                Ok(known) if known.facts.iter().any(|facts| facts.is_good_at(now)) => FirstBackup::Exists,
                Ok(known) if known.facts.iter().any(BackupFacts::is_good) => {
                    FirstBackup::Missing(format!("only a backup from the future in {store} yet"))
                }
                Ok(known) if known.facts.is_empty() && known.backups.damaged.is_empty() => {
                    FirstBackup::Missing(format!("no backup in {store} yet"))
                }
                Ok(_) => FirstBackup::Missing(format!("no good backup in {store} yet")),
            };
            let so_far = all.entry((component.clone(), protection.clone())).or_insert(FirstBackup::Exists);
            if *so_far == FirstBackup::Exists || here == FirstBackup::Unknown {
                *so_far = here;
            }
        }
        all
    }

    /// Whether a store was read and holds no backup of any of the policy's protections, not even a damaged one.
    pub fn is_empty(&self, of: &StoreName) -> bool {
        let mut here = self.held.iter().filter(|((.., store), _)| store == of).peekable();
        here.peek().is_some()
            && here.all(|(_, known)| known.as_ref().is_ok_and(|known| known.facts.is_empty() && known.backups.damaged.is_empty()))
    }

    /// The moment of the oldest backup of each protection, whatever store it lies in.
    pub fn oldest(&self) -> BTreeMap<String, jiff::Timestamp> {
        let mut oldest: BTreeMap<String, jiff::Timestamp> = BTreeMap::new();
        for ((component, protection, _), known) in &self.held {
            let Some(first) = known.iter().flat_map(|known| known.facts.iter().map(|facts| facts.at)).min() else { continue };
            let so_far = oldest.entry(format!("{component}/{protection}")).or_insert(first);
            *so_far = first.min(*so_far);
        }
        oldest
    }

    /// Copies whose newest good backup is older than the schedule allows.
    pub fn overdue(&self, policy: &Policy, now: Timestamp) -> BTreeMap<Held, Overdue> {
        let one = |(held, known): (&Held, &Catalogue)| {
            let protection = policy.components.get(&held.0)?.protections.get(&held.1)?;
            Some((held.clone(), Overdue::of(policy, protection, &known.as_ref().ok()?.facts, now)?))
        };
        self.held.iter().filter_map(one).collect()
    }

    /// Copies that the policy wants and of which no good backup is there: nothing can be restored from them.
    pub fn without_backup(&self, now: Timestamp) -> BTreeSet<Held> {
        let none = |known: &Catalogue| known.as_ref().is_ok_and(|known| !known.facts.iter().any(|facts| facts.is_good_at(now)));
        self.held.iter().filter(|(_, known)| none(known)).map(|(held, _)| held.clone()).collect()
    }

    /// What could not be read: one entry for each store and reason, with the number of protections behind it.
    pub fn unread(&self) -> Vec<(Unread, &StoreError)> {
        let mut reasons: BTreeMap<(&StoreName, &str), (&StoreError, u64)> = BTreeMap::new();
        for ((_, _, store), known) in &self.held {
            if let Err(error) = known {
                reasons.entry((store, &error.reason)).or_insert((error, 0)).1 += 1;
            }
        }
        let mut all = Vec::new();
        for ((store, _), (error, behind)) in reasons {
            let subject = format!("backups of {} in {store}", count(behind, "protection"));
            let help = Failure::from_store(error).help;
            all.push((Unread { subject, reason: error.to_string(), help, resources: Vec::new() }, error));
        }
        all
    }

    /// Backups that are damaged, as far as anybody looked: one finding for each protection and store.
    pub fn damage(&self, policy: &Policy, sources: &Sources) -> Vec<Finding> {
        let all = self.held.iter().filter_map(|((component, protection, store), known)| {
            let known = known.as_ref().ok()?;
            let ids = known.damaged();
            let newest = ids.last()?;
            let span = policy.components.get(component).and_then(|component| component.protections.get(protection));
            let place = span.and_then(|protection| sources.position(protection.name.span?));
            let subject = format!("`{component}/{protection}` in `{store}`");
            Some(plan::damaged_backups(&subject, ids.len() as u64, &newest.to_string(), place))
        });
        all.collect()
    }

    /// When what each store holds was last verified, where it could be read.
    pub fn copies(&self) -> Vec<Copies> {
        let of = |((component, protection, store), known): (&Held, &Catalogue)| {
            let known = known.as_ref().ok()?;
            let verified = known.facts.iter().filter(|facts| facts.is_good()).filter_map(|facts| facts.verified).max();
            let (component, protection, store) = (component.clone(), protection.clone(), store.clone());
            Some(Copies { component, protection, store, backups: known.facts.len(), verified })
        };
        self.held.iter().filter_map(of).collect()
    }

    /// Which backups the policy's retention lets go, which tiers it shortens of those that stand, and how the window of restorable moments
    /// moves. Only where something of it changes.
    pub fn retention(&self, policy: &Policy, sources: &Sources, now: Timestamp, stood: &s3::Tiers) -> Vec<RetentionEffect> {
        let pins: BTreeMap<&ComponentName, BTreeSet<BackupId>> = self
            .logs
            .iter()
            .filter_map(|(name, logs)| {
                let component = policy.components.get(name)?;
                Some((name, log_kept::pins(component, logs.log.as_ref(), &log_effects::bases(component, &self.held), now)))
            })
            .collect();
        let of = |(held, known): (&Held, &Catalogue)| {
            effect(policy, sources, (held, known.as_ref().ok()?), (now, pins.get(&held.0)), stood.get(held))
        };
        let of_logs = log_effects::effects(policy, sources, &self.logs, &self.held, now);
        let left = self.left.iter().filter(|((component, ..), _)| !policy.components.contains_key(component));
        let left = left.filter_map(|(held, known)| left_alone(policy, held, known.as_ref().ok()?, now));
        self.held.iter().filter_map(of).chain(left).chain(of_logs).collect()
    }
}

/// The backups of a component that is still carried out and that the policy no longer has: they stay, and nothing of it finds them.
fn left_alone(policy: &Policy, (component, _, store): &Held, known: &Known, now: Timestamp) -> Option<RetentionEffect> {
    Some(RetentionEffect {
        component: component.clone(),
        store: store.clone(),
        goes: Vec::new(),
        tiers: Vec::new(),
        longest_days: None,
        left: true,
        before: Some(window(&known.facts.iter().collect::<Vec<_>>(), now)?),
        after: None,
        log: None,
        timezone: policy.timezone.to_string(),
        place: None,
    })
}

fn measured(mut manifests: Vec<&Manifest>) -> Option<Measured> {
    manifests.sort_by_key(|manifest| (manifest.snapshot, manifest.id));
    let newest = manifests.last()?;
    let samples = &manifests[manifests.len().saturating_sub(SAMPLES)..];
    let longest = samples.iter().map(|manifest| manifest.measured.elapsed_ms).max()?;
    Some(Measured { samples: samples.len(), bytes: newest.counts.bytes, longest_seconds: longest.div_ceil(1_000) })
}

fn effect(
    policy: &Policy,
    sources: &Sources,
    ((component, _, store), known): (&Held, &Known),
    (now, pins): (Timestamp, Option<&BTreeSet<BackupId>>),
    stood: Option<&BTreeMap<TierName, u64>>,
) -> Option<RetentionEffect> {
    let component: &Component = policy.components.get(component)?;
    let none = BTreeSet::new();
    let facts: Vec<BackupFacts> = known.facts.iter().cloned().map(|facts| log_kept::pin(facts, pins.unwrap_or(&none))).collect();
    let decisions = retention::decide(&facts, &component.retain, &policy.timezone, now);
    let facts = |decision: &Decision| known.facts.iter().find(|facts| facts.id == decision.id);
    let going: Vec<(&Decision, &BackupFacts)> =
        decisions.iter().filter(|decision| !decision.keep).filter_map(|d| Some((d, facts(d)?))).collect();
    let tiers = shortened(component, &going, stood);
    if going.is_empty() && tiers.is_empty() {
        return None;
    }
    let kept: Vec<&BackupFacts> = decisions.iter().filter(|decision| decision.keep).filter_map(facts).collect();
    let all: Vec<&BackupFacts> = known.facts.iter().collect();
    let place = component.retain.values().find_map(|tier| tier.span).or(component.span).and_then(|span| sources.position(span));
    let longest = component.retain.values().map(|tier| tier.keep.days_up()).max();
    Some(RetentionEffect {
        component: component.name.value.clone(),
        store: store.clone(),
        goes: going.iter().map(|(decision, facts)| gone(decision, facts)).collect(),
        longest_days: longest.filter(|_| !tiers.is_empty()),
        tiers,
        left: false,
        before: window(&all, now),
        after: window(&kept, now),
        log: None,
        timezone: policy.timezone.to_string(),
        place,
    })
}

/// The tiers that keep backups for less long than those that stand, and those of which only backups that go tell. Where the policy has
/// none, it lets nothing go.
fn shortened(
    component: &Component,
    going: &[(&Decision, &BackupFacts)],
    stood: Option<&BTreeMap<TierName, u64>>,
) -> Vec<TierShortened> {
    if component.retain.is_empty() {
        return Vec::new();
    }
    let made_for = going.iter().flat_map(|(_, facts)| &facts.tiers).filter(|tier| !component.retain.contains_key(*tier));
    let mut before: BTreeMap<&TierName, Option<u64>> = made_for.map(|tier| (tier, None)).collect();
    before.extend(stood.into_iter().flatten().map(|(tier, days)| (tier, Some(*days))));
    let one = |(tier, before_days): (&TierName, Option<u64>)| {
        let after_days = component.retain.get(tier).map(|tier| tier.keep.days_up());
        let is_shorter = after_days.is_none_or(|after| before_days.is_some_and(|before| after < before));
        is_shorter.then(|| TierShortened { tier: tier.to_string(), before_days, after_days })
    };
    before.into_iter().filter_map(one).collect()
}

fn gone(decision: &Decision, facts: &BackupFacts) -> BackupGoes {
    let reasons: Vec<String> = decision.reasons.iter().map(ToString::to_string).collect();
    BackupGoes { backup: facts.id.to_string(), at: facts.at, bytes: facts.stored, reason: reasons.join("; ") }
}

/// The moments that good backups bring back, from the oldest to the newest.
fn window(facts: &[&BackupFacts], now: Timestamp) -> Option<Window> {
    let good: Vec<Timestamp> = facts.iter().filter(|facts| facts.is_good_at(now)).map(|facts| facts.at).collect();
    Some(Window { from: *good.iter().min()?, to: *good.iter().max()?, backups: good.len() as u64 })
}
