//! Replicas: what a copy promises that a store hands on to another one by itself.

use std::sync::Arc;

use crate::address::StoreName;
use crate::assess::bounds::{CopyBounds, Origin, Place, Survival, Term};
use crate::policy::{Backend, Disruption, Policy, Replication};

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
pub fn place(policy: &Policy, from: &StoreName, to: &StoreName, place: &Arc<Place>) -> Arc<Place> {
    let account = |name: &StoreName| match &policy.stores.get(name)?.backend {
        Backend::S3(s3) => s3.account.as_ref().map(|account| account.value.as_str()),
        Backend::Folder(_) => None,
    };
    let written = || {
        let mut protections = policy.components.values().flat_map(|component| component.protections.values());
        protections.any(|protection| protection.stores.iter().any(|store| store.value == *to))
    };
    match (account(from), account(to)) {
        (Some(here), Some(there)) if here != there && !written() => {
            let why = format!("`{to}` lies in account {there}, which the credentials of `{from}` do not reach");
            let mut apart = Place::clone(place);
            apart.survives.insert(Disruption::Account, Survival::Yes(why.into()));
            Arc::new(apart)
        }
        _ => Arc::clone(place),
    }
}
