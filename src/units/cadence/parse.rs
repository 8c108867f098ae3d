//! Reading a schedule: `every 10m`, five-field cron, or a word.

use std::ops::Range;

use super::interval::NotAnInterval;
use super::schedule::Word;
use super::{Cadence, Calendar, Interval, Schedule, ScheduleError};
use crate::units::duration::Duration;

const SHAPES: &str =
    "Write `every 10m`, five cron fields such as `30 2 * * *`, or one of: hourly, daily, weekly, monthly, quarterly, annually.";

impl Schedule {
    /// # Errors
    /// When the text is not a schedule, or is one that the schedulers would read differently.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let words = words(text);
        let all = words.first().map_or(0, |word| word.0.start)..words.last().map_or(0, |word| word.0.end);
        match words.as_slice() {
            [] => Err(ScheduleError::new(0..text.len(), "the schedule is empty", SHAPES)),
            [(_, "every"), ..] => interval(text, &words).map(|every| Self::new(text, Cadence::Interval(every), None)),
            [(place, word)] => match Word::ALL.iter().find(|known| known.as_str() == *word) {
                Some(word) => Ok(Self::new(text, word.at_minute(0), Some(*word))),
                None => Err(unknown_word(place.clone(), word)),
            },
            [_, _, _, _, _] => Calendar::from_fields(&words).map(|days| Self::new(text, Cadence::Calendar(days), None)),
            [(place, first), ..] if first.starts_with('@') => Err(unknown_word(place.clone(), first)),
            six_or_more if six_or_more.len() > 5 => Err(ScheduleError::new(
                all,
                format!("a cron text has five fields, this one has {}", six_or_more.len()),
                "Leave out the seconds (or the year): minute, hour, day of the month, month, day of the week.",
            )),
            _ => Err(ScheduleError::new(all, format!("`{}` is not a schedule", text.trim()), SHAPES)),
        }
    }
}

impl std::str::FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        Self::parse(text)
    }
}

/// The words of a text, each with its bytes.
fn words(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, sign) in text.char_indices().chain([(text.len(), ' ')]) {
        match (sign.is_whitespace(), start) {
            (false, None) => start = Some(at),
            (true, Some(begin)) => {
                words.push((begin..at, &text[begin..at]));
                start = None;
            }
            _ => {}
        }
        // A text of thousands of words is no schedule; what it is said to be does not need them all.
        if words.len() > 16 {
            break;
        }
    }
    words
}

fn interval(text: &str, words: &[(Range<usize>, &str)]) -> Result<Interval, ScheduleError> {
    let place = words.get(1).map_or(text.len(), |word| word.0.start)..words.last().map_or(text.len(), |word| word.0.end);
    let written = text.get(place.clone()).unwrap_or_default();
    let every: Duration = written.parse().map_err(|_| {
        let help = "Write a whole number and a unit, such as `every 15m` or `every 6h`.";
        ScheduleError::new(place.clone(), format!("`{written}` is not a length of time"), help)
    })?;
    Interval::new(every).map_err(|reason| match reason {
        NotAnInterval::TooFine => ScheduleError::new(
            place,
            "an interval is one or more whole minutes",
            "No scheduler here starts a job more often than each minute: write `every 1m` or more.",
        ),
        NotAnInterval::TooLong => ScheduleError::new(
            place,
            "an interval is at most a day",
            "Write `weekly`, `monthly`, `quarterly`, `annually`, or the days in cron's form.",
        ),
        NotAnInterval::Uneven { shorter, longer } => ScheduleError::new(
            place,
            format!("a day does not divide into runs {every} apart"),
            format!("Write `every {shorter}` or `every {longer}`: cron and systemd begin again each hour and each day."),
        ),
    })
}

fn unknown_word(place: Range<usize>, word: &str) -> ScheduleError {
    let message = format!("`{word}` is not a schedule");
    let bare = word.trim_start_matches('@').to_lowercase();
    let plain = match bare.as_str() {
        "reboot" => {
            return ScheduleError::new(place, message, "bdr runs jobs by the calendar only: write `every 1h` or `daily`.");
        }
        "yearly" | "annual" => Some("annually"),
        "midnight" | "nightly" => Some("daily"),
        "quarter" => Some("quarterly"),
        "minutely" => Some("every 1m"),
        // Comparing costs the product of both lengths, and nothing this long is a slip of a word.
        long if long.len() > 64 => None,
        _ => Word::ALL.iter().map(|word| word.as_str()).find(|known| strsim::damerau_levenshtein(known, &bare) <= 2),
    };
    let help = plain.map_or_else(|| SHAPES.to_owned(), |plain| format!("Write `{plain}`."));
    ScheduleError::new(place, message, help)
}
