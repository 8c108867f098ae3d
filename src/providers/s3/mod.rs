//! Provider `s3`: buckets and their settings, on AWS and on compatible endpoints.
//!
//! Each kind is one file. Those that live in a document of the bucket implement [`setting::Setting`]; the session reads a
//! document once for all of them, and writes shared ones by reading, merging, reading again, writing once and verifying.

mod adopt;
mod beside;
mod bucket;
mod bucket_policy;
mod component_bucket;
mod contract;
mod discover;
mod document;
mod element;
mod encryption;
mod lacking;
mod left;
mod lifecycle;
mod marked;
mod object_lock;
mod operation;
mod owner_object;
mod ownership_controls;
mod place;
mod public_access_block;
mod replication;
mod request;
mod rights;
mod session;
mod setting;
mod settle;
mod siblings;
mod standing;
mod stood;
mod tags;
mod uncopied;
mod undo;
mod unmarked;
mod unready;
mod versioning;
mod write;
mod written;

#[cfg(test)]
mod foreign_tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;

use crate::address::{AccountName, ComponentName, ResourceId, StoreName, Subject};
use crate::attrs::Attrs;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::policy::{Backend, Component, Policy, Protection, S3Backend, StoreSpec};
use crate::provider::{Connect, Env, Provider, ProviderError, Session};
use crate::resource::{Desired, Kind, Live, Resource};
use crate::rights::{Grant, Purpose};
use bucket_policy::Origin;
pub use lifecycle::{Tiers, tiers};
pub use replication::{Existing, RULE as REPLICATION_RULE, existing};
use setting::{Setting, Wanted, Wish};
pub use standing::{Part, Standing, seen, standing};
pub use stood::{BUCKET, bucket_id, note, notes};

fn backends(policy: &Policy) -> impl Iterator<Item = (&StoreName, &S3Backend)> {
    policy.stores.iter().filter_map(|(name, spec)| match &spec.backend {
        Backend::S3(backend) => Some((name, backend)),
        Backend::Folder(_) => None,
    })
}

/// The kinds that live in a document, in the order in which a bucket is set up. A new one is a file and a line here.
const SETTINGS: &[&dyn Setting] = &[
    &public_access_block::PublicAccessBlock,
    &ownership_controls::OwnershipControls,
    &versioning::Versioning,
    &object_lock::ObjectLock,
    &encryption::Encryption,
    &bucket_policy::BucketPolicy,
    &tags::Tags,
    &lifecycle::LifecycleRules,
    &replication::ReplicationRules,
];

static KINDS: LazyLock<Vec<Kind>> =
    LazyLock::new(|| std::iter::once(bucket::KIND).chain(SETTINGS.iter().map(|setting| *setting.kind())).collect());

/// Findings of this provider.
pub static CODES: [Code; 3] = [
    Code {
        code: "BDR-C010",
        name: "bucket-set-up-twice",
        severity: Severity::Error,
        text: "Two stores set up the same bucket differently\n\nA bucket has one versioning, one default encryption and one set of \
               tags. Several stores may share a bucket, each below a prefix of its own; then the store that comes first by name \
               sets the bucket up. State these settings there, and leave them out of the others or state the same.\n",
    },
    Code {
        code: "BDR-C011",
        name: "too-many-lifecycle-rules",
        severity: Severity::Error,
        text: "A bucket would need more lifecycle rules than it can have\n\nEvery tier of every component has a rule of its own in the \
               bucket that holds its copies, as a net below the retention that bdr carries out itself; and a bucket takes 1,000 \
               rules (S3 API reference, `PutBucketLifecycleConfiguration`). Spread the components over several buckets, or \
               give them fewer tiers.\n",
    },
    Code {
        code: "BDR-C012",
        name: "too-many-replication-rules",
        severity: Severity::Error,
        text: "A bucket would need more replication rules than it can have\n\nA store that is replicated has a rule for each component \
               of which it holds copies, and a bucket takes 1,000 rules (S3 user guide, \"Replication configuration file elements\"). \
               Spread the components over several buckets.\n",
    },
];

