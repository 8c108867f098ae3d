//! Lint: whether a policy that can be read is also wise. One file per rule; nothing here touches the outside.
//!
//! [`check`] runs every rule over a policy. [`report::Report`] puts what they found together with what reading found,
//! takes out what a comment in the text suppresses with a reason and what a [`Baseline`] knows, and is rendered by one file per
//! format.

pub mod at_plan;
pub mod baseline;
pub mod draft;
mod finding;
pub mod format;
mod outline;
pub mod report;
mod rules;
mod suppress;

pub use baseline::Baseline;
pub use finding::Finding;
pub use report::{Report, Wish};
pub use rules::RULES;

use crate::assess::{self, Assessment, Facts};
use crate::compile;
use crate::diag::{Code, Diagnostics, Sources};
use crate::policy::{self, Pack, Policy};

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub policy: &'a Policy,
    /// What the policy can promise.
    pub assessment: &'a Assessment,
    /// The moment from which the calendar is looked at.
    pub now: jiff::Timestamp,
}

/// One thing that a policy should not do. Adding a rule is a file in `rules/` and a line in [`RULES`].
pub trait Rule: Sync {
    /// Code, name, default severity, and the comment at the top of the rule's file, which is its documentation.
    fn about(&self) -> Code;

    /// The pack that it belongs to; it then runs only where that is named.
    fn pack(&self) -> Option<Pack> {
        None
    }

    /// Appends what it finds.
    fn check(&self, context: &Context<'_>, found: &mut Diagnostics);
}

/// What a set of texts came to.
#[derive(Debug)]
pub struct Linted {
    /// The policy, where one could be read, with or without errors.
    pub policy: Option<Policy>,
    /// What reading and the rules found, sorted.
    pub found: Diagnostics,
    /// The texts to show it in.
    pub sources: Sources,
}

/// Reads a policy and runs every rule over it. No reference is looked up. The rules speak only of a policy that was read without
/// errors: of a part that could not be read they would say that it is missing.
pub fn lint(sources: Sources, now: jiff::Timestamp) -> Linted {
    lint_against(sources, now, &[])
}

/// The same with more packs than the policy names.
pub fn lint_against(sources: Sources, now: jiff::Timestamp, packs: &[Pack]) -> Linted {
    let mut loaded = policy::load_unresolved(sources);
    loaded.policy.iter_mut().for_each(|policy| policy.hold_against(packs));
    let mut found = loaded.diagnostics;
    if let Some(policy) = loaded.policy.as_ref().filter(|_| !found.has_errors()) {
        let assessment = assess::assess(policy, &Facts::at(now));
        found.extend(compile::faults(policy));
        found.extend(check(&Context { policy, assessment: &assessment, now }));
    }
    Linted { policy: loaded.policy, found: found.sorted(), sources: loaded.sources }
}

/// Everything that the rules find.
pub fn check(context: &Context<'_>) -> Diagnostics {
    let mut found = Diagnostics::new();
    let wanted = |rule: &&&dyn Rule| rule.pack().is_none_or(|pack| context.policy.pack(pack).is_some());
    RULES.iter().filter(wanted).for_each(|rule| rule.check(context, &mut found));
    found
}

/// The codes of this pass, in order: the rules', and those about suppressions.
pub fn codes() -> Vec<Code> {
    let mut codes: Vec<Code> = RULES.iter().map(|rule| rule.about()).chain(suppress::CODES).collect();
    codes.extend(at_plan::RULES.iter().map(|rule| rule.about()));
    codes.sort_by_key(|code| code.code);
    codes
}
