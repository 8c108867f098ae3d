//! `bdr restore`: brings a component back, whole or in part.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::address::BackupId;
use crate::catalog::manifest::{Kind, Manifest};
use crate::cli::backup::threads;
use crate::cli::chosen::{self, Chosen, Which};
use crate::cli::load::References;
use crate::cli::view::backups::moment;
use crate::cli::{Context, Exit, Failure, load, working};
use crate::sources::folder::{Into, Options, Select, Target, Walk};
use crate::tree::{Known, Paths, Progress, Restore, Restored, remove_extra, restore};
use crate::units::bytes::Bytes;
use crate::units::cadence::Zone;

/// Restore a component into a folder
///
/// Every block is checked before its file gets a name. A backup of one path goes right into the folder; of several paths each
/// keeps its own full path below it. Exit code 3 tells that something is missing or not as it was; it is named.
#[derive(Debug, clap::Args)]
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
    /// Restore the newest good backup from before this moment: `2026-11-24 02:00` by the policy's clock, or RFC 3339
    #[arg(long, value_name = "TIME", group = "moment")]
    at: Option<String>,
    /// Restore the newest good backup (the default)
    #[arg(long, group = "moment")]
    latest: bool,
    /// Restore only this path or glob, with all below it; repeatable
    #[arg(long, value_name = "GLOB")]
    path: Vec<String>,
    /// Replace what differs in a folder that is not empty; what is the same stays untouched
    #[arg(long)]
    overwrite: bool,
    /// Afterwards remove what the folder holds and the backup does not
    #[arg(long, requires = "overwrite", conflicts_with = "path")]
    delete_extra: bool,
    /// Leave owners as they come
    #[arg(long)]
    no_owner: bool,
    /// Do not ask on a terminal before something is replaced or removed
    #[arg(long, visible_alias = "auto-approve")]
    yes: bool,
    /// Only show what would be restored
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::policy(context, References::Acting)?;
    let env = context.env(References::Acting)?;
    let zone = &loaded.policy.timezone;
    let component = chosen::component(&loaded.policy, &args.component)?;
    let all = chosen::choose(&loaded.policy, component, &args.which, &env).await?;
    let (chosen, manifest) = pick(context, args, &all, zone).await?;
    context.say(&describe(chosen, &manifest, zone, args));
    if args.dry_run {
        return Ok(Exit::Done);
    }
    guard(args, context)?;
    let paths = Paths::new(&args.path, &manifest.origin.roots)?;
    let whole = paths.is_all();
    let strip = strip(&manifest);
    let into = Into { folder: args.to.clone(), strip: strip.clone(), overwrite: args.overwrite, owners: !args.no_owner };
    let target = Arc::new(Target::open(into).map_err(|trouble| Failure::new(trouble.to_string()))?);
    let job =
        Restore { shelf: chosen.shelf.clone(), manifest: manifest.clone(), paths, compare: args.overwrite, threads: threads() };
    let progress = Arc::new(Progress::default());
    let work = restore(job, Arc::clone(&target) as _, Arc::clone(&progress));
    let restored = working::show(context, &format!("restoring {}", chosen.label()), progress, work).await?;
    let exit = told(context, &restored, &manifest, whole);
    if args.delete_extra && exit == Exit::Done {
        let root = std::path::absolute(target.folder()).map_err(|error| Failure::new(error.to_string()))?;
        let prefix = root.to_string_lossy().trim_matches('/').as_bytes().to_vec();
        let select = Select::new(&[], &[]).map_err(|error| Failure::new(error.to_string()))?;
        let walk = Walk::new(Options { roots: vec![root], select, one_file_system: true, avoid: Vec::new() });
        let removed = remove_extra(chosen.shelf.clone(), manifest, Box::new(walk), prefix, target).await?;
        context.say(&format!("{removed} things that the backup does not hold were removed"));
    }
    Ok(exit)
}

