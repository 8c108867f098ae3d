//! What the provider wants of policies, without any endpoint.

use std::collections::BTreeMap;

use super::*;
use crate::diag::Sources;
use crate::policy::load_unresolved;

const ROLES: &str = "access:\n  roles:\n    writer: { may: write, trust: { account: \"111122223333\" } }\n";
const COMPONENTS: &str = "components:\n  docs:\n    files: { paths: [/srv/docs] }\n    protect: { nightly: { file_backup: {}, schedule: daily, \
                          store: primary } }\n    retain: { daily: { for: 7d } }\n";

fn policy(rest: &str) -> Policy {
    let mut sources = Sources::new();
    sources.add("bdr.yaml", format!("version: 1\nname: p\n{rest}"));
    let loaded = load_unresolved(sources);
    assert!(!loaded.diagnostics.has_errors(), "{:?}", loaded.diagnostics);
    loaded.policy.expect("a policy")
}

fn codes(policy: &Policy) -> Vec<String> {
    let mut found = Diagnostics::new();
    Iam.check(policy, &Env::default(), &mut found);
    found.iter().map(|finding| finding.code.to_owned()).collect()
}

fn replicating(settings: &str) -> Policy {
    policy(&format!(
        "stores:\n  primary:\n    s3: {{ bucket: p-a, region: eu-north-1, account: \"111122223333\", prefix: x }}\n    versioning: true\n    \
         encryption: {{ sse: aws:kms, key: alias/a }}\n    replicate: {{ to: dr{settings} }}\n  dr:\n    s3: {{ bucket: p-b, region: eu-west-1, \
         account: \"444455556666\", prefix: x }}\n    versioning: true\n    encryption: {{ sse: aws:kms, key: alias/b }}\n{COMPONENTS}"
    ))
}

fn statements(wanted: &Wanted) -> BTreeMap<String, serde_json::Value> {
    let text = wanted.document().and_then(|document| document.json().ok()).expect("one document");
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let all = document["Statement"].as_array().expect("a list").clone();
    all.into_iter().map(|one| (one["Sid"].as_str().unwrap_or("").to_owned(), one)).collect()
}

#[test]
fn a_store_that_replicates_has_a_role_for_exactly_that() {
    let all = wanted::all(&replicating(""));
    let role = &all["replication-primary"];
    assert_eq!(role.name, "bdr-p-replication-primary");
    for part in ["\"s3.amazonaws.com\"", "\"aws:SourceArn\":\"arn:aws:s3:::p-a\"", "\"aws:SourceAccount\":\"111122223333\""] {
        assert!(role.trust.contains(part), "{part}: {}", role.trust);
    }
    let found = statements(role);
    assert_eq!(found["ReadVersionsPA"]["Resource"], serde_json::json!(["arn:aws:s3:::p-a/x/p/docs/*"]));
    assert_eq!(found["WriteCopiesPB"]["Resource"], serde_json::json!(["arn:aws:s3:::p-b/x/p/docs/*"]));
    assert_eq!(found["WriteCopiesPB"]["Action"], serde_json::json!(["s3:ReplicateObject", "s3:ReplicateTags"]));
    assert_eq!(
        found["DecryptSourceEuNorth1"]["Condition"]["StringEquals"]["kms:ViaService"],
        serde_json::json!(["s3.eu-north-1.amazonaws.com"])
    );
    assert_eq!(
        found["EncryptCopiesEuWest1"]["Condition"]["StringEquals"]["kms:ViaService"],
        serde_json::json!(["s3.eu-west-1.amazonaws.com"])
    );

    let all = wanted::all(&replicating(", delete_markers: true, owner_override: true, prefix: docs/nightly"));
    let found = statements(&all["replication-primary"]);
    let actions = ["s3:ObjectOwnerOverrideToBucketOwner", "s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"];
    assert_eq!(found["WriteCopiesPB"]["Action"], serde_json::json!(actions));
    assert_eq!(found["ReadVersionsPA"]["Resource"], serde_json::json!(["arn:aws:s3:::p-a/x/p/docs/nightly/*"]));

    let own = replicating(", role: \"arn:aws:iam::111122223333:role/mine\"");
    assert!(wanted::all(&own).is_empty(), "a role that the policy states is somebody else's");
}

#[test]
fn a_rule_waits_for_its_role_and_the_rights_of_it() {
    let policy = replicating("");
    let mut desired = Desired::new();
    Iam.declare(&policy, &Env::default(), &mut desired);
    crate::providers::s3::S3.declare(&policy, &Env::default(), &mut desired);
    let rule = desired.iter().find(|one| one.id.kind == "s3_replication_rule").expect("the rule");
    for first in ["policy/iam_role:replication-primary", "policy/iam_role_policy:replication-primary"] {
        let id = rule.after.iter().find(|id| id.to_string() == first).expect(first);
        assert!(desired.get(id).is_some(), "{id} is wanted too");
    }
}

