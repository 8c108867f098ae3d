//! What must be allowed in AWS IAM for what is done with the objects of a bucket.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::PolicyName;
use crate::catalog::layout::Sort;
use crate::policy::{Encryption, S3Backend, StoreSpec};
use crate::rights::{Condition, Deed, Effect, Grant, Purpose, Touch};
use crate::stores::s3::{arn, has_endpoint_of_its_own};

/// The action that S3 asks for (service authorization reference for S3); also for `HeadBucket` and `HeadObject`.
pub(super) fn action(deed: Deed) -> &'static str {
    match deed {
        Deed::List => "s3:ListBucket",
        Deed::Read => "s3:GetObject",
        Deed::ReadTags => "s3:GetObjectTagging",
        Deed::WriteTags => "s3:PutObjectTagging",
        Deed::Write => "s3:PutObject",
        Deed::Lock => "s3:PutObjectRetention",
        Deed::Delete => "s3:DeleteObject",
        Deed::Retrieve => "s3:RestoreObject",
    }
}

fn sid(deed: Deed) -> &'static str {
    match deed {
        Deed::List => "ListKeys",
        Deed::Read => "ReadObjects",
        Deed::ReadTags => "ReadTags",
        Deed::WriteTags => "WriteTags",
        Deed::Write => "WriteObjects",
        Deed::Lock => "LockObjects",
        Deed::Delete => "DeleteObjects",
        Deed::Retrieve => "RetrieveObjects",
    }
}

/// A condition by one key.
pub fn when(operator: &str, key: &str, values: impl IntoIterator<Item = String>) -> Condition {
    Condition::from([(operator.to_owned(), BTreeMap::from([(key.to_owned(), values.into_iter().collect())]))])
}

/// Only buckets of the account that the policy states.
pub fn owned(backend: &S3Backend) -> Condition {
    let account = backend.account.as_ref();
    account.map(|account| when("StringEquals", "s3:ResourceAccount", [account.value.clone()])).unwrap_or_default()
}

/// What must be allowed so that all of it can be done.
pub fn grants(spec: &StoreSpec, backend: &S3Backend, touches: &[Touch]) -> Vec<Grant> {
    let mut by_deed: BTreeMap<Deed, BTreeSet<String>> = BTreeMap::new();
    for touch in touches {
        by_deed.entry(touch.deed).or_default().insert(touch.keys.clone());
    }
    let reads = by_deed.contains_key(&Deed::Read);
    let writes = by_deed.contains_key(&Deed::Write);
    let granted = by_deed.into_iter().map(|(deed, keys)| {
        let mut condition = owned(backend);
        let resources = if deed == Deed::List {
            // `IfExists`: the right to list also decides whether a missing object is answered with 404 or with 403 (S3 API
            // reference, `GetObject`), and `HeadBucket` asks for it too. Neither has a prefix.
            let below = keys.iter().map(|keys| format!("{}{keys}", arn::literal(&backend.prefix.value)));
            condition.extend(when("StringLikeIfExists", "s3:prefix", below));
            BTreeSet::from([arn::bucket(backend)])
        } else {
            keys.iter().map(|keys| arn::objects(backend, keys)).collect()
        };
        let actions = BTreeSet::from([action(deed).to_owned()]);
        Grant { sid: sid(deed), effect: Effect::Allow, partition: arn::partition_of(backend), actions, resources, condition }
    });
    granted.chain(key(spec, backend, reads, writes)).collect()
}

/// The use of a key of KMS (S3 user guide, "Using server-side encryption with AWS KMS keys"). The key that S3 manages itself takes
/// no grant: its own policy lets everybody use it who may use the bucket.
fn key(spec: &StoreSpec, backend: &S3Backend, reads: bool, writes: bool) -> Option<Grant> {
    let Some(Encryption::Kms { key: Some(key), .. }) = spec.encryption.as_ref().map(|encryption| &encryption.value) else {
        return None;
    };
    let actions = [("kms:Decrypt", reads), ("kms:GenerateDataKey", writes)];
    let actions: Vec<&str> = actions.iter().filter(|(_, used)| *used).map(|(action, _)| *action).collect();
    (!actions.is_empty()).then(|| use_of_key("UseKey", &key.value, backend, &actions))
}

