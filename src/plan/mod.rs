//! Plans: the complete graph of what is to be done, with what was seen live. Apply only obeys.

mod acting;
mod actions;
mod alarm;
mod codes;
pub mod copies;
mod digest;
pub mod file;
mod foreign;
mod frozen;
pub mod guard;
mod known;
mod objectives;
pub mod promises;
mod put_back;
mod reconcile;
pub mod render;
mod retention;
mod scope;
pub mod signature;
mod summary;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{ResourceId, Subject};
use crate::diag::{Diagnostic, Position, Severity, Sources};
use crate::resource::{Action, Foreign};
use crate::units::count::counted;

pub use acting::Acting;
pub use actions::is_removal;
pub use alarm::Alarm;
pub use codes::{CODES, damaged_backups, little_room};
pub use frozen::Frozen;
pub use known::{FirstBackup, Known, LastSet, Unread};
pub use objectives::{Basis, Bound, ObjectiveRow, Promise};
pub use put_back::needs_records;
pub use reconcile::{Input, reconcile};
pub use retention::{BackupGoes, LogEffect, RetentionEffect, TierShortened, Window};
pub use scope::{LeftOut, Scope, ScopeError};
use summary::NOTHING;
pub use summary::Summary;

/// Version of the saved plan's layout: raised when a reader of the one before would misread it; additions don't raise it.
pub const FORMAT_VERSION: u32 = 1;

/// What makes plans, as they name it.
pub const TOOL: &str = concat!("bdr ", env!("CARGO_PKG_VERSION"));

/// What is to be done for one policy, complete and in order. Holds no secret: sensitive values stand as their references.
///
/// Where there is no plan, such as for a policy with errors, `bdr plan --format json` prints one event `failed` instead (`bdr schema event`): every
/// event has a field `event`, and no plan does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    pub format_version: u32,
    /// `sha256:` and 64 hex digits over what the plan does and from what: policy, intent, actions with the fingerprints of what was
    /// seen. Equal for plans that do the same, whenever and from wherever they were made.
    pub digest: String,
    #[schemars(with = "String")]
    pub made_at: jiff::Timestamp,
    /// `bdr` and its version.
    pub tool: String,
    pub policy: PolicyRef,
    /// What the plan was made for.
    pub intent: Intent,
    /// Something can be done: not all of it needs a person or waits for what does, nothing forbids doing it, and no freeze is on.
    pub applyable: bool,
    /// The change freeze in which it was made: until it ends, `apply` asks for a reason (`--override-freeze`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze: Option<Frozen>,
    /// Everything could be read: where false, there may be more to do than is told here.
    pub complete: bool,
    pub summary: Summary,
    /// Roles that are taken on, each for what it is used for; everything else is done with the caller's own credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acting: Vec<Acting>,
    /// What is grave already, as the live system stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<Alarm>,
    /// In an order in which they can be carried out.
    pub actions: Vec<Action>,
    /// The kinds that occur in `actions`, for people.
    pub kinds: BTreeMap<String, KindNote>,
    /// What is not bdr's beside what is: kept as it is.
    pub foreign: Vec<ForeignKept>,
    /// What could not be read, and why.
    pub unread: Vec<Unread>,
    /// What a place cannot hold, and other things a person should know.
    pub notes: Vec<Note>,
    pub findings: Vec<Finding>,
    pub objectives: Vec<ObjectiveRow>,
    /// Backups that the retention of the policy lets go.
    pub retention: Vec<RetentionEffect>,
    /// What the plan was narrowed to; empty: everything.
    pub targets: Vec<String>,
    /// Changes that the targets left out.
    pub left_out: u64,
    /// What they left out, by whom it belongs to.
    #[serde(default)]
    pub left_out_of: Vec<LeftOut>,
}

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// Make the live system what the policy says.
    Reconcile,
    /// Tell how the live system differs from what the policy says; carried out, it is the same.
    Drift,
    /// Take bdr's hands off everything that the policy owns.
    Destroy,
}

/// Which policy a plan speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyRef {
    pub name: String,
    /// As in `policy::Policy`: `apply` refuses another one.
    pub digest: String,
    /// Where it was read.
    pub paths: Vec<String>,
}

/// A kind as people know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KindNote {
    pub title: String,
    /// Paths of the attributes that say most of a new one.
    pub headline: Vec<String>,
    /// Attributes that say who may do what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rights: Vec<String>,
    /// Several live in one document, so that a new one changes what stands.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
    /// Seconds until a change is visible everywhere, at the longest.
    pub visible_within: u32,
}

/// A foreign part and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForeignKept {
    /// The first resource of ours beside it.
    #[schemars(with = "String")]
    pub beside: ResourceId,
    #[serde(flatten)]
    pub what: Foreign,
}

/// Something that a person should know of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    #[schemars(with = "String")]
    pub of: ResourceId,
    pub text: String,
}

/// A diagnostic as a plan keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    pub code: String,
    pub severity: Severity,
    pub message: String,
    pub place: Option<Position>,
    pub help: Option<String>,
    /// The plan must not be carried out while it stands.
    pub forbids: bool,
}

impl Finding {
    /// Something said about the policy; it does not forbid carrying the plan out.
    pub fn of(diagnostic: &Diagnostic, sources: &Sources) -> Self {
        Self {
            code: diagnostic.code.to_owned(),
            severity: diagnostic.severity,
            message: diagnostic.message.clone(),
            place: diagnostic.span().and_then(|span| sources.position(span)),
            help: diagnostic.help.clone(),
            forbids: false,
        }
    }
}

impl Plan {
    /// Nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Something can be done, once no freeze is on.
    pub fn can_begin(&self) -> bool {
        !self.findings.iter().any(|finding| finding.forbids) && guard::can_begin(&self.actions)
    }

    /// The freeze that keeps all of it from being done without a reason.
    pub fn held_by(&self) -> Option<&Frozen> {
        self.freeze.as_ref().filter(|_| self.can_begin())
    }

    /// What it comes to, in one line: the counts, and what retention lets go, which no change shows.
    pub fn headline(&self) -> String {
        let backups: usize = self.retention.iter().map(|effect| effect.goes.len()).sum();
        let going = if backups == 1 { "goes" } else { "go" };
        let more = (backups > 0).then(|| format!(", {} {going} at the next prune", counted(backups, "backup")));
        format!("{}{}", self.read(self.summary.line()), more.unwrap_or_default())
    }

    /// What was not read may need something: of that there is nothing to say.
    fn read(&self, line: String) -> String {
        match line.strip_prefix(NOTHING) {
            Some("") if !self.complete => "nothing could be read".to_owned(),
            Some(rest) if !self.complete => format!("{NOTHING} of what could be read{rest}"),
            _ => line,
        }
    }

    /// Who the resource of an action belongs to.
    pub fn subject(action: &Action) -> Subject {
        actions::subject(action)
    }
}
