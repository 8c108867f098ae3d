//! The roles that a policy wants, with their documents: those that people name, and those by which stores replicate.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{self, Document, INLINE, meaning};
use crate::address::{AccountName, ResourceId, Subject};
use crate::attrs::{Attr, Attrs};
use crate::diag::Span;
use crate::policy::{Access, Backend, Policy, Role, Text, Trust, partition, provider_arn, role_name};
use crate::providers::iam::replication::{self, Copying};
use crate::providers::iam::{ROLE, ROLE_POLICY, place_of, trust};
use crate::providers::rights;
use crate::resource::{Desired, Earlier, Resource};
use crate::stores::s3::arn;

/// Begins a role's tag; the policy's name is its value.
pub(super) const MARK: &str = "bdr:policy";

/// A role as wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Tells the roles of a policy apart.
    pub key: String,
    /// Whose role makes it; `None`: the caller.
    pub by: Option<AccountName>,
    /// In IAM.
    pub name: String,
    /// In IAM, before what it copies from was renamed.
    pub name_before: Option<String>,
    pub description: String,
    pub trust: String,
    /// What it may do; one, unless it is too large or speaks of several parts of the cloud.
    pub documents: Vec<Document>,
    /// How somebody makes do with less where IAM does not hold it.
    pub narrower: Narrower,
    pub boundary: Option<String>,
    /// Providers of tokens that must be there.
    pub providers: Vec<String>,
    /// Other roles of the policy that it trusts, by their keys.
    pub trusts: Vec<String>,
    /// References that its documents hold.
    pub texts: Vec<Text>,
    pub span: Option<Span>,
}

/// What a person can do about a role that needs too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Narrower {
    /// Name several, each for some stores.
    Several,
    /// Of replication there is one for a bucket: state it, or copy less from that bucket.
    Stated,
}

impl Narrower {
    pub fn help(self) -> &'static str {
        match self {
            Self::Several => "Make several roles, each for some of the stores: `stores: [NAME]`.",
            Self::Stated => {
                "State a role of your own at each entry, `role: ARN`, which may hold managed policies; or have fewer prefixes and destinations \
                 copied from one bucket."
            }
        }
    }
}

/// All of them, in order of key.
pub(super) fn all(policy: &Policy) -> BTreeMap<String, Wanted> {
    let own = policy.access.iter().flat_map(|access| access.roles.values().map(move |role| of_role(policy, access, role)));
    let copying = replication::all(policy).into_iter().map(|copying| of_replication(policy, copying));
    own.chain(copying).map(|wanted| (wanted.key.clone(), wanted)).collect()
}

/// The providers of tokens that the policy trusts.
pub(super) fn issuers(policy: &Policy) -> BTreeSet<&str> {
    let trust = policy.access.iter().flat_map(|access| access.roles.values()).flat_map(|role| &role.trust);
    trust.filter_map(|one| if let Trust::Token { issuer, .. } = &one.value { Some(issuer.as_str()) } else { None }).collect()
}

/// What IAM calls it is what the policy calls it, behind what all roles of the policy begin with.
pub(super) fn key_of(policy: &Policy, name: &str) -> String {
    name.strip_prefix(&role_name(&policy.name, "")).unwrap_or(name).to_owned()
}

fn of_role(policy: &Policy, access: &Access, role: &Role) -> Wanted {
    let mut narrowed = policy.clone();
    narrowed.stores.retain(|name, _| role.stores.as_ref().is_none_or(|stores| stores.contains(name)));
    // What replication and roles need is for who applies to all stores.
    let documents = rights::documents(&narrowed, &role.may, false, None);
    let partition = documents.first().map_or_else(|| partition_of(&narrowed), |document| document.partition);
    let account = access.account.as_ref().map_or("", |account| account.value.as_str());
    let issuers =
        role.trust.iter().filter_map(|one| if let Trust::Token { issuer, .. } = &one.value { Some(issuer) } else { None });
    let issuers: BTreeSet<&String> = issuers.collect();
    let may: Vec<&str> = role.may.iter().map(|purpose| purpose.as_str()).collect();
    Wanted {
        key: role.name.value.to_string(),
        by: access.through.as_ref().map(|account| account.name.value.clone()),
        name: role_name(&policy.name, role.name.as_str()),
        name_before: None,
        description: format!("{} for policy {}, by bdr", may.join(" and "), policy.name),
        trust: trust::document(&role.trust, partition, account),
        boundary: access.permissions_boundary.as_ref().map(|boundary| boundary.value.clone()),
        providers: issuers.into_iter().map(|issuer| provider_arn(partition, account, issuer)).collect(),
        trusts: trusted(policy, role),
        texts: texts(&narrowed),
        documents,
        narrower: Narrower::Several,
        span: role.name.span,
    }
}

