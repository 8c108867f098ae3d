//! The longest real gap between two runs, for the worst-case RPO.

use jiff::Timestamp;

use super::Runs;
use super::runs::HORIZON;
use super::zone::{DAY, Offsets, Zone};
use crate::units::duration::Duration;

/// Two years: each clock change comes at least twice, and each length of month and year but the leap one.
const SPAN: i64 = 2 * 366 * DAY;

/// The longest time between two runs that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub length: Duration,
    /// The run before.
    pub from: Timestamp,
    /// The run after.
    pub to: Timestamp,
    /// What makes it longer than the gaps of a year without clock changes.
    pub because: Option<ClockChange>,
    zone: Zone,
}

/// A moment at which the clocks of a zone are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockChange {
    pub at: Timestamp,
    /// By how much, in seconds; positive: put forward.
    pub seconds: i64,
}

impl Gap {
    /// `7h, until 2026-10-25 06:00, when the clocks of Europe/Stockholm go back`.
    pub fn explain(&self) -> String {
        let local = |at: Timestamp| self.zone.0.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
        match self.because {
            Some(change) => {
                let day = self.zone.0.to_datetime(change.at).date();
                let way = if change.seconds > 0 { "forward" } else { "back" };
                format!("{}, on {day}, when the clocks of {} go {way}", self.length, self.zone)
            }
            None => format!("{}, first from {} to {} ({})", self.length, local(self.from), local(self.to), self.zone),
        }
    }
}

/// The longest gap of a walk over the days: length and its two ends, in seconds.
#[derive(Debug, Clone, Copy, Default)]
struct Widest {
    length: i64,
    from: i64,
    to: i64,
    last: Option<i64>,
}

impl Widest {
    fn run_at(&mut self, second: i64) {
        if let Some(last) = self.last {
            self.between(last, second);
        }
        self.last = Some(second);
    }

    fn between(&mut self, from: i64, to: i64) {
        if to - from > self.length {
            (self.length, self.from, self.to) = (to - from, from, to);
        }
    }
}

impl Runs {
    /// The longest gap of the two years after `from`, with the one that `from` lies in; `None` where it runs less than twice.
    /// Its cost is that of the days and not of the runs: days without a clock change are alike.
    pub fn longest_gap(&self, from: Timestamp) -> Option<Gap> {
        let from = from.as_second();
        let start = self.previous_second(from + 1).or_else(|| self.seconds(from, from + HORIZON).next())?;
        let end = self.seconds(from.max(start) + SPAN, from + SPAN + HORIZON).next()?;
        let offsets = Offsets::over(&self.zone, start - DAY, end + DAY);
        let widest = self.walk(start, end, &offsets);
        let (Ok(first), Ok(second)) = (Timestamp::from_second(widest.from), Timestamp::from_second(widest.to)) else {
            return None;
        };
        let length = Duration::from_secs(u64::try_from(widest.length).ok().filter(|length| *length > 0)?);
        let because = self.cause(&widest, start, end, &offsets);
        Some(Gap { length, from: first, to: second, because, zone: Zone(self.zone.clone()) })
    }

    /// The clock change inside the widest gap, where a year without changes has no gap so wide.
    fn cause(&self, widest: &Widest, start: i64, end: i64, offsets: &Offsets) -> Option<ClockChange> {
        let (at, seconds) = offsets.changes().find(|(at, _)| (widest.from + 1..=widest.to).contains(at))?;
        let still = Offsets::over(&jiff::tz::TimeZone::UTC, start, end);
        let shift = offsets.at(start);
        let usual = self.walk(start + shift, end + shift, &still);
        let at = Timestamp::from_second(at).ok()?;
        (usual.length < widest.length).then_some(ClockChange { at, seconds })
    }

    fn walk(&self, start: i64, end: i64, offsets: &Offsets) -> Widest {
        let mut widest = Widest::default();
        let mut batch = Vec::new();
        let (first, last) = (start.div_euclid(DAY) - 2, end.div_euclid(DAY) + 2);
        let (inside, every) = (self.widest_inside(), self.days.is_every());
        let mut day = first;
        while day <= last {
            let quiet = offsets.constant_around(day);
            let whole = quiet.filter(|_| batch.is_empty() && day > first + 4 && day < last - 4);
            if let Some(offset) = whole {
                // Where it runs on every day, the days up to a clock change repeat the gaps of the first two.
                let until = if every { offsets.quiet_until(day).clamp(day, last - 5) } else { day };
                for day in day..=until.min(day + 1) {
                    if every || self.days.holds(day) {
                        self.on_whole_day(day * DAY - offset, inside, &mut widest);
                    }
                }
                if until > day + 1 {
                    widest.last = self.times.last().map(|late| until * DAY - offset + late);
                }
                day = until + 1;
                continue;
            }
            if self.days.holds(day) {
                self.on_day(day, offsets, &mut batch);
            }
            if quiet.is_some() || day == last {
                batch.sort_unstable();
                batch.dedup();
                batch.drain(..).filter(|moment| (start..=end).contains(moment)).for_each(|moment| widest.run_at(moment));
            }
            day += 1;
        }
        widest
    }
    /// The runs of a day away from clock changes, of which only the ends and the widest gap matter.
    fn on_whole_day(&self, midnight: i64, inside: (i64, i64), widest: &mut Widest) {
        let (Some(early), Some(late)) = (self.times.first(), self.times.last()) else { return };
        widest.run_at(midnight + early);
        widest.between(midnight + inside.0, midnight + inside.1);
        widest.last = Some(midnight + late);
    }

    /// The two times of day with the widest gap between them.
    fn widest_inside(&self) -> (i64, i64) {
        let mut widest = Widest::default();
        self.times.iter().for_each(|time| widest.run_at(*time));
        (widest.from, widest.to)
    }
}
