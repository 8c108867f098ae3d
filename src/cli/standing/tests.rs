//! What stands of replication before a plan, as figures: what left the policy, and what is dead.

use std::collections::BTreeMap;

use super::*;
use crate::address::{StoreName, Subject};
use crate::assess::{Facts, assess};
use crate::attrs::{Attr, Attrs};
use crate::compile;
use crate::diag::Sources;
use crate::policy::{Disruption, load_unresolved};
use crate::provider::Env;
use crate::resource::Hindrance;

const REPLICATE: &str = ", replicate: { to: far, within: 15m }";
const COPY: &str = "copy: { replication: { to: far, within: 15m } }";
/// Every hour, 10 GiB at 50 MiB/s, and the second of the timer's accuracy.
const BACKUP: u64 = 3_600 + 205 + 1;
const WITHIN: u64 = 900;

/// A store that is replicated, and a bucket of the application.
fn text(replicate: &str, protect: &str) -> String {
    format!(
        "version: 1\nname: t\nstores:\n  here: {{ s3: {{ bucket: t-here, region: eu-north-1, account: '111122223333' }}, versioning: true{replicate} }}\n  \
         far: {{ s3: {{ bucket: t-far, region: eu-west-1, account: '111122223333' }}, versioning: true }}\n  \
         third: {{ s3: {{ bucket: t-third, region: eu-south-1, account: '111122223333' }}, versioning: true }}\ncomponents:\n  docs:\n    \
         files: {{ paths: [/srv/docs] }}\n    objectives: {{ region: {{ rpo: 2h }} }}\n    retain: {{ daily: {{ for: 7d }} }}\n    protect: {{ p: {{ \
         file_backup: {{}}, schedule: every 1h, store: here }} }}\n  documents:\n    object_storage: {{ bucket: t-files, region: eu-north-1, account: \
         '111122223333', versioning: managed }}\n    objectives: {{ rpo: 30m, region: {{ rpo: 30m }} }}\n    protect: {{ {protect} }}\nscheduler: {{ \
         systemd: {{}} }}\n"
    )
}

fn policy(replicate: &str, protect: &str) -> Policy {
    loaded(&text(replicate, protect))
}

fn loaded(text: &str) -> Policy {
    let mut sources = Sources::new();
    sources.add("t.yaml", text);
    let loaded = load_unresolved(sources);
    assert!(!loaded.diagnostics.has_errors(), "{:?}", loaded.diagnostics);
    loaded.policy.expect("a policy")
}

fn desired(policy: &Policy) -> Desired {
    compile::compile(policy, &providers::pure(), &Env::default()).0.desired
}

/// All that a policy wants, in place.
fn applied(policy: &Policy) -> Known {
    let desired = desired(policy);
    let live: BTreeMap<_, _> = desired.iter().map(|one| (one.id.clone(), Live::present(one.attrs.clone()))).collect();
    Known { live, owned: desired.iter().map(|one| (one.id.clone(), one.clone())).collect(), ..Known::default() }
}

/// The worst that is lost of both components with their region, before a plan of `policy`.
fn with_region(policy: &Policy, known: &Known) -> [Option<u64>; 2] {
    ["docs", "documents"].map(|component| before(policy, known, component, Disruption::Region))
}

fn before(policy: &Policy, known: &Known, component: &str, disruption: Disruption) -> Option<u64> {
    let (mut standing, desired, mut known) = (policy.clone(), desired(policy), known.clone());
    // All that is wanted was looked for.
    desired.iter().for_each(|wanted| _ = known.live.entry(wanted.id.clone()).or_default());
    make(&mut standing, &desired, &known, |_| true);
    leave_what_works(&mut standing, &known);
    recall(&mut standing, &desired, &known);
    let facts = Facts::at("2026-11-24T00:00:00Z".parse().expect("a time"));
    let assessment = assess(&standing, &facts);
    let cell = assessment.cells.iter().find(|cell| cell.component.as_str() == component && cell.disruption == disruption);
    cell.expect("a cell").rpo.seconds()
}

