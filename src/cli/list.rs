//! `bdr list`: what can be restored.

use crate::cli::chosen::{self, Format, Which};
use crate::cli::load::References;
use crate::cli::view::backups::{self, Row};
use crate::cli::{Context, Exit, Failure, load};

/// List the backups that the stores hold
///
/// The stores alone are asked: there is no other list. Exit code 1 tells that a backup is damaged, as far as anybody looked.
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
    let components = match &args.component {
        Some(name) => vec![chosen::component(&loaded.policy, name)?],
        None => loaded.policy.components.values().collect(),
    };
    let mut rows = Vec::new();
    let mut damaged = false;
    for component in components {
        for chosen in chosen::choose(&loaded.policy, component, &args.which, &env).await? {
            let known = chosen.shelf.known().await?;
            for (place, error) in &known.backups.damaged {
                context.warn(&format!("{}: {}: {error}", chosen.label(), place.folder().trim_end_matches('/')));
                damaged = true;
            }
            damaged |= known.facts.iter().any(|facts| facts.damaged);
            rows.extend(known.backups.good.iter().map(|manifest| Row {
                component: component.name.to_string(),
                store: chosen.store.to_string(),
                damaged: known.health.damaged.get(&manifest.id).copied(),
                verified: known.health.verified.get(&manifest.id).copied(),
                manifest: manifest.clone(),
            }));
        }
    }
    match args.format {
        Format::Human if rows.is_empty() => context.say("There is no backup yet. `bdr backup COMPONENT` makes one."),
        Format::Human => context.print(&backups::human(&rows, &loaded.policy.timezone, context.terminal.width))?,
        Format::Json => context.print(&backups::json(&rows)?)?,
    }
    Ok(if damaged { Exit::Failed } else { Exit::Done })
}
