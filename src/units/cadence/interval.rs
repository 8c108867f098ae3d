//! Intervals: `every 10m`, counted from midnight UTC.

use std::fmt;

use super::clock::{Clock, MINUTES};
use crate::units::duration::Duration;

/// Something that runs every so many minutes. The minutes divide a day evenly, so that each day is like the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    minutes: u16,
    /// Minutes after midnight UTC of the first run of a day; less than an hour and less than the interval.
    offset: u16,
}

/// Why a length of time cannot be an interval, with the nearest ones that can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotAnInterval {
    /// Not whole minutes, or none.
    TooFine,
    /// More than a day.
    TooLong,
    Uneven {
        shorter: Duration,
        longer: Duration,
    },
}

impl Interval {
    pub(super) fn new(every: Duration) -> Result<Self, NotAnInterval> {
        let seconds = every.as_secs();
        if seconds == 0 || !seconds.is_multiple_of(60) {
            return Err(NotAnInterval::TooFine);
        }
        let minutes = u16::try_from(seconds / 60).ok().filter(|minutes| i64::from(*minutes) <= MINUTES);
        let minutes = minutes.ok_or(NotAnInterval::TooLong)?;
        if MINUTES % i64::from(minutes) == 0 {
            return Ok(Self { minutes, offset: 0 });
        }
        let duration = |minutes: Option<u16>| Duration::from_secs(u64::from(minutes.unwrap_or(1)) * 60);
        Err(NotAnInterval::Uneven {
            shorter: duration((1..minutes).rev().find(is_round)),
            longer: duration((minutes..=1_440).find(is_round)),
        })
    }

    /// The longest round interval within a length of time; `None`: less than a minute, or a day and more, for which a time of
    /// day is the better word.
    pub fn at_most(longest: Duration) -> Option<Self> {
        let minutes = u16::try_from(longest.as_secs() / 60).ok().filter(|minutes| i64::from(*minutes) < MINUTES)?;
        (1..=minutes).rev().find(is_round).map(|minutes| Self { minutes, offset: 0 })
    }

    /// The time between two runs.
    pub fn every(self) -> Duration {
        Duration::from_secs(u64::from(self.minutes) * 60)
    }

    /// The same interval, moved by a hash to a whole minute within it.
    pub(super) fn spread(self, hash: u64) -> Self {
        let offset = u16::try_from(hash % u64::from(self.minutes.min(60))).unwrap_or(0);
        Self { offset, ..self }
    }

    pub(super) fn clock(self) -> Clock {
        let mut clock = Clock::default();
        for minute in (self.offset..1_440).step_by(usize::from(self.minutes)) {
            clock.add(i64::from(minute));
        }
        clock
    }
}

/// Lengths that people think in: divisors of an hour, or whole hours that divide a day.
fn is_round(minutes: &u16) -> bool {
    if *minutes < 60 {
        60_u16.is_multiple_of(*minutes)
    } else {
        minutes.is_multiple_of(60) && 24_u16.is_multiple_of(*minutes / 60)
    }
}

/// As it is written, with the minute where it was spread: `every 10m from minute 3`.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every {}", self.every())?;
        if self.offset > 0 { write!(f, " from minute {}", self.offset) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_round_interval_within_a_time_is_one_that_every_takes() {
        for (minutes, text) in [(1, "every 1m"), (56, "every 30m"), (61, "every 1h"), (1_439, "every 12h")] {
            let found = Interval::at_most(Duration::from_secs(minutes * 60)).expect("an interval");
            assert_eq!(found.to_string(), text);
            assert_eq!(Interval::new(found.every()), Ok(found));
        }
        assert_eq!(Interval::at_most(Duration::from_secs(59)), None);
        assert_eq!(Interval::at_most(Duration::from_secs(1_556 * 60)), None);
    }
}
