//! What a plan does to archived logs: what of them goes at the next prune, and how much less far back they reach.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::address::{ComponentName, StoreName};
use crate::archiving::{Archive, Going};
use crate::catalog::layout::Series;
use crate::cli::catalogues::{Catalogue, Held, PATIENCE};
use crate::cli::chosen;
use crate::cli::log_kept::{self, Bases, Kept, Logs};
use crate::diag::Sources;
use crate::plan::{LogEffect, RetentionEffect};
use crate::policy::{Component, Policy};
use crate::provider::Env;
use crate::stores::Patience;

/// Lists the log of every component that archives one, `at_once` components at a time. Of one that takes too long nothing is known.
pub async fn look(policy: &Policy, env: &Env, at_once: usize) -> BTreeMap<ComponentName, Logs> {
    let all = policy.components.values().filter(|component| component.wal_archive().is_some());
    let looks = stream::iter(all).map(|component| async move {
        let archives = archives(policy, component, env).await;
        let logs = tokio::time::timeout(PATIENCE, Logs::look(archives)).await.ok()?;
        Some((component.name.value.clone(), logs))
    });
    looks.buffer_unordered(at_once.max(1)).filter_map(std::future::ready).collect().await
}

async fn archives(policy: &Policy, component: &Component, env: &Env) -> Vec<Archive> {
    let mut archives = Vec::new();
    let stores = component.wal_archive().into_iter().flat_map(|archive| archive.stores.iter().map(move |store| (archive, store)));
    for (archive, store) in stores {
        let Some(spec) = policy.stores.get(&store.value) else { continue };
        let series = Series {
            policy: policy.name.value.clone(),
            component: component.folder().clone(),
            protection: archive.name.value.clone(),
        };
        // Why it cannot be opened is told of its backups and of the store itself.
        let Ok(shelf) = chosen::shelf(spec, env, Patience::PERSON, series).await else { continue };
        archives.push(Archive::new(store.value.clone(), shelf, None));
    }
    archives
}

/// The base backups of a component, of what was read.
pub fn bases<'a>(component: &Component, held: &'a BTreeMap<Held, Catalogue>) -> Bases<'a> {
    let is_base = |protection| component.protections.get(protection).is_some_and(log_kept::is_base);
    let its = held.iter().filter(|((name, protection, _), _)| *name == component.name.value && is_base(protection));
    let label = |(name, protection, store): &Held| format!("{name}/{protection} in {store}");
    let places = its.clone().filter_map(|(held, known)| Some((label(held), known.as_ref().ok()?))).collect();
    let unread = its.filter_map(|(held, known)| Some(format!("{}: {}", label(held), known.as_ref().err()?))).next();
    Bases { places, unread }
}

/// What of each log goes, store by store. Only where something goes or is shortened.
pub fn effects(
    policy: &Policy,
    sources: &Sources,
    logs: &BTreeMap<ComponentName, Logs>,
    held: &BTreeMap<Held, Catalogue>,
    now: Timestamp,
) -> Vec<RetentionEffect> {
    let mut all = Vec::new();
    for (name, logs) in logs {
        let (Some(component), Some(log)) = (policy.components.get(name), &logs.log) else { continue };
        let kept = log_kept::kept(component, log, &bases(component, held), &policy.timezone, now);
        for (archive, looked) in logs.stores.iter().filter(|_| logs.unread().is_none()) {
            let Ok(Some(survey)) = looked else { continue };
            if !log_kept::is_of(log, survey) {
                continue;
            }
            let going = Going::of(archive, survey, &kept.decision, &kept.begun);
            let effect = effect(component, logs, &kept, &going);
            if going.is_nothing() && !effect.shortens() {
                continue;
            }
            all.push(told(policy, sources, (component, &archive.store), effect));
        }
    }
    all
}

fn effect(component: &Component, logs: &Logs, kept: &Kept, going: &Going) -> LogEffect {
    let before = logs.kept_before();
    LogEffect {
        segments: going.segments,
        bytes: going.bytes,
        before_seconds: before.flatten().map(|keep| keep.as_secs()),
        before_known: before.is_some(),
        after_seconds: component.log_window.as_ref().map(|window| window.keep.as_secs()),
        before: kept.before.map(|window| window.from),
        after: kept.after.map(|window| window.from),
    }
}

fn told(policy: &Policy, sources: &Sources, (component, store): (&Component, &StoreName), log: LogEffect) -> RetentionEffect {
    let span = component.log_window.as_ref().and_then(|window| window.span).or(component.span);
    RetentionEffect {
        component: component.name.value.clone(),
        store: store.clone(),
        goes: Vec::new(),
        tiers: Vec::new(),
        longest_days: None,
        left: false,
        before: None,
        after: None,
        log: Some(log),
        timezone: policy.timezone.to_string(),
        place: span.and_then(|span| sources.position(span)),
    }
}
