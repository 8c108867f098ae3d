//! Where a timeline comes from, as its history file tells.

use crate::wal::{Lsn, Timeline};

/// The ancestors of a timeline, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    pub of: Timeline,
    pub forks: Vec<Fork>,
}

/// An ancestor, and where its part of the history ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fork {
    pub from: Timeline,
    pub at: Lsn,
}

/// A history file that says something that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the history of timeline {of}: {what}")]
pub struct HistoryError {
    pub of: Timeline,
    /// From 1.
    pub line: usize,
    pub what: &'static str,
}

impl History {
    /// Timeline 1 comes from nowhere, and has no file.
    pub fn root(of: Timeline) -> Self {
        Self { of, forks: Vec::new() }
    }

    /// Reads a history file: on each line a timeline, where it was left, and why; `#` begins a comment (PostgreSQL's `timeline.c`).
    ///
    /// # Errors
    /// Where a line is none of that, or ancestors are not in order.
    pub fn parse(of: Timeline, text: &str) -> Result<Self, HistoryError> {
        let mut forks: Vec<Fork> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fail = |what| HistoryError { of, line: at + 1, what };
            let mut words = line.split_ascii_whitespace();
            let from = words.next().and_then(|word| word.parse().ok()).and_then(Timeline::new);
            let from = from.ok_or_else(|| fail("it begins with no timeline"))?;
            let at = words.next().and_then(|word| word.parse().ok()).ok_or_else(|| fail("no position follows the timeline"))?;
            if from >= of || forks.last().is_some_and(|last| last.from >= from || last.at > at) {
                return Err(fail("ancestors do not follow one another"));
            }
            forks.push(Fork { from, at });
        }
        Ok(Self { of, forks })
    }

    /// The timeline that holds a position, on the way to this one.
    pub fn timeline_at(&self, at: Lsn) -> Timeline {
        self.forks.iter().find(|fork| at < fork.at).map_or(self.of, |fork| fork.from)
    }

    /// Where this timeline begins.
    pub fn begin(&self) -> Lsn {
        self.forks.last().map_or(Lsn(0), |fork| fork.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(number: u32) -> Timeline {
        Timeline::new(number).expect("not 0")
    }

    #[test]
    fn a_position_lies_on_the_ancestor_that_had_it() {
        let text = "1\t0/3000158\tno recovery target specified\n\n# moved\n2\t0/5000000\tbefore 2026-01-01 00:00:00+00\n";
        let history = History::parse(timeline(5), text).expect("a history");
        let at = |lsn: u64| history.timeline_at(Lsn(lsn)).0.get();
        assert_eq!([0, 0x0300_0157, 0x0300_0158, 0x04FF_FFFF, 0x0500_0000].map(at), [1, 1, 2, 2, 5]);
        assert_eq!(history.begin(), Lsn(0x0500_0000));
        assert_eq!(History::root(timeline(1)).begin(), Lsn(0));
    }

    #[test]
    fn what_cannot_be_is_told_with_its_line() {
        let fails = |text: &str| History::parse(timeline(3), text).map_err(|error| error.line);
        assert_eq!(fails("1\t0/1\n\nx 0/2\n"), Err(3));
        assert_eq!(fails("1 here"), Err(1));
        assert_eq!(fails("1\t0/5\n2\t0/4\n"), Err(2));
        assert_eq!(fails("2\t0/5\n2\t0/6\n"), Err(2));
        assert_eq!(fails("3\t0/5\n"), Err(1));
    }
}
