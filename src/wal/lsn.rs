//! A position in the write-ahead log.

use std::fmt;
use std::str::FromStr;

/// Bytes from the beginning of the log, written as PostgreSQL does: two hexadecimal halves with `/` between them (`pg_lsn`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lsn(pub u64);

/// A text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no position of the log: write it as PostgreSQL does, `16/B374D848`")]
pub struct LsnError(pub String);

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl From<Lsn> for String {
    fn from(at: Lsn) -> Self {
        at.to_string()
    }
}

impl TryFrom<String> for Lsn {
    type Error = LsnError;

    fn try_from(text: String) -> Result<Self, LsnError> {
        text.parse()
    }
}

impl FromStr for Lsn {
    type Err = LsnError;

    fn from_str(text: &str) -> Result<Self, LsnError> {
        let half = |half: &str| {
            let fits = (1..=8).contains(&half.len()) && half.bytes().all(|byte| byte.is_ascii_hexdigit());
            u64::from_str_radix(half, 16).ok().filter(|_| fits)
        };
        let both = text.split_once('/').and_then(|(high, low)| Some((half(high)? << 32) | half(low)?));
        both.map(Self).ok_or_else(|| LsnError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_are_no_position_are_refused() {
        for text in ["", "/", "0", "0/", "/0", "1/2/3", "0/123456789", "+1/0", "g/0", " 0/0"] {
            assert_eq!(text.parse::<Lsn>(), Err(LsnError(text.to_owned())));
        }
        assert_eq!("16/b374D848".parse(), Ok(Lsn(0x16_B374_D848)));
    }

    proptest! {
        #[test]
        fn a_position_is_read_as_it_is_written(at: u64) {
            prop_assert_eq!(Lsn(at).to_string().parse(), Ok(Lsn(at)));
        }
    }
}
