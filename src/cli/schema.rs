//! `bdr schema`: the JSON Schemas of what people write and of what bdr writes.

use clap::ValueEnum;

use crate::cli::view::{assessment, status, wal};
use crate::cli::{Context, Exit, Failure};
use crate::{lint, policy};

/// Print a JSON Schema, such as the policy's for an editor to complete by
///
/// Editors with a YAML language server use it through a first line of the policy such as
/// `# yaml-language-server: $schema=policy.schema.json`, after `bdr schema > policy.schema.json`.
///
/// A command that fails before it has a document to print, such as for a policy with errors, prints one event `failed` instead. A program
/// tells the two apart by the field `event`: every event has it, and no document does.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which schema
    #[arg(value_enum, default_value_t = Name::Policy)]
    name: Name,
}

/// Everything that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// What people write
    Policy,
    /// `bdr assess --format json`
    Assessment,
    /// `bdr status --format json`
    Status,
    /// `bdr wal status --format json`
    WalStatus,
    /// `bdr plan --format json`, also of `show` and `drift`, and a saved plan
    Plan,
    /// One line of `--format json` of `apply`, `destroy`, `prune`, `restore`, and of any command that failed
    Event,
    /// `bdr lint --format json`
    Findings,
    /// `bdr lint --write-baseline FILE`
    Baseline,
}

impl Name {
    /// The schema as it is checked in: indented, with a line end.
    pub fn text(self) -> String {
        match self {
            Self::Policy => format!("{:#}\n", policy::schema().to_value()),
            Self::Assessment => assessment::schema(),
            Self::Status => status::schema(),
            Self::WalStatus => wal::schema(),
            Self::Plan => format!("{:#}\n", crate::plan::file::schema().to_value()),
            Self::Event => format!("{:#}\n", crate::journal::event_schema().to_value()),
            Self::Findings => lint::format::schema(),
            Self::Baseline => lint::format::baseline_schema(),
        }
    }
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context.print_exactly(&args.name.text())?;
    Ok(Exit::Done)
}
