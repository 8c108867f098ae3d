//! `bdr wal fetch`: what `restore_command` calls.

use std::path::Path;

use crate::archiving::{self, Carried, Fetched, system_beside};
use crate::cli::load::References;
use crate::cli::wal::{chosen, failures, in_time, split};
use crate::cli::{Context, Exit, Failure, LogLevel, load};
use crate::stores::Patience;

/// Hand out a file of the write-ahead log, as `restore_command` calls for it
///
/// `restore_command = 'bdr -p /etc/bdr/policy.yaml wal fetch COMPONENT %f %p'`. It ends with 0 when the file was delivered whole, with the digest
/// that it was archived with; with 1 when it is proven that the archive ends before it, whereupon PostgreSQL ends recovery; and with 255
/// whenever there is any doubt: a segment that is missing though later ones are there, a store that does not answer, a damaged object, a policy
/// that cannot be read. PostgreSQL then stops, and does not promote over a gap. Where the archive lies in several stores, what one has not, or not
/// whole, comes from the next; that it ends, all have to say.
#[derive(Debug, clap::Args)]
#[command(override_usage = "bdr wal fetch [OPTIONS] [COMPONENT] FILE DESTINATION")]
pub struct Args {
    /// Component [default: the only one with a `wal_archive`]; then the name of the file and where to put it, `%f` and `%p` of `restore_command`
    #[arg(value_name = "COMPONENT FILE DESTINATION", num_args = 2..=3, required = true)]
    words: Vec<String>,
    /// Segments that the base backup carries itself, the first and the last: the server has these in its pg_wal, whatever was archived
    #[arg(long, value_name = "FIRST:LAST")]
    carried: Option<Carried>,
    /// Ask this store alone; give it several times for several [default: every store of the archive]
    #[arg(long, value_name = "NAME")]
    store: Vec<String>,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (component, rest) = split(&args.words, 2);
    let [name, destination] = rest else { return Err(Failure::usage("the name of a file and a destination are wanted")) };
    let what = format!("fetch {name}");
    in_time(&what, one(args, context, component, (name, destination, &what))).await
}

async fn one(
    args: &Args,
    context: &Context,
    component: Option<&str>,
    (name, destination, what): (&str, &str, &str),
) -> Result<Exit, Failure> {
    let loaded = load::policy(context, References::Called)?;
    let env = context.env(References::Called)?;
    let chosen = chosen::archives(context, &loaded.policy, (component, &args.store), &env, Patience::default()).await?;
    let destination = Path::new(destination);
    let fetched =
        archiving::fetch(&chosen.archives, name, (system_beside(destination), args.carried.as_ref()), destination).await;
    match fetched {
        Ok(Fetched::Delivered) => Ok(Exit::Done),
        Ok(Fetched::End) => {
            context.log(LogLevel::Info, &format!("{name}: the archive ends before it"));
            Ok(Exit::Failed)
        }
        Err(failed) => {
            let otherwise = "Recovery stops here and does not promote. Start the server again when this is mended.";
            Err(failures(context, what, &failed, otherwise))
        }
    }
}
