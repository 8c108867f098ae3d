//! Objectives in a plan: what each component is promised, and how the plan moves what can be kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::ComponentName;
use crate::policy::Disruption;
use crate::units::duration::Duration;

/// One component under one disruption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectiveRow {
    #[schemars(with = "String")]
    pub component: ComponentName,
    pub disruption: Disruption,
    pub rpo: Promise,
    pub rto: Promise,
    /// Why it is not known what holds after: what it rests on was not read, or is not there and not planned. Then `after` is
    /// what the policy would give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// The component left the policy: it has no goal any more, and `after` is nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
}

/// A goal with what holds before and after the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Promise {
    /// Seconds; `None`: nothing was promised.
    pub goal: Option<u64>,
    /// What holds on the live system as it is; `None`: not known.
    pub before: Option<Bound>,
    /// What holds once the plan is applied.
    pub after: Bound,
}

/// A worst case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bound {
    /// Seconds; `None`: there is no bound.
    pub seconds: Option<u64>,
    pub basis: Basis,
}

/// Where a figure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// From the policy and the calendar alone.
    Derived,
    /// From what the catalogue or a drill measured.
    Measured,
    /// From a stated assumption, since nothing was measured yet.
    Assumed,
}

impl Bound {
    /// Whether it keeps a goal.
    pub fn keeps(self, goal: Option<u64>) -> bool {
        goal.is_none_or(|goal| self.seconds.is_some_and(|seconds| seconds <= goal))
    }

    /// For people: `10m 40s`, or `no bound`.
    pub fn shown(self) -> String {
        self.seconds.map_or_else(|| "no bound".to_owned(), |seconds| Duration::from_secs(seconds).to_string())
    }
}

impl ObjectiveRow {
    /// Whether the plan moves it.
    pub fn moves(&self) -> bool {
        let moved = |promise: &Promise| promise.before.is_some_and(|before| before.seconds != promise.after.seconds);
        moved(&self.rpo) || moved(&self.rto)
    }

    /// Whether both goals are known to be kept once the plan is applied.
    pub fn kept(&self) -> bool {
        self.unknown.is_none() && self.rpo.after.keeps(self.rpo.goal) && self.rto.after.keeps(self.rto.goal)
    }
}
