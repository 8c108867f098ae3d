//! Tiers: how long copies stay, and in which class; and how far back an archived log reaches.

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

/// The tier `wal`: how far back any moment can be restored, by rolling base backups forward with the archived log.
#[derive(Debug, Clone, serde::Serialize)]
pub struct LogWindow {
    pub keep: Spanned<Duration>,
    #[serde(skip)]
    pub span: Option<Span>,
}

impl LogWindow {
    /// What the tier is called. No tier of backups can be.
    pub const NAME: &str = "wal";
}
