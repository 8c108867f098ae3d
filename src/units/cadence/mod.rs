//! When things run: the one calendar type behind every spelling of a schedule (reference: cron(8), crontab(5), systemd.time(7)).
//!
//! A [`Schedule`] is parsed once (`"every 10m".parse()`, five-field cron, or a word) and answers everything that depends on time:
//!
//! ```text
//! let zone = Zone::parse("Europe/Stockholm")?;
//! let schedule = Schedule::parse("30 2 * * *")?.spread("policy/component/protection");
//! let runs = schedule.cadence.runs(&zone, Semantics::Systemd);   // the real instants under one scheduler's rules
//! runs.next(now);  runs.previous(now);  runs.between(from, to);  runs.missed(last_run, now, grace);
//! runs.longest_gap(now)            // Option<Gap>: .length (for the RPO), .explain() ("2d, until 2027-03-29, because …")
//! schedule.cadence.never_fires();
//! ```
//!
//! `load` calls [`Schedule::spread`] once, with the identity of the job; it is idempotent. The words have one meaning under every
//! scheduler, in the zone of the policy, at a minute MM that is a stable hash of the identity (00 before `spread`):
//!
//! | word | is |
//! |---|---|
//! | `hourly` | `every 1h`, at minute MM of each hour |
//! | `daily` | 00:MM each day |
//! | `weekly` | 00:MM each Sunday (as cron's `@weekly`; systemd's own word means Monday and is never used) |
//! | `monthly` | 00:MM on the 1st of each month |
//! | `quarterly` | 00:MM on the 1st of January, April, July and October |
//! | `annually` | 00:MM on the 1st of January |
//!
//! Intervals (`every 10m`) count from midnight UTC, so that no clock change opens a hole; they are spread within the interval too.
//! The times of a cron text are never moved. Nothing here reads a clock; only [`Zone::parse`] looks into the time zone database.

mod calendar;
mod clock;
mod cronlines;
mod crontext;
mod error;
mod field;
mod gaps;
mod interval;
mod oncalendar;
mod parse;
mod period;
mod read_back;
mod running;
mod runs;
mod schedule;
mod semantics;
mod zone;

pub use calendar::{Calendar, Combine};
pub use cronlines::CronLines;
pub use error::ScheduleError;
pub use gaps::{ClockChange, Gap};
pub use interval::Interval;
pub use period::{Bucket, Period, PeriodError};
pub use running::Running;
pub use runs::{Between, Missed, Runs};
pub use schedule::{Cadence, Schedule};
pub use semantics::Semantics;
pub use zone::{Zone, ZoneError};

#[cfg(test)]
mod cronlines_tests;
#[cfg(test)]
mod parse_tests;
#[cfg(test)]
mod runs_tests;