fn setting(kind: &str) -> Option<&'static dyn Setting> {
    SETTINGS.iter().copied().find(|setting| setting.kind().name == kind)
}

/// Buckets and what is set on them.
pub struct S3;

impl Provider for S3 {
    fn name(&self) -> &'static str {
        "s3"
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn codes(&self) -> &'static [Code] {
        &CODES
    }

    fn check(&self, policy: &Policy, _env: &Env, diagnostics: &mut Diagnostics) {
        let mut rules: BTreeMap<&StoreName, ([usize; 2], Wish<'_>)> = BTreeMap::new();
        let copies = copies(policy);
        for (wish, (first_name, first)) in wishes(policy, &copies) {
            if first_name != wish.name {
                agree(first_name, first, wish, diagnostics);
            }
            let [nets, copied] = &mut rules.entry(first_name).or_insert(([0; 2], wish)).0;
            *nets += lifecycle::count(wish);
            *copied += replication::count(wish);
        }
        for ([nets, copied], wish) in rules.into_values() {
            diagnostics.extend((nets > lifecycle::MOST).then(|| too_many(&CODES[1], "lifecycle", nets, wish)));
            diagnostics.extend((copied > replication::MOST).then(|| too_many(&CODES[2], "replication", copied, wish)));
        }
    }

    fn rights(&self, policy: &Policy, purpose: Purpose, by: Option<&AccountName>) -> Vec<Grant> {
        rights::grants(policy, purpose, by)
    }

    fn stands(&self, policy: &mut Policy, id: &ResourceId, live: &Live) {
        let name = match &id.subject {
            Subject::Store(name) => name,
            Subject::Component(name) => return component_bucket::stands(policy, name, id, live),
            Subject::Policy => return,
        };
        match (setting(&id.kind), &live.attrs) {
            (None, None) => {
                let gone: BTreeSet<StoreName> = policy.sharing(name).iter().map(|store| store.name.value.clone()).collect();
                policy.forsake(|store| gone.contains(store));
            }
            (Some(setting), _) => setting.stands(policy, name, &id.key, live.working()),
            _ => {}
        }
    }

    fn recalls(&self, policy: &mut Policy, id: &ResourceId, live: &Live) {
        let here = match &id.subject {
            _ if id.kind != replication::KIND.name => None,
            Subject::Policy => return left::component(policy, id, live),
            Subject::Store(name) => policy.stores.get(name).and_then(|store| store.backend.s3()),
            Subject::Component(name) => policy.components.get(name).and_then(|one| Some(&one.kind.bucket()?.backend)),
        };
        let Some(here) = here.cloned() else { return };
        left::destination(policy, &here, live.working());
        self.stands(policy, id, live);
    }

    fn falls_short(&self, needed: &Resource, live: &Live) -> bool {
        match setting(&needed.id.kind) {
            Some(setting) => setting.falls_short(&needed.attrs, live.attrs.as_ref()),
            None => live.attrs.is_none(),
        }
    }

    fn declare(&self, policy: &Policy, _env: &Env, desired: &mut Desired) {
        let copies = copies(policy);
        for (wish, (first_name, _)) in wishes(policy, &copies) {
            if first_name == wish.name {
                set_up(wish, desired);
            } else {
                let shared = SETTINGS.iter().filter(|setting| setting.kind().shared);
                shared.for_each(|setting| add(wish, first_name, *setting, setting.wanted(wish), desired));
            }
        }
        component_bucket::declare(policy, desired);
    }
}

/// By store, whose copies lie in it.
type Copies<'a> = BTreeMap<&'a StoreName, Held<'a>>;

/// What a store holds.
#[derive(Default)]
struct Held<'a> {
    /// Written there by bdr, or replicated.
    all: Vec<(&'a Component, &'a Protection)>,
    /// The folders of the components of which bdr writes there itself.
    written: BTreeSet<&'a ComponentName>,
    /// Whose objects S3 copies there.
    origins: Vec<Origin<'a>>,
}

