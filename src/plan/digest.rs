//! The digest of a plan: what a review comment quotes and `apply --expect` demands.

use std::collections::BTreeSet;
use std::io;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::attrs::{Attrs, Fingerprint};
use crate::plan::{Intent, Plan, Summary};
use crate::resource::{Action, ActionId, Change, Job, Op, Risk, Work};
use crate::units::hex;

/// Names the form that is hashed; a change of it changes every digest, and must change this.
const FORM: &[u8] = b"bdr plan digest 3\n";

/// What a plan does, and from what: nothing of when, where and how it was made. Two plans that do the same to the same live system
/// are equal here, also where they were made from another folder, at another time, or beside another amount of free space.
#[derive(Serialize)]
struct Done<'a> {
    policy: &'a str,
    policy_digest: &'a str,
    intent: Intent,
    /// Codes of the findings that forbid it.
    forbidden_by: BTreeSet<&'a str>,
    actions: Vec<DoneAction<'a>>,
}

#[derive(Serialize)]
struct DoneAction<'a> {
    id: &'a ActionId,
    changes: Vec<DoneChange<'a>>,
    job: Option<&'a Job>,
    after: &'a BTreeSet<ActionId>,
    queue: Option<&'a str>,
}

/// A change without the place in the policy's text, which is named as it was typed.
#[derive(Serialize)]
struct DoneChange<'a> {
    id: &'a crate::address::ResourceId,
    op: Op,
    risk: Risk,
    reason: &'a str,
    before: Option<&'a Attrs>,
    after: Option<&'a Attrs>,
    live: &'a Fingerprint,
    wanted: &'a Fingerprint,
    moves: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stands_as: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    adopts: bool,
}

impl<'a> Done<'a> {
    fn of(plan: &'a Plan) -> Self {
        Self {
            policy: &plan.policy.name,
            policy_digest: &plan.policy.digest,
            intent: plan.intent,
            forbidden_by: plan.findings.iter().filter(|finding| finding.forbids).map(|finding| finding.code.as_str()).collect(),
            actions: plan.actions.iter().map(DoneAction::of).collect(),
        }
    }
}

impl<'a> DoneAction<'a> {
    fn of(action: &'a Action) -> Self {
        let (changes, job) = match &action.work {
            Work::Change { changes } => (changes.iter().map(DoneChange::of).collect(), None),
            Work::Run { job, .. } => (Vec::new(), Some(job)),
        };
        Self { id: &action.id, changes, job, after: &action.after, queue: action.queue.as_deref() }
    }
}

impl<'a> DoneChange<'a> {
    fn of(change: &'a Change) -> Self {
        Self {
            id: &change.id,
            op: change.op,
            risk: change.risk,
            reason: &change.reason,
            before: change.before.as_ref(),
            after: change.after.as_ref(),
            live: &change.live,
            wanted: &change.wanted,
            moves: change.moves,
            stands_as: change.stands_as.as_deref(),
            adopts: change.adopts,
        }
    }
}

/// Feeds a hash what is written.
struct Hashing(Sha256);

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Plan {
    /// Computes and sets the digest.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.digest = self.computed();
        self
    }

    fn computed(&self) -> String {
        let mut hashing = Hashing(Sha256::new());
        hashing.0.update(FORM);
        // The only errors of `to_writer` are the writer's, which has none, and keys that are not strings, of which a plan has none.
        match serde_json::to_writer(&mut hashing, &Done::of(self)) {
            Ok(()) => format!("sha256:{}", hex::encode(&hashing.0.finalize())),
            Err(_) => String::new(),
        }
    }

    /// Whether the plan is what its digest says, and its counts are those of its actions: consent is asked by them.
    pub fn is_intact(&self) -> bool {
        let counted = Summary::of(&self.actions, self.summary.unchanged, self.summary.foreign);
        !self.digest.is_empty() && self.computed() == self.digest && counted == self.summary
    }
}
