//! Spellings of one rule, what is foreign, and what a merge keeps.

use super::*;

const OWN: &str = "bdr/p/primary/docs/nightly/daily";

fn policy() -> PolicyName {
    PolicyName::new("p").expect("name")
}

fn document(rules: &str) -> Element {
    Element::parse(&format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>")).expect("xml")
}

fn live(document: &Element, mark: &str) -> Live {
    LifecycleRules.live(Some(document), Sight { policy: &policy(), mark, desired: None })
}

fn wanted() -> Attrs {
    Attrs::from([
        ("prefix".to_owned(), "p/docs/".into()),
        ("enabled".to_owned(), true.into()),
        ("expire_days".to_owned(), 60_i64.into()),
    ])
}

#[test]
fn a_rule_means_the_same_however_an_endpoint_spells_it() {
    let spellings = [
        "<Filter><Prefix>p/docs/</Prefix></Filter>",
        "<Prefix>p/docs/</Prefix>",
        "<Filter><And><Prefix>p/docs/</Prefix></And></Filter>",
    ];
    for scope in spellings {
        let rule = format!("<Rule><ID>{OWN}</ID>{scope}<Status>Enabled</Status><Expiration><Days>60</Days></Expiration></Rule>");
        assert_eq!(live(&document(&rule), OWN).attrs, Some(wanted()), "{scope}");
    }
    // Numbers that are not set, as some endpoints answer.
    let zeros = format!(
        "<Rule><ID>{OWN}</ID><Filter><Prefix>p/docs/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>60</Days>\
         <ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration><NoncurrentVersionExpiration><NoncurrentDays>0\
         </NoncurrentDays></NoncurrentVersionExpiration></Rule>"
    );
    assert_eq!(live(&document(&zeros), OWN).attrs, Some(wanted()));
    let everything = ["<Filter/>", "<Filter><Prefix/></Filter>", "<Prefix/>", ""];
    let all: Vec<_> =
        everything.iter().map(|scope| rule::attrs(&document(&format!("<Rule>{scope}</Rule>")).children[0])).collect();
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{all:?}");
}

#[test]
fn what_somebody_added_to_our_rule_is_seen() {
    for extra in [
        "<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>",
        "<Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>",
    ] {
        let rule = format!(
            "<Rule><ID>{OWN}</ID><Prefix>p/docs/</Prefix><Status>Enabled</Status><Expiration><Days>60</Days></Expiration>{extra}</Rule>"
        );
        assert_ne!(live(&document(&rule), OWN).attrs, Some(wanted()), "{extra}");
    }
    let tagged = format!(
        "<Rule><ID>{OWN}</ID><Filter><And><Prefix>p/docs/</Prefix><Tag><Key>a</Key><Value>b</Value></Tag></And></Filter>\
         <Status>Enabled</Status><Expiration><Days>60</Days></Expiration></Rule>"
    );
    assert_ne!(live(&document(&tagged), OWN).attrs, Some(wanted()));
}

#[test]
fn foreign_rules_stay_as_they_are_with_what_bdr_does_not_know() {
    let foreign = "<Rule><ID>theirs</ID><Filter><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></Filter><Status>Enabled</Status>\
                   <Future Mode=\"x\"><Unknown>1</Unknown></Future></Rule><Rule><Prefix>tmp/</Prefix><Status>Disabled</Status>\
                   <Expiration><Days>7</Days></Expiration></Rule><Rule><ID>bdr/other/x</ID><Prefix/><Status>Enabled</Status></Rule>";
    let before = document(foreign);
    let attrs = wanted();
    let edit = |attrs| [Edit { mark: OWN.to_owned(), attrs }];
    let after = LifecycleRules.merged(Some(&before), &policy(), &edit(Some(&attrs))).expect("fits");
    assert_eq!(after.children[..3], before.children[..]);
    let seen = live(&after, OWN);
    assert_eq!(seen.attrs, Some(attrs.clone()));
    let names: Vec<_> = seen.foreign.iter().map(|foreign| foreign.name.as_str()).collect();
    assert_eq!(names, ["theirs", "rule without id for `tmp/`", "bdr/other/x"]);
    assert_eq!(LifecycleRules.merged(Some(&after), &policy(), &edit(Some(&attrs))), Ok(after.clone()));
    assert_eq!(LifecycleRules.merged(Some(&after), &policy(), &edit(None)), Ok(before));
    assert_eq!(LifecycleRules.marked(&after, &policy()), [OWN]);
}

#[test]
fn a_rule_that_lets_things_go_sooner_is_grave() {
    let days = |days: i64| Attrs::from([("expire_days".to_owned(), days.into())]);
    assert_eq!(risk(Some(&days(60)), Some(&days(59))), Risk::Destroys);
    assert_eq!(risk(Some(&days(60)), Some(&days(61))), Risk::None);
    assert_eq!(risk(None, Some(&days(60))), Risk::None);
    let scratch =
        |days: i64| Attrs::from([("expire_days".to_owned(), days.into()), ("prefix".to_owned(), "a/.bdr/probe/".into())]);
    assert_eq!(risk(Some(&scratch(60)), Some(&scratch(1))), Risk::None, "what probes leave is no data");
}

#[test]
fn ids_stay_within_what_s3_takes() {
    let name = "x".repeat(63);
    let long = key(&[&name, &name, &name]);
    assert_eq!(long.len(), 41);
    assert_ne!(long, key(&[&name, &name, "y"]));
    assert!(owner(&PolicyName::new(&name).expect("name")).len() + 64 + LONGEST_KEY <= 255);
    assert_eq!(key(&["docs", "nightly", "daily"]), "docs/nightly/daily");
}
