//! `bdr assess`: what the policy can promise, with the reasoning.

use clap::ValueEnum;

use crate::assess::{self, Facts};
use crate::cli::load::References;
use crate::cli::view::assessment;
use crate::cli::{Context, Exit, Failure, holdings, load};

/// Derive the worst-case RPO and RTO of every component under every disruption
///
/// Every figure comes with its terms and with where each came from: the policy, the live system, measured on past runs, or
/// assumed because nothing was measured yet. Nothing that the policy names is executed, and without --measured no store is
/// asked. Exit code 0: it was derived, be an objective broken or not (`bdr lint` ends with 2 for one that cannot be kept, and the JSON counts
/// them, `broken`); 1: the policy has errors, or could not be read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show every disruption with its reasoning, also where there is no objective
    #[arg(long)]
    all: bool,
    /// Ask the stores for the sizes and times of past backups, and derive from those
    #[arg(long)]
    measured: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    /// A document (`bdr schema assessment`), figures in seconds; a failure is an event (`bdr schema event`)
    Json,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let references = if args.measured { References::Looking } else { References::Unresolved };
    let loaded = load::policy(context, references)?;
    let mut facts = Facts::at(context.now());
    if args.measured {
        let holdings = holdings::look(&loaded.policy, &context.env(references)?, context.global.parallelism.into()).await;
        for (unread, _) in holdings.unread() {
            context.warn(&format!("warning: nothing measured is known of the {}: {}", unread.subject, unread.reason));
        }
        facts.measured = holdings.measured(context.now());
        facts.overdue = holdings.overdue(&loaded.policy, context.now());
    }
    let assessment = assess::assess(&loaded.policy, &facts);
    match args.format {
        Format::Human => context.print(&assessment::human(&assessment, args.all, context.terminal.width))?,
        Format::Json => {
            let document = assessment::document(loaded.policy.name.as_str(), &assessment, &loaded.sources);
            let text = serde_json::to_string_pretty(&document).map_err(|error| Failure::new(error.to_string()))?;
            context.print_json(&format!("{text}\n"))?;
        }
    }
    Ok(Exit::Done)
}
