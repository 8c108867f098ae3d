//! Whether first backups fit where they go: what is free there, against what they read.

use std::time::{Duration, Instant};

use crate::address::StoreName;
use crate::cli::holdings::Holdings;
use crate::cli::reading;
use crate::diag::Sources;
use crate::plan::{Finding, FirstBackup, Known, little_room};
use crate::policy::{Component, ComponentKind, Policy, Protection};
use crate::provider::Env;
use crate::source::Source;
use crate::stores::{self, Patience};
use crate::units::bytes::Bytes;

/// Longest that all components are walked through for their sizes: what takes longer is not known.
const PATIENCE: Duration = Duration::from_secs(3);

/// What does not fit, where both are known. Of files only the sizes are asked, and no more of them than it takes to see that.
pub async fn findings(known: &Known, holdings: &Holdings, policy: &Policy, sources: &Sources, env: &Env) -> Vec<Finding> {
    let until = Instant::now() + PATIENCE;
    let mut found = Vec::new();
    for ((component, protection), first) in &known.backups {
        let component = policy.components.get(component).filter(|_| matches!(first, FirstBackup::Missing(_)));
        let Some((component, protection)) = component.and_then(|one| Some((one, one.protections.get(protection)?))) else {
            continue;
        };
        for store in protection.stores.iter().map(|store| &store.value) {
            let missing = holdings.has_none(&(component.name.value.clone(), protection.name.value.clone(), store.clone()));
            let Some(free) = room(policy, store, env).await.filter(|_| missing) else { continue };
            let Some(bytes) = bytes(component, policy, free, until).await.filter(|bytes| *bytes > free) else { continue };
            found.push(told((component, protection, store), (bytes, free), sources));
        }
    }
    found
}

fn told(
    (component, protection, store): (&Component, &Protection, &StoreName),
    (bytes, free): (u64, u64),
    sources: &Sources,
) -> Finding {
    let whose = format!("{}/{}", *component.name, *protection.name);
    let place = protection.span.and_then(|span| sources.position(span));
    little_room(&whose, &format!("store `{store}`"), [&Bytes(bytes).to_string(), &Bytes(free).to_string()], place)
}

/// What is free in a store that can tell.
async fn room(policy: &Policy, store: &StoreName, env: &Env) -> Option<u64> {
    let spec = policy.stores.get(store)?;
    stores::open_with(spec, env, Patience::PERSON).await.ok()?.room().await
}

/// Bytes of a component's files, at least so many once they are more than `most`; `None`: not known, or not in time.
async fn bytes(component: &Component, policy: &Policy, most: u64, until: Instant) -> Option<u64> {
    let ComponentKind::Files(files) = &component.kind else { return None };
    let source = reading::files(files, policy).ok()?;
    tokio::task::spawn_blocking(move || sum(source, most, until)).await.ok().flatten()
}

fn sum(mut source: Box<dyn Source>, most: u64, until: Instant) -> Option<u64> {
    let mut bytes = 0_u64;
    while let Some(item) = source.next().ok()? {
        // A file of several names is stored once, and takes its size but for its holes: about that is what is told.
        bytes = bytes.saturating_add(item.entry.size / item.links.max(1));
        if bytes > most.saturating_mul(2) {
            break;
        }
        if Instant::now() > until {
            return (bytes > most).then_some(bytes);
        }
    }
    Some(bytes)
}
