//! `bdr restore`: brings a component back, whole or in part.

mod apart;
mod archive;
mod cluster;
mod database;
mod elsewhere;
mod events;
mod future;
mod guard;
mod kept;
mod moment;
mod nothing;
mod outcome;
mod pick;
mod rolled;

use std::path::PathBuf;
use std::sync::Arc;

use crate::address::BackupId;
use crate::catalog::manifest::Manifest;
use crate::cli::backup::threads;
use crate::cli::chosen::{self, Replicas, Which};
use crate::cli::load::References;
use crate::cli::restore::archive::Fast;
use crate::cli::restore::pick::Picked;
use crate::cli::telling::{self, Telling};
use crate::cli::{Context, Exit, Failure, hint, load, working};
use crate::diag::shown;
use crate::journal::{Event, RestoreEnded};
use crate::source::{Destination, Trouble};
use crate::sources::folder::{Into, Target};
use crate::store::ErrorKind;
use crate::tree::{Damage, Each, Missed, Paths, Progress, Restore, Restored, TreeError, literal, missed, remember, restore};
use crate::units::cadence::Zone;
use crate::units::shell::word;
use crate::wal::Lsn;

/// Restore a component into a folder
///
/// Every block is checked before its file gets a name. A backup of one path goes right into the folder; of several paths each
/// keeps its own full path below it. A base backup becomes a data directory, on which no server starts before all of it is there.
/// Owners come back where root runs it; anybody else says `--no-owner`. Exit code 3 tells that something is missing or not as it
/// was; it is named. Backups of a component that left the policy stay: name a policy that still has it with `-p`, such as an older
/// one from version control.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Component to restore
    component: String,
    #[command(flatten)]
    which: Which,
    /// Folder to restore into; made if it is missing
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Backup to restore, as `bdr list` names it
    #[arg(long, value_name = "ID", group = "moment")]
    backup: Option<BackupId>,
    /// Restore the newest good backup up to this moment: `2026-11-24 02:00` (with the whole of that minute; exactly, where a
    /// log is replayed) by the policy's clock, or RFC 3339
    #[arg(long, value_name = "TIME", group = "moment")]
    at: Option<String>,
    /// Restore the newest good backup (the default)
    #[arg(long, group = "moment")]
    latest: bool,
    /// Roll a base backup forward to this position of the log, such as `16/B374D848`
    #[arg(long, value_name = "LSN", group = "moment")]
    lsn: Option<Lsn>,
    /// Roll a base backup forward with the log that this command brings, as PostgreSQL's `restore_command`: to the moment of `--at`, to
    /// `--lsn`, or to the end of the log [default: `bdr wal fetch` of a component with a `wal_archive`, unless `--backup` is given]
    #[arg(long, value_name = "COMMAND", conflicts_with = "path")]
    restore_command: Option<String>,
    /// The command is that of the component's own archive.
    #[arg(skip)]
    by_archive: bool,
    /// The timeline to recover to.
    #[arg(skip)]
    timeline: Option<u32>,
    /// Let log go that lies in the folder and is archived nowhere
    #[arg(long, requires = "overwrite", conflicts_with = "path")]
    discard_wal: bool,
    /// Restore only this path or glob, with all below it; repeatable
    #[arg(long, value_name = "GLOB")]
    path: Vec<String>,
    /// Then load the restored dump into this database, made anew on the component's server; it must not exist
    #[arg(long, value_name = "NEW", conflicts_with = "path")]
    database: Option<String>,
    /// Restore the tablespace of a base backup that lay at OLD into the folder NEW; repeatable [default: below DIR]
    #[arg(long, value_name = "OLD=NEW", conflicts_with = "path")]
    tablespace: Vec<String>,
    /// Replace what differs in a folder that is not empty; what is the same stays untouched
    #[arg(long)]
    overwrite: bool,
    /// Afterwards remove what the folder holds and the backup does not
    #[arg(long, requires = "overwrite", conflicts_with = "path")]
    delete_extra: bool,
    /// Leave owners as they come; no program keeps rights of an owner that it no longer has
    #[arg(long)]
    no_owner: bool,
    /// Do not ask on a terminal before something is replaced or removed
    #[arg(long, visible_alias = "auto-approve")]
    yes: bool,
    /// Days that what is brought out of an archive class stays readable
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=365))]
    retrieve_days: u16,
    /// How fast to bring it out of an archive class; faster costs more
    #[arg(long, value_enum, default_value_t = Fast::Standard)]
    retrieve_speed: Fast,
    /// Only show what would be restored
    #[arg(long)]
    dry_run: bool,
    /// How to tell what is restored
    #[arg(long, value_enum, default_value_t = Telling::Human)]
    format: Telling,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    working::listen(context);
    let loaded = load::policy(context, References::Acting)?;
    let env = context.env(References::Acting)?;
    let zone = &loaded.policy.timezone;
    let component = chosen::component(&loaded.policy, &args.component)?;
    apart::apart(args, &loaded.policy)?;
    let all = chosen::choose(&loaded.policy, component, &args.which.with(Replicas::Always), &env).await?;
    let args = &rolled::with_archive(args, context, component, &all)?;
    let all = cluster::fitting(args, all);
    let database = database::check(args, context, component).await?;
    let log = rolled::look(args, context, (&loaded.policy, &env, component)).await?;
    let args = &rolled::as_found(args, log.as_ref());
    let picked = pick::pick(context, args, &all, log.as_ref(), (&loaded.policy, &env)).await?;
    let args = &rolled::check(args, context, log.as_ref(), &picked.manifest, zone)?;
    let ended = bring_back(args, context, zone, &picked).await;
    if let Err(Failure { damage: Some(damage), .. }) = &ended {
        remembered(args, context, &picked, damage).await;
    }
    let ended = ended?;
    match database {
        Some(ready) if ended == Exit::Done && !args.dry_run => ready.load(args, context).await?,
        Some(_) if !args.dry_run => context.warn("No database was made, because not everything came back."),
        _ => {}
    }
    Ok(ended)
}