fn copies(policy: &Policy) -> Copies<'_> {
    let mut copies = Copies::new();
    for component in policy.components.values() {
        for protection in component.protections.values() {
            let written: BTreeSet<&StoreName> = protection.stores.iter().map(|store| &store.value).collect();
            let entries = written.iter().filter_map(|store| policy.stores.get(*store)).flat_map(|store| &store.replicate);
            let covering = entries.filter(|entry| entry.covers(component, &protection.name.value));
            let replicated: BTreeSet<&StoreName> = covering.map(|entry| &entry.to.value).collect();
            for store in written.union(&replicated) {
                let held: &mut Held<'_> = copies.entry(store).or_default();
                held.all.push((component, protection));
                held.written.extend(written.contains(store).then_some(component.folder()));
            }
        }
    }
    for (to, origin) in bucket_policy::origins(policy) {
        copies.entry(to).or_default().origins.push(origin);
    }
    copies
}

/// What each store in S3 wants, with the store that sets its bucket up: the first one by name of those that share it.
fn wishes<'a>(policy: &'a Policy, copies: &'a Copies<'a>) -> impl Iterator<Item = (Wish<'a>, (&'a StoreName, &'a StoreSpec))> {
    let mut first_in: BTreeMap<(Option<&str>, &str), (&StoreName, &StoreSpec)> = BTreeMap::new();
    policy.stores.iter().filter_map(move |(name, spec)| {
        let Backend::S3(backend) = &spec.backend else { return None };
        let bucket = (backend.endpoint.as_ref().map(|endpoint| endpoint.expose()), backend.bucket.expose());
        let first = *first_in.entry(bucket).or_insert((name, spec));
        let held = copies.get(name);
        let copies = held.map(|held| held.all.as_slice()).unwrap_or_default();
        let written = held.map_or(NOTHING, |held| &held.written);
        let origins = held.map(|held| held.origins.as_slice()).unwrap_or_default();
        Some((Wish { policy, name, spec, backend, copies, written, origins }, first))
    })
}

const NOTHING: &BTreeSet<&ComponentName> = &BTreeSet::new();

fn id(store: &StoreName, kind: &'static str, key: &str) -> ResourceId {
    ResourceId::new(Subject::Store(store.clone()), kind, key)
}

/// The bucket, then its settings, each after the bucket and those before it that change what may be written.
fn set_up(wish: Wish<'_>, desired: &mut Desired) {
    let wanted = bucket::wanted(wish);
    desired.add(Resource {
        id: id(wish.name, bucket::KIND.name, &wanted.key),
        attrs: wanted.attrs,
        span: wanted.span,
        after: Vec::new(),
        queue: Some(queue(wish.backend)),
        earlier: None,
    });
    for setting in SETTINGS {
        add(wish, wish.name, *setting, setting.wanted(wish), desired);
    }
}

fn add(wish: Wish<'_>, owner: &StoreName, setting: &dyn Setting, wanted: Vec<Wanted>, desired: &mut Desired) {
    let mut after = vec![id(owner, bucket::KIND.name, "")];
    let earlier = setting.after().into_iter().map(|kind| id(owner, kind.name, ""));
    after.extend(earlier.filter(|earlier| desired.get(earlier).is_some()));
    // Roles were declared before, where somebody makes them.
    let known = |id: &ResourceId| id.subject != Subject::Policy || desired.get(id).is_some();
    let before = wish.spec.moved.as_ref().map(|before| Subject::Store(before.value.clone()));
    let one = |one: Wanted| {
        let id = id(wish.name, setting.kind().name, &one.key);
        Resource {
            earlier: one.moved_from(&id, before.clone()).filter(|_| setting.kind().shared),
            id,
            attrs: one.attrs,
            span: one.span,
            after: after.iter().cloned().chain(one.after.into_iter().filter(known)).collect(),
            queue: Some(queue(wish.backend)),
        }
    };
    let resources: Vec<Resource> = wanted.into_iter().map(one).collect();
    resources.into_iter().for_each(|resource| desired.add(resource));
}

