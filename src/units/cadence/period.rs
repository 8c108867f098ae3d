//! Periods: which hour, day, ISO week, month, quarter or year a moment lies in, or which piece of a fixed length, for
//! grandfather-father-son.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::Zone;
use crate::units::duration::Duration;

/// A period of which a tier keeps one backup; shorter ones come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    Hour,
    Day,
    /// From Monday to Sunday (ISO 8601).
    Week,
    Month,
    Quarter,
    Year,
    /// Pieces of this length, counted from 1970-01-01 in UTC, so that no change of the clocks makes one longer. Never the length
    /// of a calendar period: that is read as the period itself.
    Fixed(Duration),
}

/// One such period; they order by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket {
    period: Period,
    /// Unix seconds of the begin of an hour or fixed piece, or year and number within it.
    year: i64,
    number: i64,
}

/// A text that is not a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a period: write hour, day, week, month, quarter, year, or a duration of a minute or more, such as 6h")]
pub struct PeriodError(pub String);

/// The calendar's periods and the durations that mean them.
const CALENDAR: [(Period, &str, u64); 6] = [
    (Period::Hour, "hour", 3_600),
    (Period::Day, "day", 86_400),
    (Period::Week, "week", 604_800),
    (Period::Month, "month", 2_629_746),
    (Period::Quarter, "quarter", 3 * 2_629_746),
    (Period::Year, "year", 31_556_952),
];
const SHORTEST: u64 = 60;

impl Period {
    /// The words after `every:`; any other period is a duration.
    pub fn words() -> impl Iterator<Item = &'static str> {
        CALENDAR.into_iter().map(|(_, word, _)| word)
    }

    /// What a tier's name says by itself: `daily`, `weekly` …; `None` for any other name.
    pub fn of_tier(name: &str) -> Option<Self> {
        Some(match name {
            "hourly" => Self::Hour,
            "daily" => Self::Day,
            "weekly" => Self::Week,
            "monthly" => Self::Month,
            "quarterly" => Self::Quarter,
            "yearly" | "annually" | "annual" => Self::Year,
            _ => return None,
        })
    }

    /// The longest such period, in seconds, clock changes left aside.
    pub fn longest(self) -> i64 {
        let days = match self {
            Self::Hour => return 3_600,
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 31,
            Self::Quarter => 92,
            Self::Year => 366,
            Self::Fixed(length) => return i64::try_from(length.as_secs()).unwrap_or(i64::MAX),
        };
        days * 86_400
    }

    /// The shortest such period, in seconds, clock changes left aside.
    pub fn shortest(self) -> i64 {
        let days = match self {
            Self::Hour | Self::Fixed(_) => return self.longest(),
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 28,
            Self::Quarter => 90,
            Self::Year => 365,
        };
        days * 86_400
    }

    /// The period that a moment lies in, by the wall clock of a zone. The two hours of an autumn night are two.
    pub fn bucket(self, at: Timestamp, zone: &Zone) -> Bucket {
        let offset = i64::from(zone.0.to_offset(at).seconds());
        let date = zone.0.to_datetime(at).date();
        let (year, month) = (i64::from(date.year()), i64::from(date.month()));
        let (year, number) = match self {
            Self::Hour => (0, at.as_second() - (at.as_second() + offset).rem_euclid(3_600)),
            Self::Day => (year, month * 100 + i64::from(date.day())),
            Self::Week => {
                let week = date.iso_week_date();
                (i64::from(week.year()), i64::from(week.week()))
            }
            Self::Month => (year, month),
            Self::Quarter => (year, (month + 2) / 3),
            Self::Year => (year, 0),
            Self::Fixed(_) => (0, at.as_second() - at.as_second().rem_euclid(self.longest().max(1))),
        };
        Bucket { period: self, year, number }
    }
}

/// By length, so that a tier of shorter periods comes before one of longer ones.
impl Ord for Period {
    fn cmp(&self, other: &Self) -> Ordering {
        self.longest().cmp(&other.longest())
    }
}

