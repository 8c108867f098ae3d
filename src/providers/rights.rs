//! What AWS IAM must allow for a purpose, of all providers and stores together: `bdr iam-policy` prints it, and roles get it.

use std::collections::BTreeSet;

use crate::access::{self, Document};
use crate::address::AccountName;
use crate::policy::Policy;
use crate::providers;
use crate::rights::{Condition, Effect, Grant, Purpose};
use crate::stores::s3;

/// What a policy needs for some purposes, as documents: of the caller, who also takes roles on in accounts of the policy, or of the role
/// of one of them. An apply makes the first backups and copies what lies there, unless it is without.
pub fn documents(
    policy: &Policy,
    purposes: &BTreeSet<Purpose>,
    without_backups: bool,
    by: Option<&AccountName>,
) -> Vec<Document> {
    let mut all = purposes.clone();
    if purposes.contains(&Purpose::Apply) && !without_backups {
        all.extend([Purpose::Write, Purpose::Copy]);
    }
    let mut grants = granted(policy, &all, by);
    if by.is_none() {
        let used = policy.accounts.keys().filter(|name| !granted(policy, &all, Some(name)).is_empty());
        grants.extend(used.flat_map(|name| taking_on(policy, name)));
    }
    access::documents(grants)
}

fn granted(policy: &Policy, all: &BTreeSet<Purpose>, by: Option<&AccountName>) -> Vec<Grant> {
    let of_providers = all.iter().flat_map(|purpose| providers::ALL.iter().flat_map(|one| one.rights(policy, *purpose, by)));
    let mut grants: Vec<Grant> = of_providers.collect();
    for (name, spec) in &policy.stores {
        let Some(backend) = spec.backend.s3().filter(|backend| backend.by() == by) else { continue };
        let touches: Vec<_> = all.iter().flat_map(|purpose| access::touches(policy, name, *purpose)).collect();
        let granted = s3::rights::grants(spec, backend, &touches);
        if !granted.is_empty() {
            grants.extend(s3::rights::denials(&policy.name, (backend, access::holds_log(policy, name)), all));
        }
        grants.extend(granted);
    }
    grants
}

/// That the role of an account is taken on, in each part of the cloud in which there is something to do by it.
fn taking_on(policy: &Policy, name: &AccountName) -> Vec<Grant> {
    let Some(account) = policy.accounts.get(name) else { return Vec::new() };
    let buckets = policy.buckets().filter(|bucket| bucket.by() == Some(name));
    let mut partitions: BTreeSet<&'static str> = buckets.map(s3::arn::partition_of).collect();
    if partitions.is_empty() {
        partitions.insert(providers::iam::partition_of(policy));
    }
    let grant = |partition| Grant {
        sid: "TakeRolesOn",
        effect: Effect::Allow,
        partition,
        actions: BTreeSet::from(["sts:AssumeRole".to_owned()]),
        resources: BTreeSet::from([account.role_arn(partition)]),
        condition: Condition::new(),
    };
    partitions.into_iter().map(grant).collect()
}
