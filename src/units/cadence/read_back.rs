//! Cadences read back from what a scheduler has, so that a plan can tell what held before it.

use super::calendar::Days;
use super::clock::MINUTES;
use super::crontext;
use super::field::{DAY_OF_MONTH, Field, HOUR, MINUTE, MONTH, Unit, WEEKDAY};
use super::{Cadence, Calendar, Combine, Interval, Schedule, Zone};
use crate::units::duration::Duration;

impl Schedule {
    /// The schedule that the given `OnCalendar=` lines carry out in a zone; `None` where they say something that no schedule of a
    /// policy says. Whatever comes back is written as exactly these lines.
    pub fn from_on_calendar(lines: &[String], zone: &Zone) -> Option<Self> {
        let parsed: Vec<Line> = lines.iter().map(|line| Line::parse(line)).collect::<Option<_>>()?;
        let candidates = [interval(&parsed), calendar(&parsed), either_day(&parsed)];
        let found = candidates.into_iter().flatten().find(|cadence| cadence.to_on_calendar(zone) == lines)?;
        Some(Self::new(&found.to_string(), found, None))
    }

    /// The schedule that the given crontab lines (five fields each) carry out for a policy's zone on a machine; `None` also where
    /// they start the job more often than it is due, since others may be written as the same lines.
    pub fn from_cron_lines(lines: &[String], zone: &Zone, machine: &Zone) -> Option<Self> {
        let parsed: Vec<Cadence> = lines.iter().map(|line| Some(Self::parse(line).ok()?.cadence)).collect::<Option<_>>()?;
        let alone = match parsed.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        let of_line = |cadence: &Cadence| match cadence {
            Cadence::Calendar(calendar) => Some(calendar.clock().minutes()),
            Cadence::Interval(_) => None,
        };
        let minutes: Option<Vec<Vec<i64>>> = parsed.iter().map(of_line).collect();
        // The clock of the machine moves an interval by its offset from UTC, which may be any part of an hour.
        let even = minutes.and_then(|minutes| evenly(minutes.concat())).into_iter();
        let moved = even.flat_map(|interval| (0..60).map(move |offset| Cadence::Interval(interval.spread(offset))));
        let written = |cadence: &Cadence| cadence.to_cron_lines(zone, machine);
        let mut candidates = moved.chain(alone);
        let found = candidates.find(|cadence| written(cadence).exact && written(cadence).lines == lines)?;
        Some(Self::new(&found.to_string(), found, None))
    }
}

/// One line of a timer, in the form that bdr writes.
pub(super) struct Line {
    pub minutes: Field,
    pub hours: Field,
    pub of_month: Field,
    pub months: Field,
    pub of_week: Field,
}

impl Line {
    pub fn parse(text: &str) -> Option<Self> {
        let mut words: Vec<&str> = text.split(' ').collect();
        let weekdays = if words.len() == 4 { words.remove(0) } else { "*" };
        let [date, time, _zone] = words.as_slice() else { return None };
        let (months, days) = date.strip_prefix("*-")?.split_once('-')?;
        let (hours, minutes) = time.strip_suffix(":00")?.split_once(':')?;
        Some(Self {
            minutes: field(minutes, MINUTE)?,
            hours: field(hours, HOUR)?,
            of_month: field(days, DAY_OF_MONTH)?,
            months: field(months, MONTH)?,
            of_week: field(weekdays, WEEKDAY)?,
        })
    }

    pub fn calendar(&self, days: Days) -> Calendar {
        crontext::following(self.minutes, self.hours, days)
    }

    pub fn minutes_of_a_day(&self) -> Vec<i64> {
        self.calendar(Days::every()).clock().minutes()
    }

    pub fn days(&self, combine: Combine) -> Days {
        Days { of_month: self.of_month, months: self.months, of_week: self.of_week, combine }
    }
}

/// systemd's spelling of a field as cron's.
fn field(text: &str, unit: Unit) -> Option<Field> {
    let text = match text.split_once('/') {
        Some((first, step)) => format!("{first}-{}/{step}", unit.high),
        None => text.replace("..", "-"),
    };
    Field::parse(&text, 0, unit).ok()
}

fn interval(lines: &[Line]) -> Option<Cadence> {
    let even = evenly(lines.iter().flat_map(Line::minutes_of_a_day).collect());
    even.map(Cadence::Interval)
}

/// The interval that starts at exactly these minutes of a day.
pub(super) fn evenly(mut minutes: Vec<i64>) -> Option<Interval> {
    minutes.sort_unstable();
    let count = i64::try_from(minutes.len()).ok().filter(|count| *count > 0 && MINUTES % count == 0)?;
    let every = Interval::new(Duration::from_secs(u64::try_from(MINUTES / count * 60).ok()?)).ok()?;
    let first = u64::try_from(*minutes.first()?).ok()?;
    Some(every.spread(first))
}

fn calendar(lines: &[Line]) -> Option<Cadence> {
    let [line] = lines else { return None };
    let days = Days {
        of_month: Field { star: true, ..line.of_month },
        months: line.months,
        of_week: Field { star: true, ..line.of_week },
        combine: Combine::And,
    };
    Some(Cadence::Calendar(line.calendar(days)))
}

/// One line by the day of the month and one by the day of the week, as cron's "or" is written.
fn either_day(lines: &[Line]) -> Option<Cadence> {
    let [by_month, by_week] = lines else { return None };
    let days = Days::new(by_month.of_month, by_month.months, by_week.of_week);
    Some(Cadence::Calendar(by_month.calendar(days)))
}
