//! The guard: what a person must have agreed to before a plan is carried out.

use std::collections::BTreeSet;

use crate::plan::{Intent, Plan};
use crate::resource::{Action, ActionId, Job, Op, Risk, Work};
use crate::units::count::count;

/// What the caller agreed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consent {
    /// `--expect`: the digest that was reviewed.
    pub expect: Option<String>,
    /// `--destroy-data=N`: as many changes and backups as the plan says may destroy data.
    pub destroy_data: Option<u64>,
    /// `--remove=N`, or a person who was shown the plan: removing more than half of what the policy owns is meant.
    pub remove: Option<u64>,
    /// A person read the plan and said yes.
    pub confirmed: bool,
}

/// Why a plan is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the plan was changed after it was made: its digest does not fit its content")]
    Tampered,
    #[error("the plan's digest is {found}, not {expected}")]
    OtherPlan { expected: String, found: String },
    #[error("its findings forbid it: {0}")]
    Findings(String),
    #[error("{} would destroy data", count(*.0, "change"))]
    DestroysData(u64),
    #[error("{removed} of the {owned} resources that the policy owns would go")]
    MassRemoval { removed: u64, owned: u64 },
}

impl Refusal {
    /// A full sentence with the way out.
    pub fn help(&self) -> String {
        match self {
            Self::Tampered => "Make the plan anew with `bdr plan --out FILE`.".to_owned(),
            Self::OtherPlan { .. } => "Review the plan that is there now, then pass its digest to --expect.".to_owned(),
            Self::Findings(_) => "Mend them first; `bdr lint` shows each with its place.".to_owned(),
            Self::DestroysData(count) => format!("If that is meant, say so with --destroy-data={count}."),
            Self::MassRemoval { removed, .. } => format!("If that is meant, say so with --remove={removed}."),
        }
    }
}

/// The options that a plan needs to be carried out, besides a yes: ` --destroy-data=2`. `asked`: a person is shown it and asked first.
pub fn options(plan: &Plan, asked: bool) -> String {
    let refusals = guard(plan, &Consent { confirmed: asked, ..Consent::default() }).err().unwrap_or_default();
    let option = |refusal: &Refusal| match refusal {
        Refusal::DestroysData(count) => Some(format!(" --destroy-data={count}")),
        Refusal::MassRemoval { removed, .. } => Some(format!(" --remove={removed}")),
        Refusal::Tampered | Refusal::OtherPlan { .. } | Refusal::Findings(_) => None,
    };
    let freeze = plan.held_by().map(|_| " --override-freeze REASON".to_owned());
    refusals.iter().filter_map(option).chain(freeze).collect()
}

/// A plan that may be carried out. Only [`guard`] makes one.
#[derive(Debug)]
pub struct Guarded<'a>(&'a Plan);

impl<'a> Guarded<'a> {
    pub fn plan(&self) -> &'a Plan {
        self.0
    }
}

/// Fewer removals than this are never called a mass removal: one resource goes with any small change.
const MASS: u64 = 2;

/// Checks a plan against what was agreed to.
///
/// # Errors
/// Everything that stands against it.
pub fn guard<'a>(plan: &'a Plan, consent: &Consent) -> Result<Guarded<'a>, Vec<Refusal>> {
    let mut refusals = Vec::new();
    if !plan.is_intact() {
        refusals.push(Refusal::Tampered);
    }
    if let Some(expected) = consent.expect.as_ref().filter(|expected| **expected != plan.digest) {
        refusals.push(Refusal::OtherPlan { expected: expected.clone(), found: plan.digest.clone() });
    }
    let errors: Vec<&str> = plan.findings.iter().filter(|f| f.forbids).map(|f| f.code.as_str()).collect();
    if !errors.is_empty() {
        refusals.push(Refusal::Findings(errors.join(", ")));
    }
    let destroys = plan.summary.destroys;
    if destroys > 0 && consent.destroy_data != Some(destroys) {
        refusals.push(Refusal::DestroysData(destroys));
    }
    // What moves is made anew elsewhere by the same plan, after which the old one goes.
    let moved = moved(plan);
    let removed = plan.summary.delete + plan.summary.release - moved;
    let owned = removed + moved + plan.summary.update + plan.summary.unchanged;
    let most = removed >= MASS && removed * 2 > owned;
    if plan.intent != Intent::Destroy && most && !consent.confirmed && consent.remove != Some(removed) {
        refusals.push(Refusal::MassRemoval { removed, owned });
    }
    if refusals.is_empty() { Ok(Guarded(plan)) } else { Err(refusals) }
}

fn moved(plan: &Plan) -> u64 {
    let changes = plan.actions.iter().filter_map(|action| match &action.work {
        Work::Change { changes } => Some(changes),
        Work::Run { .. } => None,
    });
    changes.flatten().filter(|change| change.moves).count() as u64
}

/// The gravest thing that an action does.
pub fn risk(action: &Action) -> Risk {
    match &action.work {
        Work::Change { changes } => changes.iter().map(|change| change.risk).max().unwrap_or(Risk::None),
        Work::Run { job: Job::Backup { .. } | Job::Copy { .. }, .. } => Risk::None,
    }
}

/// Whether a person must decide on it.
pub fn is_refused(action: &Action) -> bool {
    matches!(&action.work, Work::Change { changes } if changes.iter().any(|change| change.op == Op::Refuse))
}

/// Whether anything can be carried out of actions that are in order: what neither needs a person nor waits for what does.
pub fn can_begin(actions: &[Action]) -> bool {
    let mut held: BTreeSet<&ActionId> = BTreeSet::new();
    for action in actions {
        if is_refused(action) || action.after.iter().any(|first| held.contains(first)) {
            held.insert(&action.id);
        }
    }
    held.len() < actions.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_change_is_told_as_one() {
        assert_eq!(Refusal::DestroysData(1).to_string(), "1 change would destroy data");
        assert_eq!(Refusal::DestroysData(2).to_string(), "2 changes would destroy data");
    }
}
