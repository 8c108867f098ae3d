//! Objectives: how much loss and downtime a component can bear, by disruption.

use litemap::LiteMap;

use crate::diag::Spanned;
use crate::units::duration::Duration;

/// What goes wrong.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Disruption {
    /// A crash of the service.
    Process,
    /// The machine or its disk is lost.
    Host,
    /// A bad write, a deletion, ransomware.
    Corruption,
    /// The site is lost.
    Region,
    /// The credentials are compromised.
    Account,
}

impl Disruption {
    pub const ALL: [Self; 5] = [Self::Process, Self::Host, Self::Corruption, Self::Region, Self::Account];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Host => "host",
            Self::Corruption => "corruption",
            Self::Region => "region",
            Self::Account => "account",
        }
    }
}

/// Most loss and most downtime that is acceptable.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Objective {
    pub rpo: Option<Spanned<Duration>>,
    pub rto: Option<Spanned<Duration>>,
}

/// The objectives of one component: a general one, and those that differ by disruption.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Objectives {
    pub general: Objective,
    pub by_disruption: LiteMap<Disruption, Objective>,
}

impl Objectives {
    /// What holds under one disruption. The general objective speaks of `process`, `host` and `corruption`; `region` and
    /// `account` have an objective only where one is stated for them.
    pub fn under(&self, disruption: Disruption) -> Objective {
        let stated = self.by_disruption.get(&disruption).cloned().unwrap_or_default();
        if matches!(disruption, Disruption::Region | Disruption::Account) {
            return stated;
        }
        Objective { rpo: stated.rpo.or_else(|| self.general.rpo.clone()), rto: stated.rto.or_else(|| self.general.rto.clone()) }
    }
}
