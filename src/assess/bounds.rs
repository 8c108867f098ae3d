//! The contract that every protection joins: what one of its copies promises, term by term.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::address::{ProtectionName, StoreName};
use crate::assess::Facts;
use crate::assess::gaps::Gaps;
use crate::diag::Span;
use crate::policy::{Component, Disruption, Policy, Protection};
use crate::units::duration::Duration;

/// Where a figure came from; printed with it, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Follows from the policy alone.
    Policy,
    /// Read from the live system.
    Live,
    /// Measured on past runs, from the catalogue.
    Measured,
    /// Neither: a stated assumption.
    Assumed,
}

/// One summand of a bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What takes the time: `longest gap between two runs`.
    pub name: &'static str,
    /// `None`: no bound.
    pub seconds: Option<u64>,
    pub origin: Origin,
    /// How the figure came about, for people: a date, sizes and rates.
    pub why: String,
    /// What in the policy it hangs on.
    pub span: Option<Span>,
}

/// Where a copy lies, as far as a lost site is concerned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// On the machine that is protected.
    Host,
    /// In a region of a provider, or behind an endpoint.
    Place(String),
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Host => f.write_str("this host"),
            Self::Place(name) => f.write_str(name),
        }
    }
}

/// Whether a copy is still there, and good, after a disruption; with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Survival {
    Yes(Arc<str>),
    /// It is, but only for so long: from then on nothing keeps it.
    For(Duration, Arc<str>),
    No(Arc<str>),
}

/// What one copy (a protection's, in one store) promises.
#[derive(Debug, Clone, PartialEq)]
pub struct CopyBounds {
    /// What made it; `None`: it is the data itself.
    pub protection: Option<ProtectionName>,
    pub store: StoreName,
    /// What its store promises of every copy in it.
    pub place: Arc<Place>,
    /// Summed: the most that is lost when this copy is the one that is restored.
    pub loss: Arc<[Term]>,
    /// Summed: the longest until its data is back.
    pub recovery: Arc<[Term]>,
}

/// What a store promises of every copy in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub site: Site,
    /// For each disruption. `Region` says whether the copy's own region is one that bdr knows; that some other copy lies
    /// elsewhere is reasoned over all copies together.
    pub survives: BTreeMap<Disruption, Survival>,
}

impl CopyBounds {
    /// How long it is kept after a disruption that it survives, where that ends.
    pub fn kept_for(&self, disruption: Disruption) -> Option<Duration> {
        match self.place.survives.get(&disruption) {
            Some(Survival::For(time, _)) => Some(*time),
            Some(Survival::Yes(_) | Survival::No(_)) | None => None,
        }
    }

    /// Seconds; `None`: no bound.
    pub fn loss_seconds(&self) -> Option<u64> {
        sum(&self.loss)
    }

    /// Seconds; `None`: no bound.
    pub fn recovery_seconds(&self) -> Option<u64> {
        sum(&self.recovery)
    }
}

/// Sum of terms; one without a bound leaves the sum without one.
pub fn sum(terms: &[Term]) -> Option<u64> {
    terms.iter().try_fold(0_u64, |total, term| Some(total.saturating_add(term.seconds?)))
}

/// What a protection is asked about.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub policy: &'a Policy,
    pub component: &'a Component,
    pub protection: &'a Protection,
    pub store: &'a StoreName,
    pub place: &'a Arc<Place>,
    pub facts: &'a Facts,
    pub gaps: &'a Gaps<'a>,
}
