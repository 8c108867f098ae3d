//! The record of a run, folded from its events; kept in the store beside the backups.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::ResourceId;
use crate::attrs::Fingerprint;
use crate::journal::{Event, FORMAT_VERSION, Outcome};
use crate::plan::Plan;
use crate::resource::{ActionId, Work};

/// What one apply did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    pub format_version: u32,
    pub run: String,
    pub policy: String,
    pub policy_digest: String,
    pub plan: String,
    /// Who ran it: `user@host`.
    pub by: String,
    /// Fencing token of the lease; `None`: the run was not guarded.
    pub generation: Option<u64>,
    #[schemars(with = "Option<String>")]
    pub started: Option<jiff::Timestamp>,
    #[schemars(with = "Option<String>")]
    pub ended: Option<jiff::Timestamp>,
    pub counts: Counts,
    pub actions: BTreeMap<ActionId, ActionRecord>,
    /// Why it ran in spite of a change freeze.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<String>,
    /// Why it ended before everything was tried.
    pub stopped: Option<String>,
    /// Where the policy's schedules were written and its folders set up, by this and by earlier runs: the next plan looks there for
    /// what was left behind, and knows of a folder that is gone that it was there.
    #[serde(default)]
    pub places: BTreeSet<String>,
}

/// What became of one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionRecord {
    #[serde(flatten)]
    pub outcome: Outcome,
    /// From its start to its end.
    pub millis: u64,
    /// What it made each resource to be, secrets included, as a fingerprint; empty where nothing came about.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub set: BTreeMap<ResourceId, Fingerprint>,
}

/// How many actions ended how; one whose changes ended in different ways counts once for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    pub done: u64,
    /// Of `done`: it was so already.
    pub already: u64,
    pub not_visible: u64,
    pub failed: u64,
    pub stale: u64,
    pub refused: u64,
    pub skipped: u64,
    pub stopped: u64,
    #[serde(default)]
    pub cut_off: u64,
}

impl Counts {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Done { already } => {
                self.done += 1;
                self.already += u64::from(*already);
            }
            Outcome::NotVisible { .. } => self.not_visible += 1,
            Outcome::Failed { .. } => self.failed += 1,
            Outcome::Stale { .. } => self.stale += 1,
            Outcome::Refused { .. } => self.refused += 1,
            Outcome::Skipped { .. } => self.skipped += 1,
            Outcome::Stopped => self.stopped += 1,
            Outcome::CutOff => self.cut_off += 1,
            // Once for each way in which some of it ended.
            Outcome::Apart { of } => {
                let mut ways = Vec::new();
                for outcome in of.values().filter(|outcome| !matches!(outcome, Outcome::Apart { .. })) {
                    let way = std::mem::discriminant(outcome);
                    if !ways.contains(&way) {
                        ways.push(way);
                        self.count(outcome);
                    }
                }
            }
        }
    }

    /// Everything that the plan holds came about.
    pub fn all_done(&self) -> bool {
        self.not_visible + self.failed + self.stale + self.refused + self.skipped + self.stopped + self.cut_off == 0
    }
}

impl RunRecord {
    pub fn new(by: impl Into<String>) -> Self {
        Self { format_version: FORMAT_VERSION, by: by.into(), ..Self::default() }
    }

    /// Notes what the actions of the plan that came about have set.
    pub fn note_set(&mut self, plan: &Plan) {
        for action in &plan.actions {
            let (Work::Change { changes }, Some(record)) = (&action.work, self.actions.get_mut(&action.id)) else { continue };
            let came = |id: &ResourceId| matches!(record.outcome.of(id), Outcome::Done { .. } | Outcome::NotVisible { .. });
            let set = changes.iter().filter(|change| came(&change.id));
            record.set = set.map(|change| (change.id.clone(), change.wanted.clone())).collect();
        }
    }

    /// Everything that the run has set, once it is noted.
    pub fn set(&self) -> impl Iterator<Item = &ResourceId> {
        self.actions.values().flat_map(|action| action.set.keys())
    }

    /// Takes in the next event.
    pub fn observe(&mut self, event: &Event, at: jiff::Timestamp) {
        match event {
            Event::RunStarted { run, policy, policy_digest, plan, overridden, .. } => {
                self.overridden.clone_from(overridden);
                self.run.clone_from(run);
                self.policy.clone_from(policy);
                self.policy_digest.clone_from(policy_digest);
                self.plan.clone_from(plan);
                self.started = Some(at);
            }
            // The first store's: in the others the same run has tokens of their own.
            Event::LeaseTaken { generation, .. } => _ = self.generation.get_or_insert(*generation),
            Event::LeaseLost { reason } | Event::Stopping { reason } => self.stopped = Some(reason.clone()),
            Event::ActionEnded { action, outcome, millis } => {
                self.counts.count(outcome);
                self.actions
                    .insert(action.clone(), ActionRecord { outcome: outcome.clone(), millis: *millis, set: BTreeMap::new() });
            }
            Event::RunEnded { .. } => self.ended = Some(at),
            Event::Unguarded { .. }
            | Event::LeaseWatched { .. }
            | Event::ActionStarted { .. }
            | Event::Retrying { .. }
            | Event::NotYetVisible { .. }
            | Event::Progress { .. }
            | Event::RecordNotKept { .. }
            | Event::LeaseNotTaken { .. }
            | Event::LeaseGivenBack
            | Event::LeaseLeft { .. }
            | Event::RecordsNotPruned { .. } => {}
            // Of commands that keep no record.
            Event::PruneStarted { .. }
            | Event::BackupDecided(_)
            | Event::LeftoverFound { .. }
            | Event::OldSlotsFound { .. }
            | Event::LogDecided(_)
            | Event::LogPruned(_)
            | Event::SeriesPruned(_)
            | Event::PruneEnded { .. }
            | Event::CopyStarted { .. }
            | Event::ExistingFound(_)
            | Event::ObjectNotCopied { .. }
            | Event::RuleCopied(_)
            | Event::CopyEnded { .. }
            | Event::RestoreStarted(_)
            | Event::EntryNotRestored { .. }
            | Event::StoreNotRead { .. }
            | Event::RestoreEnded(_)
            | Event::Failed(_) => {}
        }
    }
}
