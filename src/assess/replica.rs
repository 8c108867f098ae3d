//! Replicas: what a copy promises that a store hands on to another one by itself.

use std::sync::Arc;

use crate::address::StoreName;
use crate::assess::bounds::{CopyBounds, Origin, Place, Survival, Term};
use crate::assess::facts::{ASSUMED_BYTES, ASSUMED_RESTORE_RATE};
use crate::assess::{Places, storage};
use crate::policy::{Backend, Component, Disruption, Policy, Protection, Replication, StoreSpec};
use crate::units::bytes::Bytes;

/// What a copy may be behind the one that it was made of.
pub const LAG: &str = "replication lag";
/// What a class of its own takes from the recovery: the copies are read at once.
const RETRIEVAL: &str = "retrieval";

/// The bounds of what comes of one copy in another store.
pub fn bounds(source: &CopyBounds, entry: &Replication, to: &StoreName, place: &Arc<Place>) -> CopyBounds {
    let mut loss = source.loss.to_vec();
    loss.push(lag(entry));
    let recovery = source.recovery.iter().filter(|term| entry.storage_class.is_none() || term.name != RETRIEVAL).cloned();
    CopyBounds {
        protection: source.protection.clone(),
        store: to.clone(),
        place: Arc::clone(place),
        loss: loss.into(),
        recovery: recovery.collect(),
    }
}

/// S3 promises a time or none (S3 user guide, "Using S3 Replication Time Control").
fn lag(entry: &Replication) -> Term {
    let seconds = entry.within.as_ref().map(|within| within.as_secs());
    let why = match seconds {
        Some(_) => "S3 promises it by its replication time control",
        None => "without `within`, S3 copies as soon as it can and promises no time",
    };
    let span = entry.within.as_ref().map_or(entry.span, |within| within.span);
    Term { name: LAG, seconds, origin: Origin::Policy, why: why.to_owned(), span }
}

/// What a store promises of what is replicated to it: another account's credentials do not reach it, unless bdr writes there too.
pub fn apart(policy: &Policy, from: &StoreSpec, to: &StoreName, place: &Arc<Place>) -> Arc<Place> {
    let account = |store: &StoreSpec| match &store.backend {
        Backend::S3(s3) => s3.account.as_ref().map(|account| account.value.clone()),
        Backend::Folder(_) => None,
    };
    let written = || {
        let mut protections = policy.components.values().flat_map(|component| component.protections.values());
        protections.any(|protection| protection.stores.iter().any(|store| store.value == *to))
    };
    match (account(from), policy.stores.get(to).and_then(account)) {
        (Some(here), Some(there)) if here != there && !written() => {
            let why = format!("`{to}` lies in account {there}, which the credentials of `{}` do not reach", from.name);
            let mut apart = Place::clone(place);
            apart.survives.insert(Disruption::Account, Survival::Yes(why.into()));
            Arc::new(apart)
        }
        _ => Arc::clone(place),
    }
}

/// What the bucket of an application promises: itself, which a lost host leaves alone and whose versions outlive a bad write, and what
/// is replicated of it.
pub fn of_bucket(policy: &Policy, component: &Component, bucket: &StoreSpec, places: &Places) -> Vec<CopyBounds> {
    let site = storage::site(bucket);
    let itself = CopyBounds {
        protection: None,
        store: bucket.name.value.clone(),
        place: Arc::new(storage::place(bucket, &site)),
        loss: [nothing("of the bucket itself", "the data never left it")].into(),
        recovery: [nothing("recovery of the bucket itself", "it is there; what is old is brought back by its version")].into(),
    };
    // Only a rule for all of it makes a copy of the component.
    let whole = |entry: &&Replication| entry.prefix.value.is_empty() && entry.tags.is_empty();
    let replica = |protection: &Protection| {
        let entry = protection.replication().filter(whole)?;
        let (to, there) = places.get(&entry.to.value)?;
        Some(CopyBounds {
            protection: Some(protection.name.value.clone()),
            store: to.clone(),
            place: apart(policy, bucket, to, there),
            loss: [lag(entry)].into(),
            recovery: [transfer(entry)].into(),
        })
    };
    component.protections.values().filter_map(replica).chain([itself]).collect()
}

fn nothing(name: &'static str, why: &str) -> Term {
    Term { name, seconds: Some(0), origin: Origin::Policy, why: why.to_owned(), span: None }
}

/// Until the copies are back, or read in the other bucket: as with backups, all of it once over the line.
fn transfer(entry: &Replication) -> Term {
    let class = entry.storage_class.as_ref().map_or(0, |class| storage::retrieval_seconds(class.value));
    let seconds = ASSUMED_BYTES.div_ceil(ASSUMED_RESTORE_RATE) + class;
    let why = format!("{} (assumed) at an assumed {}/s", Bytes(ASSUMED_BYTES), Bytes(ASSUMED_RESTORE_RATE));
    Term { name: "transfer", seconds: Some(seconds), origin: Origin::Assumed, why, span: None }
}