async fn bring_back(args: &Args, context: &Context, zone: &Zone, picked: &Picked<'_>) -> Result<Exit, Failure> {
    let Picked { chosen, manifest, .. } = picked;
    context.say(&pick::describe(chosen, manifest, zone, args));
    args.format.event(context, || events::started(args, picked));
    if let Some(empty) = args.path.iter().find(|path| path.trim_matches('/').is_empty()) {
        return Err(Failure::usage(format!("`--path '{empty}'` names nothing, and nothing was restored"))
            .help("Leave `--path` away to restore everything."));
    }
    let paths = Paths::new(&args.path, &manifest.origin.roots)?;
    let missed = missed(&chosen.shelf, manifest, &paths).await.map_err(|error| failed(args, context, error))?;
    if let Some(missed) = missed.into_iter().next() {
        return Err(unknown(&missed));
    }
    cluster::check(args, manifest)?;
    if guard::guard(args)? {
        guard::count_files(args, context, chosen, (manifest, &paths)).await?;
        let extra = guard::foretell(args, context, chosen, manifest).await?;
        guard::agreed(args, context, extra)?;
    }
    guard::sweep(args, context, chosen, (manifest, &paths)).await?;
    if args.dry_run {
        args.format.event(context, || Event::RestoreEnded(RestoreEnded::default()));
        return Ok(Exit::Done);
    }
    archive::ready(chosen, manifest, &paths, (args.retrieve_days, args.retrieve_speed)).await?;
    let placed = cluster::placed(args, manifest)?;
    placed.as_deref().map_or(Ok(()), cluster::begin)?;
    let target: Arc<dyn Destination> = match &placed {
        Some(placed) => Arc::clone(placed) as _,
        None => files(args, manifest)?,
    };
    let whole = paths.is_all();
    let restored = copied(args, context, picked, (paths, Arc::clone(&target))).await?;
    let exit = outcome::told(context, args, &restored, (manifest, whole));
    if !restored.damage.is_empty() {
        remembered(args, context, picked, &restored.damage).await;
    }
    args.format.event(context, || events::ended(&restored, exit));
    if exit != Exit::Done {
        let elsewhere = elsewhere::find(picked, &restored, zone).await;
        outcome::next_steps(args, context, &restored, (manifest, whole), elsewhere)
            .iter()
            .for_each(|step| context.warn(&format!("  help: {step}")));
    }
    match exit {
        Exit::Done if args.delete_extra => guard::remove(args, context, chosen, manifest, target).await?,
        _ if args.delete_extra => {
            context.warn("What the backup does not hold was left, because not everything came back as asked.")
        }
        _ => {}
    }
    placed.map_or(Ok(()), |placed| cluster::complete(args, context, &placed, (manifest, zone), exit == Exit::Done))?;
    Ok(exit)
}

