//! What must hold of every rule and every document: the canonical form is one, and a merge touches nothing that is not bdr's.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/r";

prop_compose! {
    fn wanted()(
        to in "arn:aws:s3:::[a-z0-9.-]{3,9}",
        prefix in "[a-z/ &<>\"åß]{0,12}",
        flags: [bool; 3],
        tags in btree_map("[a-z &<]{1,4}", "[a-z0-9 \"]{0,4}", 0..3),
        class in option::of("STANDARD|STANDARD_IA|GLACIER_IR"),
        within in option::of(Just(15_i64)),
        owner in option::of("[0-9]{12}"),
        kms in option::of("alias/[a-z]{1,5}|arn:aws:kms:eu-west-1:111122223333:key/[a-f0-9]{4}"),
    ) -> Attrs {
        let [enabled, markers, changes] = flags;
        let mut attrs = Attrs::from([
            ("role".to_owned(), ROLE.into()),
            ("to".to_owned(), to.into()),
            ("prefix".to_owned(), prefix.into()),
            ("enabled".to_owned(), enabled.into()),
            ("delete_markers".to_owned(), (markers && tags.is_empty()).into()),
            ("priority".to_owned(), rule::GIVEN.into()),
        ]);
        let texts = [("storage_class", class), ("owner", owner), ("kms", kms)];
        attrs.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Attr::Text(text?)))));
        attrs.extend(within.map(|minutes| ("within_minutes".to_owned(), minutes.into())));
        attrs.extend((!tags.is_empty()).then(|| ("tags".to_owned(), Attr::map(tags))));
        attrs.extend(changes.then(|| ("replica_changes".to_owned(), true.into())));
        attrs
    }
}

prop_compose! {
    /// A rule of somebody else as it may stand there, with what bdr has never heard of.
    fn theirs()(
        id in option::of("[a-z]{1,6}|bdr/q/[a-z]{1,3}|bdr/pp/x"),
        attrs in wanted(),
        priority in 0_u32..20_000,
        inner in vec(("[A-Z][a-z]{2,6}", "[ -~]{0,6}"), 0..4),
    ) -> Element {
        let mut rule = rule::element("", &attrs);
        rule.remove("ID");
        rule.children.extend(id.map(|id| Element::leaf("ID", id)));
        rule.set(Element::leaf("Priority", priority.to_string()));
        let unheard = inner.into_iter().map(|(name, text)| Element::new("Unheard").with(Element::leaf(&name, text)));
        rule.children.extend(unheard);
        rule
    }
}

fn foreign(document: &Element) -> Vec<Element> {
    document.each("Rule").filter(|rule| !rule.text_at(&["ID"]).unwrap_or("").starts_with("bdr/p/")).cloned().collect()
}

proptest! {
    #[test]
    fn a_rule_reads_back_as_it_was_written(attrs in wanted()) {
        let policy = PolicyName::new("p").expect("name");
        let edit = Edit { mark: "bdr/p/s/x".to_owned(), attrs: Some(&attrs) };
        let document = ReplicationRules.merged(None, &policy, &[edit]).expect("fits");
        let again = Element::parse(&document.to_xml()).expect("what bdr writes is XML");
        for desired in [None, Some(&attrs)] {
            let seen = ReplicationRules.live(Some(&again), Sight { policy: &policy, mark: "bdr/p/s/x", desired });
            prop_assert_eq!(seen.attrs.as_ref(), Some(&attrs));
        }
    }

    #[test]
    fn a_merge_keeps_every_foreign_rule_and_is_idempotent(
        strangers in vec(theirs(), 0..6),
        known in vec(("[abc]", wanted()), 0..4),
        edits in vec(("[abc]", option::of(wanted())), 0..4),
    ) {
        let policy = PolicyName::new("p").expect("name");
        let mark = |name: &str| format!("bdr/p/s/{name}");
        let mut before = Element::new("ReplicationConfiguration").with(Element::leaf("Role", "theirs"));
        before.children.extend(strangers);
        let known: BTreeMap<_, _> = known.into_iter().collect();
        let known: Vec<Edit<'_>> = known.iter().map(|(name, attrs)| Edit { mark: mark(name), attrs: Some(attrs) }).collect();
        let before = ReplicationRules.merged(Some(&before), &policy, &known).expect("fits");
        let edits: BTreeMap<_, _> = edits.into_iter().collect();
        let edits: Vec<Edit<'_>> = edits.iter().map(|(name, attrs)| Edit { mark: mark(name), attrs: attrs.as_ref() }).collect();
        let after = ReplicationRules.merged(Some(&before), &policy, &edits).expect("fits");
        prop_assert_eq!(foreign(&after), foreign(&before));
        prop_assert_eq!(
            ReplicationRules.foreign_part(Some(&after), &policy),
            ReplicationRules.foreign_part(Some(&before), &policy)
        );
        // On the wire and back, and each told once.
        let text = after.to_xml();
        let again = Element::parse(&text).expect("what bdr writes is XML");
        prop_assert_eq!(again.to_xml(), text);
        for edit in &edits {
            let sight = Sight { policy: &policy, mark: &edit.mark, desired: edit.attrs };
            let seen = ReplicationRules.live(Some(&again), sight);
            prop_assert_eq!(seen.foreign.len(), foreign(&before).len());
            prop_assert_eq!(seen.attrs.as_ref(), edit.attrs);
        }
        // Priorities of bdr's rules are its own, and used by nobody else.
        let (own, others) = parted(Some(&again), &policy);
        let number = |rule: &&Element| rule.text_at(&["Priority"]).unwrap_or_default().to_owned();
        let numbers: BTreeSet<String> = own.iter().map(number).collect();
        prop_assert_eq!(numbers.len(), own.len());
        prop_assert!(others.iter().map(number).all(|other| !numbers.contains(&other)));
        prop_assert_eq!(ReplicationRules.merged(Some(&after), &policy, &edits), Ok(after));
    }
}