impl PartialOrd for Period {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, CALENDAR.iter().find(|(period, ..)| period == self)) {
            (Self::Fixed(length), _) => write!(f, "{length}"),
            (_, word) => f.write_str(word.map_or("", |(_, word, _)| word)),
        }
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let text = text.trim();
        if let Some((period, ..)) = CALENDAR.into_iter().find(|(_, word, _)| *word == text) {
            return Ok(period);
        }
        let length: Duration = text.parse().map_err(|_| PeriodError(text.to_owned()))?;
        if length.as_secs() < SHORTEST {
            return Err(PeriodError(text.to_owned()));
        }
        let calendar = CALENDAR.into_iter().find(|(.., seconds)| *seconds == length.as_secs());
        Ok(calendar.map_or(Self::Fixed(length), |(period, ..)| period))
    }
}

impl serde::Serialize for Period {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// For people: `2026-11-24`, `2026-W48`, `2026-11`, `2026-Q4`, `2026`; an hour or a fixed piece as its first moment in UTC.
impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, number) = (self.year, self.number);
        match self.period {
            Period::Hour | Period::Fixed(_) => match Timestamp::from_second(number) {
                Ok(begin) => write!(f, "{}", begin.strftime("%Y-%m-%dT%H:%MZ")),
                Err(_) => write!(f, "{number}"),
            },
            Period::Day => write!(f, "{year}-{:02}-{:02}", number / 100, number % 100),
            Period::Week => write!(f, "{year}-W{number:02}"),
            Period::Month => write!(f, "{year}-{number:02}"),
            Period::Quarter => write!(f, "{year}-Q{number}"),
            Period::Year => write!(f, "{year}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_the_calendar_of_the_zone() {
        let zone = Zone::parse("Europe/Stockholm").expect("zone");
        for (period, at, bucket) in [
            (Period::Hour, "2026-11-24T08:59:59Z", "2026-11-24T08:00Z"),
            (Period::Day, "2026-12-31T23:30:00Z", "2027-01-01"),
            (Period::Week, "2027-01-03T22:59:59Z", "2026-W53"),
            (Period::Week, "2027-01-03T23:00:00Z", "2027-W01"),
            (Period::Month, "2026-11-30T23:00:00Z", "2026-12"),
            (Period::Quarter, "2026-12-31T22:00:00Z", "2026-Q4"),
            (Period::Year, "2026-12-31T23:00:00Z", "2027"),
        ] {
            assert_eq!(period.bucket(at.parse().expect("time"), &zone).to_string(), bucket, "{period} of {at}");
        }
    }

    #[test]
    fn the_two_hours_of_an_autumn_night_are_two() {
        let zone = Zone::parse("Europe/Stockholm").expect("zone");
        let of = |at: &str| Period::Hour.bucket(at.parse().expect("time"), &zone);
        assert_ne!(of("2026-10-25T00:30:00Z"), of("2026-10-25T01:30:00Z"));
        assert!(of("2026-10-25T00:30:00Z") < of("2026-10-25T01:30:00Z"));
    }

    #[test]
    fn fixed_pieces_have_their_length_and_their_place_among_the_others() {
        let zone = Zone::parse("Europe/Stockholm").expect("zone");
        let six: Period = "6h".parse().expect("period");
        let of = |at: &str| six.bucket(at.parse().expect("time"), &zone);
        assert_eq!(of("2026-11-24T11:59:59Z").to_string(), "2026-11-24T06:00Z");
        assert!(of("2026-11-24T11:59:59Z") < of("2026-11-24T12:00:00Z"));
        assert!(Period::Hour < six && six < Period::Day);
    }

    #[test]
    fn periods_are_read_from_words_and_names_of_tiers() {
        assert_eq!("week".parse(), Ok(Period::Week));
        assert!("weeks".parse::<Period>().is_err());
        assert!("59s".parse::<Period>().is_err());
        assert_eq!("24h".parse(), Ok(Period::Day), "a duration that is a period of the calendar means that period");
        assert_eq!("12mo".parse(), Ok(Period::Year));
        assert_eq!("6h".parse::<Period>().map(|period| period.to_string()), Ok("6h".to_owned()));
        assert_eq!(Period::of_tier("yearly"), Some(Period::Year));
        assert_eq!(Period::of_tier("legal"), None);
    }
}
