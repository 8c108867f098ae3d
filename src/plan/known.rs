//! What is known when a plan is made: the live system as it was read, and what could not be read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{ComponentName, ProtectionName, ResourceId, StoreName};
use crate::attrs::Fingerprint;
use crate::catalog::overdue::Overdue;
use crate::plan::{Finding, Note};
use crate::resource::{Foreign, Live, Resource};
use crate::store::{NO_ANSWER, NO_CONNECTION, NO_SESSION};

/// The live system as it was read for one plan.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Of everything wanted and everything owned that could be read.
    pub live: BTreeMap<ResourceId, Live>,
    /// What carries the policy's mark, wanted or not, by address.
    pub owned: BTreeMap<ResourceId, Resource>,
    pub unread: Vec<Unread>,
    /// What a person should know besides, of what is no resource.
    pub notes: Vec<Note>,
    /// Foreign parts of documents that hold nothing of ours yet.
    pub foreign: Vec<(ResourceId, Foreign)>,
    /// Whether each protection has a backup. One that is not listed is not asked about (no first backup is planned).
    pub backups: BTreeMap<(ComponentName, ProtectionName), FirstBackup>,
    /// Rules of replication whose source holds what is not at the destination, where the policy wants it there, with the words for it.
    pub uncopied: BTreeMap<ResourceId, String>,
    /// The moment of the oldest backup that is there, by `component/protection`; none: there is no backup, or it is not known.
    pub oldest: BTreeMap<String, jiff::Timestamp>,
    /// Stores that stood and are gone with what they held, with the words for it. They are made again.
    pub lost: BTreeMap<ResourceId, String>,
    /// Stores that stand and lost all that they held, with the words for it.
    pub emptied: BTreeMap<ResourceId, String>,
    /// Copies whose newest good backup is older than the schedule allows.
    pub overdue: BTreeMap<(ComponentName, ProtectionName, StoreName), Overdue>,
    /// What stands against first backups, as far as it is known.
    pub doubts: Vec<Finding>,
    /// The last apply that set each resource, where that is known and asked for.
    pub last_set: BTreeMap<ResourceId, LastSet>,
}

impl Known {
    /// For a plan that changes settings and runs nothing.
    pub fn leave_jobs(&mut self) {
        self.backups.clear();
        self.uncopied.clear();
    }
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

impl Unread {
    /// The reason with the subject, which it may name itself.
    pub fn told(&self) -> String {
        if self.reason.contains(&self.subject) { self.reason.clone() } else { format!("{}: {}", self.subject, self.reason) }
    }

    /// One entry for each cause: an endpoint that cannot be reached is told once, whatever was wanted of it.
    #[must_use]
    pub fn by_cause(all: Vec<Self>) -> Vec<Self> {
        let all = Self::joined(all);
        let mut told: Vec<Self> = Vec::new();
        let mut down: BTreeMap<String, (Vec<String>, Self)> = BTreeMap::new();
        for unread in all {
            let Some(cause) = unread.cause() else {
                told.push(unread);
                continue;
            };
            let (subjects, one) = down.entry(cause).or_insert_with_key(|cause| {
                let one = Self { reason: cause.clone(), subject: String::new(), help: None, resources: Vec::new() };
                (Vec::new(), one)
            });
            if !subjects.contains(&unread.subject) {
                subjects.push(unread.subject);
            }
            one.help = one.help.take().or(unread.help);
            one.resources.extend(unread.resources);
        }
        told.extend(down.into_values().map(|(subjects, mut one)| {
            one.subject = subjects.join(", ");
            one.resources.sort();
            one.resources.dedup();
            one
        }));
        told.sort();
        told
    }

    /// What failed in the same words once: a search for the policy's mark meets what the reading of a resource meets.
    fn joined(all: Vec<Self>) -> Vec<Self> {
        let mut told: Vec<Self> = Vec::new();
        for mut unread in all {
            let Some(same) = told.iter_mut().find(|one| one.reason == unread.reason) else {
                told.push(unread);
                continue;
            };
            match (same.resources.is_empty(), unread.resources.is_empty()) {
                (true, false) => same.subject = unread.subject,
                (false, false) | (true, true) if same.subject != unread.subject => {
                    same.subject = format!("{}, {}", same.subject, unread.subject);
                }
                _ => {}
            }
            same.help = same.help.take().or(unread.help);
            same.resources.append(&mut unread.resources);
            same.resources.sort();
            same.resources.dedup();
        }
        told
    }

    /// The missing session, connection or answer behind it, if that is what it is.
    fn cause(&self) -> Option<String> {
        let from = [NO_SESSION, NO_CONNECTION, NO_ANSWER].iter().find_map(|begins| self.reason.find(begins))?;
        let cause = &self.reason[from..];
        Some(cause.split(" (tried ").next().unwrap_or(cause).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread(subject: &str, reason: &str) -> Unread {
        Unread { subject: subject.to_owned(), reason: reason.to_owned(), help: None, resources: Vec::new() }
    }

    #[test]
    fn a_search_that_met_what_a_resource_met_is_not_told_besides() {
        let denied = "could not list the roles of the policy in AWS IAM: AccessDenied";
        let id: ResourceId = "policy/iam_role:writer".parse().expect("an address");
        let read = Unread { resources: vec![id.clone()], ..unread("AWS IAM", denied) };
        for all in [vec![unread("iam", denied), read.clone()], vec![read, unread("iam", denied)]] {
            let told = Unread::by_cause(all);
            assert_eq!((told.len(), told[0].subject.as_str(), &told[0].resources), (1, "AWS IAM", &vec![id.clone()]));
        }
        assert_eq!(Unread::by_cause(vec![unread("a", denied), unread("b", denied)])[0].subject, "a, b");
    }

    #[test]
    fn what_has_one_cause_is_told_once() {
        let all = vec![
            unread("s3", "could not list the buckets: no connection to 127.0.0.1:9: refused"),
            unread("s3://b", "could not read the tags of s3://b: no connection to 127.0.0.1:9: refused"),
            unread("backups in a", "could not list `s3://b/`: no connection to 127.0.0.1:9: refused (tried 7 times)"),
            unread("backups in b", "could not list `s3://c/`: no connection to 127.0.0.1:8: refused (tried 7 times)"),
            unread("s3://d", "could not look at it: no answer within 6 s (127.0.0.1:7)"),
            unread("backups in d", "could not list `s3://d/`: no answer within 6 s (127.0.0.1:7) (tried 2 times)"),
            unread("s3://e", "could not look at s3://e: no session as r: denied"),
            unread("s3://f", "could not look at s3://f: no session as r: denied"),
            unread("folder", "could not read /x: permission denied"),
        ];
        let told: Vec<String> = Unread::by_cause(all).iter().map(|one| format!("{}: {}", one.subject, one.reason)).collect();
        assert_eq!(
            told,
            [
                "backups in b: no connection to 127.0.0.1:8: refused",
                "folder: could not read /x: permission denied",
                "s3, s3://b, backups in a: no connection to 127.0.0.1:9: refused",
                "s3://d, backups in d: no answer within 6 s (127.0.0.1:7)",
                "s3://e, s3://f: no session as r: denied",
            ]
        );
    }
}
