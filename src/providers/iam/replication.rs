//! Rights of the roles by which stores and the buckets of components replicate: the buckets, prefixes and keys that the policy names, and nothing else.

use std::collections::BTreeSet;

use crate::policy::replication::source_of;
use crate::policy::{Backend, Component, Encryption, Policy, Replication, S3Backend, StoreSpec};
use crate::rights::{Condition, Effect, Grant};
use crate::stores::s3::{arn, rights};

/// A bucket that is copied to stores by a role which bdr names.
pub(super) struct Copying<'a> {
    /// What stands for it in the role's name.
    pub source: String,
    /// The role's name before what it copies from was renamed.
    pub name_before: Option<String>,
    /// The same for people.
    pub told: String,
    pub backend: &'a S3Backend,
    /// What is copied, of all that lies in the bucket.
    pub entries: Vec<Copied<'a>>,
}

/// One destination of what lies below some keys.
pub(super) struct Copied<'a> {
    backend: &'a S3Backend,
    pub entry: &'a Replication,
    /// Patterns, below the prefix of `backend`.
    keys: Vec<String>,
    /// The one folder that all of them lie below, as such a pattern.
    folder: String,
    is_locked: bool,
    /// Key of KMS that encrypts the source, as far as the policy says.
    key: Option<&'a str>,
}

impl Copying<'_> {
    /// The same by folders instead of what lies in them: for a role of which so many things would have to be named that no inline policy
    /// holds them. What is copied the rules say, as ever.
    #[must_use]
    pub fn by_folder(mut self) -> Self {
        self.entries.iter_mut().for_each(|copied| copied.keys = vec![copied.folder.clone()]);
        self
    }
}

/// One for each bucket: what shares a bucket shares the role.
pub(super) fn all(policy: &Policy) -> Vec<Copying<'_>> {
    let stores = policy.stores.values().filter_map(|store| of_stores(policy, store));
    stores.chain(policy.components.values().filter_map(|component| of_components(policy, component))).collect()
}

/// Of the stores in one bucket. `None` but for the first of them, and where bdr makes no role.
pub(super) fn of_stores<'a>(policy: &'a Policy, from: &'a StoreSpec) -> Option<Copying<'a>> {
    let Backend::S3(backend) = &from.backend else { return None };
    let sharing = policy.sharing(&from.name.value);
    sharing.first().filter(|first| first.name.value == from.name.value)?;
    let of = |store: &'a StoreSpec| {
        let Backend::S3(backend) = &store.backend else { return Vec::new() };
        let copied = |entry| Copied {
            backend,
            entry,
            keys: below(policy, store, entry),
            folder: format!("{}/*", policy.name),
            is_locked: store.immutability.is_some(),
            key: key_of(store),
        };
        store.replicate.iter().map(copied).collect()
    };
    let name = &from.name.value;
    let before = policy.replication_role_before(name);
    let told = (name.to_string(), format!("store {name}"));
    made(told, before, backend, sharing.into_iter().flat_map(of).collect())
}

/// The same of components that are buckets. How their buckets encrypt, the policy does not say.
pub(super) fn of_components<'a>(policy: &'a Policy, from: &'a Component) -> Option<Copying<'a>> {
    let backend = &from.kind.bucket()?.backend;
    let sharing = policy.sharing_bucket_of(from);
    sharing.first().filter(|first| first.name.value == from.name.value)?;
    let of = |component: &'a Component| {
        let backend = component.kind.bucket().map(|bucket| &bucket.backend);
        let entries = component.protections.values().filter_map(|protection| protection.replication());
        entries.zip(backend.into_iter().cycle()).map(|(entry, backend)| {
            let keys = vec![format!("{}*", arn::literal(&entry.prefix.value))];
            Copied { backend, entry, keys, folder: "*".to_owned(), is_locked: false, key: None }
        })
    };
    let name = &from.name.value;
    let before = policy.replication_role_before_of(from);
    let told = (source_of(name), format!("component {name}"));
    made(told, before, backend, sharing.into_iter().flat_map(of).collect())
}

/// A role that the policy states is somebody else's.
fn made<'a>(
    (source, told): (String, String),
    name_before: Option<String>,
    backend: &'a S3Backend,
    entries: Vec<Copied<'a>>,
) -> Option<Copying<'a>> {
    let is_stated = entries.iter().any(|copied| copied.entry.role.is_some());
    (!is_stated && !entries.is_empty()).then_some(Copying { source, name_before, told, backend, entries })
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
    for Copied { backend, entry, keys, is_locked, key, .. } in &copying.entries {
        let mut reads = vec!["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"];
        if *is_locked {
            reads.extend(["s3:GetObjectRetention", "s3:GetObjectLegalHold"]);
        }
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
        all.extend(key.map(|key| rights::use_of_key("DecryptSource", key, backend, &["kms:Decrypt"])));
        let key = policy.key_of_copies(entry).filter(|key| key != "alias/aws/s3");
        all.extend(key.map(|key| rights::use_of_key("EncryptCopies", &key, there, &["kms:Encrypt", "kms:GenerateDataKey"])));
    }
    all
}

fn key_of(from: &StoreSpec) -> Option<&str> {
    let Encryption::Kms { key: Some(key), .. } = &from.encryption.as_ref()?.value else { return None };
    Some(&key.value)
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
    policy.components.values().filter(copied).map(|component| format!("{name}/{}/*", component.folder())).collect()
}

fn grant(sid: &'static str, backend: &S3Backend, actions: &[&str], resources: BTreeSet<String>, condition: Condition) -> Grant {
    let actions = actions.iter().map(|action| (*action).to_owned()).collect();
    let partition = arn::partition_of(backend);
    Grant { sid, effect: Effect::Allow, partition, actions, resources, condition }
}
