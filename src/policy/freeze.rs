//! Change freezes: times in which nothing of the policy is applied.

use jiff::Timestamp;
use serde::Serialize;

use crate::diag::{Span, Spanned};

/// A time in which nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Freeze {
    pub from: Spanned<Timestamp>,
    /// The first moment after it.
    pub until: Spanned<Timestamp>,
    pub reason: Spanned<String>,
    /// The whole entry.
    #[serde(skip)]
    pub span: Option<Span>,
}

impl Freeze {
    pub fn holds(&self, now: Timestamp) -> bool {
        *self.from <= now && now < *self.until
    }
}
