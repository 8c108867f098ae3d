//! Exit codes, and the one place where an error that leaves the program becomes words with a next step.

use std::process::ExitCode;

use crate::cli::Context;
use crate::diag::printable;
use crate::provider::ProviderError;
use crate::store::{ErrorKind, StoreError};
use crate::tree::{Damage, TreeError};

/// How a command ended. The numbers are part of bdr's interface (docs/cli.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or no change.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Changes are present (`plan --detailed-exitcode`, `drift`), findings at or above the threshold (`lint`), or copies that
    /// failed, are not there or are late and backups that are missing, overdue or damaged (`status`), or a WAL archive that is not well (`wal status`).
    Present = 2,
    /// Partly applied.
    Partly = 3,
    /// The plan is stale, or somebody else holds the lease.
    Blocked = 4,
    /// The command line is wrong.
    Usage = 64,
    /// `wal fetch`: there is a doubt. PostgreSQL takes 1 to 125 for "there is no such file", and promotes.
    Unproven = 255,
}

impl Exit {
    /// As whoever called understands it: to a `restore_command` every failure is a doubt.
    #[must_use]
    pub fn to_caller(self, restoring: bool) -> Self {
        if restoring && self != Self::Done { Self::Unproven } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command that could not do what was asked: what happened, why, and what to do next.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    /// What was attempted on what.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// A full sentence with the next step.
    pub help: Option<String>,
    /// Everything was said already: only the exit code is left.
    pub silent: bool,
    /// What is wrong with the policy, as `lint` tells it in JSON, where that is the reason.
    pub findings: Vec<serde_json::Value>,
    /// What of a store is damaged, where that is the reason.
    pub damage: Option<Box<Damage>>,
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Failed,
            message: message.into(),
            causes: Vec::new(),
            help: None,
            silent: false,
            findings: Vec::new(),
            damage: None,
        }
    }

    /// For an error that was already shown in full.
    pub fn silent(exit: Exit) -> Self {
        Self { exit, silent: true, ..Self::new("") }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new(message) }
    }

    #[must_use]
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from_store(&error)
    }
}

impl Failure {
    /// An operation on a store that failed, with the next step.
    pub fn from_store(error: &StoreError) -> Self {
        let help = match error.kind {
            ErrorKind::Denied | ErrorKind::Unauthenticated => {
                Some("Check the credentials, who owns the place, and what its policy allows.")
            }
            ErrorKind::Full => Some("Make room there, or let `bdr prune` show what can go; then run the command again."),
            ErrorKind::Unavailable if matches!(error.operation, "write" | "replace") => {
                Some("Run the command again when the store answers; nothing half-written is ever listed as a backup.")
            }
            ErrorKind::Unavailable => Some("Run the command again when the store answers."),
            ErrorKind::Archived => Some("The object lies in an archive class; it must be retrieved before it can be read."),
            ErrorKind::NoObject => Some("Find out who put it there, and remove it: bdr writes plain files only."),
            ErrorKind::NotFound => Some("Run `bdr plan` to see what is missing, and `bdr apply` to create it."),
            ErrorKind::Exists | ErrorKind::Unsupported | ErrorKind::Other => None,
        };
        let mut failure = Self::new(error.to_string());
        failure.help = error.help.clone().or_else(|| help.map(str::to_owned));
        failure
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        let mut failure = Self::new(error.to_string());
        failure.help = error.help;
        failure
    }
}

impl From<TreeError> for Failure {
    fn from(error: TreeError) -> Self {
        Self::from_tree(error, "")
    }
}

impl Failure {
    /// A job of the tree engine that failed, with the next step. `whose`: what the commands of that name after a blank, a component and
    /// where its policy is; empty where all are meant.
    pub fn from_tree(error: TreeError, whose: &str) -> Self {
        let damage = Damage::of(&error).map(Box::new);
        let error = match error {
            TreeError::Store(error) => return Self { damage, ..Self::from(error) },
            other => other,
        };
        let help = match &error {
            TreeError::Store(_) => "",
            TreeError::Format(_) => {
                &format!("Run `bdr verify{whose}` to see everything that is damaged; an older backup may be whole.")
            }
            TreeError::Source(_) => "Mend what is told and run the command again; nothing was committed.",
            TreeError::Target { .. } => {
                "Nothing half-written stays. Make room there, then run the same command again with `--overwrite`: it goes on with what it finds. Or name another folder."
            }
            TreeError::Nothing(_) => "Check the component's `paths`: an empty backup would only look like one.",
            TreeError::Locked { .. } => {
                "Wait for it to end. One that died is taken over by the next run: at once on the same machine, elsewhere after 15 minutes of silence."
            }
            TreeError::Overtaken { .. } => "Run the command again: it builds on that one.",
            TreeError::Removed { .. } => &format!(
                "A prune let it go. `bdr list{whose}` shows what is left; what was restored under its own name is whole, and with `--overwrite` a restore of another backup goes on with it."
            ),
            TreeError::Lost { .. } => "Run the command again; what is already in the store is used.",
            TreeError::Missing(_) => &format!("Run `bdr list{whose}` to see what there is."),
            TreeError::Machine { .. } | TreeError::Stopped => "Run the command again with `--log debug`.",
        };
        let exit =
            if matches!(error, TreeError::Locked { .. } | TreeError::Overtaken { .. }) { Exit::Blocked } else { Exit::Failed };
        Self { damage, ..Self::new(error.to_string()).exit(exit).help(help) }
    }
}

/// Says why a command failed, and returns its code.
pub fn report(context: &Context, failure: &Failure) -> Exit {
    if !failure.silent {
        let (red, dim, off) = if context.terminal.color_stderr { ("\x1b[1;31m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
        context.warn(&format!("{red}error{off}: {}", printable(&failure.message)));
        for cause in &failure.causes {
            context.warn(&format!("  {dim}because{off} {}", printable(cause)));
        }
        if let Some(help) = &failure.help {
            context.warn(&format!("  {dim}help:{off} {}", printable(help)));
        }
    }
    failure.exit
}

/// Shows help, the version, or what is wrong with the command line (sysexits.h: 64).
pub fn usage(error: &clap::Error) -> Exit {
    let _ = error.print();
    match error.kind() {
        clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion => Exit::Done,
        _ => Exit::Usage,
    }
}
