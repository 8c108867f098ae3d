//! Tiers: how long copies stay, and in which class.

use litemap::LiteMap;

use crate::address::TierName;
use crate::diag::{Span, Spanned};
use crate::units::cadence::Period;
use crate::units::duration::Duration;
use crate::units::storage_class::StorageClass;

/// Tiers by name. Flat, for most policies name three for each component, and there may be thousands of those.
pub type Tiers = LiteMap<TierName, Tier>;

/// A class of retention: one backup of each `every` is kept `keep` long.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Tier {
    pub name: Spanned<TierName>,
    /// The period of which this tier keeps the first good backup.
    pub every: Spanned<Period>,
    pub keep: Spanned<Duration>,
    pub class: Spanned<StorageClass>,
    #[serde(skip)]
    pub span: Option<Span>,
}
