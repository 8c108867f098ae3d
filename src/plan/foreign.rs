//! What is not bdr's beside what is, and stays.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{ResourceId, Subject};
use crate::plan::{ForeignKept, Input, Note};
use crate::resource::{Change, Foreign, Live, Op};

/// Each foreign part once, beside the first of ours that shares its document; but not what goes with that.
pub(super) fn kept(input: &Input<'_>, seen: &[(&ResourceId, &Live)], changes: &BTreeMap<ResourceId, Change>) -> Vec<ForeignKept> {
    let mut told = BTreeSet::new();
    let mut kept = Vec::new();
    // Whatever joins a document later lies where the other resources of its store do.
    let places: BTreeMap<&Subject, &String> =
        input.compiled.desired.iter().filter_map(|resource| Some((&resource.id.subject, resource.queue.as_ref()?))).collect();
    let adopted = input.compiled.desired.iter().filter_map(|one| Some((one.queue.as_ref()?, &one.id.kind, one.adopts()?)));
    let adopted: BTreeSet<_> = adopted.collect();
    let seen_live = seen.iter().flat_map(|(id, live)| live.foreign.iter().map(move |what| (*id, what)));
    let unjoined = input.known.foreign.iter().map(|(id, what)| (id, what));
    for (id, what) in seen_live.chain(unjoined).filter(|(id, what)| !(what.within && goes(changes, id))) {
        let resource = input.compiled.desired.get(id).or_else(|| input.known.owned.get(id));
        let place = resource.and_then(|r| r.queue.as_ref()).or_else(|| places.get(&id.subject).copied());
        let place = place.cloned().unwrap_or_else(|| id.subject.to_string());
        if adopted.contains(&(&place, &id.kind, what.name.as_str())) {
            continue;
        }
        if told.insert((place, id.kind.clone(), what.name.clone())) {
            kept.push(ForeignKept { beside: id.clone(), what: Foreign::clone(what) });
        }
    }
    in_order(&mut kept, |kind| input.compiled.kinds.get(kind).is_some_and(|kind| kind.shared));
    kept
}

/// What others gave to something that is removed, and goes with it.
pub(super) fn going(seen: &[(&ResourceId, &Live)], changes: &BTreeMap<ResourceId, Change>) -> Vec<Note> {
    let all = seen.iter().filter(|(id, _)| goes(changes, id));
    let note = |(id, live): &(&ResourceId, &Live)| {
        let parts: Vec<String> = live.foreign.iter().filter(|what| what.within).map(told).collect();
        (!parts.is_empty())
            .then(|| Note { of: (*id).clone(), text: format!("with it goes what bdr keeps otherwise: {}", parts.join("; ")) })
    };
    all.filter_map(note).collect()
}

fn told(what: &Foreign) -> String {
    format!("`{}`, {}", what.name, what.summary)
}

fn goes(changes: &BTreeMap<ResourceId, Change>, id: &ResourceId) -> bool {
    changes.get(id).is_some_and(|change| change.op == Op::Delete)
}

/// What acts on the same objects as rules of bdr's do (rules and statements beside them in one document) before what only stands
/// there, such as a tag: where not all is shown, that is what a reader must have seen.
fn in_order(kept: &mut [ForeignKept], is_shared: impl Fn(&str) -> bool) {
    kept.sort_by_cached_key(|one| (!is_shared(&one.beside.kind), one.beside.clone(), one.what.name.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_others_are_told_before_their_tags() {
        let one = |beside: &str, name: &str| ForeignKept {
            beside: beside.parse().expect("an address"),
            what: Foreign::new(name.to_owned(), String::new()),
        };
        let mut kept = [
            one("policy/iam_role:writer", "team"),
            one("store.primary/s3_lifecycle_rule:b", "theirs"),
            one("store.primary/s3_lifecycle_rule:a", "theirs"),
            one("policy/iam_role:writer", "cost"),
            one("component.docs/s3_tags", "cost"),
        ];
        in_order(&mut kept, |kind| kind == "s3_lifecycle_rule");
        let told: Vec<String> = kept.iter().map(|one| format!("{} {}", one.beside, one.what.name)).collect();
        assert_eq!(
            told,
            [
                "store.primary/s3_lifecycle_rule:a theirs",
                "store.primary/s3_lifecycle_rule:b theirs",
                "policy/iam_role:writer cost",
                "policy/iam_role:writer team",
                "component.docs/s3_tags cost",
            ]
        );
    }
}
