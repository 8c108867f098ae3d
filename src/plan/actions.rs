//! From changes to actions: what is written together, and what waits for what.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{ResourceId, Subject};
use crate::compile::Kinds;
use crate::graph::{Cycle, Graph};
use crate::resource::{Action, ActionId, Change, Desired, Job, Op, Resource, Work};

/// Whether an action only takes away. Removals come last, so that nothing loses its protection before the new one stands.
pub fn is_removal(action: &Action) -> bool {
    match &action.work {
        Work::Change { changes } => changes.iter().all(|change| matches!(change.op, Op::Delete | Op::Release)),
        Work::Run { .. } => false,
    }
}

/// Who the resource of an action belongs to.
pub fn subject(action: &Action) -> Subject {
    match &action.work {
        Work::Change { changes } => changes.first().map_or(Subject::Policy, |change| change.id.subject.clone()),
        Work::Run { job: Job::Backup { component, .. }, .. } => Subject::Component(component.clone()),
        Work::Run { job: Job::Copy { rule }, .. } => rule.subject.clone(),
    }
}

/// What changes share an action: all of one document, or a single one. A refused change never holds others up.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Together<'a> {
    Alone(&'a ResourceId),
    Document { kind: &'a str, place: String },
}

/// Groups changes into actions; each waits for the actions of what its resources need, through unchanged ones too. What is to go
/// waits for its `users`: they go first, or are made to use something else.
pub fn of_changes(
    changes: BTreeMap<ResourceId, Change>,
    desired: &Desired,
    owned: &BTreeMap<ResourceId, Resource>,
    kinds: &Kinds,
    users: &BTreeMap<ResourceId, BTreeSet<ResourceId>>,
) -> Vec<Action> {
    if changes.is_empty() {
        return Vec::new();
    }
    let resource = |id: &ResourceId| desired.get(id).or_else(|| owned.get(id));
    let mut groups: BTreeMap<Together<'_>, Vec<&ResourceId>> = BTreeMap::new();
    for (id, change) in &changes {
        let shared = change.op != Op::Refuse && kinds.get(&id.kind).is_some_and(|kind| kind.shared);
        let place = resource(id).and_then(|r| r.queue.clone()).unwrap_or_else(|| id.subject.to_string());
        let together = if shared { Together::Document { kind: &id.kind, place } } else { Together::Alone(id) };
        groups.entry(together).or_default().push(id);
    }
    let named: Vec<(ActionId, Vec<ResourceId>)> = groups
        .into_values()
        .filter_map(|ids| Some((ActionId(ids.first()?.to_string()), ids.into_iter().cloned().collect())))
        .collect();
    let action_of: BTreeMap<&ResourceId, &ActionId> =
        named.iter().flat_map(|(action, ids)| ids.iter().map(move |id| (id, action))).collect();
    let mut waits = waits(&action_of, desired, owned);
    for (id, users) in users {
        waits.entry(id).or_default().extend(users.iter().filter_map(|user| action_of.get(user)).copied());
    }
    let mut changes = changes;
    named
        .iter()
        .map(|(id, ids)| {
            let mut after: BTreeSet<ActionId> =
                ids.iter().filter_map(|id| waits.get(id)).flatten().map(|id| (*id).clone()).collect();
            after.remove(id);
            let queue = ids.iter().find_map(|id| resource(id).and_then(|r| r.queue.clone()));
            let changes = ids.iter().filter_map(|id| changes.remove(id)).collect();
            Action { id: id.clone(), work: Work::Change { changes }, after, queue }
        })
        .collect()
}

/// The actions that each resource waits for: of what it needs, and where that does not change, of what *that* needs.
fn waits<'a>(
    action_of: &BTreeMap<&ResourceId, &'a ActionId>,
    desired: &'a Desired,
    owned: &'a BTreeMap<ResourceId, Resource>,
) -> BTreeMap<&'a ResourceId, BTreeSet<&'a ActionId>> {
    let mut found: BTreeMap<&ResourceId, BTreeSet<&ActionId>> = BTreeMap::new();
    let mut graph = Graph::new();
    for resource in desired.iter() {
        graph.add(&resource.id);
        resource.after.iter().filter(|first| desired.get(first).is_some()).for_each(|first| graph.wait(&resource.id, first));
    }
    // A ring among desired resources was refused when they were compiled.
    for id in graph.order().unwrap_or_default() {
        let mut waits = BTreeSet::new();
        for first in desired.get(id).into_iter().flat_map(|resource| &resource.after) {
            match (action_of.get(first), found.get(first)) {
                (Some(action), _) => _ = waits.insert(*action),
                (None, Some(through)) => waits.extend(through.iter().copied()),
                (None, None) => {}
            }
        }
        found.insert(id, waits);
    }
    for (id, resource) in owned.iter().filter(|(id, _)| desired.get(id).is_none()) {
        let removed = resource.after.iter().filter(|first| desired.get(first).is_none());
        found.insert(id, removed.filter_map(|first| action_of.get(first)).copied().collect());
    }
    // What was renamed goes once all that uses it uses what takes its place.
    for (before, now) in desired.iter().filter_map(|resource| Some((resource.moved_from()?, &resource.id))) {
        let Some((before, _)) = owned.get_key_value(before).filter(|(before, _)| action_of.contains_key(before)) else {
            continue;
        };
        let users = desired.iter().filter(|resource| resource.id == *now || resource.after.contains(now));
        let users = users.filter_map(|user| action_of.get(&user.id)).copied();
        found.entry(before).or_default().extend(users);
    }
    found
}

/// Actions in an order in which they can be carried out: by waves, removals last.
///
/// # Errors
/// When actions wait for each other in a ring.
pub fn ordered(actions: Vec<Action>) -> Result<Vec<Action>, (Cycle<ActionId>, Vec<Action>)> {
    let mut graph = Graph::new();
    for action in &actions {
        graph.add(action.id.clone());
        action.after.iter().for_each(|first| graph.wait(action.id.clone(), first.clone()));
    }
    let rank: BTreeMap<ActionId, usize> = match graph.order() {
        Ok(order) => order.into_iter().enumerate().map(|(at, id)| (id.clone(), at)).collect(),
        Err(cycle) => return Err((cycle, actions)),
    };
    let mut actions = actions;
    actions.sort_by_key(|action| (is_removal(action), rank.get(&action.id).copied()));
    Ok(actions)
}