fn documents(rest: &str) -> Policy {
    policy(&format!(
        "stores:\n  dr:\n    s3: {{ bucket: p-b, region: eu-west-1, account: \"444455556666\", prefix: x }}\n    versioning: true\ncomponents:\n  \
         documents:\n    object_storage: {{ bucket: p-files, region: eu-north-1, account: \"111122223333\", prefix: app }}\n    protect:\n      \
         copy: {{ replication: {{ to: dr, prefix: u$er{rest} }} }}\n"
    ))
}

#[test]
fn a_bucket_of_the_application_has_a_role_for_exactly_what_is_copied() {
    let all = wanted::all(&documents(", owner_override: true"));
    let role = &all["replication-component.documents"];
    assert_eq!((all.len(), role.name.as_str()), (1, "bdr-p-replication-component.documents"));
    assert_eq!(role.description, "replication of component documents of policy p, by bdr");
    for part in ["\"s3.amazonaws.com\"", "\"aws:SourceArn\":\"arn:aws:s3:::p-files\"", "\"aws:SourceAccount\":\"111122223333\""] {
        assert!(role.trust.contains(part), "{part}: {}", role.trust);
    }
    let found = statements(role);
    let of = |sid: &str, member: &str| found[sid][member].clone();
    assert_eq!(of("ReadRulesPFiles", "Resource"), serde_json::json!(["arn:aws:s3:::p-files"]));
    assert_eq!(of("ReadVersionsPFiles", "Resource"), serde_json::json!(["arn:aws:s3:::p-files/app/u${$}er/*"]));
    // Copies keep their keys: the store's own prefix plays no part.
    assert_eq!(of("WriteCopiesPB", "Resource"), serde_json::json!(["arn:aws:s3:::p-b/app/u${$}er/*"]));
    let actions = ["s3:ObjectOwnerOverrideToBucketOwner", "s3:ReplicateObject", "s3:ReplicateTags"];
    assert_eq!(of("WriteCopiesPB", "Action"), serde_json::json!(actions));
    assert_eq!(found.len(), 3, "and nothing else: {found:?}");
    assert!(
        wanted::all(&documents(", role: \"arn:aws:iam::111122223333:role/mine\"")).is_empty(),
        "a stated one is somebody else's"
    );
}

/// S3 takes one role for all rules of a bucket.
#[test]
fn components_in_one_bucket_share_a_role() {
    let text = |name: &str, prefix: &str| {
        format!(
            "  {name}:\n    object_storage: {{ bucket: p-files, region: eu-north-1, account: \"111122223333\", prefix: {prefix} }}\n    \
             protect: {{ copy: {{ replication: {{ to: dr }} }} }}\n"
        )
    };
    let policy = policy(&format!(
        "stores:\n  dr:\n    s3: {{ bucket: p-b, region: eu-west-1, account: \"111122223333\" }}\n    versioning: true\ncomponents:\n{}{}",
        text("images", "i"),
        text("letters", "l")
    ));
    let all = wanted::all(&policy);
    assert_eq!(all.keys().collect::<Vec<_>>(), ["replication-component.images"]);
    let keys = serde_json::json!(["arn:aws:s3:::p-files/i/*", "arn:aws:s3:::p-files/l/*"]);
    assert_eq!(statements(&all["replication-component.images"])["ReadVersionsPFiles"]["Resource"], keys);
    let mut desired = Desired::new();
    crate::providers::s3::S3.declare(&policy, &Env::default(), &mut desired);
    let rules: Vec<_> = desired.iter().filter(|one| one.id.kind == "s3_replication_rule").collect();
    assert_eq!(rules.len(), 2);
    for rule in rules {
        assert_eq!(rule.attrs["role"].as_str(), Some("arn:aws:iam::111122223333:role/bdr/p/bdr-p-replication-component.images"));
        assert!(rule.after.iter().any(|id| id.to_string() == "policy/iam_role:replication-component.images"), "{:?}", rule.after);
    }
}

