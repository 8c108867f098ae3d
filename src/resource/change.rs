//! Changes: desired against live; and actions: what a plan does about them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{ComponentName, ProtectionName, ResourceId};
use crate::attrs::{Attrs, Fingerprint};
use crate::diag::Position;
use crate::resource::Foreign;

/// What is to be done with one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    None,
    Create,
    Update,
    Delete,
    /// Take bdr's mark off and leave the thing.
    Release,
    /// Cannot be done by a tool: a person decides. Blocks its dependants.
    Refuse,
}

/// What a change puts at stake; plans show the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    None,
    /// A protection or setting gets weaker.
    Weakens,
    /// Backups or data go.
    Destroys,
}

/// One resource, desired against live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    #[schemars(with = "String")]
    pub id: ResourceId,
    pub op: Op,
    pub risk: Risk,
    /// Why, in a sentence fragment: `not there yet`, `left the policy`.
    pub reason: String,
    /// Where the policy asks for it.
    pub place: Option<Position>,
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub before: Option<Attrs>,
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub after: Option<Attrs>,
    /// Of `before`, sensitive values included: `apply` compares it with what it reads.
    #[schemars(with = "String")]
    pub live: Fingerprint,
    /// Of `after`, sensitive values included.
    #[schemars(with = "String")]
    pub wanted: Fingerprint,
    pub foreign: Vec<Foreign>,
    pub notes: Vec<String>,
    /// What it is called in the live system where the policy calls it otherwise: it is renamed by the same write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_as: Option<String>,
    /// What stands so is somebody else's, and is taken over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopts: bool,
    /// A removal of what the same plan has, or makes, where the policy wants it now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moves: bool,
    /// The last apply that set it, where its record was looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
}

/// Since when a resource can differ: the last apply that set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Since {
    #[schemars(with = "String")]
    pub at: jiff::Timestamp,
    /// Who ran that apply.
    pub by: String,
    /// It still is as that apply left it, so it is the policy that changed; otherwise something else changed it after that.
    pub as_left: bool,
}

/// Identity of an action within its plan; stable for equal input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ActionId(pub String);

impl fmt::Display for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A run of something that is not configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// A first backup, where a protection has none yet.
    Backup {
        #[schemars(with = "String")]
        component: ComponentName,
        #[schemars(with = "String")]
        protection: ProtectionName,
    },
    /// What lies in the source of a replication rule and not at its destination is copied.
    Copy {
        #[schemars(with = "String")]
        rule: ResourceId,
    },
}

/// What an action does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Carries out changes; several only where they share one document.
    Change {
        changes: Vec<Change>,
    },
    Run {
        job: Job,
        place: Option<Position>,
        reason: String,
    },
}

/// A node of the plan's graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    pub id: ActionId,
    pub work: Work,
    pub after: BTreeSet<ActionId>,
    /// Actions with equal queues run one after the other.
    pub queue: Option<String>,
}

impl Action {
    /// What it changes; nothing where it runs a job.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceId> {
        let changes = match &self.work {
            Work::Change { changes } => changes.as_slice(),
            Work::Run { .. } => &[],
        };
        changes.iter().map(|change| &change.id)
    }
}
