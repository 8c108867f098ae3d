//! Backups of components that left the policy: nothing makes, lists or removes them any more, so a plan says that they are there.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};

use crate::address::{ComponentName, ProtectionName, StoreName, Subject};
use crate::cli::holdings::{self, Held};
use crate::compile::Compiled;
use crate::plan::Note;
use crate::policy::{Policy, StoreSpec};
use crate::provider::Env;
use crate::store::StoreError;
use crate::stores::{self, Patience};
use crate::units::count::count;

/// How many backups each store holds of each component that the policy does not have. A store that cannot be read is told by those
/// who need it.
pub async fn look(policy: &Policy, env: &Env, at_once: usize) -> BTreeMap<(StoreName, ComponentName), u64> {
    let stores = stream::iter(&policy.stores).map(|(name, spec)| async move {
        let found = tokio::time::timeout(holdings::PATIENCE, series(policy, name, spec, env)).await;
        found.unwrap_or(Ok(Vec::new())).unwrap_or_default()
    });
    let held: Vec<Vec<Held>> = stores.buffer_unordered(at_once.max(1)).collect().await;
    let mut all = BTreeMap::new();
    for ((component, _, store), known) in holdings::read(policy, held.into_iter().flatten(), env, at_once).await {
        let backups = known.map_or(0, |known| known.backups.good.len() + known.backups.damaged.len());
        *all.entry((store, component)).or_insert(0) += backups as u64;
    }
    all.retain(|_, backups| *backups > 0);
    all
}

/// The series of other components that lie below the policy's name.
async fn series(policy: &Policy, name: &StoreName, spec: &StoreSpec, env: &Env) -> Result<Vec<Held>, StoreError> {
    let store = stores::open_with(spec, env, Patience::PERSON).await?;
    let mut found = Vec::new();
    let top = format!("{}/", policy.name.value);
    for folder in store.list_folders(&top).await? {
        let Ok(component) = ComponentName::new(folder.trim_end_matches('/')) else { continue };
        if policy.components.contains_key(&component) {
            continue;
        }
        let protections = store.list_folders(&format!("{top}{folder}")).await?;
        let names = protections.iter().filter_map(|protection| ProtectionName::new(protection.trim_end_matches('/')).ok());
        found.extend(names.map(|protection| (component.clone(), protection, name.clone())));
    }
    Ok(found)
}

/// What a plan says of them, beside the store that they lie in.
pub fn notes(all: &BTreeMap<(StoreName, ComponentName), u64>, compiled: &Compiled) -> Vec<Note> {
    let note = |((store, component), backups): (&(StoreName, ComponentName), &u64)| {
        let beside = compiled.desired.iter().find(|resource| resource.id.subject == Subject::Store(store.clone()))?;
        let (lie, them) = if *backups == 1 { ("lies", "it") } else { ("lie", "them") };
        let text = format!(
            "{} of `{component}`, which is not in the policy, {lie} here, and nothing removes {them}; `bdr list {component} -p \
             OLDER-POLICY` shows {them}, with a policy that still has it",
            count(*backups, "backup")
        );
        Some(Note { of: beside.id.clone(), text })
    };
    all.iter().filter_map(note).collect()
}
