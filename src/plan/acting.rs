//! Whose role is used where: what a plan's reads and an apply's changes are done by, besides the caller's own credentials.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::{Policy, S3Backend, partition};

/// A role that is taken on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Acting {
    /// The account's name in the policy.
    pub account: String,
    /// Its twelve digits.
    pub id: String,
    /// ARN.
    pub role: String,
    /// What is done by it: `store primary`, `component documents`, `roles`.
    pub of: Vec<String>,
}

/// What is looked for in an account in which nothing of the policy lies.
const LEFT: &str = "what left the policy";

/// Names that are told of one role.
const NAMES: usize = 8;

impl Acting {
    /// For people.
    pub fn told(&self) -> String {
        let more = match self.of.len().saturating_sub(NAMES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let names = self.of.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
        format!("As {} (account {}): {names}{more}", self.role, self.account)
    }
}

/// The part of the cloud that the policy's buckets lie in.
fn partition_of(policy: &Policy) -> &'static str {
    let regions = policy.buckets().find_map(|bucket| bucket.region.as_ref());
    partition(regions.map(|region| region.value.as_str()))
}

/// Every role that the policy makes bdr take on, in order of account.
pub(super) fn all(policy: &Policy) -> Vec<Acting> {
    let mut used: BTreeMap<(&str, String), (&str, BTreeSet<String>)> = BTreeMap::new();
    let mut add = |backend: &'_ S3Backend, what: String| {
        let Some(account) = backend.by().and_then(|name| policy.accounts.get(name)) else { return };
        let role = account.role_arn(partition(backend.region.as_ref().map(|region| region.value.as_str())));
        used.entry((account.name.as_str(), role)).or_insert((&account.id.value, BTreeSet::new())).1.insert(what);
    };
    for store in policy.stores.values() {
        store.backend.s3().into_iter().for_each(|backend| add(backend, format!("store {}", store.name)));
    }
    for component in policy.components.values() {
        component.kind.bucket().into_iter().for_each(|bucket| add(&bucket.backend, format!("component {}", component.name)));
    }
    if let Some((access, account)) = policy.access.as_ref().and_then(|access| Some((access, access.through.as_ref()?))) {
        let role = account.role_arn(partition_of(policy));
        let names = access.roles.keys().map(|name| format!("role {name}"));
        used.entry((account.name.as_str(), role)).or_insert((&account.id.value, BTreeSet::new())).1.extend(names);
    }
    let unused = policy.accounts.values().filter(|account| !used.keys().any(|(name, _)| *name == account.name.as_str()));
    let unused: Vec<_> = unused.filter(|_| policy.buckets().next().is_some()).collect();
    for account in unused {
        let of = BTreeSet::from([LEFT.to_owned()]);
        used.insert((account.name.as_str(), account.role_arn(partition_of(policy))), (&account.id.value, of));
    }
    let acting = |((account, role), (id, of)): ((&str, String), (&str, BTreeSet<String>))| Acting {
        account: account.to_owned(),
        id: id.to_owned(),
        role,
        of: of.into_iter().collect(),
    };
    used.into_iter().map(acting).collect()
}
