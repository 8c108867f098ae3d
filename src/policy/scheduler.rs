//! Schedulers: what carries the jobs out.

use crate::diag::Spanned;
use crate::policy::Text;
use crate::units::cadence::Semantics;

/// What carries schedules out.
#[derive(Debug, Clone, serde::Serialize)]
pub enum Scheduler {
    Systemd {
        scope: SystemdScope,
        /// Folder for the units; `None`: the scope's own (`/etc/systemd/system`, `$XDG_CONFIG_HOME/systemd/user`).
        directory: Option<Spanned<Text>>,
    },
    Cron(CronTable),
}

impl Scheduler {
    /// What it does when the clocks change.
    pub fn semantics(&self) -> Semantics {
        match self {
            Self::Systemd { .. } => Semantics::Systemd,
            Self::Cron(_) => Semantics::Cron,
        }
    }
}

/// Whose systemd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum SystemdScope {
    System,
    User,
}

/// Which crontab.
#[derive(Debug, Clone, serde::Serialize)]
pub enum CronTable {
    /// A file with a user column, as in `/etc/cron.d`; `None`: `/etc/cron.d/bdr-<policy>`.
    File(Option<Spanned<Text>>),
    /// The crontab of the user who applies, through `crontab(1)`.
    User,
}
