//! How a plan moves what can be promised: the assessment of the live system beside that of the policy.

use std::collections::BTreeMap;

use crate::address::ComponentName;
use crate::assess::{Assessment, Cell, Derived, Origin};
use crate::plan::objectives::{Basis, Bound, ObjectiveRow, Promise};

/// Of what it is not known what holds after.
#[derive(Debug, Default)]
pub struct Unknown {
    /// Components, each with the reason.
    pub components: BTreeMap<ComponentName, String>,
    /// What holds without all of which it could not be read whether it works, with the reason: what is less there is not known.
    pub certain: Option<(Assessment, String)>,
}

impl Unknown {
    fn why(&self, cell: &Cell) -> Option<String> {
        let rests_on_unread = || {
            let (certain, why) = self.certain.as_ref()?;
            let same = certain.of(&cell.component).iter().find(|other| other.disruption == cell.disruption)?;
            let figures = |cell: &Cell| (cell.rpo.seconds(), cell.rto.seconds());
            (figures(same) != figures(cell)).then(|| why.clone())
        };
        self.components.get(&cell.component).cloned().or_else(rests_on_unread)
    }
}

/// One row for each component and disruption that has a goal, and for each under which a copy of a component that left the policy is lost.
/// `before` is the assessment of what stands live.
pub fn rows(before: &Assessment, after: &Assessment, unknown: &Unknown) -> Vec<ObjectiveRow> {
    let earlier = |cell: &Cell| before.of(&cell.component).iter().find(|old| old.disruption == cell.disruption);
    let row = |cell: &Cell| {
        let why = unknown.why(cell);
        // What could not be read is not known to have worked either.
        let is_read = why.is_none() || unknown.components.contains_key(&cell.component);
        let earlier = earlier(cell).filter(|_| is_read);
        ObjectiveRow {
            component: cell.component.clone(),
            disruption: cell.disruption,
            rpo: promise(earlier.map(|old| &old.rpo), &cell.rpo),
            rto: promise(earlier.map(|old| &old.rto), &cell.rto),
            unknown: why,
            left: false,
        }
    };
    let matters = |row: &ObjectiveRow| row.rpo.goal.is_some() || row.rto.goal.is_some();
    let left = before.cells.iter().filter(|cell| after.of(&cell.component).is_empty()).filter_map(left);
    after.cells.iter().map(row).filter(matters).chain(left).collect()
}

/// What the data itself outlives, it still does.
fn left(cell: &Cell) -> Option<ObjectiveRow> {
    let (protection, _) = cell.by.as_ref()?;
    (protection.is_some() && cell.rpo.seconds().is_some()).then(|| {
        let gone = |old: &Derived| Promise {
            goal: None,
            before: Some(bound(old)),
            after: Bound { seconds: None, basis: Basis::Derived },
        };
        ObjectiveRow {
            component: cell.component.clone(),
            disruption: cell.disruption,
            rpo: gone(&cell.rpo),
            rto: gone(&cell.rto),
            unknown: None,
            left: true,
        }
    })
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
