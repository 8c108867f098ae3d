//! Spellings of one rule, what is foreign, what a merge keeps, and which risk a change has.

use super::*;

const OWN: &str = "bdr/p/primary/dr/docs";
const ROLE: &str = "arn:aws:iam::111122223333:role/bdr/p/bdr-p-replication-primary";

/// As the strategy of a product states it, in the form of the command line of AWS.
const STRATEGY: &str = r#"{
  "Role": "arn:aws:iam::account:role/replication-role",
  "Rules": [
    {
      "Status": "Enabled",
      "Priority": 1,
      "DeleteMarkerReplication": { "Status": "Disabled" },
      "Filter": { "Prefix": "" },
      "Destination": { "Bucket": "arn:aws:s3:::safe-pm-backups-dr", "StorageClass": "STANDARD_IA" }
    }
  ]
}"#;

fn policy() -> PolicyName {
    PolicyName::new("p").expect("name")
}

fn element(name: &str, value: &serde_json::Value) -> Element {
    match value {
        serde_json::Value::Object(members) => {
            let mut element = Element::new(name);
            for (member, value) in members {
                match value {
                    serde_json::Value::Array(items) => {
                        element.children.extend(items.iter().map(|item| self::element(member.trim_end_matches('s'), item)));
                    }
                    value => element.children.push(self::element(member, value)),
                }
            }
            element
        }
        serde_json::Value::String(text) => Element::leaf(name, text),
        other => Element::leaf(name, other.to_string()),
    }
}

fn document(rules: &str) -> Element {
    Element::parse(&format!("<ReplicationConfiguration><Role>{ROLE}</Role>{rules}</ReplicationConfiguration>")).expect("xml")
}

fn wanted() -> Attrs {
    Attrs::from([
        ("role".to_owned(), ROLE.into()),
        ("to".to_owned(), "arn:aws:s3:::p-dr".into()),
        ("prefix".to_owned(), "p/docs/".into()),
        ("enabled".to_owned(), true.into()),
        ("delete_markers".to_owned(), false.into()),
        ("priority".to_owned(), rule::GIVEN.into()),
    ])
}

fn live(document: &Element, desired: Option<&Attrs>) -> Live {
    ReplicationRules.live(Some(document), Sight { policy: &policy(), mark: OWN, desired })
}

fn merged(before: Option<&Element>, attrs: Option<&Attrs>) -> Result<Element, String> {
    ReplicationRules.merged(before, &policy(), &[Edit { mark: OWN.to_owned(), attrs }])
}

fn sorted(element: &Element) -> Element {
    let mut children: Vec<Element> = element.children.iter().map(sorted).collect();
    children.sort();
    Element { children, ..element.clone() }
}

#[test]
fn the_rule_of_the_strategy_is_read_as_it_is_meant_and_written_as_it_stands() {
    let document = element("ReplicationConfiguration", &serde_json::from_str(STRATEGY).expect("json"));
    let theirs = document.child("Rule").expect("a rule");
    let expected = Attrs::from([
        ("to".to_owned(), "arn:aws:s3:::safe-pm-backups-dr".into()),
        ("prefix".to_owned(), "".into()),
        ("enabled".to_owned(), true.into()),
        ("delete_markers".to_owned(), false.into()),
        ("storage_class".to_owned(), "STANDARD_IA".into()),
    ]);
    assert_eq!(rule::attrs(theirs), expected);
    let mut ours = rule::element("x", &expected);
    ours.remove("ID");
    assert_eq!(sorted(&ours), sorted(theirs));
    assert_eq!(rule::describe(theirs), "all objects: copies to safe-pm-backups-dr, as STANDARD_IA");
}

#[test]
fn a_prefix_changed_by_hand_makes_the_priority_no_other() {
    let made = merged(None, Some(&wanted())).expect("fits");
    let with = |from: &str, to: &str| Element::parse(&made.to_xml().replace(from, to)).expect("xml");
    let by_hand = with("<Prefix>p/docs/</Prefix>", "<Prefix>p/</Prefix>");
    let seen = live(&by_hand, Some(&wanted())).attrs.expect("the rule");
    assert_eq!((seen["prefix"].as_str(), seen["priority"].as_str()), (Some("p/"), Some(rule::GIVEN)));
    let number = made.child("Rule").and_then(|rule| rule.text_at(&["Priority"])).expect("a priority");
    let after = merged(Some(&by_hand), Some(&wanted())).expect("fits");
    assert_eq!(after.child("Rule").and_then(|rule| rule.text_at(&["Priority"])), Some(number), "an apply gives it the same");
    let other = with(&format!("<Priority>{number}</Priority>"), "<Priority>7</Priority>");
    assert_eq!(live(&other, Some(&wanted())).attrs.expect("the rule")["priority"].as_str(), Some("7"));
}

