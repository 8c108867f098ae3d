//! A thousand random applies over documents that others write too: what is theirs stays byte for byte.

use std::collections::BTreeMap;
use std::fmt::Write;

use fastrand::Rng;

use super::setting::{Edit, Setting, Sight};
use super::*;
use crate::diag::Sources;
use crate::policy::load_unresolved;

const APPLIES: usize = 1_000;

/// A policy of one of many forms, always of one name and in one bucket.
fn policy(rng: &mut Rng) -> Policy {
    let mut text =
        "version: 1\nname: own\nstores:\n  a:\n    s3: { bucket: bucket-a, region: eu-north-1, account: \"111122223333\" }\n    \
                    versioning: true\n"
            .to_owned();
    let days = |rng: &mut Rng| rng.u32(1..400);
    if rng.bool() {
        let _ = writeln!(text, "    noncurrent: {{ for: {}d }}", days(rng));
    }
    if rng.bool() {
        let _ = writeln!(text, "    abort_uploads_after: {}d", days(rng));
    }
    if rng.bool() {
        let _ = writeln!(text, "    tags: {{ \"team {}\": \"x={}\", cost: \"{}\" }}", rng.u8(0..3), rng.u8(..), rng.u8(..));
    }
    if rng.bool() {
        let more =
            ["", ", within: 15m", ", storage_class: STANDARD_IA", ", delete_markers: true", ", kms: alias/k", ", prefix: one/"];
        let _ = writeln!(text, "    replicate: {{ to: b{} }}", rng.choice(more).unwrap_or_default());
    }
    if rng.bool() {
        let role = |rng: &mut Rng| format!("arn:aws:iam::111122223333:role/r{}", rng.u8(0..4));
        let (writer, applier, tls) = (role(rng), role(rng), rng.bool());
        let _ = writeln!(text, "    access: {{ tls_only: {tls}, write: ['{writer}'], delete: [], configure: ['{applier}'] }}");
    }
    text +=
        "  b:\n    s3: { bucket: bucket-b, region: eu-west-1, account: \"111122223333\" }\n    versioning: true\ncomponents:\n";
    for component in ["one", "two", "three"].iter().take(rng.usize(1..=3)) {
        let _ = writeln!(
            text,
            "  {component}:\n    files: {{ paths: [/srv/{component}] }}\n    protect: {{ nightly: {{ file_backup: {{}}, schedule: daily, store: \
             a }} }}\n    retain: {{ daily: {{ for: {}d }}, monthly: {{ for: {}mo }} }}",
            rng.u32(1..90),
            rng.u32(1..24)
        );
    }
    let mut sources = Sources::new();
    sources.add("bdr.yaml", text);
    load_unresolved(sources).policy.expect("a policy")
}

/// Something of somebody else, as it may stand in a document of that kind: with what bdr has never heard of.
fn theirs(kind: &str, n: u32) -> String {
    let forms: &[&str] = match kind {
        "s3_lifecycle_rule" => &[
            "<Rule><ID>theirs-@</ID><Filter><And><Prefix>a &amp; b/@</Prefix><Tag><Key>k</Key><Value>&lt;@&gt;</Value></Tag>\
             <ObjectSizeGreaterThan>@</ObjectSizeGreaterThan></And></Filter><Status>Enabled</Status><Expiration><Days>9</Days></Expiration></Rule>",
            "<Rule><Status>Disabled</Status><Prefix>@</Prefix><ID>bdr/other/@</ID><Fancy Mode=\"x@\"><New>1</New></Fancy></Rule>",
            "<Rule><Filter/><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>@</NoncurrentDays>\
             <NewerNoncurrentVersions>3</NewerNoncurrentVersions></NoncurrentVersionExpiration></Rule>",
        ],
        "s3_replication_rule" => &[
            "<Rule><ID>theirs-@</ID><Priority>@</Priority><Filter><Prefix>x/@</Prefix></Filter><Status>Enabled</Status>\
             <DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::other</Bucket>\
             <New>@</New></Destination></Rule>",
            "<Rule><Unheard A=\"@\"/><ID>bdr/other/@</ID><Priority>@</Priority><Filter/><Status>Disabled</Status><Destination>\
             <Bucket>arn:aws:s3:::other</Bucket></Destination></Rule>",
        ],
        "s3_bucket_policy_statement" => &[
            "{ \"Sid\" : \"theirs@\",  \"Effect\":\"Allow\", \"New\": {\"b\":@.50,\"a\":[1, 2]} , \"Action\":\"s3:GetObject\",\"Principal\":\"*\"}",
            "{\"Effect\": \"Deny\",\n \"Principal\": {\"AWS\": [\"@\"]}, \"Action\": [\"s3:*\"], \"Resource\": \"\\u00e5@\"}",
        ],
        _ => &[
            "<Tag><Key>theirs @</Key><Value>a &amp; &quot;@&quot;</Value></Tag>",
            "<Tag><Key>aws:cloudformation:@</Key><Value/></Tag>",
        ],
    };
    forms[n as usize % forms.len()].replace('@', &n.to_string())
}

