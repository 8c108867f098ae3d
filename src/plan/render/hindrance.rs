//! Why nothing of a plan can be carried out, in words.

use std::collections::BTreeSet;

use super::entry::subject_name;
use crate::plan::{Plan, guard};
use crate::resource::{Change, Work};
use crate::units::count::counted;

/// Why nothing of it can be applied, as a fragment: `bucket of dr needs a person: …`. `None` where something can be, and where
/// nothing is to do.
pub fn hindrance(plan: &Plan) -> Option<String> {
    if plan.can_begin() || plan.is_empty() {
        return None;
    }
    let forbidding: BTreeSet<&str> = plan.findings.iter().filter(|one| one.forbids).map(|one| one.code.as_str()).collect();
    if !forbidding.is_empty() {
        return Some(format!("{} stands against it", forbidding.into_iter().collect::<Vec<_>>().join(", ")));
    }
    let refused: Vec<&Change> =
        plan.actions.iter().filter(|one| guard::is_refused(one)).filter_map(|one| first(&one.work)).collect();
    let first = refused.first()?;
    let title = plan.kinds.get(&*first.id.kind).map_or(&*first.id.kind, |kind| kind.title.as_str());
    let named = format!("{title} of {}", subject_name(&first.id.subject));
    let who = match refused.len() {
        1 => format!("{named} needs a person"),
        many => format!("{} need a person, the first is {named}", counted(many, "change")),
    };
    let waiting = match plan.actions.len() - refused.len() {
        0 => "",
        _ => "; all else that is to do waits for that",
    };
    Some(format!("{who}: {}{waiting}", first.reason.trim_end_matches('.')))
}

/// What keeps a plan from being carried out without a reason, in two parts; true whenever it is read.
pub(super) fn freeze(plan: &Plan, option: &str) -> Option<[String; 2]> {
    plan.held_by().map(|freeze| {
        let until = format!("Until {} nothing of this is applied without {option}", freeze.end());
        [until, format!("for a change freeze: {}", freeze.reason.trim_end_matches('.'))]
    })
}

/// A refused change stands alone in its action.
fn first(work: &Work) -> Option<&Change> {
    match work {
        Work::Change { changes } => changes.first(),
        Work::Run { .. } => None,
    }
}
