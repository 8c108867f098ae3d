//! Provider `iam`: roles of AWS IAM, each with the rights that `bdr iam-policy` prints and no others.
//!
//! A role and its one inline policy are two kinds, one file each. Roles carry the policy's mark in their path, which cannot change,
//! and in a tag; what others attach to them is kept.

mod branch;
mod connection;
mod replication;
mod request;
mod rights;
mod role;
mod role_policy;
mod session;
mod trust;
mod wanted;

use std::sync::Arc;

use async_trait::async_trait;

use crate::access::{INLINE, meaning};
use crate::address::{AccountName, ResourceId, StoreName, Subject};
use crate::attrs::{Attr, Attrs};
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::policy::{Component, Policy};
use crate::provider::{Connect, Env, Provider, ProviderError, Session};
use crate::resource::{Desired, Kind, Live, Resource, Risk};
use crate::rights::{Grant, Purpose};
use replication::Copying;
use wanted::Wanted;
pub use wanted::partition_of;

/// How long IAM takes until a role can be used everywhere (IAM user guide, "Changes that I make are not always immediately visible").
const VISIBLE: u32 = 120;

pub(super) static ROLE: Kind = Kind {
    name: "iam_role",
    title: "role",
    summary: "A role of AWS IAM and who may take it on. Owned by its path `/bdr/<policy>/` and the tag `bdr:policy`.",
    risk: role_risk,
    headline: &["trust.Statement", "permissions_boundary", "description"],
    rights: &["trust", "permissions_boundary"],
    visible_within: VISIBLE,
    ..Kind::PLAIN
};

pub(super) static ROLE_POLICY: Kind = Kind {
    name: "iam_role_policy",
    title: "rights of role",
    summary: "The inline policy `bdr` of a role: exactly what `bdr iam-policy` prints. Other policies of the role are kept.",
    risk: rights_risk,
    headline: &["name"],
    rights: &["document"],
    visible_within: VISIBLE,
    ..Kind::PLAIN
};

static KINDS: std::sync::LazyLock<[Kind; 2]> = std::sync::LazyLock::new(|| [ROLE, ROLE_POLICY]);

/// Findings of this provider.
pub static CODES: [Code; 2] = [
    Code {
        code: "BDR-C020",
        name: "rights-too-large",
        severity: Severity::Error,
        text: "A role would need more rights than one inline policy holds\n\nThe inline policies of a role hold 10,240 characters \
               together (IAM user guide, \"IAM and AWS STS quotas\"), however many they are, and every bucket, prefix and key of the policy is \
               named in them. Make several roles, each for some stores: `stores: [NAME]`. The role by which a bucket replicates names the \
               policy's folder instead of each component where these are too many; where it would still be too large, state a role of your \
               own at the entries of `replicate` or `replication` (`role: ARN`), which may hold managed policies, or have fewer prefixes and \
               destinations copied from one bucket.\n",
    },
    Code {
        code: "BDR-C021",
        name: "role-of-several-clouds",
        severity: Severity::Error,
        text: "A role would need rights in several parts of the cloud\n\nAn account lies in one partition (`aws`, `aws-cn`, `aws-us-gov`), \
               and so do its roles: none of them reaches a bucket of another partition. Make a role for the stores of this one, \
               `stores: [NAME]`, and others in a policy of an account there.\n",
    },
];

/// Roles and their rights.
pub struct Iam;

impl Provider for Iam {
    fn name(&self) -> &'static str {
        "iam"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS.as_slice()
    }

    fn codes(&self) -> &'static [Code] {
        &CODES
    }

    fn check(&self, policy: &Policy, _env: &Env, diagnostics: &mut Diagnostics) {
        wanted::all(policy).values().filter_map(unfit).for_each(|finding| diagnostics.push(finding));
    }

    fn declare(&self, policy: &Policy, _env: &Env, desired: &mut Desired) {
        let wanted = wanted::all(policy);
        wanted.values().for_each(|one| one.declare(&wanted, policy, desired));
    }

    fn falls_short(&self, needed: &Resource, live: &Live) -> bool {
        let document = if needed.id.kind == ROLE.name { "trust" } else { "document" };
        let of = |attrs: Option<&Attrs>| attrs.and_then(|attrs| attrs.get(document)).cloned().unwrap_or(Attr::Null);
        live.attrs.is_none() || meaning::widens(&of(live.attrs.as_ref()), &of(Some(&needed.attrs)))
    }

    fn rights(&self, policy: &Policy, purpose: Purpose, by: Option<&AccountName>) -> Vec<Grant> {
        rights::grants(policy, purpose, by)
    }
}

#[async_trait]
impl Connect for Iam {
    async fn connect(&self, policy: Arc<Policy>, env: Arc<Env>) -> Result<Box<dyn Session>, ProviderError> {
        Ok(Box::new(session::IamSession::open(policy, env).await))
    }
}

/// The resources that must be in place before the bucket of a store replicates: the role, and its rights. Empty where bdr makes none.
pub fn before_replication(policy: &Policy, store: &StoreName) -> Vec<ResourceId> {
    before(policy, policy.sharing(store).first().and_then(|first| replication::of_stores(policy, first)))
}

