//! What must hold of every rule and every document: the canonical form is one, and a merge touches nothing that is not bdr's.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

fn days() -> impl Strategy<Value = Option<i64>> {
    option::of(1_i64..4000)
}

prop_compose! {
    fn wanted()(prefix in "[a-z/ &<>\"åß]{0,12}", enabled: bool, days in [days(), days(), days(), days()]) -> Attrs {
        let names = ["expire_days", "noncurrent_days", "noncurrent_kept", "abort_uploads_days"];
        let mut attrs = Attrs::from([("prefix".to_owned(), prefix.into()), ("enabled".to_owned(), enabled.into())]);
        attrs.extend(names.iter().zip(days).filter_map(|(name, days)| Some(((*name).to_owned(), days?.into()))));
        attrs
    }
}

prop_compose! {
    /// Anything that could stand in a rule of somebody else.
    fn stranger()(id in option::of("[a-z]{1,6}|bdr/q/[a-z]{1,3}|bdr/pp/x"), inner in vec(("[A-Z][a-z]{1,5}", "[ -~]{0,6}"), 0..4)) -> Element {
        let mut rule = Element::new("Rule");
        rule.children.extend(id.map(|id| Element::leaf("ID", id)));
        rule.children.extend(inner.into_iter().map(|(name, text)| Element::leaf(&name, text)));
        rule
    }
}

fn foreign(document: &Element) -> Vec<Element> {
    document.each("Rule").filter(|rule| !rule.text_at(&["ID"]).unwrap_or("").starts_with("bdr/p/")).cloned().collect()
}

proptest! {
    #[test]
    fn a_rule_reads_back_as_it_was_written(attrs in wanted()) {
        let element = rule::element("bdr/p/s/x", &attrs);
        prop_assert_eq!(rule::attrs(&element), attrs.clone());
        let again = Element::parse(&element.to_xml()).expect("what bdr writes is XML");
        prop_assert_eq!(rule::attrs(&again), attrs);
    }

    #[test]
    fn a_merge_keeps_every_foreign_rule_and_is_idempotent(
        strangers in vec(stranger(), 0..6),
        known in vec(("[abc]", wanted()), 0..4),
        edits in vec(("[abc]", option::of(wanted())), 0..4),
    ) {
        let policy = PolicyName::new("p").expect("name");
        let mark = |name: &str| format!("bdr/p/s/{name}");
        let mut before = Element::new("LifecycleConfiguration");
        before.children.extend(strangers);
        before.children.extend(known.iter().map(|(name, attrs)| rule::element(&mark(name), attrs)));
        let edits: std::collections::BTreeMap<_, _> = edits.into_iter().collect();
        let edits: Vec<Edit<'_>> = edits.iter().map(|(name, attrs)| Edit { mark: mark(name), attrs: attrs.as_ref() }).collect();
        let after = LifecycleRules.merged(Some(&before), &policy, &edits).expect("fits");
        prop_assert_eq!(foreign(&after), foreign(&before));
        prop_assert_eq!(
            LifecycleRules.foreign_part(Some(&after), &policy),
            LifecycleRules.foreign_part(Some(&before), &policy)
        );
        for edit in &edits {
            let seen = LifecycleRules.live(Some(&after), Sight { policy: &policy, mark: &edit.mark, desired: None });
            prop_assert_eq!(seen.attrs.as_ref(), edit.attrs);
        }
        prop_assert_eq!(LifecycleRules.merged(Some(&after), &policy, &edits), Ok(after));
    }
}
