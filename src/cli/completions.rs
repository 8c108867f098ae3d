//! `bdr completions`: shell completions on stdout.

use clap_complete::Shell;

use crate::cli::{Context, Exit, Failure};

/// Print the completions of a shell, to be sourced or installed
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut crate::cli::command(), "bdr", &mut out);
    context.print_exactly(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Done)
}
