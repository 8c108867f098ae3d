//! The moments that people write.

use jiff::civil::{DateTime, Time};
use jiff::{SignedDuration, Timestamp};

use crate::catalog::facts::horizon;
use crate::cli::Failure;
use crate::units::cadence::Zone;

/// The moment that a text names, to its end: a minute without seconds is the whole minute, as `bdr list` shows it, and a date the whole
/// day. What is left of it after now is no part of it: there, backups are from the future.
///
/// # Errors
/// When the text is no moment.
pub fn instant(text: &str, zone: &Zone, now: Timestamp) -> Result<Timestamp, Failure> {
    let begin = moment(text, zone)?;
    let after = match clock_digits(text) {
        0 => {
            let tomorrow = zone.0.to_datetime(begin).date().tomorrow().ok();
            tomorrow.and_then(|day| zone.0.to_timestamp(day.to_datetime(Time::midnight())).ok())
        }
        2 => begin.checked_add(SignedDuration::from_hours(1)).ok(),
        4 => begin.checked_add(SignedDuration::from_mins(1)).ok(),
        _ => return Ok(begin),
    };
    let end = after.and_then(|after| after.checked_sub(SignedDuration::from_nanos(1)).ok()).unwrap_or(begin);
    Ok(end.min(horizon(now).max(begin)))
}

/// The moment that a text names, where it begins.
///
/// # Errors
/// When the text is no moment.
pub fn moment(text: &str, zone: &Zone) -> Result<Timestamp, Failure> {
    let civil = text.parse::<DateTime>().ok().and_then(|civil| zone.0.to_timestamp(civil).ok());
    text.parse::<Timestamp>().ok().or(civil).ok_or_else(|| {
        Failure::usage(format!("`{text}` is not a moment"))
            .help("Write `2026-11-24 02:00`, `2026-11-24 02:00:59`, or `2026-11-24T02:00:00Z`.")
    })
}

/// A moment to the second, or as finely as it was said: where a recovery goes, a minute is not exact enough.
pub fn exactly(at: Timestamp, zone: &Zone) -> String {
    format!("{} {zone}", zone.0.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S%.f"))
}

/// Digits of the time of day in a moment: none in a date alone, 4 to the minute, 6 and more to the second.
fn clock_digits(text: &str) -> usize {
    let clock = text.trim().split_once(['T', 't', ' ']).map_or("", |(_, clock)| clock);
    let clock = clock.split(['Z', 'z', '+', '-', '[']).next().unwrap_or_default();
    clock.bytes().filter(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_without_seconds_is_taken_to_its_end() {
        let zone = Zone::parse("Europe/Stockholm").expect("a zone");
        let now: Timestamp = "2026-11-27T12:00:00Z".parse().expect("a time");
        let at = |text: &str| instant(text, &zone, now).ok().map(|at| at.to_string());
        for (text, expected) in [
            ("2026-10-05 03:30", "2026-10-05T01:30:59.999999999Z"),
            ("2026-10-05T03:30", "2026-10-05T01:30:59.999999999Z"),
            ("2026-10-05 03:30:00", "2026-10-05T01:30:00Z"),
            ("2026-10-05 03:30:05.5", "2026-10-05T01:30:05.5Z"),
            ("2026-10-05T03:30Z", "2026-10-05T03:30:59.999999999Z"),
            ("2026-10-05T03:30:00Z", "2026-10-05T03:30:00Z"),
            ("2026-10-05T03:30:00+02:00", "2026-10-05T01:30:00Z"),
            ("2026-10-05", "2026-10-05T21:59:59.999999999Z"),
            ("2026-10-25", "2026-10-25T22:59:59.999999999Z"),
            ("2026-11-27", "2026-11-27T12:05:00Z"),
            ("2027-01-01 03:30", "2027-01-01T02:30:00Z"),
        ] {
            assert_eq!(at(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(at("yesterday"), None);
    }
}
