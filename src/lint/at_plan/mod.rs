//! Rules over what a plan knows: the policy together with the moment and what the stores hold. One file each, and a line here.
//!
//! `lint` reads the policy's text alone and cannot ask for these; what they find is suppressed and known like everything else.

mod change_in_freeze;
mod copy_unverified;

use crate::address::{ComponentName, ProtectionName, StoreName};
use crate::diag::{Code, Diagnostics};
use crate::policy::{Pack, Policy};

/// What such a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct PlanContext<'a> {
    pub policy: &'a Policy,
    pub now: jiff::Timestamp,
    /// What the stores hold, as far as they could be read.
    pub copies: &'a [Copies],
}

/// The backups of one protection in one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copies {
    pub component: ComponentName,
    pub protection: ProtectionName,
    pub store: StoreName,
    /// How many there are.
    pub backups: usize,
    /// When one of them was last read whole and found good.
    pub verified: Option<jiff::Timestamp>,
}

/// One thing that should not be so when a plan is made.
pub trait PlanRule: Sync {
    fn about(&self) -> Code;

    /// Without one it always runs.
    fn pack(&self) -> Option<Pack>;

    fn check(&self, context: &PlanContext<'_>, found: &mut Diagnostics);
}

/// Every such rule, in order of code.
pub const RULES: &[&dyn PlanRule] = &[&copy_unverified::CopyUnverified, &change_in_freeze::ChangeInFreeze];

/// Everything that they find.
pub fn check(context: &PlanContext<'_>) -> Diagnostics {
    let mut found = Diagnostics::new();
    let wanted = |rule: &&&dyn PlanRule| rule.pack().is_none_or(|pack| context.policy.pack(pack).is_some());
    RULES.iter().filter(wanted).for_each(|rule| rule.check(context, &mut found));
    found
}

/// Whether only a plan can find it.
pub fn is_of_plan(code: &str) -> bool {
    RULES.iter().any(|rule| rule.about().code == code)
}
