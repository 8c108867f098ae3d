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

/// Where a rule of somebody else applies, in every spelling that S3 takes or once took.
fn place() -> impl Strategy<Value = Vec<Element>> {
    let prefix = "[a-z]{0,5}/?";
    let tag = || {
        ("[a-z]{1,4}", "[a-z0-9 ]{0,4}")
            .prop_map(|(key, value)| Element::new("Tag").with(Element::leaf("Key", key)).with(Element::leaf("Value", value)))
    };
    let filter = |inner: Vec<Element>| vec![Element { children: inner, ..Element::new("Filter") }];
    let and = (prefix, vec(tag(), 0..3), option::of(1_i64..9999)).prop_map(|(prefix, tags, size)| {
        let mut and = Element::new("And").with(Element::leaf("Prefix", prefix));
        and.children.extend(tags);
        and.children.extend(size.map(|size| Element::leaf("ObjectSizeGreaterThan", size.to_string())));
        vec![and]
    });
    prop_oneof![
        Just(Vec::new()),
        prefix.prop_map(|prefix| vec![Element::leaf("Prefix", prefix)]),
        Just(filter(Vec::new())),
        prefix.prop_map(move |prefix| filter(vec![Element::leaf("Prefix", prefix)])),
        tag().prop_map(move |tag| filter(vec![tag])),
        and.prop_map(filter),
    ]
}

/// What such a rule does, fields that bdr does not know among it.
fn deed() -> impl Strategy<Value = Element> {
    let of = |outer: &'static str, inner: &'static str| {
        (1_i64..4000).prop_map(move |days| Element::new(outer).with(Element::leaf(inner, days.to_string())))
    };
    let class = |element: Element| element.with(Element::leaf("StorageClass", "GLACIER"));
    prop_oneof![
        of("Expiration", "Days"),
        Just(Element::new("Expiration").with(Element::leaf("Date", "2030-01-01T00:00:00Z"))),
        Just(Element::new("Expiration").with(Element::leaf("ExpiredObjectDeleteMarker", "true"))),
        of("Transition", "Days").prop_map(class),
        of("NoncurrentVersionTransition", "NoncurrentDays").prop_map(class),
        (of("NoncurrentVersionExpiration", "NoncurrentDays"), 1_i64..100)
            .prop_map(|(element, kept)| element.with(Element::leaf("NewerNoncurrentVersions", kept.to_string()))),
        of("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
        ("[A-Z][a-z]{2,6}", "[ -~]{0,6}")
            .prop_map(|(name, text)| Element::new("Unheard").with(Element::leaf(&name, text)).with(Element::new("Deep"))),
    ]
}

prop_compose! {
    /// A rule of somebody else as it may really stand there.
    fn theirs()(
        id in option::of("[a-z]{1,6}|bdr/q/[a-z]{1,3}"),
        place in place(),
        enabled: bool,
        deeds in vec(deed(), 0..4),
    ) -> Element {
        let mut rule = Element::new("Rule");
        rule.children.extend(id.map(|id| Element::leaf("ID", id)));
        rule.children.extend(place);
        rule.children.push(Element::leaf("Status", if enabled { "Enabled" } else { "Disabled" }));
        rule.children.extend(deeds);
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
        strangers in vec(prop_oneof![stranger(), theirs()], 0..6),
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
        // On the wire and back, and each told once.
        let text = after.to_xml();
        let again = Element::parse(&text).expect("what bdr writes is XML");
        prop_assert_eq!(again.to_xml(), text);
        let told = LifecycleRules.live(Some(&again), Sight { policy: &policy, mark: "", desired: None }).foreign;
        prop_assert_eq!(told.len(), foreign(&before).len());
        for edit in &edits {
            let seen = LifecycleRules.live(Some(&after), Sight { policy: &policy, mark: &edit.mark, desired: None });
            prop_assert_eq!(seen.attrs.as_ref(), edit.attrs);
        }
        prop_assert_eq!(LifecycleRules.merged(Some(&after), &policy, &edits), Ok(after));
    }
}
