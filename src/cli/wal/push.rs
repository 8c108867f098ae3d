//! `bdr wal push`: what `archive_command` calls.

use std::path::Path;

use crate::archiving::{self, File, Pushed};
use crate::cli::load::References;
use crate::cli::wal::{chosen, failures, in_time, split};
use crate::cli::{Context, Exit, Failure, LogLevel, load};
use crate::stores::Patience;

/// Archive a file of the write-ahead log, as `archive_command` calls for it
///
/// `archive_command = 'bdr -p /etc/bdr/policy.yaml wal push COMPONENT %p'`. It ends with 0 only when the file is durable in every store of the
/// `wal_archive`; one that is there already, the same to the last byte, is as good. Otherwise with 1 to 64, and PostgreSQL keeps the file and
/// hands it over again. It is refused where another one of its name was archived, and where it is of another cluster or of a timeline that
/// does not go on from the archived ones: nothing that was archived is ever overwritten.
#[derive(Debug, clap::Args)]
#[command(override_usage = "bdr wal push [OPTIONS] [COMPONENT] PATH")]
pub struct Args {
    /// Component [default: the only one with a `wal_archive`]; then the file in pg_wal, `%p` of `archive_command`
    #[arg(value_name = "COMPONENT PATH", num_args = 1..=2, required = true)]
    words: Vec<String>,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (component, rest) = split(&args.words, 1);
    let path = rest.first().map(Path::new).unwrap_or(Path::new(""));
    let what = format!("archive `{}`", path.display());
    in_time(&what, one(context, component, path, &what)).await
}

async fn one(context: &Context, component: Option<&str>, path: &Path, what: &str) -> Result<Exit, Failure> {
    let loaded = load::policy(context, References::Called)?;
    let env = context.env(References::Called)?;
    let chosen = chosen::archives(context, &loaded.policy, (component, &[]), &env, Patience::default()).await?;
    const AGAIN: &str = "PostgreSQL keeps the file, and hands it over again.";
    let file = File::read(path).map_err(|error| {
        failures(context, what, &[archiving::Failed { store: None, error }], "It is no file of this cluster's log.")
    })?;
    let pushed = archiving::push(&chosen.archives, &file, context.now()).await;
    let pushed = pushed.map_err(|failed| failures(context, what, &failed, AGAIN))?;
    let already = pushed.iter().filter(|one| **one == Pushed::Already).count();
    let told = format!("{}: archived in {} of {} stores before", file.text(), already, pushed.len());
    context.log(LogLevel::Info, &told);
    Ok(Exit::Done)
}