#[test]
fn the_rule_of_a_component_waits_for_its_role_and_for_the_other_account() {
    let policy = documents("");
    let mut desired = Desired::new();
    crate::providers::s3::S3.declare(&policy, &Env::default(), &mut desired);
    Iam.declare(&policy, &Env::default(), &mut desired);
    let rule = desired.iter().find(|one| one.id.kind == "s3_replication_rule").expect("the rule");
    for first in [
        "policy/iam_role:replication-component.documents",
        "policy/iam_role_policy:replication-component.documents",
        "store.dr/s3_bucket_policy_statement:replicas-of-component.documents",
        "store.dr/s3_bucket_policy_statement:look-of-component.documents",
    ] {
        let id = rule.after.iter().find(|id| id.to_string() == first).unwrap_or_else(|| panic!("{first}: {:?}", rule.after));
        assert!(desired.get(id).is_some(), "{id} is wanted too");
    }
    let statement = desired.iter().find(|one| one.id.key == "replicas-of-component.documents").expect("a statement");
    assert_eq!(statement.attrs["Resource"].to_string(), "[arn:aws:s3:::p-b/app/u${$}er/*]");
    let role = "{AWS: [arn:aws:iam::111122223333:role/bdr/p/bdr-p-replication-component.documents]}";
    assert_eq!(statement.attrs["Principal"].to_string(), role);
}

#[test]
fn rights_that_no_inline_policy_holds_are_told_before_iam_refuses_them() {
    let many: String =
        (0..40).map(|n| format!("  s{n}: {{ s3: {{ bucket: bucket-number-{n:02}-of-many, region: eu-north-1 }} }}\n")).collect();
    let names: Vec<String> = (0..40).map(|n| format!("s{n}")).collect();
    let component = COMPONENTS.replace("store: primary", &format!("stores: [{}]", names.join(", ")));
    let large = format!("stores:\n{many}{component}{ROLES}");
    assert_eq!(codes(&policy(&large)), ["BDR-C020"]);
    assert_eq!(codes(&policy(&large.replace("may: write,", "may: write, stores: [s1, s2],"))), [""; 0]);
    let two =
        "stores:\n  primary: { s3: { bucket: p-a, region: eu-north-1 } }\n  cn: { s3: { bucket: p-b, region: cn-north-1 } }\n";
    let both = format!("{two}{}{ROLES}", COMPONENTS.replace("store: primary", "stores: [primary, cn]"));
    assert_eq!(codes(&policy(&both)), ["BDR-C021"]);
}

/// What of a role's rights speaks of objects: the versions that are read, and the copies that are written.
fn objects(policy: &Policy, key: &str) -> [serde_json::Value; 2] {
    let found = statements(&wanted::all(policy)[key]);
    let of = |begin: &str| found.iter().find(|(sid, _)| sid.starts_with(begin)).map(|(_, one)| one["Resource"].clone());
    ["ReadVersions", "WriteCopies"].map(|begin| of(begin).unwrap_or_default())
}

#[test]
fn a_role_of_replication_names_folders_where_components_are_too_many() {
    let components = |count: usize| {
        let one = |n: usize| {
            format!(
                "  component-{n:03}:\n    files: {{ paths: [/srv/{n}] }}\n    protect: {{ nightly: {{ file_backup: {{}}, schedule: daily, store: \
                 primary }} }}\n    retain: {{ daily: {{ for: 7d }} }}\n"
            )
        };
        let stores = "stores:\n  primary:\n    s3: { bucket: p-a, region: eu-north-1, account: \"111122223333\", prefix: x }\n    versioning: \
                      true\n    replicate: { to: dr }\n  dr:\n    s3: { bucket: p-b, region: eu-west-1, account: \"111122223333\", prefix: x }\n    versioning: \
                      true\n";
        policy(&format!("{stores}components:\n{}", (0..count).map(one).collect::<String>()))
    };
    let few = components(3);
    let each: Vec<String> = (0..3).map(|n| format!("arn:aws:s3:::p-a/x/p/component-{n:03}/*")).collect();
    assert_eq!(objects(&few, "replication-primary")[0], serde_json::json!(each));
    let many = components(300);
    assert_eq!(codes(&many), [""; 0]);
    let folders = [serde_json::json!(["arn:aws:s3:::p-a/x/p/*"]), serde_json::json!(["arn:aws:s3:::p-b/x/p/*"])];
    assert_eq!(objects(&many, "replication-primary"), folders);
}

