//! `bdr drift`: how the live system differs from the policy.

use crate::cli::load::References;
use crate::cli::plan::{self, Format};
use crate::cli::{Context, Exit, Failure, prepare};
use crate::journal;
use crate::plan::{Intent, Scope, guard};

/// Tell how the live system differs from the policy; exit with 2 where it does, or where something grave is told
///
/// As `plan`, but speaks of configuration alone and reads no backups: first backups that are still to be made are no drift, and
/// whether backups have stopped `plan` and `list` tell.
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
    let records = opened.past.records(&opened.loaded.policy.name, context);
    let (mut known, records) = tokio::join!(opened.survey(context), records);
    known.last_set = journal::last_set(&records);
    let drift = opened.plan(context, &known, None, &Scope::default(), Intent::Drift);
    plan::show(&drift, args.format, args.all, args.ascii, context)?;
    if drift.can_begin() && args.format == Format::Human {
        let options = format!("{}{}", context.policy_arguments(), guard::options(&drift, true));
        context.say(&format!(
            "`bdr apply{options}` makes it what the policy says again. Where the change was meant, put it into the policy."
        ));
    }
    if !drift.complete {
        return Err(plan::incomplete(&drift));
    }
    // What is grave needs somebody, also where no change of the plan can mend it.
    Ok(if drift.is_empty() && drift.alarms.is_empty() { Exit::Done } else { Exit::Present })
}
