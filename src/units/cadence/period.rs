//! Calendar periods: which hour, day, ISO week, month, quarter or year a moment lies in, for grandfather-father-son.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::Zone;

/// A calendar period of which a tier keeps one backup.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    Hour,
    Day,
    /// From Monday to Sunday (ISO 8601).
    Week,
    Month,
    Quarter,
    Year,
}

/// One such period; they order by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket {
    period: Period,
    /// Unix seconds of the hour's begin, or year and number within it.
    year: i64,
    number: i64,
}

/// A text that is not a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a period: write hour, day, week, month, quarter or year")]
pub struct PeriodError(pub String);

impl Period {
    pub const ALL: [Self; 6] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// The word after `every:`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
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
        };
        Bucket { period: self, year, number }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        Self::ALL.into_iter().find(|period| period.as_str() == text).ok_or_else(|| PeriodError(text.to_owned()))
    }
}

/// For people: `2026-11-24`, `2026-W48`, `2026-11`, `2026-Q4`, `2026`; an hour as its first moment in UTC.
impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, number) = (self.year, self.number);
        match self.period {
            Period::Hour => match Timestamp::from_second(number) {
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
    fn periods_are_read_from_words_and_names_of_tiers() {
        assert_eq!("week".parse(), Ok(Period::Week));
        assert!("weeks".parse::<Period>().is_err());
        assert_eq!(Period::of_tier("yearly"), Some(Period::Year));
        assert_eq!(Period::of_tier("legal"), None);
    }
}
