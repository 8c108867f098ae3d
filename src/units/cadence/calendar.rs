//! Calendars: minutes, hours and days at which something runs, on the wall clock of a zone.

use super::clock::Clock;
use super::field::{DAY_OF_MONTH, Field, HOUR, MONTH, WEEKDAY};

/// How the day of the month and the day of the week go together where both are restricted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Combine {
    /// Both must match: in cron's text where either field begins with `*`.
    And,
    /// Either is enough.
    Or,
}

/// Minutes, hours and days on the wall clock. Made by parsing a cron text; canonical: equal calendars have equal texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Calendar {
    pub(super) minutes: Field,
    pub(super) hours: Field,
    pub(super) days: Days,
}

/// The days at which a calendar runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Days {
    pub of_month: Field,
    pub months: Field,
    pub of_week: Field,
    pub combine: Combine,
}

/// A day of the Gregorian calendar, as far as calendars ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub year: i64,
    pub month: u8,
    pub day: u8,
    /// 0 is Sunday.
    pub weekday: u8,
}

impl Date {
    /// The date of a day counted from 1970-01-01 (algorithm: Howard Hinnant, `civil_from_days`).
    pub fn of(day_number: i64) -> Self {
        let shifted = day_number + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let small = |number: i64| u8::try_from(number).unwrap_or(0);
        Self { year, month: small(month), day: small(day), weekday: small((day_number + 4).rem_euclid(7)) }
    }
}

impl Days {
    pub fn every() -> Self {
        Self {
            of_month: Field::any(DAY_OF_MONTH),
            months: Field::any(MONTH),
            of_week: Field::any(WEEKDAY),
            combine: Combine::And,
        }
    }

    /// Or with a field that matches every day is every day; a combination that decides nothing is `And`.
    pub fn new(of_month: Field, months: Field, of_week: Field) -> Self {
        let months = Field { star: months.is_all(MONTH), ..months };
        if of_month.star || of_week.star {
            let of_month = Field { star: of_month.star || of_month.is_all(DAY_OF_MONTH), ..of_month };
            let of_week = Field { star: of_week.star || of_week.is_all(WEEKDAY), ..of_week };
            return Self { of_month, months, of_week, combine: Combine::And };
        }
        if of_month.is_all(DAY_OF_MONTH) || of_week.is_all(WEEKDAY) {
            return Self { months, ..Self::every() };
        }
        Self { of_month, months, of_week, combine: Combine::Or }
    }

    pub fn is_every(&self) -> bool {
        self.of_month.is_all(DAY_OF_MONTH) && self.months.is_all(MONTH) && self.of_week.is_all(WEEKDAY)
    }

    pub fn holds(&self, day_number: i64) -> bool {
        let date = Date::of(day_number);
        let has = |field: Field, number: u8| field.mask >> number & 1 == 1;
        let (by_month, by_week) = (has(self.of_month, date.day), has(self.of_week, date.weekday));
        has(self.months, date.month)
            && match self.combine {
                Combine::And => by_month && by_week,
                Combine::Or => by_month || by_week,
            }
    }

    /// Whether no year has such a day, as 30 February.
    pub fn are_none(&self) -> bool {
        let longest = |month: u8| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let exists = |month: u8| self.of_month.numbers().any(|day| day <= longest(month));
        self.combine == Combine::And && !self.months.numbers().any(exists)
    }
}

impl Calendar {
    pub(super) fn at(minute: u8, hour: u8, of_month: Option<u8>, months: &[u8], weekday: Option<u8>) -> Self {
        let one_or_any = |number: Option<u8>, unit| number.map_or(Field::any(unit), Field::only);
        let months = if months.is_empty() { Field::any(MONTH) } else { Field::of(months) };
        let days = Days::new(one_or_any(of_month, DAY_OF_MONTH), months, one_or_any(weekday, WEEKDAY));
        Self { minutes: Field::only(minute), hours: Field::only(hour), days }
    }

    /// How the days of the month and of the week go together.
    pub fn combine(&self) -> Combine {
        self.days.combine
    }

    /// Whether cron(8) takes it for a job that follows the clock, rather than one at fixed times.
    pub(super) fn is_wild(&self) -> bool {
        self.minutes.star || self.hours.star
    }

    pub(super) fn clock(&self) -> Clock {
        let mut clock = Clock::default();
        for hour in self.hours.numbers() {
            clock.0[usize::from(hour)] = self.minutes.mask;
        }
        clock
    }

    /// Whether it runs in every hour of every day.
    pub(super) fn is_every_hour(&self) -> bool {
        self.hours.is_all(HOUR) && self.days.is_every()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_numbers_are_dates() {
        for (text, number) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-11-24", 20_781), ("1969-12-31", -1)] {
            let date: jiff::civil::Date = text.parse().expect("date");
            let ours = Date::of(number);
            assert_eq!(
                (ours.year, ours.month, ours.day),
                (i64::from(date.year()), date.month() as u8, date.day() as u8),
                "{text}"
            );
            assert_eq!(i64::from(ours.weekday), i64::from(date.weekday().to_sunday_zero_offset()), "{text}");
        }
    }
}