async fn copied(
    args: &Args,
    context: &Context,
    Picked { chosen, manifest, .. }: &Picked<'_>,
    (paths, target): (Paths, Arc<dyn Destination>),
) -> Result<Restored, Failure> {
    let job = Restore {
        shelf: chosen.shelf.clone(),
        manifest: manifest.clone(),
        paths,
        compare: args.overwrite,
        threads: threads(),
        each: (args.format == Telling::Json).then(|| each(context)),
    };
    let progress = Arc::new(Progress::default());
    let work = restore(job, target, Arc::clone(&progress));
    let work = async { work.await.map_err(|error| failed(args, context, silence(args, error))) };
    working::show(context, (&format!("restoring {}", chosen.label()), AGAIN), progress, work).await
}

/// With the commands that go on, of this very component.
fn failed(args: &Args, context: &Context, error: TreeError) -> Failure {
    Failure::from_tree(error, &format!(" {}{}", args.component, context.policy_arguments()))
}

/// The same restore with other options about what is restored, as a command to type.
fn command(args: &Args, context: &Context, options: &str) -> String {
    let mut words = vec![format!("bdr restore {} {options} --to {}", args.component, word(&args.to.display().to_string()))];
    words.extend(args.path.iter().map(|path| format!("--path {}", word(path))));
    words.extend(args.database.iter().map(|name| format!("--database {}", word(name))));
    for (said, flag) in [(args.overwrite, "--overwrite"), (args.delete_extra, "--delete-extra"), (args.no_owner, "--no-owner")] {
        words.extend(said.then(|| flag.to_owned()));
    }
    words.join(" ") + &context.policy_arguments()
}

/// Tells each entry that does not come back as soon as that is known, however many there are.
fn each(context: &Context) -> Each {
    let context = context.clone();
    Arc::new(move |path, reason| telling::write(&context, events::not_restored(path, reason)))
}

/// A store that does not answer on the way says nothing of the backup, and what is there stays.
fn silence(args: &Args, error: TreeError) -> TreeError {
    match error {
        TreeError::Store(error) if error.kind == ErrorKind::Unavailable => error.with_help(outcome::when_it_answers(args)).into(),
        other => other,
    }
}

/// Leaves word of damage in the store, so that nothing takes the backup for a good one. Who may not write there only hears of it.
async fn remembered(args: &Args, context: &Context, picked: &Picked<'_>, damage: &Damage) {
    if args.dry_run {
        return;
    }
    let (shelf, id, label) = (&picked.chosen.shelf, picked.manifest.id, picked.chosen.label());
    match remember(shelf, &picked.manifest, damage, context.now()).await {
        Ok(true) => {
            context.say(&format!("{label}: the damage to backup {id} is remembered: `list` says it, and no backup builds on it."))
        }
        Ok(false) => {}
        Err(error) => context.warn(&format!(
            "warning: {label}: the damage to backup {id} could not be noted, so `list` does not show it: {error}"
        )),
    }
}

const AGAIN: &str = "What is there under its own name is whole. Run the command again with `--overwrite`, and of a data directory with \
                     `--delete-extra`: it goes on with what it finds.";

fn unknown(missed: &Missed) -> Failure {
    let names = |names: &[Vec<u8>]| names.iter().map(|name| format!("`{}`", literal(name))).collect::<Vec<_>>().join(", ");
    let help = match &missed.near {
        Some(near) => hint::did_you_mean(literal(near)),
        None => format!(
            "At its top the backup holds {}. A path is told from there, or from the root of the machine.",
            names(&missed.top)
        ),
    };
    Failure::new(format!("the backup holds nothing at `{}`, and nothing was restored", shown(&missed.glob))).help(help)
}

/// What stands where the backup goes is seen through this.
fn target(args: &Args, manifest: &Manifest) -> Result<Arc<dyn Destination>, Failure> {
    match cluster::seen(args, manifest)? {
        Some(placed) => Ok(placed),
        None => files(args, manifest),
    }
}

fn files(args: &Args, manifest: &Manifest) -> Result<Arc<dyn Destination>, Failure> {
    let into = Into { folder: args.to.clone(), strip: strip(manifest), overwrite: args.overwrite, owners: !args.no_owner };
    let failed = |trouble: Trouble| {
        Failure::new(format!("could not restore into `{}`: {}", args.to.display(), trouble.detail))
            .help("Name a folder that can be written.")
    };
    Ok(Arc::new(Target::open(into).map_err(failed)?))
}

/// What is left off the entries' paths: a backup of one path goes right into the folder.
fn strip(manifest: &Manifest) -> Vec<u8> {
    match manifest.origin.roots.as_slice() {
        [root] => root.trim_matches('/').as_bytes().to_vec(),
        _ => Vec::new(),
    }
}
