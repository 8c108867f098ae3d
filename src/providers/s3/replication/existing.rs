//! Rules of which the policy says that what lies there already is to be at the destination too: bdr copies that, as S3 does by no rule.

use super::wanted::written;
use super::{KIND, RULE};
use crate::address::{ResourceId, StoreName, Subject};
use crate::policy::replication::scopes;
use crate::policy::{Policy, Replication, S3Backend, StoreSpec};
use crate::providers::s3::component_bucket;

/// Such a rule, with what is copied from where to where.
#[derive(Debug, Clone)]
pub struct Existing {
    /// The rule's own.
    pub id: ResourceId,
    /// The bucket that is copied, as a store.
    pub from: StoreSpec,
    pub to: StoreName,
    /// Where the copies lie: they keep their keys, so with the prefix of the source.
    pub there: StoreSpec,
    /// What the rule is about, below that prefix.
    pub below: String,
    pub entry: Replication,
    /// Backups lie there, of which each is whole only once its manifest says so.
    pub backups: bool,
}

impl Existing {
    /// Both buckets.
    pub fn backends(&self) -> Option<(&S3Backend, &S3Backend)> {
        self.from.backend.s3().zip(self.there.backend.s3())
    }

    /// As people know it: `documents/copy`.
    pub fn label(&self) -> String {
        match &self.id.subject {
            Subject::Store(name) => format!("{name} to {}", self.id.key),
            Subject::Component(name) => format!("{name}/{}", self.id.key),
            Subject::Policy => self.id.key.to_string(),
        }
    }
}

/// Those of a policy, by address.
pub fn existing(policy: &Policy) -> Vec<Existing> {
    let mut found = Vec::new();
    for (name, store) in &policy.stores {
        for (key, scope) in
            scopes(&store.replicate, &written(policy, name)).into_iter().filter(|(_, one)| one.entry.takes_existing())
        {
            let id = ResourceId::new(Subject::Store(name.clone()), RULE, &key);
            let below = format!("{}/{}", policy.name.value, scope.below);
            found.extend(one(policy, id, store.clone(), scope.entry, below, true));
        }
    }
    for (component, _) in component_bucket::all(policy) {
        for protection in component.protections.values() {
            let Some(entry) = protection.replication().filter(|entry| entry.takes_existing()) else { continue };
            let id = ResourceId::new(Subject::Component(component.name.value.clone()), KIND.name, protection.name.as_str());
            let Some(from) = component.as_store() else { continue };
            found.extend(one(policy, id, from, entry, entry.prefix.value.clone(), false));
        }
    }
    found
}

fn one(policy: &Policy, id: ResourceId, from: StoreSpec, entry: &Replication, below: String, backups: bool) -> Option<Existing> {
    let to = entry.to.value.clone();
    let mut there = policy.stores.get(&to)?.clone();
    match (from.backend.s3(), &mut there.backend) {
        (Some(here), crate::policy::Backend::S3(backend)) => backend.prefix = here.prefix.clone(),
        _ => return None,
    }
    Some(Existing { id, from, to, there, below, entry: entry.clone(), backups })
}