/// Two writes of one bucket's settings at once are answered with `OperationAborted`.
fn queue(backend: &S3Backend) -> String {
    format!("s3://{}", backend.bucket.shown)
}

/// What a bucket has one of is set by the store that comes first by name: the others state the same, or nothing.
fn agree(first_name: &StoreName, first: &StoreSpec, wish: Wish<'_>, diagnostics: &mut Diagnostics) {
    let Backend::S3(backend) = &first.backend else { return };
    let one = Wish { name: first_name, spec: first, backend, ..wish };
    let alone = SETTINGS.iter().filter(|setting| !setting.kind().shared);
    let mut stated = alone.flat_map(|setting| {
        let set: Vec<Attrs> = setting.wanted(one).into_iter().map(|wanted| wanted.attrs).collect();
        let wanted = setting.wanted(wish).into_iter().map(|wanted| wanted.attrs);
        wanted.map(move |attrs| setting.is_implied(&attrs) || set.contains(&attrs))
    });
    if stated.all(|agreed| agreed) {
        return;
    }
    let message = format!("stores `{first_name}` and `{}` set up the same bucket differently", wish.name);
    diagnostics.push(
        Diagnostic::error(CODES[0].code, message)
            .at(wish.backend.bucket.span, "the same bucket again, with other settings")
            .at(backend.bucket.span, "set up here")
            .help(format!("State what a bucket has one of (versioning, immutability, encryption, tags) in `{first_name}` only.")),
    );
}

fn too_many(code: &Code, what: &str, rules: usize, wish: Wish<'_>) -> Diagnostic {
    let most = lifecycle::MOST.min(replication::MOST);
    let message = format!("the bucket of `{}` would have {rules} {what} rules, and S3 takes {most}", wish.name);
    let (label, help) = match what {
        "lifecycle" => ("one rule for each tier of each component that is copied here", ", or give them fewer tiers"),
        _ => ("one rule for each component that is copied here and on", ""),
    };
    let help = format!("Spread the components over several buckets{help}.");
    Diagnostic::error(code.code, message).at(wish.backend.bucket.span, label).help(help)
}

#[async_trait]
impl Connect for S3 {
    async fn connect(&self, policy: Arc<Policy>, env: Arc<Env>) -> Result<Box<dyn Session>, ProviderError> {
        Ok(Box::new(session::S3Session::open(policy, env).await))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::policy::load_unresolved;

    fn found(components: usize, tiers: &str) -> Vec<String> {
        let mut text =
            "version: 1\nname: p\nstores:\n  a:\n    s3: { bucket: p-backups, region: eu-north-1 }\n  b:\n    s3: { bucket: \
                        p-backups, region: eu-north-1, prefix: more/ }\ncomponents:\n"
                .to_owned();
        for n in 0..components {
            text += &format!(
                "  c{n}:\n    files: {{ paths: [/srv/{n}] }}\n    protect:\n      copy: {{ file_backup: {{}}, stores: [a, b] }}\n    retain: \
                 {tiers}\n"
            );
        }
        let mut sources = Sources::new();
        sources.add("bdr.yaml", text);
        let mut found = Diagnostics::new();
        S3.check(&load_unresolved(sources).policy.expect("a policy"), &Env::default(), &mut found);
        found.iter().map(|finding| format!("{} {}", finding.code, finding.message)).collect()
    }

    #[test]
    fn more_rules_than_a_bucket_takes_are_told_before_it_refuses_them() {
        let two = "{ daily: { for: 7d }, weekly: { for: 8w } }";
        assert_eq!(found(250, two), [] as [&str; 0], "500 rules of each of two stores in one bucket");
        assert_eq!(found(251, two), ["BDR-C011 the bucket of `a` would have 1004 lifecycle rules, and S3 takes 1000"]);
    }
}
