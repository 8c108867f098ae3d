//! What `access` comes to, what a change of it puts at stake, and that every spelling of a server reads back.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::attrs::Attr;
use crate::diag::Sources;
use crate::policy::load_unresolved;
use crate::provider::{Env, Provider};
use crate::providers::iam::Iam;
use crate::providers::s3::S3;
use crate::resource::{Desired, Risk};

const POLICY: &str = "version: 1
name: safe-pm
stores:
  primary:
    s3: { bucket: safe-backups, region: eu-north-1, account: 111122223333 }
    versioning: true
    replicate: { to: far_away, delete_markers: true, owner_override: true }
    access: { tls_only: true, write: ['arn:aws:iam::111122223333:role/w'], delete: [], configure: ['arn:aws:iam::111122223333:role/a'] }
  far_away:
    s3: { bucket: safe-backups-dr, region: eu-west-1, account: 444455556666 }
    versioning: true
components:
  docs:
    files: { paths: [/srv] }
    protect: { copy: { file_backup: {}, store: primary } }
    retain: { daily: { for: 7d } }
";

fn policy() -> Policy {
    let mut sources = Sources::new();
    sources.add("bdr.yaml", POLICY.to_owned());
    load_unresolved(sources).policy.expect("a policy")
}

fn declared() -> Desired {
    let mut desired = Desired::default();
    S3.declare(&policy(), &Env::default(), &mut desired);
    desired
}

fn name() -> PolicyName {
    PolicyName::new("safe-pm").expect("a name")
}

#[test]
fn each_thing_that_is_said_is_a_statement() {
    let statements = declared();
    let statements: Vec<String> = statements
        .iter()
        .filter(|one| one.id.kind == KIND.name)
        .map(|one| format!("{} {} {}", one.id, one.attrs["Effect"], one.attrs["Action"]))
        .collect();
    insta::assert_snapshot!(statements.join("\n"));
}

/// S3 hands copies to a bucket of another account only where that bucket allows it, so the rule comes after.
#[test]
fn a_destination_of_another_account_allows_the_role_first() {
    let desired = declared();
    let of = |kind: &str| desired.iter().filter(|one| one.id.kind == kind).collect::<Vec<_>>();
    let rule = of("s3_replication_rule")[0];
    let allowed: Vec<_> = of(KIND.name).into_iter().filter(|one| one.id.key.ends_with("-of-primary")).collect();
    assert_eq!(allowed.len(), 2);
    assert!(allowed.iter().all(|one| rule.after.contains(&one.id)), "{:?}", rule.after);
    assert_eq!(
        allowed.iter().find_map(|one| one.attrs.get("Principal")).map(ToString::to_string),
        Some("{AWS: [arn:aws:iam::111122223333:role/bdr/safe-pm/bdr-safe-pm-replication-primary]}".to_owned())
    );
}

/// S3 refuses a statement that names a role which is not there, so the policy's own roles come first; those of others are there.
#[test]
fn a_statement_waits_for_the_roles_that_it_names() {
    let roles =
        "access:\n  account: \"111122223333\"\n  roles: { writer: { may: write, trust: { account: \"111122223333\" } } }\n";
    let own = "write: ['arn:aws:iam::111122223333:role/bdr/safe-pm/bdr-safe-pm-writer', ";
    let mut sources = Sources::new();
    sources.add("bdr.yaml", format!("{}{roles}", POLICY.replace("write: [", own)));
    let policy = load_unresolved(sources).policy.expect("a policy");
    let mut desired = Desired::default();
    Iam.declare(&policy, &Env::default(), &mut desired);
    S3.declare(&policy, &Env::default(), &mut desired);
    let after = |key: &str| {
        let found = desired.iter().find(|one| one.id.kind == KIND.name && one.id.key == key).expect(key);
        found.after.iter().map(ToString::to_string).filter(|id| id.contains("iam")).collect::<Vec<_>>()
    };
    assert_eq!(after("write-1"), ["policy/iam_role:writer"]);
    assert_eq!(after("only-deleters"), Vec::<String>::new());
}

#[test]
fn a_sid_says_whose_it_is_and_can_be_read_back() {
    let mark = BucketPolicy.mark(&name(), "far_away/only-deleters");
    assert_eq!(mark, "bdrXsafeDpmXfarUawayXonlyDdeleters");
    assert_eq!(BucketPolicy.spelled_out(&mark), "bdr/safe-pm/far_away/only-deleters");
}

fn attrs(effect: &str, actions: &[&str], condition: Value) -> Attrs {
    let statement =
        json!({ "Effect": effect, "Principal": "*", "Action": actions, "Resource": "arn:aws:s3:::b/*", "Condition": condition });
    statement::attrs(&statement.to_string(), None).expect("a statement")
}

