//! Replication: what a store hands on to another one by itself.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::address::{PolicyName, StoreName};
use crate::diag::{Span, Spanned};
use crate::policy::{Backend, Encryption, Policy, S3Backend, StoreSpec, Text, host_of_aws, partition};
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
    pub fn overrides_owner(&self) -> bool {
        self.owner_override.as_ref().is_some_and(|stated| stated.value)
    }
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

/// Path of every role of a policy: its mark.
pub fn role_path(policy: &PolicyName) -> String {
    format!("/bdr/{policy}/")
}

/// ARN of that role; `None` where the account is not known. An endpoint that is not AWS knows no accounts, or takes any.
pub fn role_arn(policy: &PolicyName, store: &str, backend: &S3Backend) -> Option<String> {
    let account = match (&backend.account, is_aws(backend)) {
        (Some(account), _) => account.value.as_str(),
        (None, true) => return None,
        (None, false) => NO_ACCOUNT,
    };
    let partition = partition(backend.region.as_ref().map(|region| region.value.as_str()));
    Some(format!("arn:{partition}:iam::{account}:role{}{}", role_path(policy), role_name(policy, store)))
}

fn is_aws(backend: &S3Backend) -> bool {
    backend.endpoint.as_ref().is_none_or(|endpoint| host_of_aws(endpoint.expose()).is_some())
}

fn bucket(store: &StoreSpec) -> Option<(Option<&str>, &str)> {
    match &store.backend {
        Backend::S3(s3) => Some((s3.endpoint.as_ref().map(|endpoint| endpoint.expose()), s3.bucket.expose())),
        Backend::Folder(_) => None,
    }
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

    /// The key that encrypts the copies, if they are encrypted by KMS.
    pub fn key_of_copies(&self, replication: &Replication) -> Option<String> {
        let there = || match &self.stores.get(&replication.to.value)?.encryption.as_ref()?.value {
            Encryption::Kms { key, .. } => Some(key.as_ref().map_or("alias/aws/s3", |key| key.value.as_str()).to_owned()),
            Encryption::Aes256 => None,
        };
        replication.kms.as_ref().map(|key| key.value.clone()).or_else(there)
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
    }
}
