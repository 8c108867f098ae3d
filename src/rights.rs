//! Rights: what somebody must be allowed to do so that a command succeeds, as those say it who do it.
//!
//! The engine says what it does with the objects of a store ([`Touch`]); drivers know what that is called where they act, and what
//! else they need ([`Grant`]); `access` makes documents of it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a set of rights is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Purpose {
    /// `plan`, `drift`, `list`: nothing is written, and no data of a backup is read.
    Plan,
    /// `apply`: what the policy wants is set.
    Apply,
    /// `backup`, without `--prune`, and `wal push`.
    Write,
    /// `restore`, `verify`, `wal fetch`: nothing is written.
    Restore,
    /// `prune`: backups are removed.
    Prune,
    /// `copy`: what lies in a bucket and not at the destination of its rule is copied; nothing is replaced or removed.
    Copy,
    /// `status`, `wal status`: nothing is written, and no data of a backup is read.
    Status,
}

impl Purpose {
    pub const ALL: [Self; 7] = [Self::Plan, Self::Apply, Self::Write, Self::Restore, Self::Prune, Self::Copy, Self::Status];

    /// As on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Write => "write",
            Self::Restore => "restore",
            Self::Prune => "prune",
            Self::Copy => "copy",
            Self::Status => "status",
        }
    }

    /// The next step for who lacks a right: the caller, or the role of an account of the policy.
    pub fn hint(self, account: Option<&str>) -> String {
        let of = account.map(|account| format!(" --account {account}")).unwrap_or_default();
        format!("`bdr iam-policy {}{of}` prints everything that is needed.", self.as_str())
    }
}

/// What is done with objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// Listing the keys below a prefix; it also tells an object that is not there from one that may not be read.
    List,
    Read,
    /// Reading the tags of an object.
    ReadTags,
    /// Giving an object tags.
    WriteTags,
    Write,
    /// Setting until when what is written is locked; ending a lock is another matter.
    Lock,
    Delete,
    /// Bringing an object out of an archive class.
    Retrieve,
}

/// Something that is done with objects of a store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touch {
    pub deed: Deed,
    /// Keys below the store's prefix; `*` stands for anything, `/` included. Names of bdr's hold no `*`.
    pub keys: String,
}

/// Operator of a condition, then key, then the values of which one must fit (IAM user guide, "Condition").
pub type Condition = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Whether something is allowed, or denied whatever else allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Effect {
    Allow,
    Deny,
}

/// Something that must be allowed, or denied in so many words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// What it is for, in letters and digits.
    pub sid: &'static str,
    pub effect: Effect,
    /// The part of the cloud that the resources lie in, such as `aws` or `aws-cn`: a document speaks of one.
    pub partition: &'static str,
    pub actions: BTreeSet<String>,
    pub resources: BTreeSet<String>,
    pub condition: Condition,
}
