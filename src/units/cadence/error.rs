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
    /// What is wrong with other parts of the text.
    pub also: Vec<ScheduleError>,
}

impl ScheduleError {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), at, also: Vec::new() }
    }

    /// The first error, with the others after it.
    pub(super) fn first_of(errors: Vec<Self>) -> Option<Self> {
        let mut errors = errors.into_iter();
        let first = errors.next()?;
        Some(Self { also: errors.collect(), ..first })
    }

    /// Every error of the text, each alone, in the order of their places.
    pub fn each(mut self) -> impl Iterator<Item = Self> {
        let also = std::mem::take(&mut self.also);
        std::iter::once(self).chain(also)
    }
}