/// The backup that the options name, among all stores that hold one. A store that fails is told and passed over.
async fn pick<'a, 'b>(
    context: &Context,
    args: &Args,
    all: &'b [Chosen<'a>],
    zone: &Zone,
) -> Result<(&'b Chosen<'a>, Manifest), Failure> {
    let at = match &args.at {
        Some(text) => instant(text, zone)?,
        None => Timestamp::MAX,
    };
    let mut found: Option<(&Chosen<'_>, Manifest)> = None;
    let mut failed = None;
    for chosen in all {
        let known: Known = match chosen.shelf.known().await {
            Ok(known) => known,
            Err(error) => {
                context.warn(&format!("{}: {error}", chosen.label()));
                failed = Some(error);
                continue;
            }
        };
        let candidate = match args.backup {
            Some(id) => known.find(id),
            None => known.latest(at),
        };
        let newer = |manifest: &Manifest| found.as_ref().is_none_or(|(_, best)| manifest.snapshot > best.snapshot);
        if let Some(manifest) = candidate.filter(|manifest| newer(manifest)) {
            found = Some((chosen, manifest.clone()));
        }
    }
    match (found, failed) {
        (Some(found), _) => Ok(found),
        (None, Some(error)) => Err(error.into()),
        (None, None) => Err(Failure::new(match (args.backup, &args.at) {
            (Some(id), _) => format!("there is no backup {id} of `{}`", args.component),
            (None, Some(at)) => format!("there is no good backup of `{}` from before {at}", args.component),
            (None, None) => format!("there is no good backup of `{}`", args.component),
        })
        .help(format!("Run `bdr list {}` to see what there is; a suspect one is restored by its id.", args.component))),
    }
}

/// # Errors
/// When the text is no moment.
fn instant(text: &str, zone: &Zone) -> Result<Timestamp, Failure> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok().and_then(|civil| zone.0.to_timestamp(civil).ok());
    civil.ok_or_else(|| {
        Failure::usage(format!("`{text}` is not a moment")).help("Write `2026-11-24 02:00`, or `2026-11-24T02:00:00Z`.")
    })
}

fn describe(chosen: &Chosen<'_>, manifest: &Manifest, zone: &Zone, args: &Args) -> String {
    let kind = if manifest.kind == Kind::Full { "full" } else { "incremental" };
    let suspect = if manifest.is_suspect() { ", SUSPECT" } else { "" };
    let part = if args.path.is_empty() { String::new() } else { format!("\n  only     {}", args.path.join(", ")) };
    let replace = match (args.overwrite, args.delete_extra) {
        (false, _) => "",
        (true, false) => "\n  existing files that differ are replaced",
        (true, true) => "\n  existing files that differ are replaced, and what the backup does not hold is removed",
    };
    format!(
        "{}: {kind} backup {}{suspect}\n  state of {}\n  holds    {} entries, {}\n  goes to  {}{part}{replace}",
        chosen.label(),
        manifest.id,
        moment(manifest.snapshot, zone),
        manifest.counts.entries,
        Bytes(manifest.counts.bytes),
        args.to.display()
    )
}

/// Nothing that exists is touched unless that was said.
fn guard(args: &Args, context: &Context) -> Result<(), Failure> {
    let taken = Path::new(&args.to).read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if !taken {
        return Ok(());
    }
    if !args.overwrite {
        return Err(Failure::new(format!("`{}` is not empty, and nothing in it was touched", args.to.display()))
            .help("Name another folder, or say `--overwrite` to replace what differs."));
    }
    if args.yes {
        return Ok(());
    }
    match context.ask(&format!("Replace what differs in `{}`? Type yes:", args.to.display())) {
        Some(answer) if answer != "yes" => Err(Failure::new("nothing was restored")),
        _ => Ok(()),
    }
}

/// What is left off the entries' paths: a backup of one path goes right into the folder.
fn strip(manifest: &Manifest) -> Vec<u8> {
    match manifest.origin.roots.as_slice() {
        [root] => root.trim_matches('/').as_bytes().to_vec(),
        _ => Vec::new(),
    }
}

fn told(context: &Context, restored: &Restored, manifest: &Manifest, whole: bool) -> Exit {
    let entries = restored.files + restored.directories + restored.symlinks + restored.hard_links;
    let kept = if restored.kept > 0 { format!(", {} of them were there already", restored.kept) } else { String::new() };
    context.say(&format!("{entries} entries, {}{kept}", Bytes(restored.bytes)));
    for (path, why) in &restored.failures {
        context.warn(&format!("  /{path} {why}"));
    }
    let more = restored.failed.saturating_sub(restored.failures.len() as u64);
    if more > 0 {
        context.warn(&format!("  … and {more} more"));
    }
    if whole && manifest.counts.skipped > 0 {
        context.say(&format!("{} entries were skipped when the backup was made, and are not in it", manifest.counts.skipped));
    }
    if restored.failed > 0 {
        context.warn(&format!("Restored in part: {} entries are missing or not as they were.", restored.failed));
        return Exit::Partly;
    }
    if whole && entries != manifest.counts.entries {
        let expected = manifest.counts.entries;
        context.warn(&format!("Restored in part: {entries} of {expected} entries. Run `bdr verify {}`.", manifest.component));
        return Exit::Partly;
    }
    if !whole && entries == 0 {
        context.warn("Nothing in the backup has such a path. Paths are told from the root of the machine or of the component.");
        return Exit::Failed;
    }
    Exit::Done
}
