//! What a scheduler does when the clocks change.

/// The scheduler that carries jobs out, as far as it bears on when they run.
///
/// Sources: systemd 252 (measured; issues 5595 and 8647), cron(8) of Debian and cronie's `src/cron.c`, robfig/cron's `spec.go`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Semantics {
    /// Skips a local time that does not exist; runs a repeated one at its first instant only.
    Systemd,
    /// Debian's cron and cronie: jobs at fixed times run right after the jump, and once in the repeated hour; jobs whose minute or
    /// hour begins with `*` follow the new clock.
    Cron,
    /// Skips a local time that does not exist; runs a repeated one twice.
    Kubernetes,
    /// bdr's own: as cron.
    Agent,
}

/// What becomes of a local time that the clock is put forward over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InHole {
    Skipped,
    /// Run at the moment of the jump, unless the jump is of three hours or more (cron(8)).
    RightAfter,
}

/// What becomes of a local time that comes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InFold {
    First,
    Both,
}

impl Semantics {
    /// `wild`: the minute or the hour begins with `*` in cron's spelling.
    pub(super) fn at_changes(self, wild: bool) -> (InHole, InFold) {
        match self {
            Self::Systemd => (InHole::Skipped, InFold::First),
            Self::Kubernetes => (InHole::Skipped, InFold::Both),
            Self::Cron | Self::Agent if wild => (InHole::Skipped, InFold::Both),
            Self::Cron | Self::Agent => (InHole::RightAfter, InFold::First),
        }
    }
}