/// The use of a key, named by its id, ARN or alias, through S3 in the region of a bucket alone.
pub fn use_of_key(sid: &'static str, key: &str, backend: &S3Backend, actions: &[&str]) -> Grant {
    let region = backend.region.as_ref().map(|region| region.value.as_str());
    let mut condition = Condition::new();
    let (arn, rest) = match key.strip_prefix("arn:").map(|rest| rest.splitn(5, ':').collect::<Vec<_>>()) {
        Some(parts) if parts.len() == 5 => (format!("arn:{}:{}:{}:{}:", parts[0], parts[1], parts[2], parts[3]), parts[4]),
        _ => {
            let account = backend.account.as_ref().map_or("*", |account| account.value.as_str());
            let partition = arn::partition_of(backend);
            (format!("arn:{partition}:kms:{}:{account}:", region.unwrap_or("*")), key)
        }
    };
    // No resource is named by an alias (KMS developer guide, "Use aliases to control access to KMS keys").
    let resource = if rest.starts_with("alias/") {
        condition.extend(when("ForAnyValue:StringEquals", "kms:ResourceAliases", [rest.to_owned()]));
        format!("{arn}key/*")
    } else {
        format!("{arn}key/{}", rest.strip_prefix("key/").unwrap_or(rest))
    };
    let domain = if arn::partition_of(backend) == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let via = format!("s3.{}.{domain}", region.unwrap_or("*"));
    condition.extend(when(if region.is_some() { "StringEquals" } else { "StringLike" }, "kms:ViaService", [via]));
    Grant {
        sid,
        effect: Effect::Allow,
        partition: arn::partition_of(backend),
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources: BTreeSet::from([resource]),
        condition,
    }
}

/// What of a bucket only who applies may set (service authorization reference for S3).
pub const SETTINGS: [&str; 13] = [
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutMetricsConfiguration",
    "s3:PutReplicationConfiguration",
];

/// What removes an object, or lets it be removed.
pub const REMOVALS: [&str; 3] = ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"];

/// Sorts of objects that only who prunes removes.
pub const KEPT: [Sort; 7] = [Sort::Manifest, Sort::Index, Sort::Table, Sort::Packs, Sort::Verified, Sort::Attempts, Sort::Slots];

/// What who has these purposes, and no other, must not do, whatever else is allowed to them. Who only plans is denied nothing in so
/// many words: nothing that is allowed to them writes.
pub fn denials(policy: &PolicyName, (backend, holds_log): (&S3Backend, bool), purposes: &BTreeSet<Purpose>) -> Vec<Grant> {
    use Purpose::{Apply, Prune, Restore, Write};
    let has = |any: &[Purpose]| any.iter().any(|purpose| purposes.contains(purpose));
    if !has(&[Apply, Write, Restore, Prune]) {
        return Vec::new();
    }
    let everything = [format!("{policy}/*")];
    let mut all = Vec::new();
    let mut deny = |sid, actions: &[&str], resources: BTreeSet<String>, condition| {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        let partition = arn::partition_of(backend);
        all.push(Grant { sid, effect: Effect::Deny, partition, actions, resources, condition });
    };
    let below = |keys: &[String]| keys.iter().map(|keys| arn::objects(backend, keys)).collect::<BTreeSet<String>>();
    if !has(&[Prune]) {
        // An apply removes old records of applies.
        let of_log = [Sort::Log, Sort::LogLetGo].into_iter().filter(|_| holds_log);
        let sorts = KEPT.into_iter().chain(of_log);
        let kept = if has(&[Apply]) { sorts.map(|sort| sort.pattern(policy)).collect() } else { everything.to_vec() };
        deny("NeverDelete", &["s3:DeleteObject", "s3:DeleteObjectVersion"], below(&kept), Condition::new());
    }
    if !has(&[Apply, Write, Prune]) {
        let writes = ["s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectRetention"];
        deny("NeverWrite", &writes, below(&[everything[0].clone(), ".bdr/*".to_owned()]), Condition::new());
    }
    deny("NeverUnlock", &["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold"], below(&everything), Condition::new());
    if !has(&[Apply]) {
        deny("NeverSetUp", &SETTINGS, BTreeSet::from([arn::bucket(backend)]), Condition::new());
    }
    // Whoever writes a manifest or a file of a log creates it: S3 can demand that (S3 user guide, "Enforce conditional writes on Amazon S3 buckets").
    if has(&[Apply, Write]) && !has_endpoint_of_its_own(backend) {
        let sorts = [Some(Sort::Manifest), holds_log.then_some(Sort::Log)].into_iter().flatten();
        let created = below(&sorts.map(|sort| sort.pattern(policy)).collect::<Vec<_>>());
        let mut unconditional = when("Null", "s3:if-none-match", ["true".to_owned()]);
        // The parts of an upload create nothing yet, and take no condition.
        unconditional.extend(when("Bool", "s3:ObjectCreationOperation", ["true".to_owned()]));
        deny("NeverOverwrite", &["s3:PutObject"], created, unconditional);
    }
    all
}