#[test]
fn what_even_folders_do_not_hold_is_told_with_a_way_out() {
    let component = |n: usize| {
        format!(
            "  component-{n:03}:\n    object_storage: {{ bucket: p-files, region: eu-north-1, account: \"111122223333\", prefix: of/{n:03} }}\n    \
             protect: {{ copy: {{ replication: {{ to: dr, prefix: documents }} }} }}\n"
        )
    };
    let many = |count: usize| {
        let components: String = (0..count).map(component).collect();
        policy(&format!(
            "stores:\n  dr:\n    s3: {{ bucket: p-b, region: eu-west-1, account: \"111122223333\" }}\n    versioning: true\ncomponents:\n{components}"
        ))
    };
    let key = "replication-component.component-000";
    assert_eq!(
        objects(&many(2), key)[0],
        serde_json::json!(["arn:aws:s3:::p-files/of/000/documents/*", "arn:aws:s3:::p-files/of/001/documents/*"])
    );
    let fits = many(130);
    assert_eq!((codes(&fits), &objects(&fits, key)[0][129]), (vec![], &serde_json::json!("arn:aws:s3:::p-files/of/129/*")));
    let mut found = Diagnostics::new();
    Iam.check(&many(400), &Env::default(), &mut found);
    let told: Vec<(&str, &str)> = found.iter().map(|one| (one.code, one.help.as_deref().unwrap_or_default())).collect();
    assert!(matches!(told.as_slice(), [("BDR-C020", help)] if help.contains("role: ARN")), "{told:?}");
}

#[test]
fn what_opens_a_role_is_told_as_such() {
    let role = |trust: &str, boundary: Option<&str>| {
        let document = format!(
            "{{\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{{\"AWS\":{trust}}},\"Action\":\"sts:AssumeRole\"}}]}}"
        );
        let meant = meaning::meaning(&document, None, &BTreeMap::new()).expect("a document");
        let mut attrs = Attrs::from([("trust".to_owned(), meant)]);
        attrs.extend(boundary.map(|arn| ("permissions_boundary".to_owned(), Attr::text(arn))));
        attrs
    };
    let (one, two) = (role("\"111122223333\"", None), role("[\"111122223333\",\"444455556666\"]", None));
    assert_eq!(role_risk(Some(&one), Some(&two)), Risk::Weakens);
    assert_eq!(role_risk(Some(&two), Some(&one)), Risk::None);
    assert_eq!(role_risk(None, Some(&two)), Risk::None);
    let (bound, other) = (role("\"111122223333\"", Some("a")), role("\"111122223333\"", Some("b")));
    assert_eq!(role_risk(Some(&bound), Some(&other)), Risk::Weakens);
    assert_eq!(role_risk(Some(&one), Some(&bound)), Risk::None);
    let administrator = role("\"111122223333\"", Some("arn:aws:iam::aws:policy/AdministratorAccess"));
    assert_eq!(role_risk(Some(&administrator), Some(&bound)), Risk::None, "it bounded nothing");
    assert_eq!(role_risk(Some(&bound), Some(&administrator)), Risk::Weakens);
}

#[test]
fn a_role_that_everybody_may_take_on_is_told_before_anything_else() {
    let stands = |principal: &str| request::Role {
        path: "/bdr/p/".to_owned(),
        arn: "arn:aws:iam::111122223333:role/bdr/p/bdr-p-writer".to_owned(),
        description: None,
        max_session: None,
        boundary: None,
        tags: BTreeMap::new(),
        trust: format!("{{\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{principal},\"Action\":\"sts:AssumeRole\"}}]}}"),
    };
    let live = |principal: &str| role::live(Some(&stands(principal)), "bdr-p-writer", "/bdr/p/", None, &BTreeMap::new());
    assert_eq!(live("{\"AWS\":\"111122223333\"}").hindered, []);
    let open = live("{\"AWS\":[\"*\"]}").hindered;
    let told: Vec<String> = open.iter().map(|one| format!("{}: {}", one.what, one.so)).collect();
    assert_eq!(
        told,
        ["`bdr-p-writer` trusts everybody: whoever has an account of AWS, any account, can take the role on and do what it may"]
    );
}

#[test]
fn what_came_from_a_reference_is_shown_as_the_reference() {
    let text =
        format!("stores:\n  primary: {{ s3: {{ bucket: \"${{env:BUCKET}}\", region: eu-north-1 }} }}\n{COMPONENTS}{ROLES}");
    let mut sources = Sources::new();
    sources.add("bdr.yaml", format!("version: 1\nname: p\n{text}"));
    struct Known;
    impl crate::policy::Resolve for Known {
        fn resolve(&self, _: &crate::policy::Reference) -> Result<secrecy::SecretString, crate::policy::Refused> {
            Ok("bucket-of-ada".into())
        }
    }
    let policy = crate::policy::load(sources, &Known).policy.expect("a policy");
    let mut desired = Desired::new();
    Iam.declare(&policy, &Env::default(), &mut desired);
    let rights = desired.iter().find(|resource| resource.id.kind == ROLE_POLICY.name).expect("rights");
    let shown = format!("{:?}{}", rights.attrs, serde_json::to_string(&rights.attrs).expect("JSON"));
    assert!(!shown.contains("bucket-of-ada") && shown.contains("${env:BUCKET}"), "{shown}");
    assert!(meaning::text(&rights.attrs["document"]).contains("bucket-of-ada"), "what is sent holds the value");
}