#[test]
fn a_rule_means_the_same_however_an_endpoint_spells_it() {
    let after = merged(None, Some(&wanted())).expect("fits");
    let number = after.child("Rule").and_then(|rule| rule.text_at(&["Priority"])).expect("a priority").to_owned();
    let rule = |filter: &str, rest: &str| {
        format!(
            "<Rule><Priority>{number}</Priority><ID>{OWN}</ID>{filter}<Status>Enabled</Status><Destination>\
             <Bucket>arn:aws:s3:::p-dr</Bucket></Destination>{rest}</Rule>"
        )
    };
    let plain = "<Filter><Prefix>p/docs/</Prefix></Filter>";
    let off = "<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>";
    for text in [
        rule(plain, off),
        rule(plain, ""),
        rule("<Filter><And><Prefix>p/docs/</Prefix></And></Filter>", off),
        rule(plain, "<ExistingObjectReplication><Status>Disabled</Status></ExistingObjectReplication>"),
        rule(
            plain,
            "<SourceSelectionCriteria><ReplicaModifications><Status>Disabled</Status></ReplicaModifications></SourceSelectionCriteria>",
        ),
        rule(plain, off).replace(&format!("<Priority>{number}</Priority>"), ""),
    ] {
        assert_eq!(live(&document(&text), Some(&wanted())).attrs, Some(wanted()), "{text}");
    }
    // An endpoint that keeps no role.
    let mut without = document(&rule(plain, off));
    without.set(Element::new("Role"));
    assert_eq!(live(&without, Some(&wanted())).attrs, Some(wanted()));
}

#[test]
fn whatever_somebody_changes_in_our_rule_is_seen() {
    let mut full = wanted();
    full.extend([
        ("tags".to_owned(), Attr::map([("keep", "yes")])),
        ("storage_class".to_owned(), "STANDARD_IA".into()),
        ("within_minutes".to_owned(), Attr::Int(15)),
        ("owner".to_owned(), "444455556666".into()),
        ("kms".to_owned(), "alias/copies".into()),
        ("replica_changes".to_owned(), true.into()),
    ]);
    let stands = merged(None, Some(&full)).expect("fits").to_xml();
    let seen = |text: &str| live(&Element::parse(text).expect("xml"), Some(&full)).attrs;
    assert_eq!(seen(&stands).as_ref(), Some(&full));
    for (from, to) in [
        ("<Status>Enabled</Status><SourceSelection", "<Status>Disabled</Status><SourceSelection"),
        ("<Prefix>p/docs/</Prefix>", "<Prefix>p/doc/</Prefix>"),
        ("<Prefix>p/docs/</Prefix>", ""),
        ("<Key>keep</Key>", "<Key>keeps</Key>"),
        ("p-dr", "p-elsewhere"),
        ("STANDARD_IA", "GLACIER"),
        ("<StorageClass>STANDARD_IA</StorageClass>", ""),
        ("<Owner>Destination</Owner>", ""),
        ("444455556666", "444455556667"),
        ("alias/copies", "alias/others"),
        ("<SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects>", ""),
        ("<ReplicaModifications><Status>Enabled", "<ReplicaModifications><Status>Disabled"),
        ("<ReplicationTime><Status>Enabled", "<ReplicationTime><Status>Disabled"),
        ("<Time><Minutes>15", "<Time><Minutes>30"),
        ("<Metrics><Status>Enabled", "<Metrics><Status>Disabled"),
        ("<EventThreshold><Minutes>15", "<EventThreshold><Minutes>30"),
        ("<DeleteMarkerReplication><Status>Disabled", "<DeleteMarkerReplication><Status>Enabled"),
        ("<Priority>", "<Priority>1"),
        ("replication-primary", "another"),
        ("<And>", "<And><ObjectSizeGreaterThan>9</ObjectSizeGreaterThan>"),
        ("</DeleteMarkerReplication>", "</DeleteMarkerReplication><Future>1</Future>"),
        ("<Destination>", "<ExistingObjectReplication><Status>Enabled</Status></ExistingObjectReplication><Destination>"),
    ] {
        assert!(stands.contains(from), "{from}");
        let changed = seen(&stands.replacen(from, to, 1));
        assert!(changed.is_some() && changed.as_ref() != Some(&full), "{from} -> {to}: {changed:?}");
    }
}

const THEIRS: &str = "<Rule><ID>theirs</ID><Priority>7</Priority><Filter><Prefix>app/</Prefix></Filter><Status>Enabled</Status>\
                      <Destination><Bucket>arn:aws:s3:::analytics</Bucket><Future Mode=\"x\"><Unknown>1</Unknown></Future>\
                      </Destination><DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication></Rule>";

