//! The scheduler as people type it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::PathText;
use crate::policy::read::{Field, Hints, Instead};

/// What carries schedules out: exactly one of `systemd` and `cron`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Scheduler", extend("oneOf" = [{ "required": ["systemd"] }, { "required": ["cron"] }]))]
pub struct SchedulerDocument {
    /// Timers of systemd.
    pub systemd: Field<SystemdDocument>,
    /// A table of cron.
    pub cron: Field<CronDocument>,
}

/// Timers of systemd: `{}` for the system's own.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Systemd")]
pub struct SystemdDocument {
    /// Timers of the user who applies, instead of the system's.
    pub user: Field<bool>,
    /// Folder that the units are written to, instead of the scope's own.
    pub directory: Field<PathText>,
}

/// A table of cron: `{}` for a file of the policy's own in /etc/cron.d.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Cron", extend("not" = { "properties": { "user": { "const": true } }, "required": ["file", "user"] }))]
pub struct CronDocument {
    /// The crontab of the user who applies, instead of a file.
    pub user: Field<bool>,
    /// A file with a user column, as in /etc/cron.d.
    pub file: Field<PathText>,
}

impl Instead for SchedulerDocument {
    const WRITE: Hints =
        &["Write `{key}: { systemd: {} }` or `{key}: { cron: {} }`.", "Write `{key}: { systemd: {} }` or `{key}: { cron: {} }`."];
}

impl Instead for SystemdDocument {
    const WRITE: Hints = &["Write `{key}: {}`.", "Write `{key}: {}`."];
}

impl Instead for CronDocument {
    const WRITE: Hints = &["Write `{key}: {}`.", "Write `{key}: {}`."];
}
