//! Folders that are gone: something says that they stood, so it is a disk that is away and not a new store.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{ResourceId, StoreName, Subject};
use crate::attrs::{Attr, Attrs};
use crate::cli::chosen::Chosen;
use crate::cli::holdings::{Holdings, Protected};
use crate::cli::past::Past;
use crate::cli::{Failure, hint};
use crate::plan::{Known, Note};
use crate::policy::{Backend, FolderBackend, Policy, StoreSpec, nearest};
use crate::providers::{folder, s3, schedule};
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

fn folders(policy: &Policy) -> BTreeSet<&str> {
    policy.stores.keys().filter_map(|name| Some(folder_of(policy, name)?.path.expose())).collect()
}

/// Casts doubt on each folder that does not carry the policy's mark though something says that it did. `running` are the protections
/// that a scheduler carries out now: their units wait for their stores before they are first made.
pub fn cast_doubt(known: &mut Known, policy: &Policy, past: &Past, running: &BTreeSet<Protected>, meant: &BTreeSet<StoreName>) {
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
    running: &BTreeSet<Protected>,
) -> Option<String> {
    if names(policy, name).any(|name| past.places.contains(&folder::note(name, folder))) {
        return Some(format!("an earlier apply set it up at {}, and backups may lie there", folder.path.shown));
    }
    let path = folder.path.expose();
    let unit = known.live.iter().find(|(id, live)| {
        let attrs = live.attrs.as_ref().filter(|_| matches!(id.subject, Subject::Component(_)));
        let mut paths = BTreeSet::new();
        attrs.into_iter().flat_map(Attrs::values).for_each(|value| written(value, &mut paths));
        !folder.path.is_referenced() && paths.contains(path)
    });
    if let Some((id, _)) = unit {
        return Some(format!("{id} writes to {path} already, and backups may lie there"));
    }
    // Where a store tells what earlier applies did, this folder is new: it is not among it.
    let uses = |protected: &&Protected| goes_to(policy, protected, name);
    // A unit that is told where to write, and it is not here, writes to where the store was before.
    let elsewhere = |protected: &&Protected| writes_to(known, policy, protected).is_some_and(|paths| !paths.contains(EVERYWHERE));
    let (component, protection) = running.iter().filter(uses).find(|one| !elsewhere(one)).filter(|_| !past.found)?;
    Some(format!("`{component}/{protection}` is scheduled already, and its backups go there unless the store was moved only now"))
}

/// What a store is called, and what it was called before.
fn names<'a>(policy: &'a Policy, name: &'a StoreName) -> impl Iterator<Item = &'a StoreName> {
    let before = policy.stores.get(name).and_then(|store| store.moved.as_ref());
    std::iter::once(name).chain(before.map(|before| &before.value))
}

/// Whether the policy has backups of a protection go to a store.
fn goes_to(policy: &Policy, (component, protection): &Protected, store: &StoreName) -> bool {
    let protection = policy.components.get(component).and_then(|component| component.protections.get(protection));
    protection.is_some_and(|protection| protection.stores.iter().any(|one| one.value == *store))
}

/// What stands in a unit whose store's path only a reference tells.
const EVERYWHERE: &str = "/";

/// The folders that a protection's unit may write to; `None`: it has none that stands.
fn writes_to(known: &Known, policy: &Policy, (component, protection): &Protected) -> Option<BTreeSet<String>> {
    let own = |id: &ResourceId| {
        let is_its = id.kind == schedule::SERVICE && policy.called_now(&id.subject) == Subject::Component(component.clone());
        is_its && id.key.split('@').next() == Some(protection.as_str())
    };
    let attrs = known.live.iter().filter(|(id, _)| own(id)).find_map(|(_, live)| live.attrs.as_ref())?;
    let mut paths = BTreeSet::new();
    attrs.values().for_each(|value| written(value, &mut paths));
    Some(paths)
}

/// The paths that a unit names as those that it writes to (systemd.exec(5), `ReadWritePaths=`).
fn written(value: &Attr, paths: &mut BTreeSet<String>) {
    let Attr::Map(map) = value else { return };
    for (key, value) in map {
        match value {
            Attr::List(values) if key == "ReadWritePaths" => paths.extend(values.iter().filter_map(path_of)),
            value if key == "ReadWritePaths" => paths.extend(path_of(value)),
            value => written(value, paths),
        }
    }
}

