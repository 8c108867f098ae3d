//! Folders that are gone: something says that they stood, so it is a disk that is away and not a new store.

use std::collections::BTreeSet;

use crate::address::{ComponentName, ProtectionName, StoreName, Subject};
use crate::attrs::{Attr, Attrs};
use crate::cli::chosen::Chosen;
use crate::cli::past::Past;
use crate::cli::{Failure, hint};
use crate::plan::Known;
use crate::policy::{Backend, FolderBackend, Policy, nearest};
use crate::providers::folder;
use crate::resource::Doubt;
use crate::store::ErrorKind;
use crate::tree::UNMARKED;

/// The stores of which the caller says that a new folder is meant.
///
/// # Errors
/// When one is no folder of the policy.
pub fn meant(policy: &Policy, names: &[String]) -> Result<BTreeSet<StoreName>, Failure> {
    let mut meant = BTreeSet::new();
    for name in names {
        let found = StoreName::new(name).ok().filter(|name| folder_of(policy, name).is_some());
        let folders = policy.stores.keys().filter(|name| folder_of(policy, name).is_some()).map(StoreName::as_str);
        meant.insert(found.ok_or_else(|| {
            let near = nearest(name, folders).map(hint::did_you_mean);
            let failure = Failure::usage(format!("the policy has no folder store `{name}`"));
            near.into_iter().fold(failure, Failure::help)
        })?);
    }
    Ok(meant)
}

fn folder_of<'a>(policy: &'a Policy, name: &StoreName) -> Option<&'a FolderBackend> {
    match &policy.stores.get(name)?.backend {
        Backend::Folder(folder) => Some(folder),
        Backend::S3(_) => None,
    }
}

/// Casts doubt on each folder that does not carry the policy's mark though something says that it did. `running` are the protections
/// that a scheduler carries out now: their units wait for their stores before they are first made.
pub fn cast_doubt(
    known: &mut Known,
    policy: &Policy,
    past: &Past,
    running: &BTreeSet<(ComponentName, ProtectionName)>,
    meant: &BTreeSet<StoreName>,
) {
    for name in policy.stores.keys() {
        let Some(folder) = folder_of(policy, name) else { continue };
        let id = folder::id(name);
        let Some(live) = known.live.get(&id) else { continue };
        let doubt = match &live.attrs {
            _ if meant.contains(name) => None,
            Some(attrs) if attrs.contains_key("policy") => continue,
            _ if live.doubt.is_some() => continue,
            attrs => why(known, policy, (name, folder), past, running).map(|why| Doubt { what: what(attrs.as_ref()), why }),
        };
        if let Some(live) = known.live.get_mut(&id) {
            live.doubt = doubt;
        }
    }
}

fn what(attrs: Option<&Attrs>) -> String {
    let path = |attrs: &Attrs| attrs.get("path").map(Attr::to_string);
    match attrs {
        None => "its folder is gone".to_owned(),
        Some(attrs) => {
            format!("its folder {} is not the one that was set up: it carries no mark", path(attrs).unwrap_or_default())
        }
    }
}

/// What speaks for it that the folder stood.
fn why(
    known: &Known,
    policy: &Policy,
    (name, folder): (&StoreName, &FolderBackend),
    past: &Past,
    running: &BTreeSet<(ComponentName, ProtectionName)>,
) -> Option<String> {
    if past.places.contains(&folder::note(name, folder)) {
        return Some(format!("an earlier apply set it up at {}, and backups may lie there", folder.path.shown));
    }
    let path = folder.path.expose();
    let unit = known.live.iter().find(|(id, live)| {
        let attrs = live.attrs.as_ref().filter(|_| matches!(id.subject, Subject::Component(_)));
        !folder.path.is_referenced() && attrs.is_some_and(|attrs| attrs.values().any(|value| names(value, path)))
    });
    if let Some((id, _)) = unit {
        return Some(format!("{id} writes to {path} already, and backups may lie there"));
    }
    // Where a store tells what earlier applies did, this folder is new: it is not among it.
    let uses = |(component, protection): &&(ComponentName, ProtectionName)| {
        let protection = policy.components.get(component).and_then(|component| component.protections.get(protection));
        protection.is_some_and(|protection| protection.stores.iter().any(|store| store.value == *name))
    };
    let (component, protection) = running.iter().find(uses).filter(|_| !past.found)?;
    Some(format!("`{component}/{protection}` is scheduled already, and its backups go there"))
}

/// Whether a unit names a path as one that it writes to (systemd.exec(5), `ReadWritePaths=`).
fn names(value: &Attr, path: &str) -> bool {
    match value {
        Attr::Map(map) => map.iter().any(|(key, value)| {
            if key == "ReadWritePaths" { is_or_holds(value, path) } else { value.as_map().is_some() && names(value, path) }
        }),
        _ => false,
    }
}

fn is_or_holds(value: &Attr, path: &str) -> bool {
    match value {
        Attr::List(values) => values.iter().any(|value| is_or_holds(value, path)),
        value => value.as_str().is_some_and(|text| text.trim_matches('"').trim_start_matches('-') == path),
    }
}

/// The stores that a plan cannot count on.
pub fn doubtful(known: &Known) -> BTreeSet<StoreName> {
    let doubted = known.live.iter().filter(|(_, live)| live.doubt.is_some());
    let stores = doubted.filter_map(|(id, _)| match &id.subject {
        Subject::Store(name) => Some(name.clone()),
        _ => None,
    });
    stores.collect()
}

/// The policy as if its copies went to the other stores alone.
pub fn without(policy: &Policy, stores: &BTreeSet<StoreName>) -> Policy {
    let mut left = policy.clone();
    left.forsake(|store| stores.contains(store));
    left
}

/// Whether a store may be written to: into a mount point whose disk is away nothing goes.
///
/// # Errors
/// When a folder does not carry the policy's mark, or cannot be looked at.
pub async fn check_set_up(policy: &Policy, chosen: &Chosen<'_>) -> Result<(), Failure> {
    chosen.shelf.check_mark().await.map_err(|error| {
        if error.kind != ErrorKind::NotFound {
            return error.into();
        }
        let (name, place) = (&chosen.store, chosen.shelf.store.describe());
        Failure {
            help: error.help,
            ..Failure::new(format!("nothing was written to store `{name}`: {place} is not set up for policy `{}`", *policy.name))
        }
        .cause(UNMARKED)
    })
}