fn of_replication(policy: &Policy, copying: Copying<'_>) -> Wanted {
    let name = crate::policy::replication_role_name(&policy.name, &copying.source);
    let domain = if arn::partition_of(copying.backend) == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let account = copying.backend.account.as_ref().map(|account| account.value.as_str());
    let entry = copying.entries.first().map(|copied| copied.entry.to.span);
    let exact = access::documents(replication::grants(policy, &copying));
    let is_held = matches!(exact.as_slice(), [one] if one.size() <= INLINE);
    let copying = if is_held { copying } else { copying.by_folder() };
    let documents = if is_held { exact } else { access::documents(replication::grants(policy, &copying)) };
    Wanted {
        key: key_of(policy, &name),
        name_before: copying.name_before.clone().filter(|before| *before != name),
        by: copying.backend.by().cloned(),
        name,
        description: format!("replication of {} of policy {}, by bdr", copying.told, policy.name),
        trust: trust::of_replication(&arn::bucket(copying.backend), account, domain),
        documents,
        narrower: Narrower::Stated,
        boundary: policy.access.as_ref().and_then(|access| access.permissions_boundary.as_ref()).map(|text| text.value.clone()),
        providers: Vec::new(),
        trusts: Vec::new(),
        texts: texts(policy),
        span: entry.flatten(),
    }
}

/// Where no document says it, the part of the cloud that the stores lie in.
pub fn partition_of(policy: &Policy) -> &'static str {
    let regions = policy.stores.values().find_map(|spec| match &spec.backend {
        Backend::S3(backend) => backend.region.as_ref(),
        Backend::Folder(_) => None,
    });
    partition(regions.map(|region| region.value.as_str()))
}

/// What the policy calls a role of its own, by the role's ARN.
pub(super) fn own_key(policy: &Policy, arn: &str) -> Option<String> {
    Some(key_of(policy, arn.split_once(&format!(":role/bdr/{}/", policy.name))?.1))
}

fn trusted(policy: &Policy, role: &Role) -> Vec<String> {
    let arns = role.trust.iter().filter_map(|one| if let Trust::Role(arn) = &one.value { Some(arn) } else { None });
    arns.filter_map(|arn| own_key(policy, arn)).filter(|key| *key != role.name.as_str()).collect()
}

fn texts(policy: &Policy) -> Vec<Text> {
    let buckets = policy.stores.values().filter_map(|spec| match &spec.backend {
        Backend::S3(backend) => Some(&backend.bucket.value),
        Backend::Folder(_) => None,
    });
    let own = policy.components.values().filter_map(|component| Some(&component.kind.bucket()?.backend.bucket.value));
    buckets.chain(own).filter(|text| text.is_referenced()).cloned().collect()
}

impl Wanted {
    pub fn id(&self, kind: &'static str) -> ResourceId {
        ResourceId::new(Subject::Policy, kind, self.key.as_str())
    }

    /// Only where one inline policy can hold it.
    pub fn document(&self) -> Option<&Document> {
        match self.documents.as_slice() {
            [one] if one.size() <= INLINE => Some(one),
            _ => None,
        }
    }

    pub fn declare(&self, wanted: &BTreeMap<String, Self>, policy: &Policy, desired: &mut Desired) {
        let trusts = self.trusts.iter().filter_map(|key| wanted.get(key)).map(|other| other.id(ROLE.name));
        let before = self.name_before.as_ref().map(|name| key_of(policy, name));
        let resource = |kind: &'static str, attrs, after| Resource {
            earlier: before.as_ref().map(|key| Earlier::Moved(ResourceId::new(Subject::Policy, kind, key.as_str()))),
            id: self.id(kind),
            attrs,
            span: self.span,
            after,
            queue: Some(place_of(self.by.as_ref())),
        };
        desired.add(resource(ROLE.name, self.role(policy), trusts.collect()));
        if let Some(attrs) = self.role_policy() {
            desired.add(resource(ROLE_POLICY.name, attrs, vec![self.id(ROLE.name)]));
        }
    }

    fn role(&self, policy: &Policy) -> Attrs {
        let mut attrs = Attrs::from([
            ("name".to_owned(), Attr::text(&self.name)),
            ("description".to_owned(), Attr::text(&self.description)),
            ("trust".to_owned(), self.meant(&self.trust)),
            ("tags".to_owned(), Attr::map([(MARK, policy.name.as_str())])),
        ]);
        attrs.extend(self.boundary.iter().map(|arn| ("permissions_boundary".to_owned(), Attr::text(arn))));
        attrs
    }

    fn role_policy(&self) -> Option<Attrs> {
        let document = self.document()?;
        let meant = self.meant(&document.json().ok()?);
        Some(Attrs::from([("name".to_owned(), Attr::text(&self.name)), ("document".to_owned(), meant)]))
    }

    fn meant(&self, text: &str) -> Attr {
        // What bdr makes is a document.
        let mut meant = meaning::meaning(text, None, &BTreeMap::new()).unwrap_or(Attr::Null);
        self.texts.iter().filter(|text| text.is_known()).for_each(|text| hide(&mut meant, text));
        meant
    }
}

/// What came from a reference is shown as the reference.
fn hide(value: &mut Attr, text: &Text) {
    match value {
        Attr::Text(plain) if !text.expose().is_empty() && plain.contains(text.expose()) => {
            let shown = plain.replace(text.expose(), &text.shown);
            *value = Attr::Sensitive { shown, value: plain.clone().into() };
        }
        Attr::List(values) => values.iter_mut().for_each(|value| hide(value, text)),
        Attr::Map(map) => map.values_mut().for_each(|value| hide(value, text)),
        _ => {}
    }
}
