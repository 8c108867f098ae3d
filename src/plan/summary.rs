//! The counts of a plan: one line that says what it comes to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::{Action, Change, Job, Op, Risk, Work};

/// How many changes of which sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Changes by which data or backups go.
    pub destroys: u64,
    /// Changes that make a protection weaker.
    pub weakens: u64,
    pub create: u64,
    pub update: u64,
    pub delete: u64,
    pub release: u64,
    pub refuse: u64,
    /// First backups to be made.
    pub run: u64,
    /// Rules of replication of which what lies there already is to be copied.
    #[serde(default, skip_serializing_if = "is_none")]
    pub copy: u64,
    pub unchanged: u64,
    pub foreign: u64,
}

/// Begins the line of a plan without changes.
pub(super) const NOTHING: &str = "nothing to do";

impl Summary {
    pub fn of(actions: &[Action], unchanged: u64, foreign: u64) -> Self {
        let mut summary = Self { unchanged, foreign, ..Self::default() };
        for action in actions {
            match &action.work {
                Work::Change { changes } => changes.iter().for_each(|change| summary.count(change)),
                Work::Run { job: Job::Backup { .. }, .. } => summary.run += 1,
                Work::Run { job: Job::Copy { .. }, .. } => summary.copy += 1,
            }
        }
        summary
    }

    fn count(&mut self, change: &Change) {
        match change.risk {
            Risk::None => {}
            Risk::Weakens => self.weakens += 1,
            Risk::Destroys => self.destroys += 1,
        }
        match change.op {
            Op::None => {}
            Op::Create => self.create += 1,
            Op::Update => self.update += 1,
            Op::Delete => self.delete += 1,
            Op::Release => self.release += 1,
            Op::Refuse => self.refuse += 1,
        }
    }

    /// Changes that can be carried out, first backups and copies included.
    pub fn doable(&self) -> u64 {
        self.create + self.update + self.delete + self.release + self.run + self.copy
    }

    /// One line: `2 to change, 1 new, of which 1 destroys data, 41 unchanged`. Each change is counted once; what is at stake by them
    /// stands beside the counts.
    pub fn line(&self) -> String {
        let doings = [
            (self.refuse, "need a person"),
            (self.delete, "to remove"),
            (self.release, "to release"),
            (self.update, "to change"),
            (self.create, "new"),
            (self.run, if self.run == 1 { "first backup" } else { "first backups" }),
            (self.copy, if self.copy == 1 { "copy of existing objects" } else { "copies of existing objects" }),
        ];
        let mut line = listed(&doings).unwrap_or_else(|| NOTHING.to_owned());
        if let Some(stake) = listed(&[(self.destroys, "destroy data"), (self.weakens, "weaken a protection")]) {
            line += &format!(", of which {stake}");
        }
        if self.unchanged > 0 {
            line += &format!(", {} unchanged", self.unchanged);
        }
        line
    }
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

fn listed(counts: &[(u64, &'static str)]) -> Option<String> {
    let one = |(count, words): &(u64, &'static str)| format!("{count} {}", if *count == 1 { singular(words) } else { words });
    let told: Vec<String> = counts.iter().filter(|(count, _)| *count > 0).map(one).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn singular(words: &'static str) -> &'static str {
    match words {
        "destroy data" => "destroys data",
        "weaken a protection" => "weakens a protection",
        "need a person" => "needs a person",
        other => other,
    }
}
