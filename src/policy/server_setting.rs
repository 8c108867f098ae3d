//! Settings of a PostgreSQL server that a policy may determine, and their values as the server itself writes them.

/// A setting that backups depend on (PostgreSQL's manual, "Write Ahead Log", "Replication").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerSetting {
    pub name: &'static str,
    pub form: Form,
    /// The major version that it came with.
    pub since: u32,
    /// It takes effect only when the server starts.
    pub at_start: bool,
}

/// What its values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One of these, each of which includes what those before it do.
    Level(&'static [&'static str]),
    Switch,
    Count,
    /// In the server's unit for it; -1 is no limit where `unlimited`.
    Bytes {
        unit: u64,
        unlimited: bool,
    },
    /// In the server's unit for it, as milliseconds.
    Time {
        unit: u64,
    },
    Text,
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const SECOND: u64 = 1_000;

const fn setting(name: &'static str, form: Form, since: u32, at_start: bool) -> ServerSetting {
    ServerSetting { name, form, since, at_start }
}

/// All of them. bdr speaks to no server before 13.
pub static ALL: [ServerSetting; 10] = [
    setting("archive_command", Form::Text, 13, false),
    setting("archive_mode", Form::Level(&["off", "on", "always"]), 13, true),
    setting("archive_timeout", Form::Time { unit: SECOND }, 13, false),
    setting("max_replication_slots", Form::Count, 13, true),
    setting("max_slot_wal_keep_size", Form::Bytes { unit: MIB, unlimited: true }, 13, false),
    setting("max_wal_senders", Form::Count, 13, true),
    setting("summarize_wal", Form::Switch, 17, false),
    setting("wal_keep_size", Form::Bytes { unit: MIB, unlimited: false }, 13, false),
    setting("wal_level", Form::Level(&["minimal", "replica", "logical"]), 13, true),
    setting("wal_summary_keep_time", Form::Time { unit: 60 * SECOND }, 17, false),
];

/// The setting of a name.
pub fn find(name: &str) -> Option<&'static ServerSetting> {
    ALL.iter().find(|setting| setting.name == name)
}

impl ServerSetting {
    /// The value as `SHOW` writes it, from what a person, a configuration file or `pg_settings` has; the reason where it is none.
    ///
    /// # Errors
    /// What values it takes.
    pub fn canonical(&self, text: &str) -> Result<String, String> {
        let text = text.trim();
        match self.form {
            Form::Text => Ok(text.to_owned()),
            Form::Level(words) => {
                let word = text.to_ascii_lowercase();
                words.contains(&word.as_str()).then_some(word).ok_or_else(|| format!("it takes one of {}", words.join(", ")))
            }
            Form::Switch => switch(text).ok_or_else(|| "it takes on or off".to_owned()),
            Form::Count => whole(text).map(|count| count.to_string()).ok_or_else(|| "it takes a whole number".to_owned()),
            Form::Bytes { unlimited: true, .. } if text == "-1" => Ok(text.to_owned()),
            Form::Bytes { unit, .. } => measured(text, unit, &BYTES)
                .map(|bytes| shown(bytes, unit, &BYTES))
                .ok_or_else(|| "it takes a size, such as 512MB or 2GB".to_owned()),
            Form::Time { unit } => measured(text, unit, &TIMES)
                .map(|time| shown(time, unit, &TIMES))
                .ok_or_else(|| "it takes a time, such as 60s, 5min or 1h".to_owned()),
        }
    }

    /// How one value stands to another where more includes less: by level, number, size or time. `None` for texts.
    pub fn compare(&self, one: &str, other: &str) -> Option<std::cmp::Ordering> {
        let rank = |text: &str| match self.form {
            Form::Text => None,
            Form::Level(words) => words.iter().position(|word| *word == text).map(|at| at as u64),
            Form::Switch => switch(text).map(|word| u64::from(word == "on")),
            Form::Count => whole(text),
            Form::Bytes { .. } if text == "-1" => Some(u64::MAX),
            Form::Bytes { unit, .. } => measured(text, unit, &BYTES),
            Form::Time { unit } => measured(text, unit, &TIMES),
        };
        Some(rank(one)?.cmp(&rank(other)?))
    }
}

