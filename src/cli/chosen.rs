//! Which backups a command speaks of: a component, its protections, and the stores that hold their copies.

use std::collections::BTreeSet;

use crate::address::{ComponentName, ProtectionName, StoreName};
use crate::catalog::layout::Series;
use crate::cli::{Failure, hint};
use crate::policy::{Backend, Component, Policy, Protection, StoreSpec, nearest};
use crate::provider::Env;
use crate::providers::folder;
use crate::store::StoreError;
use crate::stores::{self, Patience};
use crate::tree::Shelf;
use crate::units::storage_class::StorageClass;

/// The options by which commands choose.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Which {
    /// Protection of the component [default: all of them]
    #[arg(long, value_name = "NAME")]
    pub protection: Option<String>,
    /// Store that holds the copies [default: every store of the protection]
    #[arg(long, value_name = "NAME")]
    pub store: Option<String>,
    /// Whether stores count that only replication brings copies to.
    #[arg(skip)]
    pub replicas: Replicas,
}

/// When stores count to which a protection writes nothing itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replicas {
    /// What writes has nothing to do there.
    #[default]
    Never,
    /// Where `--store` names one.
    Named,
    Always,
}

impl Which {
    #[must_use]
    pub fn with(&self, replicas: Replicas) -> Self {
        Self { replicas, ..self.clone() }
    }
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Human,
    /// One document; where there is none, one event `failed` (`bdr schema event`)
    Json,
}

/// The backups of one protection in one store.
pub struct Chosen<'a> {
    pub component: &'a Component,
    pub protection: &'a Protection,
    pub store: StoreName,
    pub shelf: Shelf,
    /// The same for who waits: it gives a store up within seconds that is down.
    pub soon: Shelf,
    /// In which replication makes copies here, whatever they were made as.
    class: Option<StorageClass>,
}

impl Chosen<'_> {
    /// `component/protection in store`.
    pub fn label(&self) -> String {
        format!("{}/{} in {}", *self.component.name, *self.protection.name, self.store)
    }

    /// The class in which a backup lies here that was made as another one.
    pub fn class_of(&self, made: StorageClass) -> StorageClass {
        self.class.unwrap_or(made)
    }
}

/// # Errors
/// When the policy has no such component.
pub fn component<'a>(policy: &'a Policy, name: &str) -> Result<&'a Component, Failure> {
    // What runs by itself calls it by its earlier name until an apply has renamed that too.
    let found = ComponentName::new(name).ok().and_then(|name| policy.component_once_called(&name));
    found.ok_or_else(|| {
        let mut failure = unknown("component", name, policy.components.keys().map(ComponentName::as_str));
        let left = "Backups of a component that left the policy are read with one that still has it (`-p OLDER-POLICY`).";
        failure.help = Some(failure.help.map_or_else(|| left.to_owned(), |help| format!("{help} {left}")));
        failure
    })
}

/// What the options choose of one component, or of all of the policy.
///
/// # Errors
/// When a name is unknown, a store cannot be opened, or nothing fits.
pub async fn all<'a>(policy: &'a Policy, name: Option<&str>, which: &Which, env: &Env) -> Result<Vec<Chosen<'a>>, Failure> {
    if let Some(name) = name {
        return choose(policy, component(policy, name)?, which, env).await;
    }
    let mut chosen = Vec::new();
    for component in policy.components.values() {
        let fitting =
            |protection: &&Protection| which.protection.as_ref().is_none_or(|wanted| wanted == protection.name.as_str());
        for protection in component.protections.values().filter(fitting) {
            chosen.extend(of_protection(policy, component, protection, which, env).await?);
        }
    }
    let with_backups = |component: &&Component| component.kind.bucket().is_none();
    let first = policy.components.values().find(with_backups).or_else(|| policy.components.values().next());
    match first {
        // One component stands for all: what it has not, none has.
        Some(component) if chosen.is_empty() => choose(policy, component, which, env).await,
        _ => Ok(chosen),
    }
}

