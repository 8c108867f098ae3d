//! Which archive a call speaks of, and the stores that it lies in.

use crate::address::StoreName;
use crate::archiving::Archive;
use crate::catalog::layout::Series;
use crate::cli::chosen;
use crate::cli::{Context, Failure};
use crate::policy::{Backend, Component, Policy, Protection, StoreSpec, Text};
use crate::provider::Env;
use crate::store::Lock;
use crate::stores::Patience;

/// The archive of a component.
pub struct Chosen<'a> {
    pub component: &'a Component,
    pub protection: &'a Protection,
    /// In the order of the policy.
    pub archives: Vec<Archive>,
}

/// The archive of the component that is named, or of the only one that has any.
///
/// # Errors
/// When there is none, or a store cannot be opened.
pub async fn archives<'a>(
    context: &Context,
    policy: &'a Policy,
    (name, only): (Option<&str>, &[String]),
    env: &Env,
    patience: Patience,
) -> Result<Chosen<'a>, Failure> {
    let component = component(policy, name)?;
    let protection = component.wal_archive().ok_or_else(|| none(component))?;
    let known = protection.stores.iter().map(|store| store.value.as_str());
    for name in only {
        if !known.clone().any(|known| known == name) {
            return Err(chosen::unknown("store of the archive", name, known));
        }
    }
    let mut archives = Vec::new();
    let wanted = |name: &StoreName| only.is_empty() || only.iter().any(|one| one == name.as_str());
    for name in protection.stores.iter().map(|store| &store.value).filter(|name| wanted(name)) {
        let Some(spec) = policy.stores.get(name) else { continue };
        check_known(name, spec)?;
        let series = Series {
            policy: policy.name.value.clone(),
            component: component.folder().clone(),
            protection: protection.name.value.clone(),
        };
        let shelf = chosen::shelf(spec, env, patience, series).await?;
        archives.push(Archive::new(name.clone(), shelf, lock(spec, context.now())));
    }
    Ok(Chosen { component, protection, archives })
}

fn component<'a>(policy: &'a Policy, name: Option<&str>) -> Result<&'a Component, Failure> {
    if let Some(name) = name {
        return chosen::component(policy, name);
    }
    let with: Vec<&Component> = policy.components.values().filter(|component| component.wal_archive().is_some()).collect();
    match with.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::usage("no component of the policy archives its WAL").help(ADD)),
        several => {
            let names: Vec<String> = several.iter().map(|component| format!("`{}`", *component.name)).collect();
            Err(Failure::usage("several components of the policy archive their WAL")
                .help(format!("Name one: {}.", names.join(", "))))
        }
    }
}

const ADD: &str = "Add `wal: { wal_archive: {}, store: NAME }` below `protect`.";

fn none(component: &Component) -> Failure {
    Failure::usage(format!("component `{}` does not archive its WAL", *component.name)).help(ADD)
}

/// PostgreSQL runs its commands in its own environment, in which variables of the policy may have no value. Only what is used has to
/// have one.
fn check_known(name: &StoreName, spec: &StoreSpec) -> Result<(), Failure> {
    let texts: Vec<&Text> = match &spec.backend {
        Backend::Folder(folder) => vec![&folder.path.value],
        Backend::S3(s3) => {
            [Some(&s3.bucket.value), s3.endpoint.as_ref().map(|endpoint| &endpoint.value)].into_iter().flatten().collect()
        }
    };
    match texts.into_iter().find(|text| !text.is_known()) {
        None => Ok(()),
        Some(text) => Err(Failure::new(format!("where store `{name}` lies is told by `{text}`, which has no value here")).help(
            "Set the variable in the environment of the server (on Debian /etc/postgresql/VERSION/CLUSTER/environment), or write a file that it can read and refer to that: `${file:PATH}`.",
        )),
    }
}

/// Until when the store keeps what is archived now from being removed: as long as it locks anything.
fn lock(spec: &StoreSpec, now: jiff::Timestamp) -> Option<Lock> {
    let immutability = &spec.immutability.as_ref()?.value;
    let length = jiff::SignedDuration::from_secs(i64::try_from(immutability.keep.as_secs()).unwrap_or(i64::MAX));
    Some(Lock { mode: immutability.mode, until: now.checked_add(length).unwrap_or(jiff::Timestamp::MAX) })
}
