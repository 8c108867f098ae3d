//! What a diff says of pairs of desired and live.

use proptest::prelude::*;

use super::*;
use crate::address::{ResourceId, StoreName, Subject};

const KIND: Kind = Kind { name: "thing", immutable: &["region"], ..Kind::PLAIN };

fn id() -> ResourceId {
    ResourceId::new(Subject::Store(StoreName::new("primary").expect("name")), "thing", "")
}

fn attrs(json: &str) -> Attrs {
    serde_json::from_str(json).expect("json")
}

fn wanted(json: &str) -> Resource {
    Resource { id: id(), attrs: attrs(json), span: None, after: Vec::new(), queue: None, earlier: None }
}

fn change(desired: Option<&str>, live: Option<&str>) -> Option<Change> {
    let live = Live { attrs: live.map(attrs), ..Live::default() };
    diff(&KIND, desired.map(wanted).as_ref(), &live, &id())
}

fn op(desired: Option<&str>, live: Option<&str>) -> Option<Op> {
    change(desired, live).map(|change| change.op)
}

#[test]
fn absent_null_and_empty_are_the_same() {
    let same = [r#"{"a": 1}"#, r#"{"a": 1, "b": null}"#, r#"{"a": 1, "b": {}}"#, r#"{"a": 1, "b": {"c": []}}"#];
    for (left, right) in same.iter().flat_map(|left| same.iter().map(move |right| (left, right))) {
        assert_eq!(op(Some(left), Some(right)), Some(Op::None), "{left} {right}");
    }
    assert_eq!(op(Some(r#"{"a": 1}"#), Some(r#"{"a": 1, "b": false}"#)), Some(Op::Update));
}

/// Values of every shape, small enough that two of them are often the same.
fn values() -> impl Strategy<Value = Attr> {
    let leaf = prop_oneof![Just(Attr::Null), any::<bool>().prop_map(Attr::Bool), "[ab]?".prop_map(Attr::Text)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let map = proptest::collection::btree_map("[ab]", inner.clone(), 0..3).prop_map(Attr::Map);
        prop_oneof![proptest::collection::vec(inner, 0..3).prop_map(Attr::List), map]
    })
}

proptest! {
    #[test]
    fn sides_are_the_same_exactly_where_their_canonical_forms_are(left in values(), right in values()) {
        let (left, right) = (Attrs::from([("x".to_owned(), left)]), Attrs::from([("x".to_owned(), right)]));
        prop_assert_eq!(is_same(&left, &right), canonical(&left) == canonical(&right));
        prop_assert!(is_same(&left, &canonical(&left)));
    }
}

#[test]
fn each_pair_has_its_operation() {
    assert_eq!(op(None, None), None);
    assert_eq!(op(Some("{}"), None), Some(Op::Create));
    assert_eq!(op(None, Some("{}")), Some(Op::Delete));
    assert_eq!(op(Some(r#"{"a": 1}"#), Some(r#"{"a": 2}"#)), Some(Op::Update));
    let refused = change(Some(r#"{"region": "b", "a": 1}"#), Some(r#"{"region": "a"}"#)).expect("change");
    assert_eq!(refused.op, Op::Refuse);
    assert_eq!(refused.reason, "`region` cannot change once it exists (a → b)");
}

#[test]
fn what_a_place_cannot_hold_is_said_and_never_compared() {
    let live = Live { unsupported: true, notes: vec!["no lifecycle here".into()], ..Live::default() };
    let change = diff(&KIND, Some(&wanted(r#"{"a": 1}"#)), &live, &id()).expect("change");
    assert_eq!((change.op, change.notes.as_slice()), (Op::None, ["no lifecycle here".to_owned()].as_slice()));
}

#[test]
fn the_secret_that_stands_there_now_is_not_shown() {
    let secret = |value: &str| Attr::Sensitive { shown: "${env:KEY}".into(), value: SecretString::from(value) };
    let desired = Resource { attrs: Attrs::from([("key".into(), secret("new"))]), ..wanted("{}") };
    let live = Live::present(attrs(r#"{"key": "old-secret"}"#));
    let change = diff(&KIND, Some(&desired), &live, &id()).expect("change");
    assert_eq!(change.op, Op::Update);
    assert!(!format!("{change:?}{}", serde_json::to_string(&change).expect("json")).contains("old-secret"));
    assert_eq!(change.live, live_fingerprint(&live), "masking does not change what is compared at apply");
}

/// What came from a reference on both sides and is equal is no difference beside one.
#[test]
fn an_equal_secret_is_not_shown_as_changed() {
    let secret = || Attr::Sensitive { shown: "${env:DIR}/x".into(), value: SecretString::from("/srv/x") };
    let desired = Resource { attrs: Attrs::from([("file".into(), secret()), ("mode".into(), 2.into())]), ..wanted("{}") };
    let live = Live::present(Attrs::from([("file".into(), secret()), ("mode".into(), 1.into())]));
    let change = diff(&KIND, Some(&desired), &live, &id()).expect("change");
    let paths: Vec<String> =
        differences(change.before.as_ref(), change.after.as_ref()).into_iter().map(|difference| difference.path).collect();
    assert_eq!(paths, ["mode"]);
}

#[test]
fn documents_are_taken_apart() {
    let before =
        attrs(r#"{"statement": [{"sid": "Put", "action": ["put"]}, {"sid": "Get", "action": "get"}], "long": {"a": {"b": 1}}}"#);
    let after = attrs(
        r#"{"statement": [{"sid": "Put", "action": ["put", "abort"]}, {"sid": "Tag", "action": "tag"}], "long": {"a": {"b": 2}}}"#,
    );
    let paths: Vec<String> = differences(Some(&before), Some(&after)).into_iter().map(|d| d.path).collect();
    assert_eq!(paths, ["long.a.b", "statement[Get]", "statement[Put].action", "statement[Tag]"]);
}

#[test]
fn a_foreign_part_does_not_move_the_fingerprint_of_what_stands_beside_it() {
    let plain = Live::present(attrs(r#"{"a": 1}"#));
    let foreign = crate::resource::Foreign::new("tmp", "expires tmp/ after 7 days");
    let beside = Live { foreign: vec![foreign], ..plain.clone() };
    assert_eq!(live_fingerprint(&plain), live_fingerprint(&beside));
}
