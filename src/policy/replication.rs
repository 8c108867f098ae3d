//! Replication: what a store hands on to another one by itself.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::address::{ComponentName, PolicyName, ProtectionName, StoreName};
use crate::diag::{Span, Spanned};
use crate::policy::{Backend, Component, Encryption, Policy, Protection, S3Backend, StoreSpec, Text, host_of_aws, partition};
use crate::units::duration::Duration;
use crate::units::hex;
use crate::units::storage_class::StorageClass;

/// Longest name of a role (IAM API reference, `CreateRole`).
const LONGEST_NAME: usize = 64;
/// The account of endpoints that know none.
const NO_ACCOUNT: &str = "000000000000";

/// One destination of what lies in a bucket.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Replication {
    /// A store of the policy in another bucket.
    pub to: Spanned<StoreName>,
    /// The time within which S3 promises copies; `None`: it promises none.
    pub within: Option<Spanned<Duration>>,
    /// Class of the copies; `None`: as at the source.
    pub storage_class: Option<Spanned<StorageClass>>,
    /// Whether what is deleted here is deleted there too; its versions stay.
    pub delete_markers: bool,
    /// What is copied, below what the source holds of the policy; empty or ending in `/`. Empty: all of it.
    pub prefix: Spanned<String>,
    /// Only objects with all of these tags.
    pub tags: BTreeMap<String, Spanned<String>>,
    /// Whether bdr copies what lay there before the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing_objects: Option<Spanned<bool>>,
    /// Key of KMS that encrypts the copies; `None`: that of the destination's `encryption`, see [`Policy::key_of_copies`].
    pub kms: Option<Spanned<String>>,
    /// Whether the copies belong to the account of the destination.
    pub owner_override: Option<Spanned<bool>>,
    /// Role that S3 takes on; `None`: the one that bdr names, see [`Policy::replication_role`].
    pub role: Option<Spanned<Text>>,
    /// The whole entry.
    #[serde(skip)]
    pub span: Option<Span>,
}

impl Replication {
    /// Whether what lies there already is to be at the destination too.
    pub fn takes_existing(&self) -> bool {
        self.existing_objects.as_ref().is_some_and(|stated| stated.value)
    }

    pub fn overrides_owner(&self) -> bool {
        self.owner_override.as_ref().is_some_and(|stated| stated.value)
    }

    /// Whether all that a protection writes is copied: what bdr writes carries no tags.
    pub fn covers(&self, component: &Component, protection: &ProtectionName) -> bool {
        self.tags.is_empty() && format!("{}/{protection}/", component.folder()).starts_with(&self.prefix.value)
    }
}

/// What one rule copies: a part of what a store holds of the policy.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    /// Below the policy's folder; ends in `/`.
    pub below: String,
    pub entry: &'a Replication,
}

impl Scope<'_> {
    /// Tells the rules of a store apart.
    pub fn key(&self) -> String {
        self.key_to(&self.entry.to.value)
    }

    /// The same where the destination is called otherwise.
    pub fn key_to(&self, to: &StoreName) -> String {
        let key = format!("{to}/{}", self.below.trim_end_matches('/'));
        if self.entry.tags.is_empty() {
            return key;
        }
        let tags: Vec<_> = self.entry.tags.iter().map(|(name, value)| (name, &value.value)).collect();
        format!("{key}/~{}", hex::encode(&Sha256::digest(format!("{tags:?}"))[..8]))
    }
}

/// What a store's entries come to: a rule for each component of which it holds copies, so that the lease and the slots, which lie in the
/// policy's folder too and belong to each store alone, are never copied over those of the other. A prefix that says the same wins.
pub fn scopes<'a>(entries: &'a [Replication], components: &BTreeSet<&ComponentName>) -> BTreeMap<String, Scope<'a>> {
    let mut scopes = BTreeMap::new();
    let (general, narrow): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.prefix.value.is_empty());
    let narrow = narrow.into_iter().map(|entry| Scope { below: entry.prefix.value.clone(), entry });
    let each =
        general.into_iter().flat_map(|entry| components.iter().map(move |name| Scope { below: format!("{name}/"), entry }));
    for scope in narrow.chain(each) {
        scopes.entry(scope.key()).or_insert(scope);
    }
    scopes
}