/// The chosen protections of a component in the chosen stores, in order.
///
/// # Errors
/// When a name is unknown, or a store cannot be opened.
pub async fn choose<'a>(
    policy: &'a Policy,
    component: &'a Component,
    which: &Which,
    env: &Env,
) -> Result<Vec<Chosen<'a>>, Failure> {
    let protections: Vec<&Protection> = match &which.protection {
        None => component.protections.values().collect(),
        Some(name) => {
            let found = ProtectionName::new(name).ok().and_then(|name| component.protections.get(&name));
            let known = component.protections.keys().map(ProtectionName::as_str);
            vec![found.ok_or_else(|| unknown("protection", name, known))?]
        }
    };
    let mut chosen = Vec::new();
    for protection in &protections {
        chosen.extend(of_protection(policy, component, protection, which, env).await?);
    }
    if chosen.is_empty() && protections.iter().any(|protection| protection.wal_archive().is_some()) {
        return Err(only_log(component));
    }
    match (&which.store, chosen.is_empty()) {
        (Some(name), true) => {
            let protections = component.protections.values();
            let used: BTreeSet<&StoreName> =
                protections.flat_map(|protection| stores_of(policy, component, protection, which)).collect();
            Err(unknown("store", name, used.iter().map(|store| store.as_str())))
        }
        (None, true) if component.kind.bucket().is_some() && !component.protections.is_empty() => Err(Failure::new(format!(
            "S3 copies `{}` by itself: there is nothing to run, and no backup of it that bdr could list or restore",
            *component.name
        ))
        .help("`bdr plan` shows whether the replication stands. What was copied lies in the destination's bucket under the same keys.")),
        (None, true) => Err(Failure::new(format!("component `{}` has no protection, so it has no backups", *component.name))
            .help(format!("Add one under `protect`, such as `{}`.", component.kind.example()))),
        _ => Ok(chosen),
    }
}

fn only_log(component: &Component) -> Failure {
    let message =
        format!("what `{}` archives there is its WAL, and no backup that bdr could make, list or restore", *component.name);
    Failure::new(message).help(format!(
        "PostgreSQL hands it over by its `archive_command`, and a base backup is rolled forward by it; `bdr wal status {}` tells how it stands.",
        *component.name
    ))
}

/// A series in a store of the policy: the one way to read or write backups.
///
/// # Errors
/// When the store cannot be opened.
pub async fn shelf(spec: &StoreSpec, env: &Env, patience: Patience, series: Series) -> Result<Shelf, StoreError> {
    let mark = match &spec.backend {
        Backend::Folder(_) => Some(folder::marker_key(&series.policy)),
        Backend::S3(_) => None,
    };
    Ok(Shelf::new(stores::open_with(spec, env, patience).await?, series).marked_by(mark))
}

/// The stores of a protection that count.
fn stores_of<'a>(policy: &'a Policy, component: &Component, protection: &'a Protection, which: &Which) -> Vec<&'a StoreName> {
    if which.replicas == Replicas::Always || (which.replicas == Replicas::Named && which.store.is_some()) {
        policy.stores_of(component, protection)
    } else {
        protection.stores.iter().map(|store| &store.value).collect()
    }
}

async fn of_protection<'a>(
    policy: &'a Policy,
    component: &'a Component,
    protection: &'a Protection,
    which: &Which,
    env: &Env,
) -> Result<Vec<Chosen<'a>>, Failure> {
    let mut chosen = Vec::new();
    // A log is no backup: `bdr wal` speaks of it.
    if protection.wal_archive().is_some() {
        return Ok(chosen);
    }
    for name in stores_of(policy, component, protection, which) {
        let named = which.store.as_ref().is_none_or(|wanted| wanted == name.as_str());
        let Some(spec) = policy.stores.get(name).filter(|_| named) else { continue };
        let series = Series {
            policy: policy.name.value.clone(),
            component: component.folder().clone(),
            protection: protection.name.value.clone(),
        };
        let soon = shelf(spec, env, Patience::PERSON, series.clone()).await?;
        let shelf = shelf(spec, env, Patience::default(), series).await?;
        let class = policy.class_of_copies(component, protection, name);
        chosen.push(Chosen { component, protection, store: name.clone(), shelf, soon, class });
    }
    Ok(chosen)
}

/// Something that was named and is not there.
pub fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Failure {
    let list: Vec<&str> = known.clone().collect();
    let help = match (nearest(name, known), list.is_empty()) {
        (Some(near), _) => hint::did_you_mean(near),
        (None, true) => format!("The policy has no {what}."),
        (None, false) => format!("It has {}.", list.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    Failure::usage(format!("there is no {what} `{name}`")).help(help)
}
