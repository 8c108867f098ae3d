//! What must be allowed in AWS IAM for the settings of buckets, by what each kind says of its document.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::touches;
use crate::address::AccountName;
use crate::policy::{Encryption, Policy, S3Backend, StoreSpec};
use crate::providers::s3::setting::Wish;
use crate::providers::s3::{
    SETTINGS, beside, component_bucket, copies, existing, owner_object, replication, undo, versioning, wishes,
};
use crate::resource::Removal;
use crate::rights::{Condition, Effect, Grant, Purpose};
use crate::stores::s3::{arn, has_endpoint_of_its_own, rights};

/// Nothing but for who plans and applies. That the bucket may be looked at (`HeadBucket`) comes with the right to list it, which
/// the engine needs for the same purposes.
pub(super) fn grants(policy: &Policy, purpose: Purpose, by: Option<&AccountName>) -> Vec<Grant> {
    match purpose {
        Purpose::Status => return of_status(policy, by),
        Purpose::Copy => return of_existing(policy, true, by),
        _ => {}
    }
    if !matches!(purpose, Purpose::Plan | Purpose::Apply) {
        return Vec::new();
    }
    let applies = purpose == Purpose::Apply;
    let mut buckets: BTreeMap<String, (&S3Backend, BTreeSet<String>)> = BTreeMap::new();
    let mut all = Vec::new();
    let copies = copies(policy);
    for (wish, (first, _)) in wishes(policy, &copies).filter(|(wish, _)| wish.backend.by() == by) {
        let bucket = arn::bucket(wish.backend);
        let actions = &mut buckets.entry(bucket.clone()).or_insert((wish.backend, BTreeSet::new())).1;
        actions.extend(actions_on(wish, first == wish.name, applies));
        all.extend(applies.then(|| grant("CreateBucket", wish.backend, ["s3:CreateBucket"], bucket.clone(), Condition::new())));
        all.extend(pass_role(wish).filter(|_| applies));
        let undone = arn::objects(wish.backend, &format!("{}*", undo::BELOW));
        all.extend(applies.then(|| grant("KeepUndo", wish.backend, ["s3:PutObject"], undone, rights::owned(wish.backend))));
        if has_endpoint_of_its_own(wish.backend) {
            let kept: &[&str] = if applies { &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] } else { &["s3:GetObject"] };
            let mark = format!("{bucket}/{}", owner_object::KEY);
            all.push(grant("KeepMark", wish.backend, kept.iter().copied(), mark, rights::owned(wish.backend)));
        }
    }
    all.extend(of_components(policy, applies, by));
    all.extend(of_existing(policy, false, by));
    for (bucket, (backend, actions)) in buckets {
        let sid = if applies { "Settings" } else { "ReadSettings" };
        all.push(grant(sid, backend, actions.iter().map(String::as_str), bucket, rights::owned(backend)));
    }
    all
}

/// What tells whether copies arrive: the rules, and of the application's buckets the objects on both sides. Those of stores are looked at
/// by the engine.
fn of_status(policy: &Policy, by: Option<&AccountName>) -> Vec<Grant> {
    let stores = policy.stores.values().filter(|store| !store.replicate.is_empty()).filter_map(|store| store.backend.s3());
    let rules = |backend| {
        grant("ReadSettings", backend, [replication::DOCUMENT.read_action], arn::bucket(backend), rights::owned(backend))
    };
    let mut all: Vec<Grant> = stores.filter(|backend| backend.by() == by).map(rules).collect();
    for (component, bucket) in component_bucket::all(policy) {
        let here = &bucket.backend;
        for entry in component.protections.values().filter_map(|protection| protection.replication()) {
            let below = format!("{}{}*", arn::literal(&here.prefix.value), arn::literal(&entry.prefix.value));
            let there = policy.stores.get(&entry.to.value).and_then(|store| store.backend.s3());
            for backend in [Some(here), there].into_iter().flatten().filter(|backend| backend.by() == by) {
                let owned = rights::owned(backend);
                // Who may list anything there is told that a copy is missing (S3 API reference, `HeadObject`): backups, where it holds some.
                let is_source = std::ptr::eq(backend, here);
                if is_source || touches(policy, &entry.to.value, Purpose::Status).is_empty() {
                    let mut listed = owned.clone();
                    listed.extend(rights::when("StringLikeIfExists", "s3:prefix", [below.clone()]));
                    all.push(grant("ListKeys", backend, ["s3:ListBucket"], arn::bucket(backend), listed));
                }
                let objects = format!("{}/{below}", arn::bucket(backend));
                all.push(grant("ReadObjects", backend, ["s3:GetObject"], objects, owned));
            }
            if here.by() == by {
                all.push(rules(here));
                let versions = [versioning::DOCUMENT.read_action];
                all.push(grant("ReadSettings", here, versions, arn::bucket(here), rights::owned(here)));
            }
        }
    }
    all
}

