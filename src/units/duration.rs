//! Lengths of time as people write them: `15m`, `30d`, `12w`, `12mo`.

use std::fmt;
use std::str::FromStr;

/// Whole seconds. A month is a twelfth of the mean Gregorian year (2,629,746 s), so that `12mo` and `1y` are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize)]
#[serde(transparent)]
pub struct Duration(u64);

/// A text that is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    #[error("`{0}` is not a duration: write a whole number and a unit, such as 30s, 15m, 4h, 7d, 12w, 12mo or 1y")]
    Shape(String),
    #[error("`{0}` is longer than bdr can count (1000 years)")]
    TooLong(String),
}

const UNITS: [(&str, u64); 7] =
    [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("w", 604_800), ("mo", 2_629_746), ("y", 31_556_952)];
const LONGEST: u64 = 1_000 * 31_556_952;

impl Duration {
    pub const ZERO: Self = Self(0);

    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Whole days, rounded up: the unit of S3's lifecycle rules.
    pub const fn days_up(self) -> u64 {
        self.0.div_ceil(86_400)
    }

    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let shape = || DurationError::Shape(text.to_owned());
        let mut total = 0_u64;
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(shape());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(shape)?;
            let (number, tail) = rest.split_at(digits);
            let unit_end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit_end);
            let seconds = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, seconds)| *seconds).ok_or_else(shape)?;
            if number.is_empty() {
                return Err(shape());
            }
            let number: u64 = number.parse().map_err(|_| DurationError::TooLong(text.to_owned()))?;
            total = number
                .checked_mul(seconds)
                .and_then(|part| total.checked_add(part))
                .filter(|total| *total <= LONGEST)
                .ok_or_else(|| DurationError::TooLong(text.to_owned()))?;
            rest = tail.trim_start();
        }
        Ok(Self(total))
    }
}

/// Exact and short: the largest unit that divides, else the sum of days, hours, minutes and seconds (`7h 0m 40s`).
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        for (unit, seconds) in [("y", 31_556_952), ("mo", 2_629_746), ("d", 86_400), ("h", 3_600), ("m", 60)] {
            if self.0.is_multiple_of(seconds) {
                return write!(f, "{}{unit}", self.0 / seconds);
            }
        }
        let mut rest = self.0;
        let mut begun = false;
        for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
            let count = rest / seconds;
            rest %= seconds;
            if begun && rest == 0 && count == 0 {
                break;
            }
            if count > 0 || begun {
                write!(f, "{}{count}{unit}", if begun { " " } else { "" })?;
                begun = true;
                if rest == 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        for (text, seconds) in
            [("0s", 0), ("15m", 900), ("1h30m", 5_400), ("1h 30m", 5_400), ("30d", 2_592_000), ("12w", 7_257_600)]
        {
            assert_eq!(text.parse(), Ok(Duration(seconds)), "{text}");
        }
        assert_eq!("12mo".parse::<Duration>(), "1y".parse());
        for text in ["", "15", "m", "-1h", "1.5h", "1 fortnight", "1h-30m", "٣h", "1001y", "99999999999999999999s"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations_print_exactly() {
        for (seconds, text) in [
            (0, "0s"),
            (60, "1m"),
            (90, "1m 30s"),
            (25_240, "7h 0m 40s"),
            (2_592_000, "30d"),
            (31_556_952, "1y"),
            (3_601, "1h 0m 1s"),
        ] {
            assert_eq!(Duration(seconds).to_string(), text);
            assert_eq!(text.parse(), Ok(Duration(seconds)));
        }
    }
}
