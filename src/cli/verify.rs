//! `bdr verify`: whether what the stores hold is still good.

use std::str::FromStr;
use std::sync::Arc;

use crate::cli::catalogues::{self, Failed, Haste, Unmarked};
use crate::cli::chosen::{self, Chosen, Format, Replicas, Which};
use crate::cli::load::References;
use crate::cli::view::backups::Silent;
use crate::cli::view::verification::{self, Told};
use crate::cli::{Context, Exit, Failure, load, working};
use crate::tree::{Known, Progress, Read, verify};

/// Check that backups are whole
///
/// Without options it checks that every manifest, index and pack is there, with the right size and digest where they are small.
/// `--read-data` reads the packs themselves: all of them, or a share, those first that had no turn for longest, so that a
/// small share every day reads everything in turn, and what is damaged holds up nothing behind it. What was seen is remembered in the
/// store, where it may be written, and told until the same bytes are read and found good. Exit code 1:
/// something is damaged, could not be looked at, or there is no backup to look at.
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
    let chosen = chosen::all(&loaded.policy, args.component.as_deref(), &args.which.with(Replicas::Named), &env).await?;
    let read = args.read_data.map_or(Read::Nothing, |share| share.0);
    let (mut all, failed) = every(context, &chosen, read).await?;
    all.sort_by_key(|(at, _)| *at);
    let all: Vec<Told> = all.into_iter().map(|(_, told)| told).collect();
    match args.format {
        Format::Human => context.print_words(&verification::human(&all, read, context.terminal.width))?,
        Format::Json => {
            let silent = failed.iter().map(|(chosen, error)| Silent::of(chosen, error)).collect();
            context.print_json(&verification::json(&all, silent)?)?;
        }
    }
    for told in &all {
        if let Some(why) = told.verified.as_ref().and_then(|verified| verified.not_noted.as_ref()) {
            context
                .warn(&format!("warning: {}: what was seen could not be noted, so `list` does not show it: {why}", told.label));
        }
    }
    match catalogues::failure(&failed) {
        Some(failure) => Err(failure),
        None => Ok(if all.iter().all(Told::is_good) { Exit::Done } else { Exit::Failed }),
    }
}

const AGAIN: &str = "Nothing of it is remembered: run the command again.";

/// Each series as its catalogue comes, with its place in the order; a store that does not answer holds up no other.
async fn every<'a>(context: &Context, chosen: &'a [Chosen<'a>], read: Read) -> Result<(Vec<(usize, Told)>, Failed<'a>), Failure> {
    let mut reads = catalogues::begin(context, chosen, Haste::Job);
    let mut stop = context.stop.clone();
    let (mut all, mut failed, mut unmarked) = (Vec::new(), Vec::new(), Unmarked::default());
    loop {
        let next = tokio::select! {
            next = reads.next() => next,
            () = stop.asked_times(1) => return Err(catalogues::stopped()),
        };
        match next {
            Some((at, Ok(known))) => {
                unmarked.tell(context, &chosen[at], &known);
                all.push((at, one(context, &chosen[at], known, read).await?));
            }
            Some((at, Err(error))) => failed.push((&chosen[at], error)),
            None => return Ok((all, failed)),
        }
    }
}

async fn one(context: &Context, chosen: &Chosen<'_>, known: Known, read: Read) -> Result<Told, Failure> {
    let label = chosen.label();
    let suspect = known.backups.good.iter().filter(|manifest| manifest.is_suspect()).count();
    if known.backups.good.is_empty() && known.backups.damaged.is_empty() {
        return Ok(Told { label, suspect, verified: None });
    }
    let progress = Arc::new(Progress::default());
    let work = verify(&chosen.shelf, &known, read, context.now(), Arc::clone(&progress));
    let verified = working::show(context, (&format!("verifying {label}"), AGAIN), progress, work).await?;
    Ok(Told { label, suspect, verified: Some(verified) })
}