/// What lies there already is compared with what is at the destination, and copied: S3 asks for the same whether it copies by itself or the
/// bytes pass by (S3 API reference, `UploadPartCopy`; S3 user guide, "Multipart upload API and permissions").
fn of_existing(policy: &Policy, copies: bool, by: Option<&AccountName>) -> Vec<Grant> {
    let mut all = Vec::new();
    for rule in existing(policy) {
        let Some((here, there)) = rule.backends() else { continue };
        let below = format!("{}{}*", arn::literal(&here.prefix.value), arn::literal(&rule.below));
        let is_locked = rule.there.immutability.is_some();
        let reads = ["s3:GetObject", "s3:GetObjectTagging"].into_iter().chain(is_locked.then_some("s3:GetObjectRetention"));
        let writes = ["s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectTagging"];
        let writes = writes.into_iter().chain(is_locked.then_some("s3:PutObjectRetention"));
        // Which ones a rule of some tags is about, only the tags tell.
        let looks = (!rule.entry.tags.is_empty()).then_some("s3:GetObjectTagging");
        let sides: [(_, &'static str, Vec<&str>); 2] = [
            (here, "ReadExisting", if copies { reads.collect() } else { looks.into_iter().collect() }),
            (there, "WriteCopies", if copies { writes.collect() } else { Vec::new() }),
        ];
        for (backend, sid, actions) in sides.into_iter().filter(|(backend, ..)| backend.by() == by) {
            let mut listed = rights::owned(backend);
            listed.extend(rights::when("StringLikeIfExists", "s3:prefix", [below.clone()]));
            all.push(grant("ListKeys", backend, ["s3:ListBucket"], arn::bucket(backend), listed));
            let objects = format!("{}/{below}", arn::bucket(backend));
            all.extend((!actions.is_empty()).then(|| grant(sid, backend, actions, objects, rights::owned(backend))));
        }
        let keys = [
            (here, key_of(&rule.from), &["kms:Decrypt"][..]),
            // The parts of an upload are read to be put together (KMS and multipart uploads: S3 user guide, the same page).
            (there, policy.key_of_copies(&rule.entry), &["kms:Decrypt", "kms:GenerateDataKey"]),
        ];
        for (backend, key, actions) in keys.into_iter().filter(|(backend, ..)| copies && backend.by() == by) {
            all.extend(key.map(|key| rights::use_of_key("UseKey", &key, backend, actions)));
        }
    }
    all
}

/// The key that a store's bucket encrypts with; that of the application's bucket is not known.
fn key_of(store: &StoreSpec) -> Option<String> {
    match &store.encryption.as_ref()?.value {
        Encryption::Kms { key, .. } => key.as_ref().map(|key| key.value.clone()),
        Encryption::Aes256 => None,
    }
}

/// Whoever writes a rule hands its role to S3 (service authorization reference for S3, `PutReplicationConfiguration`).
fn pass_role(wish: Wish<'_>) -> Option<Grant> {
    wish.spec.replicate.first()?;
    let role = wish.policy.replication_role(wish.name)?;
    let role = if role.is_known() { role.expose().to_owned() } else { role.shown.clone() };
    Some(grant("PassRole", wish.backend, ["iam:PassRole"], role, to_s3()))
}

/// In the application's own buckets: what replication takes.
fn of_components(policy: &Policy, applies: bool, by: Option<&AccountName>) -> Vec<Grant> {
    let mut all = Vec::new();
    for (component, bucket) in component_bucket::all(policy).filter(|(_, bucket)| bucket.backend.by() == by) {
        let documents = [&replication::DOCUMENT, &versioning::DOCUMENT];
        let mut actions: BTreeSet<&str> = documents.iter().map(|document| document.read_action).collect();
        // Whether anything lies there that a new rule does not copy.
        actions.insert("s3:ListBucket");
        if applies {
            actions.insert(replication::DOCUMENT.write_action);
            actions.extend(bucket.manages_versions.then_some(versioning::DOCUMENT.write_action));
        }
        let (sid, place) = (if applies { "Settings" } else { "ReadSettings" }, arn::bucket(&bucket.backend));
        all.push(grant(sid, &bucket.backend, actions, place, rights::owned(&bucket.backend)));
        let entries = component.protections.values().filter_map(|protection| protection.replication());
        if let (true, Some(role)) = (applies && entries.count() > 0, policy.replication_role_of(component)) {
            let role = if role.is_known() { role.expose().to_owned() } else { role.shown.clone() };
            all.push(grant("PassRole", &bucket.backend, ["iam:PassRole"], role, to_s3()));
        }
    }
    all
}

/// Of a role that is passed: to S3 alone.
fn to_s3() -> Condition {
    let passed = BTreeMap::from([("iam:PassedToService".to_owned(), BTreeSet::from(["s3.amazonaws.com".to_owned()]))]);
    Condition::from([("StringEquals".to_owned(), passed)])
}

/// The actions on the bucket itself. Documents that hold marks are read whatever the policy wants, so that what left it is found, and
/// may be written, so that it is taken away.
fn actions_on(wish: Wish<'_>, sets_up: bool, applies: bool) -> BTreeSet<String> {
    // What others set there is shown; where it may not be read, nothing is missed but that.
    let mut actions: BTreeSet<String> = beside::DOCUMENTS.iter().map(|(document, _)| document.read_action.to_owned()).collect();
    for setting in SETTINGS {
        let holds_marks = setting.kind().removal == Removal::Delete;
        if holds_marks || (sets_up && !setting.wanted(wish).is_empty()) {
            let document = setting.document();
            actions.insert(document.read_action.to_owned());
            actions.extend(applies.then(|| document.write_action.to_owned()));
            actions.extend(document.clear_action.filter(|_| applies).map(str::to_owned));
        }
    }
    actions
}

fn grant<'a>(
    sid: &'static str,
    backend: &S3Backend,
    actions: impl IntoIterator<Item = &'a str>,
    resource: String,
    condition: Condition,
) -> Grant {
    let actions = actions.into_iter().map(str::to_owned).collect();
    Grant {
        sid,
        effect: Effect::Allow,
        partition: arn::partition_of(backend),
        actions,
        resources: BTreeSet::from([resource]),
        condition,
    }
}
