//! Copies of what lies in the source of a replication rule and not at its destination: after the rule, which takes up what is written
//! from then on.

use std::collections::BTreeSet;

use crate::address::{ResourceId, Subject};
use crate::plan::{Input, Intent, actions};
use crate::policy::Protection;
use crate::resource::{Action, ActionId, Job, Work};

/// One for each rule of which something is not there, after all that is done to it and to the stores on both sides.
pub fn of(input: &Input<'_>, all: &[Action]) -> Vec<Action> {
    if input.intent != Intent::Reconcile {
        return Vec::new();
    }
    let one = |(rule, reason): (&ResourceId, &String)| {
        let id = address(rule);
        if !input.scope.names(&id) {
            return None;
        }
        let resource = input.compiled.desired.get(rule)?;
        let of: BTreeSet<&Subject> = resource.after.iter().map(|first| &first.subject).chain([&rule.subject]).collect();
        let before = all.iter().filter(|action| !actions::is_removal(action) && is_change_of(action, &of));
        Some(Action {
            id: ActionId(id.to_string()),
            work: Work::Run {
                job: Job::Copy { rule: rule.clone() },
                place: span(input, rule).and_then(|span| input.sources.position(span)),
                reason: reason.clone(),
            },
            after: before.map(|action| action.id.clone()).collect(),
            queue: Some(format!("copy {rule}")),
        })
    };
    input.known.uncopied.iter().filter_map(one).collect()
}

/// What the copies of a rule are called in a plan.
pub fn address(rule: &ResourceId) -> ResourceId {
    ResourceId::new(rule.subject.clone(), "copy", &rule.key)
}

fn is_change_of(action: &Action, of: &BTreeSet<&Subject>) -> bool {
    matches!(&action.work, Work::Change { changes } if changes.iter().any(|change| of.contains(&change.id.subject)))
}

/// Where the policy asks for it: the key, or else the rule.
fn span(input: &Input<'_>, rule: &ResourceId) -> Option<crate::diag::Span> {
    let component = match &rule.subject {
        Subject::Component(name) => input.policy.components.get(name),
        _ => None,
    };
    let protection = component.and_then(|component| component.protections.values().find(|one| one.name.as_str() == &*rule.key));
    let entry = protection.and_then(Protection::replication);
    let key = entry.and_then(|entry| entry.existing_objects.as_ref()).and_then(|stated| stated.span);
    key.or_else(|| input.compiled.desired.get(rule)?.span)
}
