//! Plans of which nothing can be carried out.

use super::*;
use crate::plan::guard;

/// Read at the end of a long log, where the signs have scrolled away.
#[test]
fn a_plan_of_which_nothing_can_be_carried_out_says_so_last() {
    let refused = |name: &str| {
        changed(action(store(name), "bucket", "", Op::Refuse, ["{}", "{}"]), |c| c.reason = "its region cannot change".into())
    };
    let last = |actions: Vec<Action>| {
        let said = Plan { applyable: guard::can_begin(&actions), ..plan(actions) };
        human(&said, Look { width: 120, ..LOOK }).lines().last().map(str::to_owned).unwrap_or_default()
    };
    assert_eq!(
        last(vec![refused("dr")]),
        "Nothing of this can be carried out: bucket of dr needs a person: its region cannot change."
    );
    let waiting = |first: &Action| Action {
        after: [first.id.clone()].into(),
        ..action(component("docs"), "timer", "nightly", Op::Create, ["", "{}"])
    };
    let of = vec![refused("dr"), refused("far"), waiting(&refused("dr"))];
    let shown = Plan { applyable: guard::can_begin(&of), ..plan(of) };
    assert_eq!(
        hindrance(&shown).as_deref(),
        Some(
            "2 changes need a person, the first is bucket of dr: its region cannot change; all else that is to do waits for that"
        )
    );
    assert!(one_line(&shown).contains("; nothing can be carried out"), "{}", one_line(&shown));
    let free = vec![refused("dr"), action(component("docs"), "timer", "nightly", Op::Create, ["", "{}"])];
    assert!(guard::can_begin(&free) && last(free).starts_with("Digest"), "what waits for nothing can be done");
}
