//! How a plan moves what can be promised: the assessment of the live system beside that of the policy.

use std::collections::BTreeMap;

use crate::address::ComponentName;
use crate::assess::{Assessment, Cell, Derived, Origin};
use crate::plan::objectives::{Basis, Bound, ObjectiveRow, Promise};

/// One row for each component and disruption that has a goal. `before` is the assessment
/// of what stands live; `None`: it is not known. `unknown` says of which components it is not known what holds after, and why.
pub fn rows(before: Option<&Assessment>, after: &Assessment, unknown: &BTreeMap<ComponentName, String>) -> Vec<ObjectiveRow> {
    let earlier = |cell: &Cell| before?.of(&cell.component).iter().find(|old| old.disruption == cell.disruption);
    let row = |cell: &Cell| ObjectiveRow {
        component: cell.component.clone(),
        disruption: cell.disruption,
        rpo: promise(earlier(cell).map(|old| &old.rpo), &cell.rpo),
        rto: promise(earlier(cell).map(|old| &old.rto), &cell.rto),
        unknown: unknown.get(&cell.component).cloned(),
    };
    let matters = |row: &ObjectiveRow| row.rpo.goal.is_some() || row.rto.goal.is_some();
    after.cells.iter().map(row).filter(matters).collect()
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
