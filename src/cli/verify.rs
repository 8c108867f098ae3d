//! `bdr verify`: whether what the stores hold is still good.

use std::str::FromStr;
use std::sync::Arc;

use crate::cli::chosen::{self, Chosen, Format, Which};
use crate::cli::load::References;
use crate::cli::view::verification;
use crate::cli::{Context, Exit, Failure, load, working};
use crate::tree::{Progress, Read, Verified, verify};

/// Check that backups are whole
///
/// Without options it checks that every manifest, index and pack is there, with the right size and digest where they are small.
/// `--read-data` reads the packs themselves: all of them, or a share, those first that were not read for longest, so that a
/// small share every day reads everything in turn. What was seen is remembered in the store. Exit code 1: something is damaged.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Component [default: all of the policy]
    component: Option<String>,
    #[command(flatten)]
    which: Which,
    /// Read stored data too: `all`, or a share such as `5%`
    #[arg(long, value_name = "SHARE", num_args = 0..=1, default_missing_value = "all")]
    read_data: Option<Share>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// How much to read.
#[derive(Debug, Clone, Copy)]
struct Share(Read);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self(Read::All));
        }
        let percent = text.strip_suffix('%').and_then(|number| number.parse::<u8>().ok()).filter(|n| (1..=100).contains(n));
        percent.map(|percent| Self(Read::Percent(percent))).ok_or_else(|| "write `all`, or a share from 1% to 100%".to_owned())
    }
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    working::listen(context);
    let loaded = load::policy(context, References::Acting)?;
    let env = context.env(References::Acting)?;
    let components = match &args.component {
        Some(name) => vec![chosen::component(&loaded.policy, name)?],
        None => loaded.policy.components.values().collect(),
    };
    let read = args.read_data.map_or(Read::Nothing, |share| share.0);
    let mut all: Vec<(String, Verified)> = Vec::new();
    for component in components {
        for chosen in chosen::choose(&loaded.policy, component, &args.which, &env).await? {
            all.push((chosen.label(), one(context, &chosen, read).await?));
        }
    }
    match args.format {
        Format::Human => context.print(&verification::human(&all, read))?,
        Format::Json => context.print(&verification::json(&all)?)?,
    }
    Ok(if all.iter().all(|(_, verified)| verified.is_good()) { Exit::Done } else { Exit::Failed })
}

const AGAIN: &str = "Nothing of it is remembered: run the command again.";

async fn one(context: &Context, chosen: &Chosen<'_>, read: Read) -> Result<Verified, Failure> {
    let known = working::look(context, &chosen.label(), chosen.shelf.known()).await?;
    let progress = Arc::new(Progress::default());
    let work = verify(&chosen.shelf, &known, read, context.now(), Arc::clone(&progress));
    working::show(context, (&format!("verifying {}", chosen.label()), AGAIN), progress, work).await
}