fn path_of(value: &Attr) -> Option<String> {
    value.as_str().map(|text| text.trim_matches('"').trim_start_matches('-').to_owned())
}

/// Folders that are new because their store has moved, as the units tell that write to where it was: said, since nothing reads any more
/// what lies there. Where a record tells of the old place, the plan releases it and says the same.
pub fn moves(known: &Known, policy: &Policy, past: &Past) -> Vec<Note> {
    let mut notes = Vec::new();
    let folders = folders(policy);
    for (name, folder) in policy.stores.keys().filter_map(|name| Some((name, folder_of(policy, name)?))) {
        let of = folder::id(name);
        let is_new = known
            .live
            .get(&of)
            .is_some_and(|live| live.doubt.is_none() && !live.attrs.as_ref().is_some_and(|attrs| attrs.contains_key("policy")));
        let all = policy.components.values().flat_map(|component| {
            component.protections.keys().map(move |protection| (component.name.value.clone(), protection.clone()))
        });
        let from = all.filter(|protected| is_new && !folder.path.is_referenced() && goes_to(policy, protected, name));
        let from = from.flat_map(|protected| writes_to(known, policy, &protected).unwrap_or_default());
        let noted =
            |path: &str| past.places.iter().any(|place| place.starts_with("folder ") && place.ends_with(&format!(" {path}")));
        let from: BTreeSet<String> =
            from.filter(|path| path != EVERYWHERE && !folders.contains(path.as_str()) && !noted(path)).collect();
        notes.extend(from.into_iter().map(|from| Note {
            of: of.clone(),
            text: format!(
                "the store moves here from {from}, where its backups go until this is applied: those stay there, and nothing reads, lists or \
                 removes them"
            ),
        }));
    }
    notes
}

/// Buckets that are gone though something says that they stood, each with the words for it.
pub fn lost_buckets(known: &Known, policy: &Policy, past: &Past, running: &BTreeSet<Protected>) -> BTreeMap<ResourceId, String> {
    // A bucket of the policy's under another name is where the store was before.
    let moved = known.owned.keys().any(|id| id.subject == Subject::Policy && id.kind == s3::BUCKET);
    let folders = folders(policy);
    let mut lost = BTreeMap::new();
    for (name, spec) in &policy.stores {
        let Backend::S3(backend) = &spec.backend else { continue };
        let id = s3::bucket_id(name);
        if known.live.get(&id).is_none_or(|live| live.attrs.is_some()) {
            continue;
        }
        let uses = |protected: &&Protected| goes_to(policy, protected, name);
        let into_a_folder = |protected: &&Protected| {
            writes_to(known, policy, protected).is_some_and(|paths| paths.iter().any(|path| !folders.contains(path.as_str())))
        };
        let ran = running.iter().filter(uses).find(|one| !into_a_folder(one)).filter(|_| !moved && !past.found);
        if names(policy, name).any(|name| past.places.contains(&s3::note(name, backend))) {
            lost.insert(id, "its bucket is gone, and its backups with it: an earlier apply set it up".to_owned());
        } else if let Some((component, protection)) = ran {
            let what = format!(
                "its bucket is gone, and its backups with it, unless the store was moved there only now: `{component}/{protection}` is \
                 scheduled already"
            );
            lost.insert(id, what);
        }
    }
    lost
}

/// Buckets that stand as they were set up and hold nothing any more, each with the words for it: where a schedule runs, an apply left
/// its record in some store, and first backups.
pub fn emptied(
    (known, holdings): (&Known, &Holdings),
    policy: &Policy,
    past: &Past,
    running: &BTreeSet<Protected>,
) -> BTreeMap<ResourceId, String> {
    let emptied = |(name, spec): (&StoreName, &StoreSpec)| {
        let id = s3::bucket_id(name);
        let stood = past.nothing && known.owned.contains_key(&id) && known.live.get(&id)?.attrs.is_some();
        let is_empty = matches!(spec.backend, Backend::S3(_)) && holdings.is_empty(name);
        let (component, protection) = running.iter().find(|protected| goes_to(policy, protected, name))?;
        let what = format!(
            "its bucket was emptied: it holds no backup and no record of any apply, and `{component}/{protection}` is scheduled already"
        );
        (stood && is_empty).then_some((id, what))
    };
    policy.stores.iter().filter_map(emptied).collect()
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
