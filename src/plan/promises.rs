//! How a plan moves what can be promised: the assessment of the live system beside that of the policy.

use std::collections::BTreeMap;

use crate::address::{ComponentName, ProtectionName, Subject};
use crate::assess::{Assessment, Cell, Derived, Origin};
use crate::plan::Known;
use crate::plan::objectives::{Basis, Bound, ObjectiveRow, Promise};
use crate::policy::Policy;
use crate::provider::{Carried, Env, Provider};
use crate::units::cadence::Schedule;

/// Protections that stand live, each with its schedule.
pub type InPlace = BTreeMap<(ComponentName, ProtectionName), Option<Schedule>>;

/// One row for each component and disruption that has a goal. `before` is the assessment
/// of what stands live; `None`: it is not known.
pub fn rows(before: Option<&Assessment>, after: &Assessment) -> Vec<ObjectiveRow> {
    let earlier =
        |cell: &Cell| before?.cells.iter().find(|old| old.component == cell.component && old.disruption == cell.disruption);
    let row = |cell: &Cell| ObjectiveRow {
        component: cell.component.clone(),
        disruption: cell.disruption,
        rpo: promise(earlier(cell).map(|old| &old.rpo), &cell.rpo),
        rto: promise(earlier(cell).map(|old| &old.rto), &cell.rto),
    };
    let matters = |row: &ObjectiveRow| row.rpo.goal.is_some() || row.rto.goal.is_some();
    after.cells.iter().map(row).filter(matters).collect()
}

/// What stands live of the policy's protections, with the schedules that are really carried out. `None`: something stands there
/// whose times cannot be told, so that what could be promised before is not known.
pub fn in_place(policy: &Policy, known: &Known, providers: &[&dyn Provider], env: &Env) -> Option<InPlace> {
    let mut in_place = InPlace::new();
    for (id, live) in &known.live {
        let (Subject::Component(component), Some(attrs)) = (&id.subject, &live.attrs) else { continue };
        for provider in providers.iter().filter(|provider| provider.kinds().iter().any(|kind| kind.name == id.kind)) {
            match provider.carries_out(policy, env, id, attrs) {
                Carried::Nothing => {}
                Carried::Untold => return None,
                Carried::Schedule(schedule) => {
                    if let Ok(protection) = ProtectionName::new(&id.key) {
                        in_place.insert((component.clone(), protection), Some(schedule));
                    }
                }
            }
        }
    }
    Some(in_place)
}

fn promise(before: Option<&Derived>, after: &Derived) -> Promise {
    Promise { goal: after.target.as_ref().map(|target| target.as_secs()), before: before.map(bound), after: bound(after) }
}

fn bound(derived: &Derived) -> Bound {
    let basis = match derived.origin() {
        Some(Origin::Assumed) => Basis::Assumed,
        Some(Origin::Measured) => Basis::Measured,
        Some(Origin::Policy | Origin::Live) | None => Basis::Derived,
    };
    Bound { seconds: derived.seconds(), basis }
}