#[test]
fn what_left_the_policy_counts_until_it_is_taken_away() {
    let known = applied(&policy(REPLICATE, COPY));
    let both = [Some(BACKUP + WITHIN), Some(WITHIN)];
    for (replicate, protect) in [
        (REPLICATE, COPY),
        ("", ""),
        // Loosened: without a time, of less, to elsewhere.
        (", replicate: { to: far }", "copy: { replication: { to: far } }"),
        (", replicate: { to: far, within: 15m, prefix: docs/q/ }", "copy: { replication: { to: far, within: 15m, prefix: a/ } }"),
        (
            ", replicate: { to: far, within: 15m, tags: { a: b } }",
            "copy: { replication: { to: far, within: 15m, tags: { a: b } } }",
        ),
        // More: what is to come takes rights that are not given yet, and what stands has those that it needs.
        (
            ", replicate: [{ to: far, within: 15m }, { to: third }]",
            "copy: { replication: { to: far, within: 15m } }, more: { replication: { to: third } }",
        ),
        (", replicate: { to: third, within: 15m }", "copy: { replication: { to: third, within: 15m } }"),
        (", replicate: { to: far, within: 15m }", "another: { replication: { to: far, within: 15m } }"),
    ] {
        assert_eq!(with_region(&policy(replicate, protect), &known), both, "{replicate} {protect}");
    }
    // A name that is to come changes nothing of it.
    let text =
        text(REPLICATE, COPY).replace("here: { s3", "new: { moved: { from: here }, s3").replace("store: here", "store: new");
    let mut renamed = known.clone();
    for (id, live) in known.live.iter().filter(|(id, _)| id.subject.to_string() == "store.here") {
        let subject = Subject::Store(StoreName::new("new").expect("a name"));
        renamed.live.insert(ResourceId { subject, ..id.clone() }, Live { stands_as: Some("before".to_owned()), ..live.clone() });
    }
    assert_eq!(with_region(&loaded(&text), &renamed), both);
    // What is not there does not count, wanted or not.
    assert_eq!(with_region(&policy(REPLICATE, COPY), &applied(&policy("", ""))), [None, None]);
    assert_eq!(with_region(&policy("", ""), &applied(&policy("", ""))), [None, None]);
    // Nor a time that is wanted and not there.
    let plain = applied(&policy(", replicate: { to: far }", "copy: { replication: { to: far } }"));
    assert_eq!(with_region(&policy(REPLICATE, COPY), &plain), [None, None]);
}

/// Changes what stands of one kind and subject (or key, of what belongs to no store).
fn changed(known: &Known, kind: &str, of: &str, change: impl Fn(&mut Live)) -> Known {
    let mut known = known.clone();
    let is = |id: &ResourceId| match &id.subject {
        Subject::Store(name) => name.as_str() == of,
        Subject::Component(name) => name.as_str() == of,
        Subject::Policy => id.key == of,
    };
    let found: Vec<_> = known.live.iter_mut().filter(|(id, _)| id.kind == kind && is(id)).collect();
    assert!(!found.is_empty(), "{kind} of {of}");
    found.into_iter().for_each(|(_, live)| change(live));
    known
}

fn set(name: &str, value: Attr) -> impl Fn(&mut Live) {
    let name = name.to_owned();
    move |live| _ = live.attrs.get_or_insert_with(Attrs::new).insert(name.clone(), value.clone())
}

#[test]
fn a_rule_whose_needs_are_not_met_copies_nothing() {
    let policy = policy(REPLICATE, COPY);
    let known = applied(&policy);
    let gone = |live: &mut Live| *live = Live::absent();
    let off = || set("enabled", false.into());
    let deny = |live: &mut Live| {
        let trust = live.attrs.as_mut().and_then(|attrs| attrs.get_mut("trust")).expect("a trust");
        let Attr::Map(members) = trust else { panic!("a document") };
        let Some(Attr::List(statements)) = members.get_mut("Statement") else { panic!("statements") };
        for statement in statements {
            let Attr::Map(statement) = statement else { panic!("a statement") };
            statement.insert("Effect".to_owned(), "Deny".into());
        }
    };
    let (of_store, of_component) = ("replication-here", "replication-component.documents");
    let [both, neither] = [[Some(BACKUP + WITHIN), Some(WITHIN)], [None, None]];
    let (store_only, component_only) = ([both[0], None], [None, both[1]]);
    assert_eq!(with_region(&policy, &known), both);
    for (known, stands, what) in [
        (changed(&known, "iam_role", of_store, gone), component_only, "no role"),
        (changed(&known, "iam_role", of_component, gone), store_only, "no role"),
        (changed(&known, "iam_role", of_component, deny), store_only, "nobody may take it on"),
        (changed(&known, "iam_role_policy", of_store, gone), component_only, "no rights"),
        (changed(&known, "iam_role_policy", of_component, set("document", Attr::Null)), store_only, "other rights"),
        (changed(&known, "s3_versioning", "far", off()), neither, "no versions there"),
        (changed(&known, "s3_versioning", "here", off()), component_only, "no versions here"),
        (changed(&known, "s3_versioning", "documents", off()), store_only, "no versions here"),
        (changed(&known, "s3_bucket", "far", gone), neither, "no bucket there"),
        // What it does not rest on changes nothing of it, nor does a word on the role.
        (changed(&known, "s3_versioning", "third", off()), both, "elsewhere"),
        (changed(&known, "iam_role", of_store, set("description", "x".into())), both, "a description"),
        // Nor is anything known of what the endpoint has none of.
        (changed(&known, "iam_role", of_store, |live| *live = Live { unsupported: true, ..Live::absent() }), both, "no roles"),
    ] {
        assert_eq!(with_region(&policy, &known), stands, "{what}");
    }
}

