//! Lint: whether a policy that can be read is also wise. One file per rule; nothing here touches the outside.
//!
//! [`check`] runs every rule over a policy. [`report::Report`] puts what they found together with what reading found,
//! takes out what a comment in the text suppresses with a reason, and is rendered by one file per format.

pub mod format;
mod outline;
pub mod report;
mod rules;
mod suppress;

pub use report::{Finding, Report, Wish};
pub use rules::RULES;

use crate::assess::Assessment;
use crate::diag::{Code, Diagnostics};
use crate::policy::Policy;

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

    /// Appends what it finds.
    fn check(&self, context: &Context<'_>, found: &mut Diagnostics);
}

/// Everything that the rules find.
pub fn check(context: &Context<'_>) -> Diagnostics {
    let mut found = Diagnostics::new();
    for rule in RULES {
        rule.check(context, &mut found);
    }
    found
}

/// The codes of this pass: the rules', and those about suppressions.
pub fn codes() -> Vec<Code> {
    RULES.iter().map(|rule| rule.about()).chain(suppress::CODES).collect()
}