/// A document of these parts.
fn document(kind: &str, parts: &[String]) -> String {
    let all = parts.concat();
    match kind {
        "s3_lifecycle_rule" => format!("<LifecycleConfiguration>{all}</LifecycleConfiguration>"),
        "s3_replication_rule" => format!(
            "<ReplicationConfiguration><Role>arn:aws:iam::111122223333:role/theirs</Role>{all}</ReplicationConfiguration>"
        ),
        "s3_bucket_policy_statement" => format!("{{\"Id\":\"theirs\",\"Statement\":[{}]}}", parts.join(" ,")),
        _ => format!("<Tagging><TagSet>{all}</TagSet></Tagging>"),
    }
}

/// One apply: everything that the policy wants, and nothing of what it no longer does.
fn applied(setting: &dyn Setting, policy: &Policy, desired: &Desired, text: &str) -> String {
    let store = StoreName::new("a").expect("a name");
    let wanted =
        desired.iter().filter(|one| one.id.kind == setting.kind().name && one.id.subject == Subject::Store(store.clone()));
    let wanted: BTreeMap<String, &Attrs> =
        wanted.map(|one| (setting.mark(&policy.name, &format!("{store}/{}", one.id.key)), &one.attrs)).collect();
    let before = (setting.document().format.parse)(text).expect("a document");
    let mut edits: Vec<Edit<'_>> = wanted.iter().map(|(mark, attrs)| Edit { mark: mark.clone(), attrs: Some(attrs) }).collect();
    let gone = setting.marked(&before, &policy.name).into_iter().filter(|mark| !wanted.contains_key(mark));
    edits.extend(gone.map(|mark| Edit { mark, attrs: None }));
    let after = setting.merged(Some(&before), &policy.name, &edits).expect("it fits");
    let text = (setting.document().format.write)(&after);
    let seen = (setting.document().format.parse)(&text).expect("a document");
    for (mark, attrs) in wanted {
        let live = setting.live(Some(&seen), Sight { policy: &policy.name, mark: &mark, desired: Some(attrs) });
        assert_eq!(live.attrs.as_ref(), Some(attrs), "{mark}: the next plan would not be empty");
    }
    text
}

#[test]
fn after_a_thousand_random_applies_what_is_not_bdrs_is_byte_for_byte_as_it_was() {
    let mut rng = Rng::with_seed(20_261_127);
    let shared = SETTINGS.iter().filter(|setting| setting.has_other_writers());
    let shared: Vec<&dyn Setting> = shared.copied().collect();
    assert_eq!(shared.len(), 4, "a kind with other writers has no part here yet");
    let mut texts: BTreeMap<&str, (Vec<String>, String)> = BTreeMap::new();
    for at in 0..APPLIES {
        let policy = policy(&mut rng);
        let mut desired = Desired::default();
        S3.declare(&policy, &Env::default(), &mut desired);
        for setting in &shared {
            let kind = setting.kind().name;
            let (parts, text) = texts.entry(kind).or_default();
            // Somebody else writes the document now and then, which takes bdr's part with it.
            if at % 20 == 0 {
                *parts = (0..rng.u32(1..6)).map(|n| theirs(kind, n * 7 + rng.u32(0..7))).collect();
                *text = document(kind, parts);
            }
            *text = applied(*setting, &policy, &desired, text);
            for part in &*parts {
                assert!(text.contains(part.as_str()), "apply {at}, {kind}: {part}\nis not in {text}");
            }
            if kind == "s3_replication_rule" {
                assert!(text.contains("<Role>arn:aws:iam::111122223333:role/theirs</Role>"), "{text}");
            }
        }
    }
}