/// The same of the bucket of a component.
pub fn before_replication_of(policy: &Policy, component: &Component) -> Vec<ResourceId> {
    before(policy, policy.sharing_bucket_of(component).first().and_then(|first| replication::of_components(policy, first)))
}

/// The same before roles are named elsewhere by their ARNs: those of them that the policy makes.
pub fn before_naming<'a>(policy: &Policy, arns: impl Iterator<Item = &'a str>) -> Vec<ResourceId> {
    let made = policy.access.iter().flat_map(|access| access.roles.keys()).map(|name| name.as_str());
    let made: std::collections::BTreeSet<&str> = made.collect();
    let named = arns.filter_map(|arn| wanted::own_key(policy, arn)).filter(|key| made.contains(key.as_str()));
    named.map(|key| ResourceId::new(Subject::Policy, ROLE.name, key.as_str())).collect()
}

fn before(policy: &Policy, copying: Option<Copying<'_>>) -> Vec<ResourceId> {
    let Some(copying) = copying else { return Vec::new() };
    let key = wanted::key_of(policy, &crate::policy::replication_role_name(&policy.name, &copying.source));
    [ROLE.name, ROLE_POLICY.name].map(|kind| ResourceId::new(Subject::Policy, kind, key.as_str())).into()
}

/// How the record of an apply names that roles were made, so that they are found when the policy speaks of none any more.
const LEFT: &str = "iam roles";
/// Where all of them lie: told of what could not be read, and written one after the other.
const PLACE: &str = "AWS IAM";

/// What comes before the name of an account, in both of these.
fn of_account(begin: &str, by: Option<&AccountName>) -> String {
    by.map_or_else(|| begin.to_owned(), |account| format!("{begin} of account {account}"))
}

fn place_of(by: Option<&AccountName>) -> String {
    of_account(PLACE, by)
}

/// Whether an apply of these makes roles, and by whose role, for its record.
pub fn places(desired: &Desired) -> impl Iterator<Item = String> {
    let queues = desired.iter().filter(|resource| resource.id.kind == ROLE.name).filter_map(|resource| resource.queue.as_deref());
    queues.filter_map(|queue| Some(format!("{LEFT}{}", queue.strip_prefix(PLACE)?)))
}

/// Whether a policy has anything to do with IAM, there where the role of an account acts, or the caller.
fn is_used(policy: &Policy, by: Option<&AccountName>) -> bool {
    let named = |access: &crate::policy::Access| access.through.as_ref().map(|account| &account.name.value) == by;
    policy.access.as_ref().is_some_and(named) || replication::all(policy).iter().any(|copying| copying.backend.by() == by)
}

fn unfit(wanted: &Wanted) -> Option<Diagnostic> {
    let partitions: std::collections::BTreeSet<&str> = wanted.documents.iter().map(|document| document.partition).collect();
    let key = &wanted.key;
    let help = wanted.narrower.help();
    if partitions.len() > 1 {
        let message = format!("the role `{key}` would need rights in several parts of the cloud");
        let told = partitions.into_iter().collect::<Vec<_>>().join(", ");
        return Some(Diagnostic::error(CODES[1].code, message).at(wanted.span, told).help(help));
    }
    if wanted.documents.is_empty() {
        return None;
    }
    let size: usize = wanted.documents.iter().map(crate::access::Document::size).sum();
    wanted.document().is_none().then(|| {
        let message = format!("the role `{key}` would need more rights than an inline policy holds");
        let label = format!("{size} characters; IAM takes {INLINE}");
        Diagnostic::error(CODES[0].code, message).at(wanted.span, label).help(help)
    })
}

fn role_risk(before: Option<&Attrs>, after: Option<&Attrs>) -> Risk {
    let (Some(before), Some(after)) = (before, after) else { return Risk::None };
    let opened = match (before.get("trust"), after.get("trust")) {
        (Some(before), Some(after)) => meaning::widens(before, after),
        _ => false,
    };
    let bound = |attrs: &Attrs| attrs.get("permissions_boundary").filter(|arn| !bounds_nothing(arn)).cloned();
    let unbound = bound(before).is_some() && bound(before) != bound(after);
    if opened || unbound { Risk::Weakens } else { Risk::None }
}

/// What AWS gives to administrators allows everything: as a boundary it is none.
fn bounds_nothing(boundary: &Attr) -> bool {
    boundary.as_str().is_some_and(|arn| arn.ends_with(":iam::aws:policy/AdministratorAccess"))
}

fn rights_risk(before: Option<&Attrs>, after: Option<&Attrs>) -> Risk {
    let document = |attrs: Option<&Attrs>| attrs.and_then(|attrs| attrs.get("document")).cloned();
    match (document(before), document(after)) {
        (Some(before), Some(after)) if meaning::loosens(&before, &after) => Risk::Weakens,
        _ => Risk::None,
    }
}

/// The name of a resource's role, as IAM calls it.
fn name_in(attrs: Option<&Attrs>) -> Option<&str> {
    attrs.and_then(|attrs| attrs.get("name")).and_then(Attr::as_str)
}

#[cfg(test)]
mod tests;
