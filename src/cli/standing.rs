//! What stands, said as a policy: the "before" of a plan's objectives.

use std::collections::BTreeSet;

use crate::address::ResourceId;
use crate::cli::holdings::{self, Holdings};
use crate::compile;
use crate::diag::Spanned;
use crate::plan::Known;
use crate::policy::{AsTree, Method, Policy, Protection};
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
        if let Some(component) = standing.components.get_mut(&left.0) {
            component.protections.insert(left.1, protection);
        }
    }
    standing
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

/// Lets go of what stands and does nothing, because what it needs falls short: of what stands, not of what the policy is to come to.
pub fn leave_what_works(standing: &mut Policy, known: &Known) {
    let providers = providers::pure();
    let needs = |id: &ResourceId| of_kind(&providers, id).is_some_and(|(_, kind)| kind.needs_earlier);
    if !known.live.keys().any(needs) {
        return;
    }
    let stands = compile::compile(standing, &providers, &Env::default()).0.desired;
    let dead = stands.iter().filter(|resource| needs(&resource.id) && !has_what_it_needs(resource, &stands, known, &providers));
    for resource in dead {
        if let Some((provider, _)) = of_kind(&providers, &resource.id) {
            provider.stands(standing, &resource.id, &Live::absent());
        }
    }
}

fn of_kind(providers: &[&'static dyn Provider], id: &ResourceId) -> Option<(&'static dyn Provider, &'static Kind)> {
    providers.iter().find_map(|provider| Some((*provider, provider.kinds().iter().find(|kind| kind.name == id.kind)?)))
}

/// Whether all that must be in place before a resource is, as far as it was read and its place has such things; where it was renamed, under
/// its earlier name.
fn has_what_it_needs(resource: &Resource, stands: &Desired, known: &Known, providers: &[&'static dyn Provider]) -> bool {
    resource.after.iter().all(|id| {
        let (Some(needed), Some((provider, _))) = (stands.get(id), of_kind(providers, id)) else { return true };
        let mut names = std::iter::once(id).chain(needed.moved_from()).filter_map(|id| known.live.get(id)).peekable();
        names.peek().is_none() || names.any(|live| live.unsupported || !provider.falls_short(needed, live))
    })
}

#[cfg(test)]
mod tests;
