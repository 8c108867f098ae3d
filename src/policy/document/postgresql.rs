//! Components that are databases of PostgreSQL, as people type them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ConninfoText, PlainText};
use crate::policy::read::{Field, Hints, Instead};

/// A database of a PostgreSQL server.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Postgresql")]
pub struct PostgresqlDocument {
    /// How to connect: a URL or `keyword=value` pairs of libpq; what it does not say is taken from `PG*` variables.
    pub url: Field<ConninfoText>,
    /// Settings of the server that bdr keeps as they are written here, by `ALTER SYSTEM`; the value before is given back when one leaves
    /// the policy. What takes effect only when the server starts waits for a restart, which bdr does not do.
    pub settings: Field<Box<ServerSettingsDocument>>,
}

/// Settings of a PostgreSQL server, each with a value as PostgreSQL writes it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "ServerSettings")]
pub struct ServerSettingsDocument {
    /// What the server runs for each segment that is full: 0 only once the segment is kept. Takes effect at once.
    pub archive_command: Field<PlainText>,
    /// Whether segments are archived: `off`, `on`, `always`. Takes effect when the server starts.
    #[schemars(extend("examples" = ["on"]))]
    pub archive_mode: Field<PlainText>,
    /// After this time a segment is archived that is not full.
    #[schemars(extend("examples" = ["60s", "5min"]))]
    pub archive_timeout: Field<PlainText>,
    /// Most replication slots. Takes effect when the server starts.
    pub max_replication_slots: Field<PlainText>,
    /// Most of the log that slots keep; `-1`: no limit, so that a receiver that is gone fills the disk.
    #[schemars(extend("examples" = ["50GB"]))]
    pub max_slot_wal_keep_size: Field<PlainText>,
    /// Most connections that stream the log or a base backup. Takes effect when the server starts.
    pub max_wal_senders: Field<PlainText>,
    /// Whether changed blocks are summarized, for incremental backups; PostgreSQL 17 and later.
    pub summarize_wal: Field<PlainText>,
    /// Least of the log that is kept for standbys.
    #[schemars(extend("examples" = ["1GB"]))]
    pub wal_keep_size: Field<PlainText>,
    /// What the log tells: `minimal`, `replica`, `logical`. Takes effect when the server starts.
    #[schemars(extend("examples" = ["replica"]))]
    pub wal_level: Field<PlainText>,
    /// How long summaries are kept; PostgreSQL 17 and later.
    #[schemars(extend("examples" = ["10d"]))]
    pub wal_summary_keep_time: Field<PlainText>,
}

impl ServerSettingsDocument {
    /// What is written, by the server's names, in their order.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &Field<PlainText>)> {
        let all = [
            ("archive_command", &self.archive_command),
            ("archive_mode", &self.archive_mode),
            ("archive_timeout", &self.archive_timeout),
            ("max_replication_slots", &self.max_replication_slots),
            ("max_slot_wal_keep_size", &self.max_slot_wal_keep_size),
            ("max_wal_senders", &self.max_wal_senders),
            ("summarize_wal", &self.summarize_wal),
            ("wal_keep_size", &self.wal_keep_size),
            ("wal_level", &self.wal_level),
            ("wal_summary_keep_time", &self.wal_summary_keep_time),
        ];
        all.into_iter().filter(|(_, field)| !field.is_absent())
    }
}

impl Instead for ServerSettingsDocument {
    const WRITE: Hints = &["Write `{key}: { archive_timeout: 60s }`.", "Write `{key}: { archive_timeout: 60s }`."];
}

impl Instead for PostgresqlDocument {
    // What stands there may hold a password, and is not repeated.
    const WRITE: Hints =
        &["Write `{key}: { url: \"${env:DATABASE_URL}\" }`.", "Write `{key}: { url: \"${env:DATABASE_URL}\" }`."];
}
