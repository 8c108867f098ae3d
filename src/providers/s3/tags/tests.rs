//! What becomes of tags that are not bdr's, of those that left the policy, and of other policies' marks.

use super::*;

fn policy(name: &str) -> PolicyName {
    PolicyName::new(name).expect("name")
}

fn document(tags: &[(&str, &str)]) -> Element {
    let one =
        |(key, value): &(&str, &str)| Element::new("Tag").with(Element::leaf("Key", *key)).with(Element::leaf("Value", *value));
    Element::new("Tagging").with(Element { children: tags.iter().map(one).collect(), ..Element::new("TagSet") })
}

fn wanted(policy: &PolicyName, tags: &[(&str, &str)]) -> Attrs {
    let keys: Vec<String> = tags.iter().map(|(key, _)| (*key).to_owned()).collect();
    let mut attrs = Attrs::from([(MARK.to_owned(), policy.as_str().into())]);
    attrs.extend(tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())));
    attrs.extend(notes(policy, keys.iter()).into_iter().map(|(key, value)| (key, value.into())));
    attrs
}

fn apply(document: &Element, policy: &PolicyName, attrs: Option<&Attrs>) -> Element {
    Tags.merged(Some(document), policy, &[Edit { mark: String::new(), attrs }]).expect("fits")
}

fn live(document: &Element, policy: &PolicyName, desired: Option<&Attrs>) -> Live {
    Tags.live(Some(document), Sight { policy, mark: "", desired })
}

#[test]
fn tags_read_back_as_wanted_and_foreign_ones_stay() {
    let p = policy("safe-pm");
    let before = document(&[("owner", "ops"), ("aws:cloudformation:stack-name", "x")]);
    let attrs = wanted(&p, &[("cost center", "12"), ("a=b", "")]);
    let after = apply(&before, &p, Some(&attrs));
    let seen = live(&after, &p, Some(&attrs));
    assert_eq!(seen.attrs.as_ref(), Some(&attrs));
    let foreign: Vec<_> = seen.foreign.iter().map(|foreign| foreign.name.as_str()).collect();
    assert_eq!(foreign, ["aws:cloudformation:stack-name", "owner"]);
    assert_eq!(Tags.foreign_part(Some(&before), &p), Tags.foreign_part(Some(&after), &p));
    assert_eq!(apply(&after, &p, Some(&attrs)), after, "the second time changes nothing");
}

#[test]
fn a_tag_that_left_the_policy_is_taken_off_and_nobody_elses() {
    let p = policy("p");
    let with = apply(&document(&[("owner", "ops")]), &p, Some(&wanted(&p, &[("team", "a"), ("cost center", "1")])));
    let less = wanted(&p, &[("team", "a")]);
    assert_ne!(live(&with, &p, Some(&less)).attrs.as_ref(), Some(&less), "the difference shows");
    let after = apply(&with, &p, Some(&less));
    assert_eq!(read(Some(&after)).keys().map(String::as_str).collect::<Vec<_>>(), ["bdr:policy", "bdr:tags:p", "owner", "team"]);
    let released = apply(&after, &p, None);
    assert_eq!(released, document(&[("owner", "ops")]));
}

#[test]
fn two_policies_share_the_mark() {
    let (a, b) = (policy("a"), policy("ab"));
    let both = apply(&apply(&document(&[]), &a, Some(&wanted(&a, &[]))), &b, Some(&wanted(&b, &[])));
    assert!(is_marked(&both, &a) && is_marked(&both, &b));
    let one = apply(&both, &b, None);
    assert!(is_marked(&one, &a) && !is_marked(&one, &b));
}

#[test]
fn a_tag_of_another_policy_is_neither_set_otherwise_nor_taken_off() {
    let (a, b) = (policy("a"), policy("b"));
    let first = apply(&document(&[]), &a, Some(&wanted(&a, &[("team", "ops")])));
    let other = wanted(&b, &[("team", "dev")]);
    let refused = Tags.merged(Some(&first), &b, &[Edit { mark: String::new(), attrs: Some(&other) }]);
    assert_eq!(
        refused,
        Err("tag `team` is policy `a`'s, which has it at `ops`: state the same, leave it out, or use a bucket of its own"
            .to_owned())
    );
    assert_eq!(live(&first, &b, Some(&other)).others, ["a"]);
    let both = apply(&first, &b, Some(&wanted(&b, &[("team", "ops")])));
    assert!(live(&both, &b, None).others.is_empty());
    assert_eq!(apply(&both, &b, None), first, "what the other has too stays");
}

#[test]
fn many_keys_are_noted_in_as_many_tags_as_they_need() {
    let p = policy("p");
    let keys: Vec<String> = (0..40).map(|n| format!("a-rather-long-key-{n:03}")).collect();
    let tags: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "x")).collect();
    let attrs = wanted(&p, &tags);
    let after = apply(&document(&[]), &p, Some(&attrs));
    assert_eq!(live(&after, &p, Some(&attrs)).attrs.as_ref(), Some(&attrs));
    assert!(read(Some(&after)).values().all(|value| value.len() <= LONGEST));
    assert_eq!(apply(&after, &p, None), document(&[]));
}
