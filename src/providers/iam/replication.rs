//! Rights of the roles by which stores replicate: the buckets, prefixes and keys that the policy names, and nothing else.

use std::collections::BTreeSet;

use crate::policy::{Backend, Component, Encryption, Policy, Replication, S3Backend, StoreSpec};
use crate::rights::{Condition, Effect, Grant};
use crate::stores::s3::{arn, rights};

/// A store that copies to others by a role which bdr names, with those that it copies to.
pub(super) struct Copying<'a> {
    pub from: &'a StoreSpec,
    pub backend: &'a S3Backend,
    /// What it copies, of all stores in its bucket.
    pub entries: Vec<(&'a StoreSpec, &'a S3Backend, &'a Replication)>,
}

/// One for each bucket: the stores in it share the role.
pub(super) fn all(policy: &Policy) -> Vec<Copying<'_>> {
    let mut found = Vec::new();
    for (name, from) in &policy.stores {
        let Backend::S3(backend) = &from.backend else { continue };
        let sharing = policy.sharing(name);
        let first = sharing.first().is_some_and(|first| first.name.value == *name);
        let stated = sharing.iter().flat_map(|store| &store.replicate).any(|entry| entry.role.is_some());
        let entries: Vec<_> = sharing
            .iter()
            .filter_map(|store| if let Backend::S3(s3) = &store.backend { Some((*store, s3)) } else { None })
            .flat_map(|(store, s3)| store.replicate.iter().map(move |entry| (store, s3, entry)))
            .collect();
        if first && !stated && !entries.is_empty() {
            found.push(Copying { from, backend, entries });
        }
    }
    found
}

/// What the role must be allowed (S3 user guide, "Setting up permissions for live replication").
pub(super) fn grants(policy: &Policy, copying: &Copying<'_>) -> Vec<Grant> {
    let source = BTreeSet::from([arn::bucket(copying.backend)]);
    let mut all = vec![grant(
        "ReadRules",
        copying.backend,
        &["s3:GetReplicationConfiguration", "s3:ListBucket"],
        source,
        rights::owned(copying.backend),
    )];
    for (from, backend, entry) in &copying.entries {
        let mut reads = vec!["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"];
        if from.immutability.is_some() {
            reads.extend(["s3:GetObjectRetention", "s3:GetObjectLegalHold"]);
        }
        let keys = below(policy, from, entry);
        let versions = keys.iter().map(|keys| arn::objects(backend, keys)).collect();
        all.push(grant("ReadVersions", backend, &reads, versions, rights::owned(backend)));
        let Some(to) = policy.stores.get(&entry.to.value) else { continue };
        let Backend::S3(there) = &to.backend else { continue };
        let mut writes = vec!["s3:ReplicateObject", "s3:ReplicateTags"];
        writes.extend(entry.delete_markers.then_some("s3:ReplicateDelete"));
        writes.extend(entry.overrides_owner().then_some("s3:ObjectOwnerOverrideToBucketOwner"));
        // Copies keep the keys of the source: the prefix of the destination plays no part.
        let prefix = format!("{}/{}", arn::bucket(there), arn::literal(&backend.prefix.value));
        let copies = keys.iter().map(|keys| format!("{prefix}{keys}")).collect();
        all.push(grant("WriteCopies", there, &writes, copies, Condition::new()));
        all.extend(source_key(from, backend));
        let key = policy.key_of_copies(entry).filter(|key| key != "alias/aws/s3");
        all.extend(key.map(|key| rights::use_of_key("EncryptCopies", &key, there, &["kms:Encrypt", "kms:GenerateDataKey"])));
    }
    all
}

fn source_key(from: &StoreSpec, backend: &S3Backend) -> Option<Grant> {
    let Encryption::Kms { key: Some(key), .. } = &from.encryption.as_ref()?.value else { return None };
    Some(rights::use_of_key("DecryptSource", &key.value, backend, &["kms:Decrypt"]))
}

/// The keys that a rule is about, below the prefix of its store: what it names, or each component of which the store holds copies.
fn below(policy: &Policy, from: &StoreSpec, entry: &Replication) -> Vec<String> {
    let name = &policy.name;
    if !entry.prefix.value.is_empty() {
        return vec![format!("{name}/{}*", arn::literal(&entry.prefix.value))];
    }
    let copied = |component: &&Component| {
        component.protections.values().any(|protection| protection.stores.iter().any(|store| store.value == from.name.value))
    };
    policy.components.values().filter(copied).map(|component| format!("{name}/{}/*", component.name.value)).collect()
}

fn grant(sid: &'static str, backend: &S3Backend, actions: &[&str], resources: BTreeSet<String>, condition: Condition) -> Grant {
    let actions = actions.iter().map(|action| (*action).to_owned()).collect();
    let partition = arn::partition_of(backend);
    Grant { sid, effect: Effect::Allow, partition, actions, resources, condition }
}
