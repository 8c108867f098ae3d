//! One finding of a lint run, with its place, its path of keys and its fingerprint.

use crate::diag::{Diagnostic, Position};
use crate::lint::suppress::Suppressed;

/// One finding as every format needs it.
#[derive(Debug, Clone)]
pub struct Finding {
    pub diagnostic: Diagnostic,
    /// The message without secrets and control characters.
    pub message: String,
    /// The primary place: first character, and one past the last. What has none stands at the beginning of the first text:
    /// forges take no finding without a place.
    pub place: Option<(Position, Position)>,
    /// Path of keys in the document, such as `components.cache.protect`; empty where there is none.
    pub path: String,
    /// Equal for the same rule at the same path, whatever line it moves to; unique within a report.
    pub fingerprint: String,
    pub suppressed: Option<Suppressed>,
}
