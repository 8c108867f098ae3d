//! When things run: the one calendar type behind every spelling of a schedule (reference: cron(8), crontab(5), systemd.time(7)).

/// An IANA time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(pub jiff::tz::TimeZone);

impl Zone {
    pub fn utc() -> Self {
        Self(jiff::tz::TimeZone::UTC)
    }
}

/// When a job runs, as written and as meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// As the person wrote it.
    pub text: String,
}

/// A calendar period of which a tier keeps one backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}
