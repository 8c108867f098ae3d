//! `bdr drift`: how the live system differs from the policy.

use crate::cli::load::References;
use crate::cli::plan::{self, Format};
use crate::cli::{Context, Exit, Failure, prepare};
use crate::plan::Scope;

/// Tell how the live system differs from the policy; exit with 2 where it does
///
/// As `plan`, but speaks of configuration alone: first backups that are still to be made are no drift.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How to print what differs
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Show everything, however long
    #[arg(long)]
    all: bool,
    /// Only characters of ASCII
    #[arg(long)]
    ascii: bool,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let opened = prepare::open(context, References::Looking).await?;
    let known = opened.survey(context).await;
    let drift = opened.plan(context, &known, None, &Scope::default());
    plan::show(&drift, args.format, args.all, args.ascii, context)?;
    if !drift.complete {
        return Err(plan::incomplete(&drift));
    }
    Ok(if drift.is_empty() { Exit::Done } else { Exit::Present })
}