/// PostgreSQL's units, the largest first (its manual, "Parameter Names and Values"). Its minutes are `min`; `m`, as policies write
/// them, is understood too.
const BYTES: [(&str, u64); 5] = [("TB", KIB * KIB * MIB), ("GB", KIB * MIB), ("MB", MIB), ("kB", KIB), ("B", 1)];
const TIMES: [(&str, u64); 6] =
    [("d", 86_400 * SECOND), ("h", 3_600 * SECOND), ("min", 60 * SECOND), ("s", SECOND), ("ms", 1), ("m", 60 * SECOND)];

fn whole(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn switch(text: &str) -> Option<String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Some("on".to_owned()),
        "off" | "false" | "no" | "0" => Some("off".to_owned()),
        _ => None,
    }
}

/// In the smallest unit; only what is a whole number of the server's own unit, since it would round the rest away.
fn measured(text: &str, own: u64, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = (whole(text.get(..digits)?)?, text.get(digits..)?.trim());
    let each = if unit.is_empty() { own } else { units.iter().find(|(name, _)| *name == unit)?.1 };
    number.checked_mul(each).filter(|all| all % own == 0)
}

fn shown(all: u64, own: u64, units: &[(&str, u64)]) -> String {
    let fits = |each: u64| all != 0 && all.is_multiple_of(each) && each >= own;
    match units.iter().find(|(_, each)| fits(*each)) {
        Some((name, each)) => format!("{}{name}", all / each),
        None => (all / own).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(name: &str, text: &str) -> Result<String, String> {
        find(name).expect("a setting").canonical(text)
    }

    /// As `SHOW` of PostgreSQL 15 answers after `ALTER SYSTEM SET`.
    #[test]
    fn values_are_written_as_the_server_shows_them() {
        let same = [
            ("archive_timeout", "60", "1min"),
            ("archive_timeout", "60s", "1min"),
            ("archive_timeout", "90 s", "90s"),
            ("archive_timeout", "1m", "1min"),
            ("archive_timeout", "0", "0"),
            ("wal_keep_size", "1024", "1GB"),
            ("wal_keep_size", "512MB", "512MB"),
            ("max_slot_wal_keep_size", "-1", "-1"),
            ("wal_summary_keep_time", "14400", "10d"),
            ("wal_level", "Replica", "replica"),
            ("summarize_wal", "true", "on"),
            ("max_wal_senders", "010", "10"),
        ];
        for (name, text, shown) in same {
            assert_eq!(canonical(name, text).as_deref(), Ok(shown), "{name} = {text}");
        }
    }

    #[test]
    fn what_the_server_would_not_take_or_would_round_is_refused() {
        for (name, text) in [
            ("archive_timeout", "100ms"),
            ("archive_timeout", "-1"),
            ("archive_timeout", "soon"),
            ("wal_keep_size", "1gb"),
            ("wal_keep_size", "100kB"),
            ("wal_keep_size", "-1"),
            ("max_wal_senders", "+3"),
            ("wal_level", "archive"),
            ("archive_mode", "yes"),
            ("wal_keep_size", "99999999999999999999TB"),
        ] {
            assert!(canonical(name, text).is_err(), "{name} = {text}");
        }
    }

    #[test]
    fn more_includes_less() {
        use std::cmp::Ordering as O;
        let order = |name, one, other| find(name).expect("a setting").compare(one, other);
        assert_eq!(order("wal_level", "logical", "replica"), Some(O::Greater));
        assert_eq!(order("max_slot_wal_keep_size", "1GB", "-1"), Some(O::Less));
        assert_eq!(order("archive_timeout", "1min", "60s"), Some(O::Equal));
        assert_eq!(order("archive_command", "a", "a"), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_as_the_same(at in 0..ALL.len(), number in 0u64..1 << 40) {
            let setting = &ALL[at];
            if let Ok(shown) = setting.canonical(&number.to_string()) {
                prop_assert_eq!(setting.canonical(&shown), Ok(shown.clone()));
            }
        }
    }
}
