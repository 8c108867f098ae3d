//! `bdr list`: what can be restored.

use crate::cli::chosen::{self, Chosen, Format, Which};
use crate::cli::load::References;
use crate::cli::view::backups::{self, Row, Silent};
use crate::cli::{Context, Exit, Failure, catalogues, load};
use crate::tree::Known;
use crate::units::cadence::Zone;

/// List the backups that the stores hold
///
/// The stores alone are asked, all at once: there is no other list. Exit code 1 tells that a backup is damaged, as far as anybody
/// looked, or that a store could not be read. Backups of a component that left the policy stay in their stores; to see or restore
/// them, name a policy that still has it with `-p`, such as an older one from version control.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Component [default: all of the policy]
    component: Option<String>,
    #[command(flatten)]
    which: Which,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::policy(context, References::Acting)?;
    let env = context.env(References::Acting)?;
    let policy = &loaded.policy;
    let chosen = chosen::all(policy, args.component.as_deref(), &args.which, &env).await?;
    let human = args.format == Format::Human;
    let (mut rows, mut damaged) = (Vec::new(), false);
    let failed = catalogues::each(context, &chosen, |chosen, known| {
        damaged |= warn(context, chosen, &known);
        let found = found(chosen, &known);
        if human {
            context.print(&shown(context, chosen, &found, &policy.timezone, rows.is_empty()))?;
        }
        rows.push(found);
        Ok(())
    })
    .await?;
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
    let silent = failed.iter().map(|(chosen, error)| Silent::of(chosen, error)).collect();
    if !human {
        context.print(&backups::json(&rows, silent)?)?;
    } else if rows.is_empty() && failed.is_empty() {
        context.say("There is no backup yet. `bdr backup COMPONENT` makes one.");
    }
    match catalogues::failure(&failed) {
        Some(failure) => Err(failure),
        None => Ok(if damaged { Exit::Failed } else { Exit::Done }),
    }
}

/// Tells manifests that cannot be read; whether anything is known to be damaged.
fn warn(context: &Context, chosen: &Chosen<'_>, known: &Known) -> bool {
    for (place, error) in &known.backups.damaged {
        context.warn(&format!("{}: {}: {error}", chosen.label(), place.folder().trim_end_matches('/')));
    }
    !known.backups.damaged.is_empty() || known.facts.iter().any(|facts| facts.damaged)
}

fn found(chosen: &Chosen<'_>, known: &Known) -> Vec<Row> {
    let row = |manifest: &crate::catalog::manifest::Manifest| Row {
        store: chosen.store.to_string(),
        damaged: known.health.damaged.get(&manifest.id).copied(),
        verified: known.health.verified.get(&manifest.id).copied(),
        manifest: manifest.clone(),
    };
    known.backups.good.iter().map(row).collect()
}

fn shown(context: &Context, chosen: &Chosen<'_>, found: &[Row], zone: &Zone, first: bool) -> String {
    let gap = if first { "" } else { "\n" };
    gap.to_owned() + &backups::human(&chosen.label(), found, zone, context.terminal.width)
}
