//! What stands, said as a policy: the "before" of a plan's objectives.

use std::collections::BTreeSet;

use crate::address::{ComponentName, ResourceId};
use crate::cli::holdings::{self, Holdings};
use crate::compile;
use crate::diag::Spanned;
use crate::plan::{Alarm, Known};
use crate::policy::{AsTree, Component, ComponentKind, Files, Method, Objectives, Policy, Protection};
use crate::provider::{Env, Provider};
use crate::providers::{self, schedule::Schedules};
use crate::resource::{Desired, Kind, Live, Resource};

/// The policy with what left it and a schedule still carries out, as far as its stores are known.
pub fn with_schedules(policy: &Policy, live: &Schedules, holdings: Option<&Holdings>) -> Policy {
    let mut standing = policy.clone();
    for left in holdings::left_behind(policy, live.keys()) {
        let stores = holdings.map(|holdings| holdings.stores_of_left(&left)).unwrap_or_default();
        let protection = Protection {
            name: Spanned::bare(left.1.clone()),
            method: Method::FileBackup(Box::new(AsTree { full: None, compression: Spanned::bare(COMPRESSION) })),
            schedule: None,
            stores: stores.into_iter().map(Spanned::bare).collect(),
            span: None,
        };
        let component = standing.components.entry(left.0).or_insert_with_key(component_that_left);
        component.protections.insert(left.1, protection);
    }
    standing
}

/// Nothing that stands tells what it was a component of.
fn component_that_left(name: &ComponentName) -> Component {
    let files = Files { paths: Vec::new(), include: Vec::new(), exclude: Vec::new(), one_file_system: false };
    Component {
        name: Spanned::bare(name.clone()),
        moved: None,
        kind: ComponentKind::Files(files),
        objectives: Objectives::default(),
        protections: Default::default(),
        retain: Default::default(),
        log_window: None,
        span: None,
    }
}

/// Of no consequence for what is promised.
const COMPRESSION: i32 = 3;

/// What is set up as it is, not as the policy wants it, as far as some of what was read goes; with what left the policy and still stands.
pub fn make(standing: &mut Policy, desired: &Desired, known: &Known, some: impl Fn(&Live) -> bool) {
    let providers = providers::pure();
    let renamed: BTreeSet<&ResourceId> = desired.iter().filter_map(Resource::moved_from).collect();
    for (id, live) in known.live.iter().filter(|(_, live)| some(live)) {
        // What was renamed is told under its name of now.
        let is_left = || live.attrs.is_some() && known.owned.contains_key(id) && !renamed.contains(id);
        if let Some((provider, _)) = of_kind(&providers, id).filter(|_| desired.get(id).is_some() || is_left()) {
            provider.stands(standing, id, live);
        }
    }
}

/// Something that stands and does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    pub id: ResourceId,
    /// What it needs and what falls short of that.
    pub needs: ResourceId,
    /// What that is: `versioning`.
    pub title: &'static str,
}

/// Lets go of what stands and does nothing, because what it needs falls short: of what stands, not of what the policy is to come to.
pub fn leave_what_works(standing: &mut Policy, known: &Known) -> Vec<Dead> {
    let providers = providers::pure();
    let needs = |id: &ResourceId| of_kind(&providers, id).is_some_and(|(_, kind)| kind.needs_earlier);
    if !known.live.keys().any(needs) {
        return Vec::new();
    }
    let stands = compile::compile(standing, &providers, &Env::default()).0.desired;
    let rules = stands.iter().filter(|resource| needs(&resource.id));
    let dead: Vec<Dead> = rules.filter_map(|resource| shortfall(resource, &stands, known, &providers)).collect();
    for Dead { id, .. } in &dead {
        if let Some((provider, _)) = of_kind(&providers, id) {
            provider.stands(standing, id, &Live::absent());
        }
    }
    dead
}

/// What is told first of what stands, is wanted, and does nothing.
pub fn alarms(dead: &[Dead], desired: &Desired, known: &Known) -> Vec<Alarm> {
    let stands = |one: &&Dead| known.live(&one.id).is_some_and(|live| live.attrs.is_some());
    let wanted = dead.iter().filter(|one| desired.get(&one.id).is_some()).filter(stands);
    wanted.map(|one| Alarm::of_dead(&one.id, one.title, &one.needs)).collect()
}

/// Adds what left the policy and still protects something, as long as what it works by is there.
pub fn recall(standing: &mut Policy, desired: &Desired, known: &Known) {
    let providers = providers::pure();
    let renamed: BTreeSet<&ResourceId> = desired.iter().filter_map(Resource::moved_from).collect();
    let left = |id: &ResourceId| desired.get(id).is_none() && known.owned.contains_key(id) && !renamed.contains(id);
    let there = |identity: &String| {
        known.live.values().filter(|live| live.identity.as_ref() == Some(identity)).all(|live| live.attrs.is_some())
    };
    let works = |live: &Live| live.relies.as_ref().is_none_or(there);
    for (id, live) in known.live.iter().filter(|(id, live)| live.attrs.is_some() && left(id) && works(live)) {
        if let Some((provider, _)) = of_kind(&providers, id) {
            provider.recalls(standing, id, live);
        }
    }
}

/// A policy without what may not work, since that or what it needs could not be read; with the first of these. `None`: all of it was.
pub fn without_unread(policy: &Policy, desired: &Desired, known: &Known) -> Option<(Policy, String)> {
    let providers = providers::pure();
    let unread: BTreeSet<&ResourceId> = known.unread.iter().flat_map(|unread| &unread.resources).collect();
    let needs = |id: &ResourceId| of_kind(&providers, id).is_some_and(|(_, kind)| kind.needs_earlier);
    let rules = desired.iter().filter(|resource| needs(&resource.id));
    let unsure = rules.filter_map(|rule| Some((rule, rule.after.iter().chain([&rule.id]).find(|id| unread.contains(id))?)));
    let mut certain = policy.clone();
    let mut why = None;
    for (rule, id) in unsure {
        if let Some((provider, _)) = of_kind(&providers, &rule.id) {
            provider.stands(&mut certain, &rule.id, &Live::absent());
        }
        why.get_or_insert_with(|| format!("{id} could not be read"));
    }
    Some((certain, why?))
}

fn of_kind(providers: &[&'static dyn Provider], id: &ResourceId) -> Option<(&'static dyn Provider, &'static Kind)> {
    providers.iter().find_map(|provider| Some((*provider, provider.kinds().iter().find(|kind| kind.name == id.kind)?)))
}

/// The first of what must be in place before a resource that is not, as far as it was read and its place has such things; where it was
/// renamed, under its earlier name.
fn shortfall(resource: &Resource, stands: &Desired, known: &Known, providers: &[&'static dyn Provider]) -> Option<Dead> {
    resource.after.iter().find_map(|id| {
        let (needed, (provider, kind)) = (stands.get(id)?, of_kind(providers, id)?);
        let names: Vec<&Live> = std::iter::once(id).chain(needed.moved_from()).filter_map(|id| known.live.get(id)).collect();
        let works = names.is_empty() || names.iter().any(|live| live.unsupported || !provider.falls_short(needed, live));
        (!works).then(|| Dead { id: resource.id.clone(), needs: id.clone(), title: kind.title })
    })
}

#[cfg(test)]
mod tests;