#[test]
fn what_denies_less_or_allows_more_weakens() {
    let but = |who: &[&str]| json!({ "ArnNotLike": { "aws:PrincipalArn": who } });
    let deny = |actions: &[&str], who: &[&str]| attrs("Deny", actions, but(who));
    let allow = |actions: &[&str]| attrs("Allow", actions, json!({}));
    for (before, after, weakens) in [
        (Some(deny(&["s3:a"], &[])), None, true),
        (Some(deny(&["s3:a"], &["x"])), Some(deny(&["s3:a"], &["x", "y"])), true),
        (Some(deny(&["s3:a"], &["x", "y"])), Some(deny(&["s3:a"], &["x"])), false),
        (Some(deny(&["s3:a", "s3:b"], &["x"])), Some(deny(&["s3:a"], &["x"])), true),
        (Some(deny(&["s3:a"], &["x"])), Some(deny(&["s3:a", "s3:b"], &["x"])), false),
        (
            Some(deny(&["s3:a"], &["x"])),
            Some(attrs("Deny", &["s3:a"], json!({ "Bool": { "aws:SecureTransport": "false" } }))),
            true,
        ),
        (Some(deny(&["s3:a"], &["x"])), Some(allow(&["s3:a"])), true),
        (Some(allow(&["s3:a"])), Some(allow(&["s3:a", "s3:b"])), true),
        (Some(allow(&["s3:a", "s3:b"])), Some(allow(&["s3:a"])), false),
        (Some(allow(&["s3:a"])), None, false),
        (None, Some(deny(&["s3:a"], &[])), false),
    ] {
        let found = risk::risk(before.as_ref(), after.as_ref());
        assert_eq!(found == Risk::Weakens, weakens, "{before:?} -> {after:?}");
    }
}

/// A promise that rests on a denial counts what stands.
#[test]
fn who_was_let_in_by_hand_counts() {
    let desired = declared();
    let deleters = desired.iter().find(|one| one.id.key == "only-deleters").expect("a denial");
    let parts = |live: Option<&Attrs>| {
        let mut policy = policy();
        let store = StoreName::new("primary").expect("a name");
        BucketPolicy.stands(&mut policy, &store, &deleters.id.key, live);
        policy.stores[&store].access.as_ref().expect("stated").value.parts_writers()
    };
    let mut loosened = deleters.attrs.clone();
    let writer = Attr::list(["arn:aws:iam::111122223333:role/w"]);
    loosened.insert("Condition".to_owned(), Attr::map([("ArnNotLike", Attr::map([("aws:PrincipalArn", writer)]))]));
    assert!(parts(Some(&deleters.attrs)));
    assert!(!parts(Some(&loosened)) && !parts(None));
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::btree_set("[a-zA-Z0-9:*/\"]{1,6}", 1..4).prop_map(|texts| texts.into_iter().collect())
}

fn statement() -> impl Strategy<Value = Value> {
    (texts(), texts(), texts(), any::<bool>(), any::<bool>()).prop_map(|(actions, resources, who, denies, bound)| {
        let mut one = json!({
            "Effect": if denies { "Deny" } else { "Allow" }, "Action": actions, "Resource": resources, "Principal": { "AWS": who }
        });
        if bound {
            one["Condition"] = json!({ "StringLike": { "aws:PrincipalArn": who } });
        }
        one
    })
}

/// As servers do: lists turned around, lists of one as their text, words in another case.
fn respelled(value: &Value) -> Value {
    match value {
        Value::Array(values) if values.len() == 1 => values[0].clone(),
        Value::Array(values) => values.iter().rev().cloned().collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), respelled(value))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// In whatever case an action is written, it is one.
#[test]
fn an_action_in_two_cases_is_one() {
    let wanted = attrs("Allow", &["s3:GetObject", "s3:getobject"], json!({}));
    assert_eq!(wanted.get("Action").map(ToString::to_string), Some("[s3:GetObject]".to_owned()));
    let stored =
        json!({ "Effect": "Allow", "Principal": "*", "Action": "S3:GETOBJECT", "Resource": "arn:aws:s3:::b/*", "Condition": {} });
    assert_eq!(statement::attrs(&stored.to_string(), Some(&wanted)), Some(wanted));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_and_what_is_foreign_stays(own in statement(), others in proptest::collection::vec(statement(), 0..4)) {
        let (policy, mark) = (name(), BucketPolicy.mark(&name(), "primary/x"));
        let wanted = statement::attrs(&own.to_string(), None).expect("a statement");
        let before = (!others.is_empty()).then(|| (json::FORMAT.parse)(&json!({ "Statement": others }).to_string()).expect("a policy"));
        let edit = Edit { mark: mark.clone(), attrs: Some(&wanted) };
        let merged = BucketPolicy.merged(before.as_ref(), &policy, &[edit]).expect("fits");
        let stored: Value = serde_json::from_str(&(json::FORMAT.write)(&merged)).expect("JSON");
        let stored = (json::FORMAT.parse)(&respelled(&stored).to_string()).expect("a policy");
        let sight = Sight { policy: &policy, mark: &mark, desired: Some(&wanted) };
        let live = BucketPolicy.live(Some(&stored), sight);
        prop_assert_eq!(live.attrs.as_ref(), Some(&wanted));
        prop_assert_eq!(live.foreign.len(), others.len());
        prop_assert_eq!(BucketPolicy.foreign_part(Some(&stored), &policy), BucketPolicy.foreign_part(before.as_ref(), &policy));
        let taken = BucketPolicy.merged(Some(&merged), &policy, &[Edit { mark, attrs: None }]).expect("fits");
        let texts = |tree: &Element| tree.each(json::STATEMENT).map(|one| one.text.clone()).collect::<Vec<_>>();
        prop_assert_eq!(texts(&taken), before.as_ref().map(texts).unwrap_or_default());
    }
}