#[test]
fn the_bucket_itself_is_there_whatever_becomes_of_its_rule() {
    let policy = policy(REPLICATE, COPY);
    let known = applied(&policy);
    let hindrance = || Hindrance { what: String::new(), so: String::new(), help: String::new(), foreign: true };
    let rule = "s3_replication_rule";
    for known in [
        changed(&known, rule, "documents", |live| *live = Live::absent()),
        changed(&known, rule, "documents", set("enabled", false.into())),
        changed(&known, rule, "documents", set("prefix", "a/".into())),
        changed(&known, rule, "documents", |live| live.hindered.push(hindrance())),
    ] {
        for disruption in [Disruption::Process, Disruption::Host, Disruption::Corruption] {
            assert_eq!(before(&policy, &known, "documents", disruption), Some(0), "{disruption:?}");
        }
        assert_eq!(before(&policy, &known, "documents", Disruption::Region), None);
    }
    // Only without versions an overwritten object is gone.
    let known = changed(&known, "s3_versioning", "documents", set("enabled", false.into()));
    assert_eq!(before(&policy, &known, "documents", Disruption::Corruption), None);
    assert_eq!(before(&policy, &known, "documents", Disruption::Host), Some(0));
}

/// What stands, with one rule as a session tells of one that is to go: under its address now, and between which regions it copies.
fn left(known: &Known, rule: &str, now: &str, told: &[(&str, &str)]) -> Known {
    let mut known = known.clone();
    let (rule, now): (ResourceId, ResourceId) = (rule.parse().expect("an address"), now.parse().expect("an address"));
    let mut live = known.live.remove(&rule).expect("a rule");
    let attrs = live.attrs.as_mut().expect("attributes");
    attrs.extend(told.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
    let resource = known.owned.remove(&rule).expect("a rule");
    known.live.insert(now.clone(), live);
    known.owned.insert(now.clone(), Resource { id: now, ..resource });
    known
}

#[test]
fn a_store_that_leaves_with_the_rule_to_it_counts_until_they_are_gone() {
    let known = applied(&policy(REPLICATE, COPY));
    let text = text("", "");
    let (begin, rest) = text.split_once("  far:").expect("a store");
    let without = loaded(&format!("{begin}{}", rest.split_once('\n').expect("a line").1));
    assert!(without.stores.keys().all(|name| name.as_str() != "far"));
    let (of_store, of_component) = ("store.here/s3_replication_rule:far/docs", "component.documents/s3_replication_rule:copy");
    let both = |told: &[(&str, &str)]| left(&left(&known, of_store, of_store, told), of_component, of_component, told);
    let elsewhere = both(&[("to_region", "eu-west-1")]);
    assert_eq!(with_region(&without, &elsewhere), [Some(BACKUP + WITHIN), Some(WITHIN)]);
    assert_eq!(with_region(&without, &both(&[("to_region", "eu-north-1")])), [None, None], "it lay in the same region");
    assert_eq!(with_region(&without, &both(&[])), [None, None], "nobody knows where it lies");
    let gone = |live: &mut Live| *live = Live::absent();
    let mut broken = elsewhere.clone();
    broken.live.iter_mut().filter(|(id, _)| id.kind == "iam_role_policy").for_each(|(_, live)| gone(live));
    for (id, live) in &mut broken.live {
        let role = id.kind.starts_with("iam_role").then(|| format!("bdr/t/bdr-t-{}", id.key));
        live.identity = role;
        live.relies = (id.to_string() == of_component).then(|| "bdr/t/bdr-t-replication-component.documents".to_owned());
    }
    assert_eq!(with_region(&without, &broken)[1], None, "the role that brought the copies may do nothing");
}

#[test]
fn a_component_that_leaves_is_told_with_what_its_copies_outlived() {
    let with = policy("", COPY);
    let text = text("", COPY);
    let (begin, rest) = text.split_once("  documents:").expect("a component");
    let without = loaded(&format!("{begin}{}", &rest[rest.find("scheduler").expect("a scheduler")..]));
    let of_component = "component.documents/s3_replication_rule:copy";
    let now = "policy/s3_replication_rule:t-files/bdr/t/documents/copy";
    let known = left(&applied(&with), of_component, now, &[("from_region", "eu-north-1")]);
    let facts = Facts::at("2026-11-24T00:00:00Z".parse().expect("a time"));
    let mut standing = without.clone();
    recall(&mut standing, &desired(&without), &known);
    let rows = crate::plan::promises::rows(&assess(&standing, &facts), &assess(&without, &facts), &Default::default());
    let left: Vec<_> =
        rows.iter().filter(|row| row.left).map(|row| (row.disruption, row.rpo.before.and_then(|b| b.seconds))).collect();
    assert_eq!(left, [(Disruption::Region, Some(WITHIN))], "the bucket itself still outlives the rest");
    assert!(rows.iter().filter(|row| row.left).all(|row| row.component.as_str() == "documents" && row.moves()));
}

#[test]
fn what_rests_on_a_role_that_was_not_read_is_not_known() {
    let policy = policy(REPLICATE, COPY);
    let desired = desired(&policy);
    let facts = Facts::at("2026-11-24T00:00:00Z".parse().expect("a time"));
    let assessment = assess(&policy, &facts);
    assert!(without_unread(&policy, &desired, &Known::default()).is_none());
    let role: ResourceId = "policy/iam_role_policy:replication-component.documents".parse().expect("an address");
    let unread = crate::plan::Unread {
        subject: "AWS IAM".to_owned(),
        reason: "denied".to_owned(),
        help: None,
        resources: vec![role.clone()],
    };
    let known = Known { unread: vec![unread], ..Known::default() };
    let (certain, why) = without_unread(&policy, &desired, &known).expect("something");
    let unknown = crate::plan::promises::Unknown { certain: Some((assess(&certain, &facts), why)), ..Default::default() };
    let rows = crate::plan::promises::rows(&assessment, &assessment, &unknown);
    let not_known: Vec<_> = rows.iter().filter(|row| row.unknown.is_some()).collect();
    let [row] = not_known.as_slice() else { panic!("{not_known:?}") };
    assert_eq!((row.component.as_str(), row.disruption, row.kept()), ("documents", Disruption::Region, false));
    assert_eq!(row.unknown, Some(format!("{role} could not be read")));
    assert!(row.rpo.before.is_none() && row.rto.before.is_none(), "nor is it known whether it worked until now");
}

#[test]
fn what_stands_and_copies_nothing_is_told_first() {
    let policy = policy(REPLICATE, COPY);
    let known = applied(&policy);
    let told = |known: &Known| {
        let mut standing = policy.clone();
        make(&mut standing, &desired(&policy), known, |_| true);
        let dead = leave_what_works(&mut standing, known);
        let alarms = alarms(&dead, &desired(&policy), known);
        alarms.into_iter().map(|alarm| format!("{}: {}", alarm.of, alarm.text)).collect::<Vec<_>>()
    };
    assert_eq!(told(&known), [""; 0]);
    let rest = "the rule that copies stands, and no copy by it can be counted on, for want of";
    let rules = ["component.documents/s3_replication_rule:copy", "store.here/s3_replication_rule:far/docs"];
    let off = changed(&known, "s3_versioning", "far", set("enabled", false.into()));
    let mut both = told(&off);
    both.sort();
    assert_eq!(both, rules.map(|rule| format!("{rule}: {rest} versioning of store far")));
    let gone = changed(&known, "iam_role_policy", "replication-here", |live| *live = Live::absent());
    assert_eq!(told(&gone), [format!("{}: {rest} rights of role replication-here", rules[1])]);
    // A rule that is not there is made, and told as that.
    let none = changed(&gone, "s3_replication_rule", "here", |live| *live = Live::absent());
    assert_eq!(told(&none), [""; 0]);
}
