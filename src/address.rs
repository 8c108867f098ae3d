//! Names and addresses: how a policy's things are called in code, output, stores and marks.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A name that does not fit the rule for names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name: use 1 to 63 of a-z, 0-9, `-` and `_`, beginning with a letter or digit")]
pub struct NameError(pub String);

/// Names go into object keys, unit files, tags and rule ids, so they are kept to what all of those take unescaped.
fn is_name(text: &str) -> bool {
    let tail = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let head = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 63 && text.starts_with(head) && text.chars().all(tail)
}

/// A name that a text was probably meant to be: in lower case, with one `-` for whatever else stands in it. `None`: nothing of it is left.
pub fn near_name(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c| !plain(c)).filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(63).collect();
    Some(name.trim_end_matches('-').to_owned()).filter(|name| is_name(name))
}

macro_rules! name {
    ($(#[$doc:meta] $type:ident),* $(,)?) => {$(
        #[$doc]
        ///
        /// Cheap to copy: every stage carries names along.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Arc<str>);

        impl $type {
            /// # Errors
            /// When the text is not a name.
            pub fn new(text: &str) -> Result<Self, NameError> {
                if is_name(text) { Ok(Self(text.into())) } else { Err(NameError(text.to_owned())) }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

name! {
    /// The policy: its identity, and the owner mark on everything that it manages.
    PolicyName,
    /// A thing to recover.
    ComponentName,
    /// A place where copies live.
    StoreName,
    /// One way in which a component's data is copied.
    ProtectionName,
    /// A class of retention.
    TierName,
    /// A role of the policy.
    RoleName,
    /// An account in which a role is taken on.
    AccountName,
}

/// One backup: the second in which it began (UTC) and eight random hex digits, so that names sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackupId {
    /// Seconds since 1970.
    second: i64,
    random: u32,
}

/// A text that is not the id of a backup.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the id of a backup such as `20261124T020000Z-0a1b2c3d`")]
pub struct BackupIdError(pub String);

impl BackupId {
    const FORMAT: &'static str = "%Y%m%dT%H%M%SZ";

    /// A time outside of the years 0 to 9999 is moved to the nearest second inside, so that every id has one length.
    pub fn new(began: jiff::Timestamp, random: u32) -> Self {
        Self { second: began.as_second().clamp(-62_167_219_200, 253_402_207_200), random }
    }

    pub fn began(self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(self.second).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:08x}", self.began().strftime(Self::FORMAT), self.random)
    }
}

impl FromStr for BackupId {
    type Err = BackupIdError;

    fn from_str(text: &str) -> Result<Self, BackupIdError> {
        let bad = || BackupIdError(text.to_owned());
        let (time, random) = text.split_once('-').ok_or_else(bad)?;
        let civil = jiff::civil::DateTime::strptime(Self::FORMAT, time).map_err(|_| bad())?;
        let began = jiff::tz::TimeZone::UTC.to_timestamp(civil).map_err(|_| bad())?;
        let random = u32::from_str_radix(random, 16).map_err(|_| bad())?;
        let id = Self::new(began, random);
        // Only the one spelling that bdr writes is an id: a name is compared as text elsewhere.
        if id.to_string() == text { Ok(id) } else { Err(bad()) }
    }
}

impl Serialize for BackupId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BackupId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a resource belongs to; also how output is grouped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Policy,
    Store(StoreName),
    Component(ComponentName),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy => f.write_str("policy"),
            Self::Store(name) => write!(f, "store.{name}"),
            Self::Component(name) => write!(f, "component.{name}"),
        }
    }
}

/// Address of one resource inside its policy, as `store.primary/s3_bucket` or `component.docs/systemd_timer:nightly`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    pub subject: Subject,
    /// Name of the resource's kind, as in `resource::Kind::name`.
    pub kind: Cow<'static, str>,
    /// Tells several resources of one kind and subject apart (a rule's id, a protection's name); empty where there is only one.
    pub key: String,
}

impl ResourceId {
    pub fn new(subject: Subject, kind: &'static str, key: impl Into<String>) -> Self {
        Self { subject, kind: Cow::Borrowed(kind), key: key.into() }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.subject, self.kind)?;
        if self.key.is_empty() { Ok(()) } else { write!(f, ":{}", self.key) }
    }
}

/// A text that is not the address of a resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a resource address such as `store.primary/s3_bucket`")]
pub struct AddressError(pub String);

impl FromStr for ResourceId {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let bad = || AddressError(text.to_owned());
        let (subject, rest) = text.split_once('/').ok_or_else(bad)?;
        let subject = match subject.split_once('.') {
            None if subject == "policy" => Subject::Policy,
            Some(("store", name)) => Subject::Store(StoreName::new(name).map_err(|_| bad())?),
            Some(("component", name)) => Subject::Component(ComponentName::new(name).map_err(|_| bad())?),
            _ => return Err(bad()),
        };
        let (kind, key) = rest.split_once(':').unwrap_or((rest, ""));
        if kind.is_empty() {
            return Err(bad());
        }
        Ok(Self { subject, kind: Cow::Owned(kind.to_owned()), key: key.to_owned() })
    }
}

impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_written() {
        for text in ["policy/lease", "store.primary/s3_lifecycle_rule:bdr/safe-pm/daily", "component.docs/systemd_timer:nightly"]
        {
            assert_eq!(text.parse::<ResourceId>().map(|id| id.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "store/x", "store.UPPER/x", "store.a/", "volume.a/x"] {
            assert!(text.parse::<ResourceId>().is_err(), "{text}");
        }
    }

    #[test]
    fn backup_ids_sort_by_time_and_have_one_spelling() {
        let id = |text: &str| text.parse::<BackupId>();
        let early = id("20261124T020000Z-ffffffff").expect("id");
        let late = id("20261124T020001Z-00000000").expect("id");
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(early.began().to_string(), "2026-11-24T02:00:00Z");
        for text in [
            "",
            "20261124T020000Z",
            "20261124T020000Z-",
            "20261124T020000Z-FFFFFFFF",
            "20261124T020000Z-fffffff",
            "20261324T020000Z-ffffffff",
            "2026-1124T020000Z-ffffffff",
            "20261124T020000Z-ffffffff/..",
        ] {
            assert!(id(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_stay_within_what_keys_units_and_tags_take() {
        for text in ["a", "safe-pm", "0", "wal_2", &"x".repeat(63)] {
            assert!(PolicyName::new(text).is_ok(), "{text}");
        }
        for text in ["", "-a", "_a", "A", "å", "a.b", "a/b", "a b", &"x".repeat(64)] {
            assert!(PolicyName::new(text).is_err(), "{text}");
        }
    }
}
