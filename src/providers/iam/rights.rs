//! What must be allowed in AWS IAM for roles: those below the policy's path, and no others.

use std::collections::BTreeSet;

use crate::address::AccountName;
use crate::policy::{Policy, role_path};
use crate::providers::iam::replication;
use crate::rights::{Condition, Effect, Grant, Purpose};
use crate::stores::s3::rights::when;

const READS: [&str; 4] = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"];
const WRITES: [&str; 5] =
    ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:TagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"];
/// What gives a role rights: only to one that the stated boundary bounds.
const BOUND: [&str; 2] = ["iam:CreateRole", "iam:PutRolePolicy"];

/// Nothing but for who plans and applies. Here no documents are made: they hold what stands here.
pub(super) fn grants(policy: &Policy, purpose: Purpose, by: Option<&AccountName>) -> Vec<Grant> {
    if !matches!(purpose, Purpose::Plan | Purpose::Apply) || !super::is_used(policy, by) {
        return Vec::new();
    }
    let access = policy.access.as_ref();
    let here = access.filter(|access| access.through.as_ref().map(|account| &account.name.value) == by);
    let partition = super::wanted::partition_of(policy);
    let account = here.and_then(|access| access.account.as_ref()).map(|account| account.value.clone());
    let account = account.or_else(|| {
        let known = replication::all(policy).into_iter().filter(|copying| copying.backend.by() == by);
        known.filter_map(|copying| copying.backend.account.as_ref()).map(|account| account.value.clone()).next()
    });
    let account = account.unwrap_or_else(|| "*".to_owned());
    let roles = format!("arn:{partition}:iam::{account}:role{}*", role_path(&policy.name));
    let grant = |sid, actions: &[&str], resource: &str, condition| Grant {
        sid,
        effect: Effect::Allow,
        partition,
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources: BTreeSet::from([resource.to_owned()]),
        condition,
    };
    // A listing is of no role (service authorization reference for IAM).
    let mut all =
        vec![grant("ReadRoles", &READS, &roles, Condition::new()), grant("ListRoles", &["iam:ListRoles"], "*", Condition::new())];
    let tokens = here.map(|_| super::wanted::issuers(policy)).unwrap_or_default();
    all.extend(tokens.into_iter().map(|issuer| {
        let provider = crate::policy::provider_arn(partition, &account, issuer);
        grant("ReadProviders", &["iam:GetOpenIDConnectProvider"], &provider, Condition::new())
    }));
    if purpose == Purpose::Apply {
        all.push(grant("SetUpRoles", &WRITES, &roles, Condition::new()));
        let boundary = access.and_then(|access| access.permissions_boundary.as_ref());
        let condition = boundary.map(|boundary| when("StringEquals", "iam:PermissionsBoundary", [boundary.value.clone()]));
        let mut bound = BOUND.to_vec();
        bound.extend(boundary.map(|_| "iam:PutRolePermissionsBoundary"));
        all.push(grant("GiveRights", &bound, &roles, condition.unwrap_or_default()));
    }
    all
}