#[test]
fn rules_of_others_stay_and_their_role_with_them() {
    let before = document(THEIRS);
    let mut attrs = wanted();
    attrs.insert("role".to_owned(), "arn:aws:iam::111122223333:role/ours".into());
    let after = merged(Some(&before), Some(&attrs)).expect("fits");
    assert_eq!(after.children[..2], before.children[..]);
    let seen = live(&after, Some(&attrs));
    assert_eq!(seen.attrs, Some(attrs.clone()), "no difference that never ends");
    assert!(seen.hindered.iter().any(|one| one.what.contains(ROLE) && one.foreign), "{:?}", seen.hindered);
    assert_eq!(seen.foreign[0].name, "theirs");
    assert_eq!(seen.foreign[0].summary, "`app/`: copies to analytics, delete markers too");
    assert_eq!(merged(Some(&after), None), Ok(before));
    assert_eq!(ReplicationRules.marked(&after, &policy()), [OWN]);
    // Alone, the role is ours.
    let alone = merged(Some(&document("")), Some(&attrs)).expect("fits");
    assert_eq!(role(Some(&alone)), Some("arn:aws:iam::111122223333:role/ours"));
}

#[test]
fn a_rule_of_the_old_form_is_told_before_s3_refuses_ours() {
    let old = document("<Rule><ID>old</ID><Prefix>app/</Prefix><Status>Enabled</Status></Rule>");
    let why = ReplicationRules.refuses(&old, &policy()).expect("refused");
    assert!(why.contains("`old`"), "{why}");
    assert_eq!(merged(Some(&old), Some(&wanted())), Err(why));
    assert_eq!(ReplicationRules.refuses(&document(THEIRS), &policy()), None);
}

#[test]
fn a_priority_that_somebody_else_uses_is_passed_over() {
    let ours = merged(None, Some(&wanted())).expect("fits");
    let number = ours.child("Rule").and_then(|rule| rule.text_at(&["Priority"])).expect("a priority").to_owned();
    let taken = document(&THEIRS.replace("<Priority>7<", &format!("<Priority>{number}<")));
    let beside = merged(Some(&taken), Some(&wanted())).expect("fits");
    let other = beside.each("Rule").nth(1).and_then(|rule| rule.text_at(&["Priority"])).expect("a priority");
    assert_ne!(other, number);
    // Others that come and go move nothing.
    let apart = merged(Some(&document(THEIRS)), Some(&wanted())).expect("fits");
    assert_eq!(apart.each("Rule").nth(1).and_then(|rule| rule.text_at(&["Priority"])), Some(number.as_str()));
}

#[test]
fn what_is_left_for_endpoints_that_may_mistake_a_removal_does_nothing() {
    let ours = merged(None, Some(&wanted())).expect("fits");
    let left = clear::placeholder(&ours);
    assert_eq!(rules(Some(&left)).count(), 0);
    assert_eq!(left.child("Rule").and_then(|rule| rule.text_at(&["Status"])), Some("Disabled"));
    assert!((DOCUMENT.is_empty)(&merged(Some(&left), None).expect("fits")));
    let again = merged(Some(&left), Some(&wanted())).expect("fits");
    assert_eq!(again.each("Rule").count(), 1);
}

#[test]
fn protecting_less_is_told() {
    let with = |name: &str, value: Attr| {
        let mut attrs = wanted();
        attrs.insert(name.to_owned(), value);
        attrs
    };
    let (plain, timed) = (wanted(), with("within_minutes", Attr::Int(15)));
    assert_eq!(risk(Some(&plain), None), Risk::Weakens);
    assert_eq!(risk(Some(&plain), Some(&with("enabled", false.into()))), Risk::Weakens);
    assert_eq!(risk(Some(&timed), Some(&plain)), Risk::Weakens);
    assert_eq!(risk(Some(&plain), Some(&with("delete_markers", true.into()))), Risk::Weakens);
    assert_eq!(risk(None, Some(&with("delete_markers", true.into()))), Risk::None);
    assert_eq!(risk(Some(&plain), Some(&timed)), Risk::None);
}

#[test]
fn refusals_that_pass_are_told_from_those_that_stay() {
    let refusal = |code: &str, kind, reason: &str| Refusal {
        kind,
        retry: crate::store::Retry::Never,
        code: code.to_owned(),
        status: Some(400),
        region: None,
        reason: reason.to_owned(),
        help: None,
    };
    let other = |reason: &str| refusal("InvalidRequest", ErrorKind::Other, reason);
    assert!(is_early(&other("Versioning must be 'Enabled' on the bucket to apply a replication configuration")));
    assert!(is_early(&other("Destination bucket must have versioning enabled.")));
    assert!(!is_early(&other("Priority must be unique")));
    let denied = |reason: &str| refusal("AccessDenied", ErrorKind::Denied, reason);
    assert!(!is_early(&denied("not authorized to perform: iam:PassRole on resource role x")));
    assert!(!is_early(&denied("Access Denied")));
}
