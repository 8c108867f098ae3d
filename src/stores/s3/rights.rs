//! What must be allowed in AWS IAM for what is done with the objects of a bucket.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::{Encryption, S3Backend, StoreSpec};
use crate::rights::{Condition, Deed, Grant, Touch};
use crate::stores::s3::arn;

/// The action that S3 asks for (service authorization reference for S3); also for `HeadBucket` and `HeadObject`.
pub(super) fn action(deed: Deed) -> &'static str {
    match deed {
        Deed::List => "s3:ListBucket",
        Deed::Read => "s3:GetObject",
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
        Grant { sid: sid(deed), partition: arn::partition_of(backend), actions, resources, condition }
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
    let actions: BTreeSet<String> = actions.iter().filter(|(_, used)| *used).map(|(action, _)| (*action).to_owned()).collect();
    let region = backend.region.as_ref().map(|region| region.value.as_str());
    let mut condition = Condition::new();
    let (arn, rest) = match key.value.strip_prefix("arn:").map(|rest| rest.splitn(5, ':').collect::<Vec<_>>()) {
        Some(parts) if parts.len() == 5 => (format!("arn:{}:{}:{}:{}:", parts[0], parts[1], parts[2], parts[3]), parts[4]),
        _ => {
            let account = backend.account.as_ref().map_or("*", |account| account.value.as_str());
            let partition = arn::partition_of(backend);
            (format!("arn:{partition}:kms:{}:{account}:", region.unwrap_or("*")), key.value.as_str())
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
    (!actions.is_empty()).then(|| Grant {
        sid: "UseKey",
        partition: arn::partition_of(backend),
        actions,
        resources: BTreeSet::from([resource]),
        condition,
    })
}
