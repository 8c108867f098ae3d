//! `bdr man`: manual pages, one per command, written to a folder.

use std::path::PathBuf;

use crate::cli::{Context, Exit, Failure};

/// Write the manual pages, one per command, into a folder
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for the pages; made if missing
    folder: PathBuf,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let failed =
        |error: std::io::Error| Failure::new(format!("could not write manual pages to `{}`: {error}", args.folder.display()));
    std::fs::create_dir_all(&args.folder).map_err(failed)?;
    clap_mangen::generate_to(crate::cli::command(), &args.folder).map_err(failed)?;
    context.say(&format!(
        "Wrote the manual pages to {}. Read one with: man -l {}/bdr.1",
        args.folder.display(),
        args.folder.display()
    ));
    Ok(Exit::Done)
}
