//! Calendars as five-field cron text (reference: crontab(5)).

use std::fmt;
use std::ops::Range;

use super::calendar::Days;
use super::field::{DAY_OF_MONTH, Field, HOUR, MINUTE, MONTH, Unit, WEEKDAY};
use super::{Calendar, ScheduleError};

const FIELDS: [Unit; 5] = [MINUTE, HOUR, DAY_OF_MONTH, MONTH, WEEKDAY];

impl Calendar {
    /// Reads the five fields, given with the place of each in the whole text.
    pub(super) fn from_fields(words: &[(Range<usize>, &str)]) -> Result<Self, ScheduleError> {
        let mut wrong = Vec::new();
        let mut field = |at: usize| match words.get(at).map(|(place, word)| Field::parse(word, place.start, FIELDS[at])) {
            Some(Ok(field)) => field,
            None => Field::any(FIELDS[at]),
            Some(Err(error)) => {
                wrong.push(error);
                Field::any(FIELDS[at])
            }
        };
        let (minutes, hours) = (field(0), field(1));
        let days = Days::new(field(2), field(3), field(4));
        if let Some(error) = ScheduleError::first_of(wrong) {
            return Err(error);
        }
        let calendar = following(minutes, hours, days);
        if calendar.days.are_none() {
            let start = words.get(2).map_or(0, |word| word.0.start);
            let place = start..words.get(3).map_or(start, |word| word.0.end);
            return Err(ScheduleError::new(place, "no year has such a day", "Write a day that each of these months has."));
        }
        Ok(calendar)
    }
}

/// A calendar in which every minute or every hour is written as a star.
pub(super) fn following(minutes: Field, hours: Field, days: Days) -> Calendar {
    let starred = |field: Field, unit| Field { star: field.star || field.is_all(unit), ..field };
    Calendar { minutes: starred(minutes, MINUTE), hours: starred(hours, HOUR), days }
}

impl Days {
    /// The last three fields.
    pub(super) fn to_cron(&self) -> String {
        format!("{} {} {}", self.of_month.to_text(DAY_OF_MONTH), self.months.to_text(MONTH), self.of_week.to_text(WEEKDAY))
    }
}

/// The five fields, canonical: read back, they are the same calendar.
impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.minutes.to_text(MINUTE), self.hours.to_text(HOUR), self.days.to_cron())
    }
}
