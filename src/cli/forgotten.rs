//! Backups that the policy makes no more: of what left it, was renamed, or goes to another store. Nothing lists or removes them any more, so
//! a plan says that they are there.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};

use crate::address::{ComponentName, ProtectionName, StoreName};
use crate::cli::catalogues::{Held, PATIENCE};
use crate::cli::holdings;
use crate::compile::Compiled;
use crate::plan::Note;
use crate::policy::{Component, Policy, StoreSpec};
use crate::provider::Env;
use crate::store::StoreError;
use crate::stores::{self, Patience};
use crate::units::count::count;

/// A component in one store, or one of its protections where the component stays.
pub type Forgotten = (StoreName, ComponentName, Option<ProtectionName>);

/// How many backups each store holds of what the policy does not copy there. A store that cannot be read is told by those who need it.
pub async fn look(policy: &Policy, env: &Env, at_once: usize) -> BTreeMap<Forgotten, u64> {
    let stores = stream::iter(&policy.stores).map(|(name, spec)| async move {
        let found = tokio::time::timeout(PATIENCE, series(policy, name, spec, env, at_once)).await;
        found.unwrap_or(Ok(Vec::new())).unwrap_or_default()
    });
    let held: Vec<Vec<Held>> = stores.buffer_unordered(at_once.max(1)).collect().await;
    let mut all = BTreeMap::new();
    let held = held.into_iter().flatten().map(|held| (held.clone(), held.0));
    for ((component, protection, store), known) in holdings::read(policy, held, env, at_once).await {
        let backups = known.map_or(0, |known| known.backups.good.len() + known.backups.damaged.len());
        let protection = Some(protection).filter(|_| in_folder(policy, &component).is_some());
        *all.entry((store, component, protection)).or_insert(0) += backups as u64;
    }
    all.retain(|_, backups| *backups > 0);
    all
}

/// The series below the policy's name that the policy does not copy to this store.
async fn series(policy: &Policy, name: &StoreName, spec: &StoreSpec, env: &Env, at_once: usize) -> Result<Vec<Held>, StoreError> {
    let store = stores::open_with(spec, env, Patience::PERSON).await?;
    let top = format!("{}/", policy.name.value);
    let folders = store.list_folders(&top).await?;
    let components = folders.iter().filter_map(|folder| Some((folder, ComponentName::new(folder.trim_end_matches('/')).ok()?)));
    let looks = components.map(|(folder, component)| {
        let (store, below) = (&store, format!("{top}{folder}"));
        async move { Ok((component, store.list_folders(&below).await?)) }
    });
    let looked: Vec<Result<(ComponentName, Vec<String>), StoreError>> =
        stream::iter(looks.collect::<Vec<_>>()).buffered(at_once.max(1)).collect().await;
    let mut found = Vec::new();
    for looked in looked {
        let (component, protections) = looked?;
        let names = protections.iter().filter_map(|protection| ProtectionName::new(protection.trim_end_matches('/')).ok());
        let left = names.filter(|protection| !is_copied(policy, &component, protection, name));
        found.extend(left.map(|protection| (component.clone(), protection, name.clone())));
    }
    Ok(found)
}

/// The component whose copies lie in a folder.
fn in_folder<'a>(policy: &'a Policy, folder: &ComponentName) -> Option<&'a Component> {
    policy.components.values().find(|component| component.folder() == folder)
}

fn is_copied(policy: &Policy, component: &ComponentName, protection: &ProtectionName, store: &StoreName) -> bool {
    let copied = |component: &&Component| {
        let protection = component.protections.get(protection);
        protection.is_some_and(|protection| policy.stores_of(component, protection).contains(&store))
    };
    in_folder(policy, component).filter(copied).is_some()
}

/// What a plan says of them, beside the store that they lie in.
pub fn notes(all: &BTreeMap<Forgotten, u64>, compiled: &Compiled) -> Vec<Note> {
    let note = |((store, component, protection), backups): (&Forgotten, &u64)| {
        let beside = compiled.desired.of_store(store)?;
        let (lie, them) = if *backups == 1 { ("lies", "it") } else { ("lie", "them") };
        let (whose, what) = match protection {
            None => (component.to_string(), "which is not in the policy,"),
            Some(protection) => (format!("{component}/{protection}"), "which the policy does not copy there,"),
        };
        // What has another name now takes them along by a word.
        let renamed = match protection {
            None => format!("; where it was renamed, say `moved: {{ from: {component} }}`"),
            Some(_) => String::new(),
        };
        let text = format!(
            "{} of `{whose}`, {what} {lie} here, and nothing removes {them}; `bdr list {component} -p OLDER-POLICY` shows {them}, with a \
             policy that still has it{renamed}",
            count(*backups, "backup")
        );
        Some(Note { of: beside.id.clone(), text })
    };
    all.iter().filter_map(note).collect()
}