/// Name of the role by which S3 copies from a store's bucket, where the policy states none.
pub fn role_name(policy: &PolicyName, store: &str) -> String {
    let name = format!("bdr-{policy}-replication-{store}");
    if name.len() <= LONGEST_NAME {
        return name;
    }
    let digest = hex::encode(&Sha256::digest(name.as_bytes())[..8]);
    format!("{}-{digest}", &name[..LONGEST_NAME - 1 - digest.len()])
}

/// What stands for a component in the name of its role: the names of stores hold no `.`.
pub fn source_of(component: &ComponentName) -> String {
    format!("component.{component}")
}

/// Path of every role of a policy: its mark.
pub fn role_path(policy: &PolicyName) -> String {
    format!("/bdr/{policy}/")
}

/// ARN of that role; `None` where the account is not known. An endpoint that is not AWS knows no accounts, or takes any.
pub fn role_arn(policy: &PolicyName, store: &str, backend: &S3Backend) -> Option<String> {
    let account = account(backend)?;
    let partition = partition(backend.region.as_ref().map(|region| region.value.as_str()));
    Some(format!("arn:{partition}:iam::{account}:role{}{}", role_path(policy), role_name(policy, store)))
}

/// The key that encrypts the copies, as its ARN, which is all that S3 takes (S3 API reference, `EncryptionConfiguration`); `None`: they are
/// not encrypted by KMS.
///
/// # Errors
/// The key as it is stated, where it is no ARN and the account or the region in which it lies is not known.
pub(crate) fn key_of_copies(replication: &Replication, to: &StoreSpec) -> Option<Result<String, String>> {
    let of_store = || match &to.encryption.as_ref()?.value {
        Encryption::Kms { key, .. } => Some(key.as_ref().map_or("alias/aws/s3", |key| key.value.as_str())),
        Encryption::Aes256 => None,
    };
    let key = replication.kms.as_ref().map(|key| key.value.as_str()).or_else(of_store)?;
    let Backend::S3(there) = &to.backend else { return None };
    Some(key_arn(key, there).ok_or_else(|| key.to_owned()))
}

fn key_arn(key: &str, backend: &S3Backend) -> Option<String> {
    if key.starts_with("arn:") {
        return Some(key.to_owned());
    }
    let region = backend.region.as_ref().map(|region| region.value.as_str());
    let account = account(backend)?;
    let name = if key.contains('/') { key.to_owned() } else { format!("key/{key}") };
    Some(format!("arn:{}:kms:{}:{account}:{name}", partition(region), region?))
}

/// `None` where AWS has one and it is not stated.
fn account(backend: &S3Backend) -> Option<&str> {
    match (&backend.account, is_aws(backend)) {
        (Some(account), _) => Some(&account.value),
        (None, true) => None,
        (None, false) => Some(NO_ACCOUNT),
    }
}

fn is_aws(backend: &S3Backend) -> bool {
    backend.endpoint.as_ref().is_none_or(|endpoint| host_of_aws(endpoint.expose()).is_some())
}

fn bucket(store: &StoreSpec) -> Option<(Option<&str>, &str)> {
    match &store.backend {
        Backend::S3(s3) => Some(named(s3)),
        Backend::Folder(_) => None,
    }
}

fn named(s3: &S3Backend) -> (Option<&str>, &str) {
    (s3.endpoint.as_ref().map(|endpoint| endpoint.expose()), s3.bucket.expose())
}

impl Policy {
    /// The stores in the bucket of one of them, by name: the first one sets it up. Just that one where it is a folder.
    pub fn sharing(&self, name: &StoreName) -> Vec<&StoreSpec> {
        let Some(store) = self.stores.get(name) else { return Vec::new() };
        match bucket(store) {
            Some(wanted) => self.stores.values().filter(|other| bucket(other) == Some(wanted)).collect(),
            None => vec![store],
        }
    }

    /// The role that copies from a store's bucket, as its ARN: a bucket has one. `None`: none is stated, and the account in which bdr's
    /// own would lie is not known.
    pub fn replication_role(&self, name: &StoreName) -> Option<Text> {
        let sharing = self.sharing(name);
        let stated = sharing.iter().flat_map(|store| &store.replicate).find_map(|replication| replication.role.as_ref());
        match (stated, sharing.first()) {
            (Some(stated), _) => Some(stated.value.clone()),
            (None, Some(StoreSpec { name: first, backend: Backend::S3(backend), .. })) => {
                role_arn(&self.name, first.as_str(), backend).map(Text::plain)
            }
            _ => None,
        }
    }

