//! What is wrong with the text of a schedule, and the way out.

use std::ops::Range;

/// A text that is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScheduleError {
    /// A lower-case fragment that says what is wrong with what.
    pub message: String,
    /// A full sentence with the way out.
    pub help: String,
    /// The bytes of the text that are wrong.
    pub at: Range<usize>,
}

impl ScheduleError {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), at }
    }
}
