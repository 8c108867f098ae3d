//! `bdr show`: a saved plan, as it was when it was saved.

use std::path::{Path, PathBuf};

use crate::cli::plan::{self, Format};
use crate::cli::{Context, Exit, Failure, signing};
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
    plan::show(&read(&args.file, None)?, args.format, args.all, args.ascii, context)?;
    Ok(Exit::Done)
}

/// Reads a saved plan, whole and unchanged, and where a key is given, signed by it.
///
/// # Errors
/// When it cannot be read, is not what its digest says, or is not signed by the key.
pub fn read(path: &Path, key: Option<&Path>) -> Result<Plan, Failure> {
    let failed = |reason: String| {
        Failure::new(format!("could not read the plan `{}`", path.display()))
            .cause(reason)
            .help("Make it anew with `bdr plan --out FILE`.")
    };
    // The bytes whose signature is looked at are those that are read as the plan.
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    if let Some(key) = key {
        signing::require(&bytes, path, key)?;
    }
    let text = String::from_utf8(bytes).map_err(|error| failed(error.to_string()))?;
    file::read(&text).map_err(|error| failed(error.to_string()))
}