    /// The components that lie in the bucket of one of them, by name. None where it is no bucket.
    pub fn sharing_bucket_of(&self, component: &Component) -> Vec<&Component> {
        let Some(own) = component.kind.bucket().map(|bucket| named(&bucket.backend)) else { return Vec::new() };
        let shares = |other: &&Component| other.kind.bucket().is_some_and(|bucket| named(&bucket.backend) == own);
        self.components.values().filter(shares).collect()
    }

    /// The role that copies from the bucket of a component, likewise.
    pub fn replication_role_of(&self, component: &Component) -> Option<Text> {
        let sharing = self.sharing_bucket_of(component);
        let mut entries = sharing.iter().flat_map(|one| one.protections.values()).filter_map(Protection::replication);
        let stated = entries.find_map(|entry| entry.role.as_ref()).map(|role| role.value.clone());
        let first = *sharing.first()?;
        let own = || role_arn(&self.name, &source_of(&first.name.value), &first.kind.bucket()?.backend).map(Text::plain);
        stated.or_else(own)
    }

    /// The key that encrypts the copies, as its ARN, if they are encrypted by KMS.
    pub fn key_of_copies(&self, replication: &Replication) -> Option<String> {
        key_of_copies(replication, self.stores.get(&replication.to.value)?).and_then(Result::ok)
    }

    /// The stores in which a protection's copies lie: those that bdr writes to, then those that these are replicated to.
    pub fn stores_of<'a>(&'a self, component: &Component, protection: &'a Protection) -> Vec<&'a StoreName> {
        let mut stores: Vec<&StoreName> = protection.stores.iter().map(|store| &store.value).collect();
        for entry in self.copying(component, protection) {
            if !stores.contains(&&entry.to.value) {
                stores.push(&entry.to.value);
            }
        }
        stores
    }

    /// The class in which a rule makes a protection's copies in a store; `None`: that of what it copies, or bdr writes there itself.
    pub fn class_of_copies(&self, component: &Component, protection: &Protection, store: &StoreName) -> Option<StorageClass> {
        let is_written = protection.stores.iter().any(|written| written.value == *store);
        let entry = self.copying(component, protection).find(|entry| entry.to.value == *store && !is_written)?;
        Some(entry.storage_class.as_ref()?.value)
    }

    /// What copies all that a protection writes, from the stores that bdr writes to.
    fn copying<'a>(&'a self, component: &Component, protection: &'a Protection) -> impl Iterator<Item = &'a Replication> {
        let written = protection.stores.iter().filter_map(|store| self.stores.get(&store.value));
        written.flat_map(|store| &store.replicate).filter(|entry| entry.covers(component, &protection.name.value))
    }

    /// The name of the role by which a store's bucket was replicated before its stores were renamed.
    pub fn replication_role_before(&self, name: &StoreName) -> Option<String> {
        let before = |store: &StoreSpec| store.moved.as_ref().map_or(&store.name, |moved| moved).value.clone();
        self.sharing(name).into_iter().map(before).min().map(|first| role_name(&self.name, first.as_str()))
    }

    /// The same of a component's.
    pub fn replication_role_before_of(&self, component: &Component) -> Option<String> {
        let first = self.sharing_bucket_of(component).into_iter().map(Component::folder).min()?;
        Some(role_name(&self.name, &source_of(first)))
    }

    /// Whether the destination hands on to the source as well.
    pub fn is_two_way(&self, from: &StoreName, replication: &Replication) -> bool {
        let back = self.stores.get(&replication.to.value).map(|there| there.replicate.as_slice()).unwrap_or_default();
        back.iter().any(|back| back.to.value == *from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_roles_fit_and_stay_apart() {
        let policy = PolicyName::new("safe-pm").expect("name");
        assert_eq!(role_name(&policy, "primary"), "bdr-safe-pm-replication-primary");
        let long = PolicyName::new(&"x".repeat(63)).expect("name");
        let names = ["a", "b"].map(|store| role_name(&long, store));
        assert!(names.iter().all(|name| name.len() == LONGEST_NAME), "{names:?}");
        assert_ne!(names[0], names[1]);
        let (store, component) = ("component-x", source_of(&ComponentName::new("x").expect("name")));
        assert_ne!(role_name(&policy, store), role_name(&policy, &component), "a store may be called like anything");
    }
}
