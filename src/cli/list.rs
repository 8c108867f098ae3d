//! `bdr list`: what can be restored.

use std::collections::BTreeSet;

use crate::catalog::facts::horizon;
use crate::catalog::overdue::Overdue;
use crate::cli::chosen::{self, Chosen, Format, Replicas, Which};
use crate::cli::load::References;
use crate::cli::view::backups::{self, Late, Row, Silent, Unreadable};
use crate::cli::{Context, Exit, Failure, catalogues, load};
use crate::tree::Known;

/// List the backups that the stores hold
///
/// The stores alone are asked, all at once: there is no other list. Where backups have stopped (a scheduled run is over due since the
/// newest good one), that is told first. Exit code 1 tells that a backup is damaged, as far as anybody
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
    let chosen = chosen::all(policy, args.component.as_deref(), &args.which.with(Replicas::Always), &env).await?;
    let human = args.format == Format::Human;
    let (mut rows, mut unreadable, mut late, mut damaged) = (Vec::new(), Vec::new(), Vec::new(), false);
    let failed = catalogues::each(context, &chosen, |chosen, known| {
        let found = found(chosen, &known, context.now());
        let others = Unreadable::of(chosen, &known);
        others.iter().for_each(|other| context.warn(&other.told()));
        let overdue = Overdue::of(policy, chosen.protection, &known.facts, context.now());
        late.extend(overdue.map(|overdue| Late::of(chosen, overdue)));
        damaged |= !others.is_empty() || known.facts.iter().any(|facts| facts.damaged);
        if human {
            let gap = if rows.is_empty() { "" } else { "\n" };
            let late = overdue.map(|overdue| overdue.told(&policy.timezone));
            let told = backups::human(&chosen.label(), (&found, others.len()), late, (&policy.timezone, context.terminal.width));
            context.print_words(&format!("{gap}{told}"))?;
        }
        rows.push(found);
        unreadable.extend(others);
        Ok(())
    })
    .await?;
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
    let silent = failed.iter().map(|(chosen, error)| Silent::of(chosen, error)).collect();
    if !human {
        context.print_json(&backups::json(&rows, &unreadable, late, silent)?)?;
    } else if rows.is_empty() && unreadable.is_empty() && failed.is_empty() {
        let all: BTreeSet<&str> = chosen.iter().map(|chosen| chosen.component.name.as_str()).collect();
        // Of several, the first: one that is typed as it stands is better than a word to fill in.
        let (first, policy) = (all.first().copied().unwrap_or_default(), context.policy_arguments());
        context.say(&format!("There is no backup yet. `bdr backup {first}{policy}` makes one."));
    }
    match catalogues::failure(&failed) {
        Some(failure) => Err(failure),
        None => Ok(if damaged { Exit::Failed } else { Exit::Done }),
    }
}

fn found(chosen: &Chosen<'_>, known: &Known, now: jiff::Timestamp) -> Vec<Row> {
    let row = |manifest: &crate::catalog::manifest::Manifest| Row {
        store: chosen.store.to_string(),
        class: chosen.class_of(manifest.class),
        damaged: known.health.damaged.get(&manifest.id).copied(),
        future: manifest.snapshot > horizon(now),
        verified: known.health.verified.get(&manifest.id).copied(),
        manifest: manifest.clone(),
    };
    known.backups.good.iter().map(row).collect()
}
