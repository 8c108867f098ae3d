//! Events: everything that happens while a command acts, in the order in which it happened. What is shown of an apply is made from
//! them alone.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::ResourceId;
use crate::journal::backups::{Decided, Failed, LogDecided, LogPruned, RestoreEnded, RestoreStarted, Series, SeriesPruned};
use crate::journal::copies::{ExistingFound, RuleCopied};
use crate::resource::ActionId;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    RunStarted {
        format_version: u32,
        run: String,
        policy: String,
        policy_digest: String,
        /// Digest of the plan that is carried out.
        plan: String,
        actions: u64,
        /// Why it runs in spite of a change freeze.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        overridden: Option<String>,
    },
    /// This run holds the policy's lease now.
    LeaseTaken {
        /// Where the lease lies, for people.
        store: String,
        /// Fencing token: grows with every holder.
        generation: u64,
        /// Who held it before and is gone.
        from: Option<String>,
    },
    /// Nothing keeps a second apply away, and why.
    Unguarded {
        reason: String,
    },
    /// Somebody holds the lease; it is watched to see whether they are alive.
    LeaseWatched {
        holder: String,
        up_to_ms: u64,
    },
    /// A store beside the first did not answer: the lease is not held in it.
    LeaseNotTaken {
        store: String,
        reason: String,
    },
    LeaseLost {
        reason: String,
    },
    /// Nobody holds the lease any more.
    LeaseGivenBack,
    /// The lease could not be given back: it runs out by itself.
    LeaseLeft {
        for_at_most_seconds: u64,
    },
    /// An action begins. `--format json` tells it of each resource, by its address, where an action writes several together.
    ActionStarted {
        action: ActionId,
    },
    /// An attempt failed in a way that trying again can help.
    Retrying {
        action: ActionId,
        attempt: u32,
        reason: String,
        again_in_ms: u64,
    },
    /// What was issued cannot be seen everywhere yet.
    NotYetVisible {
        action: ActionId,
        differs: String,
        again_in_ms: u64,
    },
    /// How far a job is.
    Progress {
        action: ActionId,
        text: String,
    },
    /// An action ended. `--format json` tells it of each resource, as its begin; the counts at the end are those of actions.
    ActionEnded {
        action: ActionId,
        outcome: Outcome,
        millis: u64,
    },
    /// Nothing more is started.
    Stopping {
        reason: String,
    },
    /// The run's record could not be written beside the backups.
    RecordNotKept {
        reason: String,
    },
    /// Old records could not be let go of.
    RecordsNotPruned {
        reason: String,
    },
    RunEnded {
        counts: super::Counts,
    },
    /// The backups of a policy are looked through for what the retention no longer keeps.
    PruneStarted {
        format_version: u32,
        policy: String,
        /// Whether anything is removed; otherwise it is only told.
        removes: bool,
    },
    BackupDecided(Decided),
    /// What an interrupted backup left: a prune removes it.
    LeftoverFound {
        series: Series,
        folder: String,
        bytes: u64,
    },
    /// Claims of scheduled moments of long ago: a prune removes them.
    OldSlotsFound {
        series: Series,
        slots: u64,
    },
    SeriesPruned(SeriesPruned),
    LogDecided(LogDecided),
    LogPruned(LogPruned),
    PruneEnded {
        /// The exit code.
        exit: u8,
    },
    /// What lay in buckets before their rules is held against the destinations.
    CopyStarted {
        format_version: u32,
        policy: String,
        /// Whether anything is copied; otherwise it is only told.
        copies: bool,
    },
    ExistingFound(ExistingFound),
    /// An object could not be copied; told as soon as that is known.
    ObjectNotCopied {
        /// Address of the rule.
        rule: String,
        key: String,
        reason: String,
    },
    RuleCopied(RuleCopied),
    CopyEnded {
        /// The exit code.
        exit: u8,
    },
    RestoreStarted(RestoreStarted),
    /// The backups of a series were not seen, because its store could not be read: a newer one may lie there.
    StoreNotRead {
        series: Series,
        reason: String,
    },
    /// An entry is missing, or not as it was; told as soon as that is known.
    EntryNotRestored {
        path: String,
        /// The bytes of the path as hex, where they are no UTF-8.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path_raw: Option<String>,
        reason: String,
    },
    RestoreEnded(RestoreEnded),
    Failed(Failed),
}

/// An event with its moment: one line of `--format json` of `apply`, `copy`, `destroy`, `prune` and `restore`, and what any other command
/// writes with `--format json` where it failed before it had anything else to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    #[schemars(with = "String")]
    pub at: jiff::Timestamp,
    #[serde(flatten)]
    pub event: Event,
}

/// How an action ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Read back and as wanted.
    Done {
        /// It was so already: nothing was written.
        already: bool,
    },
    /// Written, but until the deadline not seen everywhere.
    NotVisible {
        differs: String,
    },
    Failed {
        reason: String,
        help: Option<String>,
    },
    /// It is no longer what the plan was made from: nothing was written.
    Stale {
        moved: Vec<Moved>,
    },
    /// Only a person can do it.
    Refused {
        reason: String,
    },
    /// Not begun, since what it waits for did not come about.
    Skipped {
        because: ActionId,
    },
    /// Not begun, since the run was stopped.
    Stopped,
    /// Begun, and left when the run was stopped at once or lost its lease: the next plan tells whether it took effect.
    CutOff,
    /// Its changes, which share one document, ended in different ways. Stands in the records of runs alone: events tell of each resource.
    Apart {
        #[schemars(with = "BTreeMap<String, Outcome>")]
        of: BTreeMap<ResourceId, Outcome>,
    },
}

/// One value that changed between review and apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moved {
    #[schemars(with = "String")]
    pub resource: ResourceId,
    pub path: String,
    pub reviewed: String,
    pub present: String,
}

impl Outcome {
    /// Whether what waits for the action may begin.
    pub fn lets_others_begin(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    /// How one resource of the action ended.
    pub fn of(&self, resource: &ResourceId) -> &Self {
        match self {
            Self::Apart { of } => of.get(resource).unwrap_or(self),
            one => one,
        }
    }

    /// How an action ended of which some resources ended apart from the rest.
    #[must_use]
    pub fn joined<'a>(all: impl Iterator<Item = &'a ResourceId>, apart: BTreeMap<ResourceId, Self>, rest: Self) -> Self {
        if apart.is_empty() {
            return rest;
        }
        let mut rests = false;
        let mut of = apart;
        for id in all.filter(|id| !of.contains_key(*id)).cloned().collect::<Vec<_>>() {
            rests = true;
            of.insert(id, rest.clone());
        }
        if rests {
            return Self::Apart { of };
        }
        // Nothing is left beside them: where all ended alike, that is how it ended.
        let mut moved = Vec::new();
        for outcome in of.values() {
            match outcome {
                Self::Stale { moved: more } => moved.extend(more.iter().cloned()),
                first if of.values().all(|other| other == first) => return first.clone(),
                _ => return Self::Apart { of },
            }
        }
        Self::Stale { moved }
    }
}
