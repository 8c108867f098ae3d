//! Schedules: a cadence together with how the person wrote it, and the stable spread of those who named no time.

use std::fmt;

use super::clock::{Clock, MINUTES};
use super::field::Field;
use super::zone::Offsets;
use super::{Calendar, Interval, Runs, Semantics, Zone};

/// When a job runs, as written and as meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// As the person wrote it.
    pub text: String,
    pub cadence: Cadence,
    word: Option<Word>,
}

/// What a schedule means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cadence {
    /// Evenly, by UTC.
    Interval(Interval),
    /// By the wall clock of the policy's zone.
    Calendar(Calendar),
}

/// A schedule that names no time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Quarterly,
    Annually,
}

impl Word {
    pub const ALL: [Self; 6] = [Self::Hourly, Self::Daily, Self::Weekly, Self::Monthly, Self::Quarterly, Self::Annually];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Quarterly => "quarterly",
            Self::Annually => "annually",
        }
    }

    pub fn at_minute(self, minute: u8) -> Cadence {
        Cadence::Calendar(match self {
            Self::Hourly => return hourly(u64::from(minute)),
            Self::Daily => Calendar::at(minute, 0, None, &[], None),
            Self::Weekly => Calendar::at(minute, 0, None, &[], Some(0)),
            Self::Monthly => Calendar::at(minute, 0, Some(1), &[], None),
            Self::Quarterly => Calendar::at(minute, 0, Some(1), &[1, 4, 7, 10], None),
            Self::Annually => Calendar::at(minute, 0, Some(1), &[1], None),
        })
    }
}

fn hourly(minute: u64) -> Cadence {
    let hour = crate::units::duration::Duration::from_secs(3_600);
    match Interval::new(hour) {
        Ok(interval) => Cadence::Interval(interval.spread(minute)),
        Err(_) => Cadence::Calendar(Calendar::at(0, 0, None, &[], None)),
    }
}

impl Schedule {
    pub(super) fn new(text: &str, cadence: Cadence, word: Option<Word>) -> Self {
        Self { text: text.trim().to_owned(), cadence, word }
    }

    /// Gives a schedule that names no time its literal minute, by a hash of what runs (`policy/component/protection`), so that
    /// a thousand jobs do not start at once and yet each plan says the same. Times that somebody wrote are left. Idempotent.
    #[must_use]
    pub fn spread(mut self, identity: &str) -> Self {
        let hash = blake3::hash(identity.as_bytes());
        let number = hash.as_bytes()[..8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        self.cadence = match (self.word, self.cadence) {
            (Some(word), _) => word.at_minute(u8::try_from(number % 60).unwrap_or(0)),
            (None, Cadence::Interval(interval)) => Cadence::Interval(interval.spread(number)),
            (None, written) => written,
        };
        self
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Cadence {
    /// The moments at which it runs under a scheduler; the entry to everything that depends on time.
    pub fn runs(&self, zone: &Zone, semantics: Semantics) -> Runs {
        Runs::new(self, zone, semantics)
    }

    /// Whether it has no moment at all. The parser refuses such texts (`0 0 30 2 *`), so that this holds for none it made.
    pub fn never_fires(&self) -> bool {
        matches!(self, Self::Calendar(calendar) if calendar.days.are_none() || calendar.clock() == Clock::default())
    }

    /// The times of day by UTC, for what runs alike in each hour: intervals, and calendars such as `*/10 * * * *` whose minutes
    /// mean the same under every offset of the zone. Emitted by UTC they have no hole when the clocks go back.
    pub(super) fn by_utc(&self, zone: &Zone) -> Option<Clock> {
        let calendar = match self {
            Self::Interval(interval) => return Some(interval.clock()),
            Self::Calendar(calendar) => calendar,
        };
        if !calendar.is_every_hour() {
            return None;
        }
        let minutes = calendar.minutes;
        let mut shifted = offsets_to_come(zone).into_iter().map(|offset| back_by(minutes, offset / 60));
        let first = shifted.next()?;
        shifted.all(|other| other == first).then_some(Clock([first; 24]))
    }
}

/// All offsets (seconds) of a zone between 2025 and 2050: a fixed span, so that equal policies have equal plans on every day.
pub(super) fn offsets_to_come(zone: &Zone) -> std::collections::BTreeSet<i64> {
    offsets_of_plans(zone).distinct()
}

/// As [`offsets_to_come`], with the times of change.
pub(super) fn offsets_of_plans(zone: &Zone) -> Offsets {
    Offsets::over(&zone.0, 1_735_689_600, 2_524_608_000)
}

/// Minutes of an hour, moved back.
fn back_by(minutes: Field, by: i64) -> u64 {
    let moved = |minute: u8| (i64::from(minute) - by).rem_euclid(MINUTES) % 60;
    minutes.numbers().fold(0, |mask, minute| mask | 1 << moved(minute))
}

/// Canonical: `every 10m from minute 3`, or five cron fields.
impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interval(interval) => interval.fmt(f),
            Self::Calendar(calendar) => calendar.fmt(f),
        }
    }
}
