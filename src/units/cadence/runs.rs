//! When a cadence really runs: next, previous, all, and missed moments under a scheduler's rules.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::calendar::Days;
use super::semantics::{InFold, InHole};
use super::zone::{DAY, Instants, Offsets};
use super::{Cadence, Semantics, Zone};
use crate::units::duration::Duration;

/// No calendar that can run pauses longer (29 February that must be a Monday, over 2100).
pub(super) const HORIZON: i64 = 41 * 366 * DAY;
/// How far the offsets of a zone are looked up at once.
const CHUNK: i64 = 800 * DAY;

/// The moments of one cadence in one zone under one scheduler.
#[derive(Debug, Clone)]
pub struct Runs {
    /// Seconds after the local midnight, in order; empty: never.
    pub(super) times: Vec<i64>,
    pub(super) days: Days,
    pub(super) zone: TimeZone,
    hole: InHole,
    fold: InFold,
}

/// What should have run and did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    pub first: Timestamp,
    pub latest: Timestamp,
    pub count: u64,
}

impl Runs {
    pub(super) fn new(cadence: &Cadence, zone: &Zone, semantics: Semantics) -> Self {
        let seconds = |clock: super::clock::Clock| clock.minutes().into_iter().map(|minute| minute * 60).collect();
        if let Some(clock) = cadence.by_utc(zone) {
            let (hole, fold) = (InHole::Skipped, InFold::First);
            return Self { times: seconds(clock), days: Days::every(), zone: TimeZone::UTC, hole, fold };
        }
        let (times, days, wild) = match cadence {
            Cadence::Interval(interval) => (seconds(interval.clock()), Days::every(), false),
            Cadence::Calendar(calendar) => (seconds(calendar.clock()), calendar.days.clone(), calendar.is_wild()),
        };
        let (hole, fold) = semantics.at_changes(wild);
        let times = if days.are_none() { Vec::new() } else { times };
        Self { times, days, zone: zone.0.clone(), hole, fold }
    }

    /// The first moment after `after`.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let from = after.as_second().saturating_add(1);
        self.seconds(from, from.saturating_add(HORIZON)).next().and_then(stamp)
    }

    /// The last moment before `before`.
    pub fn previous(&self, before: Timestamp) -> Option<Timestamp> {
        // Whole seconds: a moment in the second of `before` counts only where `before` has a fraction after it.
        let end = before.as_second() + i64::from(before.subsec_nanosecond() > 0);
        self.previous_second(end).and_then(stamp)
    }

    /// The last moment at or before `at`.
    pub fn latest(&self, at: Timestamp) -> Option<Timestamp> {
        self.previous_second(at.as_second() + 1).and_then(stamp)
    }

    /// All moments in `from..to`, lazily.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Between<'_> {
        let ceiling = |at: Timestamp| at.as_second() + i64::from(at.subsec_nanosecond() > 0);
        Between(self.seconds(ceiling(from), ceiling(to)))
    }

    /// What came after the run at `last` and is more than `grace` in the past; `None`: nothing is missed.
    pub fn missed(&self, last: Timestamp, now: Timestamp, grace: Duration) -> Option<Missed> {
        let grace = i64::try_from(grace.as_secs()).unwrap_or(i64::MAX);
        let mut moments = self.seconds(last.as_second() + 1, now.as_second().saturating_sub(grace));
        let first = moments.next()?;
        let (latest, count) = moments.fold((first, 1), |(_, count), moment| (moment, count + 1));
        Some(Missed { first: stamp(first)?, latest: stamp(latest)?, count })
    }

    /// Whether a time that the clock skips runs at the jump.
    pub(super) fn moves_at_jumps(&self) -> bool {
        self.hole == InHole::RightAfter
    }

    pub(super) fn previous_second(&self, end: i64) -> Option<i64> {
        [2, 9, 70, 400, 3_000].into_iter().map(|days| days * DAY).chain([HORIZON]).find_map(|reach| {
            let start = end.saturating_sub(reach);
            self.seconds(start, end).last()
        })
    }

    /// The moments in `from..to` as Unix seconds.
    pub(super) fn seconds(&self, from: i64, to: i64) -> Seconds<'_> {
        let day = from.div_euclid(DAY) - 2;
        Seconds { runs: self, from, to, day, offsets: None, batch: Vec::new(), at: 0 }
    }

    /// The moments of one local day, added unsorted; `offsets` must cover it.
    pub(super) fn on_day(&self, day: i64, offsets: &Offsets, into: &mut Vec<i64>) {
        if let Some(offset) = offsets.constant_around(day) {
            into.extend(self.times.iter().map(|time| day * DAY + time - offset));
            return;
        }
        for time in &self.times {
            match (offsets.instants(day * DAY + time), self.hole, self.fold) {
                (Instants::Once(instant), ..) | (Instants::Twice(instant, _), _, InFold::First) => into.push(instant),
                (Instants::Twice(first, second), _, InFold::Both) => into.extend([first, second]),
                (Instants::Hole { jump, size }, InHole::RightAfter, _) if size < 3 * 3_600 => into.push(jump),
                (Instants::Hole { .. }, ..) => {}
            }
        }
    }
}

fn stamp(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}

/// Moments as Unix seconds, day by day.
#[derive(Debug)]
pub(super) struct Seconds<'a> {
    runs: &'a Runs,
    from: i64,
    to: i64,
    /// The next local day to look at.
    day: i64,
    /// With the last day that they cover.
    offsets: Option<(Offsets, i64)>,
    batch: Vec<i64>,
    at: usize,
}

impl Seconds<'_> {
    /// Fills the batch with the next day that has moments. Days about a clock change come together, since their moments
    /// may interleave.
    fn fill(&mut self) -> bool {
        self.batch.clear();
        self.at = 0;
        let last = self.to.div_euclid(DAY) + 2;
        while self.day <= last && !self.runs.times.is_empty() {
            let day = self.day;
            self.day += 1;
            if self.offsets.as_ref().is_none_or(|(_, covered)| day > *covered) {
                let end = (day * DAY + CHUNK).min((last + 1) * DAY);
                self.offsets = Some((Offsets::over(&self.runs.zone, day * DAY, end), end.div_euclid(DAY)));
            }
            let Some((offsets, _)) = &self.offsets else { return false };
            let quiet = offsets.constant_around(day).is_some();
            if self.runs.days.holds(day) {
                self.runs.on_day(day, offsets, &mut self.batch);
            }
            if quiet && !self.batch.is_empty() {
                self.batch.sort_unstable();
                self.batch.dedup();
                return true;
            }
        }
        self.batch.sort_unstable();
        self.batch.dedup();
        !self.batch.is_empty()
    }
}

impl Iterator for Seconds<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        loop {
            while let Some(moment) = self.batch.get(self.at).copied() {
                self.at += 1;
                if moment >= self.to {
                    return None;
                }
                if moment >= self.from {
                    return Some(moment);
                }
            }
            if !self.fill() {
                return None;
            }
        }
    }
}

/// Moments in order; made by [`Runs::between`].
#[derive(Debug)]
pub struct Between<'a>(Seconds<'a>);

impl Iterator for Between<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        self.0.next().and_then(stamp)
    }
}
