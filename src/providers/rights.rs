//! What AWS IAM must allow for a purpose, of all providers and stores together: `bdr iam-policy` prints it, and roles get it.

use std::collections::BTreeSet;

use crate::access::{self, Document};
use crate::policy::{Backend, Policy};
use crate::providers;
use crate::rights::{Grant, Purpose};
use crate::stores::s3;

/// What a policy needs for some purposes, as documents. An apply makes the first backups, unless it is without.
pub fn documents(policy: &Policy, purposes: &BTreeSet<Purpose>, without_backups: bool) -> Vec<Document> {
    let mut all = purposes.clone();
    all.extend((purposes.contains(&Purpose::Apply) && !without_backups).then_some(Purpose::Write));
    let of_providers = purposes.iter().flat_map(|purpose| providers::ALL.iter().flat_map(|one| one.rights(policy, *purpose)));
    let mut grants: Vec<Grant> = of_providers.collect();
    for (name, spec) in &policy.stores {
        let Backend::S3(backend) = &spec.backend else { continue };
        let touches: Vec<_> = all.iter().flat_map(|purpose| access::touches(policy, name, *purpose)).collect();
        let granted = s3::rights::grants(spec, backend, &touches);
        if !granted.is_empty() {
            grants.extend(s3::rights::denials(&policy.name, backend, &all));
        }
        grants.extend(granted);
    }
    access::documents(grants)
}
