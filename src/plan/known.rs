//! What is known when a plan is made: the live system as it was read, and what could not be read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{ComponentName, ProtectionName, ResourceId};
use crate::attrs::Fingerprint;
use crate::resource::{Foreign, Live, Resource};

/// The live system as it was read for one plan.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Of everything wanted and everything owned that could be read.
    pub live: BTreeMap<ResourceId, Live>,
    /// What carries the policy's mark, wanted or not, by address.
    pub owned: BTreeMap<ResourceId, Resource>,
    pub unread: Vec<Unread>,
    /// Foreign parts of documents that hold nothing of ours yet.
    pub foreign: Vec<(ResourceId, Foreign)>,
    /// Whether each protection has a backup. One that is not listed is not asked about (no first backup is planned).
    pub backups: BTreeMap<(ComponentName, ProtectionName), FirstBackup>,
    /// The last apply that set each resource, where that is known and asked for.
    pub last_set: BTreeMap<ResourceId, LastSet>,
}

/// An apply that set a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSet {
    pub at: jiff::Timestamp,
    /// Who ran it.
    pub by: String,
    /// What it made the resource to be.
    pub wanted: Fingerprint,
}

/// Whether a protection has a backup already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstBackup {
    Exists,
    /// Why the first one is to be made, such as `no backup in primary yet`.
    Missing(String),
    /// Its stores could not be read.
    Unknown,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// What people call it: an endpoint, a store, a resource's address.
    pub subject: String,
    /// What was attempted and why it failed, in the outside's own words.
    pub reason: String,
    /// A full sentence with the next step.
    pub help: Option<String>,
    /// Addresses that the plan therefore says nothing about.
    #[schemars(with = "Vec<String>")]
    pub resources: Vec<ResourceId>,
}
