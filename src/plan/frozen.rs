//! A change freeze over a plan: it can be reviewed, and is carried out with a reason alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::Policy;
use crate::units::cadence::Zone;

/// The freeze in which a plan was made. Whether one holds when the plan is carried out is looked at again then: it is no part of the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Frozen {
    /// The first moment after it.
    #[schemars(with = "String")]
    pub until: jiff::Timestamp,
    /// By whose clock people are told: the policy's `timezone`.
    pub timezone: String,
    pub reason: String,
}

impl Frozen {
    /// The one that holds at a moment, if one does.
    pub fn of(policy: &Policy, now: jiff::Timestamp) -> Option<Self> {
        let freeze = policy.frozen(now)?;
        let timezone = policy.timezone.name().to_owned();
        Some(Self { until: *freeze.until, timezone, reason: freeze.reason.value.clone() })
    }

    /// `2027-01-07 00:00 (Europe/Stockholm)`.
    pub fn end(&self) -> String {
        let zone = Zone::parse(&self.timezone).unwrap_or_else(|_| Zone::utc());
        format!("{} ({})", zone.0.to_datetime(self.until).strftime("%Y-%m-%d %H:%M"), self.timezone)
    }
}
