//! `bdr show`: a saved plan, as it was when it was saved.

use std::path::{Path, PathBuf};

use crate::cli::plan::{self, Format};
use crate::cli::{Context, Exit, Failure};
use crate::plan::{Plan, file};

/// Show a saved plan
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A plan saved by `bdr plan --out FILE`
    file: PathBuf,
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Show everything, however long
    #[arg(long)]
    all: bool,
    /// Only characters of ASCII
    #[arg(long)]
    ascii: bool,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    plan::show(&read(&args.file)?, args.format, args.all, args.ascii, context)?;
    Ok(Exit::Done)
}

/// Reads a saved plan, whole and unchanged.
///
/// # Errors
/// When it cannot be read, or is not what its digest says.
pub fn read(path: &Path) -> Result<Plan, Failure> {
    let failed = |reason: String| {
        Failure::new(format!("could not read the plan `{}`", path.display()))
            .cause(reason)
            .help("Make it anew with `bdr plan --out FILE`.")
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    file::read(&text).map_err(|error| failed(error.to_string()))
}
