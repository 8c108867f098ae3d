//! `--format json` of commands that act, and of every command that fails: events on stdout, one line each.

use crate::cli::{Context, Failure};
use crate::journal::{Event, FORMAT_VERSION, Failed, Line, Series};

/// How something is told that takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Telling {
    /// Words for people
    Human,
    /// Events, one line each (`bdr schema event`)
    Json,
}

impl Telling {
    /// Writes an event, where events are wanted.
    pub fn event(self, context: &Context, event: impl FnOnce() -> Event) {
        if self == Self::Json {
            write(context, event());
        }
    }
}

/// One line on stdout. A reader that went away stops nothing.
pub fn write(context: &Context, event: Event) {
    if let Ok(line) = serde_json::to_string(&Line { at: context.now(), event }) {
        _ = context.print_json(&format!("{line}\n"));
    }
}

/// What a program reads from stdout, where the command line asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// One document.
    Document,
    /// Events.
    Events,
}

impl Machine {
    /// By the words of the command line.
    pub fn wanted(arguments: &clap::ArgMatches) -> Option<Self> {
        let (name, mut of_command) = arguments.subcommand()?;
        // Of `wal status`, the options of `status`.
        if let Some((_, inner)) = of_command.subcommand() {
            of_command = inner;
        }
        let format = of_command.try_get_raw("format").ok()??.next()?;
        let events = matches!(name, "apply" | "copy" | "destroy" | "prune" | "restore");
        (format == "json").then_some(if events { Self::Events } else { Self::Document })
    }

    /// Tells why the command failed, unless a document that says it was written.
    pub fn failed(self, context: &Context, failure: &Failure) {
        if self == Self::Events || !context.has_printed() {
            write(
                context,
                Event::Failed(Failed {
                    format_version: FORMAT_VERSION,
                    exit: failure.exit as u8,
                    message: failure.message.clone(),
                    causes: failure.causes.clone(),
                    help: failure.help.clone(),
                    findings: failure.findings.clone(),
                }),
            );
        }
    }
}

/// As events name it.
pub fn series(chosen: &crate::cli::chosen::Chosen<'_>) -> Series {
    Series {
        component: chosen.component.name.to_string(),
        protection: chosen.protection.name.to_string(),
        store: chosen.store.to_string(),
    }
}
