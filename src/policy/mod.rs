//! The policy as every later pass sees it: resolved, typed, each value with its place.
//!
//! How it is written in YAML, and how the text becomes this, stands in the modules below.

pub mod document;
pub mod tree;

mod access;
mod account;
mod class;
pub mod codes;
mod component;
pub mod layout;
mod digest;
mod echo;
mod freeze;
mod load;
mod location;
mod objective;
mod pack;
mod protection;
mod read;
mod reference;
pub mod replication;
mod resolve;
mod retention;
mod scheduler;
mod schema;
mod secrets;
pub mod server_setting;
mod store;
mod store_access;

use std::collections::BTreeMap;

use serde::Serialize;

pub use access::{AUDIENCE, Access, GITHUB, Role, Trust, provider_arn, role_name};
pub use account::Account;
pub use class::{Class, classes};
pub use component::{Component, ComponentKind, Files, ObjectStorage, Postgresql};
pub(crate) use echo::nearest;
pub use freeze::Freeze;
pub use load::{LARGEST, Loaded, load, load_unresolved};
pub use location::{Location, Medium, Overlap, host_of_aws, overlaps, partition};
pub use objective::{Disruption, Objective, Objectives};
pub use pack::Pack;
pub use protection::{AsTree, Method, Protection, Protections, WalArchive};
pub use reference::{Reference, Refused, Resolve, Text};
pub use replication::Replication;
pub use replication::{role_name as replication_role_name, role_path};
pub use retention::{LogWindow, Tier, Tiers};
pub use scheduler::{CronTable, Scheduler, SystemdScope};
pub use schema::schema;
pub use store::{Backend, Encryption, FolderBackend, Immutability, LockMode, S3Backend, StoreSpec};
pub use store_access::{Principals, StoreAccess};

use crate::address::{AccountName, ComponentName, PolicyName, StoreName, Subject};
use crate::diag::{Span, Spanned};
use crate::units::cadence::Zone;

/// The documents of one system, merged and resolved.
#[derive(Debug, Clone, Serialize)]
pub struct Policy {
    pub name: Spanned<PolicyName>,
    #[serde(serialize_with = "digest::zone")]
    pub timezone: Spanned<Zone>,
    pub contacts: BTreeMap<String, Contact>,
    /// Without any, the digest is what it was before there were some.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<AccountName, Account>,
    pub stores: BTreeMap<StoreName, StoreSpec>,
    pub components: BTreeMap<ComponentName, Component>,
    pub scheduler: Option<Spanned<Scheduler>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// Times in which nothing is applied. Without any, the digest is what it was before there were some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub change_freeze: Vec<Freeze>,
    /// What it is held against; whoever calls may name more, so that they are no part of the digest.
    #[serde(skip)]
    pub packs: Vec<Spanned<Pack>>,
    #[serde(skip)]
    pub digest: digest::Once,
}

impl Policy {
    /// SHA-256 (hex) over the merged documents' meaning, references unresolved: equal for equal policies however they are laid out.
    pub fn digest(&self) -> String {
        self.digest.of(self)
    }

    /// The window in which it stands, if it does.
    pub fn frozen(&self, now: jiff::Timestamp) -> Option<&Freeze> {
        self.change_freeze.iter().filter(|freeze| freeze.holds(now)).max_by_key(|freeze| *freeze.until)
    }

    /// Every bucket that it names: of stores, then of components.
    pub fn buckets(&self) -> impl Iterator<Item = &S3Backend> {
        let of_components = self.components.values().filter_map(|component| Some(&component.kind.bucket()?.backend));
        self.stores.values().filter_map(|store| store.backend.s3()).chain(of_components)
    }

    /// Where a pack was named; `Some(None)`: by the caller.
    pub fn pack(&self, pack: Pack) -> Option<Option<Span>> {
        self.packs.iter().find(|named| named.value == pack).map(|named| named.span)
    }

    /// The component of that name, of now or of before.
    pub fn component_once_called(&self, name: &ComponentName) -> Option<&Component> {
        let before = |component: &&Component| component.moved.as_ref().is_some_and(|moved| moved.value == *name);
        self.components.get(name).or_else(|| self.components.values().find(before))
    }

    /// The store of that name, likewise.
    pub fn store_once_called(&self, name: &StoreName) -> Option<&StoreSpec> {
        let before = |store: &&StoreSpec| store.moved.as_ref().is_some_and(|moved| moved.value == *name);
        self.stores.get(name).or_else(|| self.stores.values().find(before))
    }

    /// What a store or component of before is called now.
    pub fn called_now(&self, subject: &Subject) -> Subject {
        match subject {
            Subject::Store(name) => self.store_once_called(name).map(|store| Subject::Store(store.name.value.clone())),
            Subject::Component(name) => self.component_once_called(name).map(|one| Subject::Component(one.name.value.clone())),
            Subject::Policy => None,
        }
        .unwrap_or_else(|| subject.clone())
    }

    /// Names more packs.
    pub fn hold_against(&mut self, packs: &[Pack]) {
        self.packs.extend(packs.iter().map(|pack| Spanned::bare(*pack)));
    }

    /// Copies go to the other stores alone from now on.
    pub fn forsake(&mut self, gone: impl Fn(&StoreName) -> bool) {
        let protections = self.components.values_mut().flat_map(|component| component.protections.iter_mut());
        protections.for_each(|(_, protection)| protection.stores.retain(|store| !gone(&store.value)));
    }
}

/// Somebody to reach in an outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contact {
    pub phone: Option<String>,
    pub email: Option<String>,
}

#[cfg(test)]
mod load_tests;
