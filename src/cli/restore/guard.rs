//! Nothing that exists is replaced or removed unless that was said, and it is told first.

use std::path::Path;
use std::sync::Arc;

use crate::catalog::manifest::Manifest;
use crate::cli::chosen::Chosen;
use crate::cli::restore::Args;
use crate::cli::{Context, Failure, working};
use crate::diag::shown;
use crate::source::Destination;
use crate::sources::folder::{Options, Select, Walk};
use crate::tree::{self, Extra, Paths, Progress, extra};
use crate::units::count::count;

/// What is left of a look that was stopped.
const NOTHING: &str = "Nothing was restored.";

/// Names that are told before `… and N more`.
const NAMED: usize = 10;

/// Whether anything stands in the target.
///
/// # Errors
/// When something does and may not be touched.
pub fn guard(args: &Args) -> Result<bool, Failure> {
    let mut names: Vec<String> = Path::new(&args.to)
        .read_dir()
        .map(|entries| entries.filter_map(Result::ok).map(|entry| shown(entry.file_name().as_encoded_bytes())).collect())
        .unwrap_or_default();
    names.sort();
    let (first, all) = (names.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>(), names.len());
    if all > 0 && !args.overwrite {
        let more = if all > NAMED { format!(" and {} more", all - NAMED) } else { String::new() };
        return Err(Failure::new(format!("`{}` is not empty, and nothing in it was touched", args.to.display()))
            .cause(format!("it holds {}: {}{more}", count(all as u64, "thing"), first.join(", ")))
            .help("Name another folder, or say `--overwrite` to replace what differs and keep what is the same."));
    }
    Ok(all > 0)
}

/// Asks once, after everything was told: `extra` things that the backup does not hold go, too.
///
/// # Errors
/// When whoever was asked does not agree.
pub fn agreed(args: &Args, context: &Context, extra: u64) -> Result<(), Failure> {
    let removes = if extra > 0 { format!(" and remove {}", count(extra, "thing")) } else { String::new() };
    asked(args, context, &format!("Replace what differs in `{}`{removes}?", shown(args.to.as_os_str().as_encoded_bytes())))
}

/// Says how many files are new, changed, identical or in the way, where somebody is to read it: before a question and in a dry run.
///
/// # Errors
/// When the target or the index cannot be read.
pub async fn count_files(
    args: &Args,
    context: &Context,
    chosen: &Chosen<'_>,
    (manifest, paths): (&Manifest, &Paths),
) -> Result<(), Failure> {
    let is_read = args.dry_run || (context.can_ask() && !args.yes);
    if !args.overwrite || !is_read || !args.to.is_dir() {
        return Ok(());
    }
    let (target, progress) = (super::target(args, manifest)?, Arc::new(Progress::default()));
    let work = tree::foretell(chosen.shelf.clone(), manifest.clone(), paths.clone(), target, Arc::clone(&progress));
    let label = "comparing with what is there";
    let found = working::show(context, (label, NOTHING), progress, work).await?;
    context.warn(&format!(
        "  files    {} new, {} changed, {} identical, {} in the way",
        found.new, found.changed, found.identical, found.in_the_way
    ));
    tell(context, ("    ", "a folder is in the way: "), &found.named, found.in_the_way);
    Ok(())
}

/// Sweeps what a restore left that was killed, or tells of it in a dry run.
///
/// # Errors
/// When the index cannot be read.
pub async fn sweep(
    args: &Args,
    context: &Context,
    chosen: &Chosen<'_>,
    (manifest, paths): (&Manifest, &Paths),
) -> Result<(), Failure> {
    if !args.overwrite || !args.to.is_dir() {
        return Ok(());
    }
    let (target, progress) = (super::target(args, manifest)?, Arc::new(Progress::default()));
    let of = (chosen.shelf.clone(), manifest.clone());
    let work = tree::leftovers(of, paths.clone(), target, !args.dry_run, Arc::clone(&progress));
    let label = "looking for what an interrupted restore left";
    let found = working::show(context, (label, NOTHING), progress, work).await?;
    if found.count > 0 {
        let verb = if args.dry_run { "would be removed" } else { "removed" };
        context.warn(&format!("{} of an interrupted restore {verb}:", count(found.count, "half-written file")));
        tell(context, ("  ", ""), &found.named, found.count);
    }
    Ok(())
}

/// On a terminal, whoever runs this agrees; elsewhere the flags are the consent.
fn asked(args: &Args, context: &Context, question: &str) -> Result<(), Failure> {
    if args.yes || args.dry_run || !context.can_ask() {
        return Ok(());
    }
    // The end of the input is no consent.
    match context.ask(&format!("{question} Type yes:")).as_deref() {
        Some("yes") => Ok(()),
        _ => Err(Failure::new("nothing was restored")),
    }
}

/// Tells what `--delete-extra` will remove, before anything is restored, and returns how much it is.
///
/// # Errors
/// When the target or the index cannot be read.
pub async fn foretell(args: &Args, context: &Context, chosen: &Chosen<'_>, manifest: &Manifest) -> Result<u64, Failure> {
    if !args.delete_extra || !args.to.is_dir() {
        return Ok(0);
    }
    let target = super::target(args, manifest)?;
    let found = look(args, context, chosen, manifest, (target, false)).await?;
    if found.count == 0 {
        return Ok(0);
    }
    let verb = if args.dry_run { "would be" } else { "will be" };
    context.warn(&format!("{} that the backup does not hold {verb} removed:", count(found.count, "thing")));
    tell(context, ("  ", ""), &found.named, found.count);
    Ok(found.count)
}

/// Names the first of so many paths.
fn tell(context: &Context, (indent, what): (&str, &str), named: &[Vec<u8>], all: u64) {
    for path in named {
        context.warn(&format!("{indent}{what}{}", shown(path)));
    }
    let more = all - named.len() as u64;
    if more > 0 {
        context.warn(&format!("{indent}… and {more} more"));
    }
}

/// Removes what the target holds and the backup does not.
///
/// # Errors
/// When something cannot be removed.
pub async fn remove(
    args: &Args,
    context: &Context,
    chosen: &Chosen<'_>,
    manifest: &Manifest,
    target: Arc<dyn Destination>,
) -> Result<(), Failure> {
    let removed = look(args, context, chosen, manifest, (target, true)).await?;
    context.say(&format!("{} that the backup does not hold removed", count(removed.count, "thing")));
    Ok(())
}

async fn look(
    args: &Args,
    context: &Context,
    chosen: &Chosen<'_>,
    manifest: &Manifest,
    (target, remove): (Arc<dyn Destination>, bool),
) -> Result<Extra, Failure> {
    use std::os::unix::ffi::OsStrExt;
    let root = std::path::absolute(&args.to).map_err(|error| Failure::new(error.to_string()))?;
    let text = root.as_os_str().as_bytes();
    let prefix = text.strip_prefix(b"/").unwrap_or(text).to_vec();
    let select = Select::new(&[], &[]).map_err(|error| Failure::new(error.to_string()))?;
    let walk = Walk::new(Options { roots: vec![root], select, one_file_system: true, avoid: Vec::new() });
    let progress = Arc::new(Progress::default());
    let (shelf, manifest) = (chosen.shelf.clone(), manifest.clone());
    let work = extra(shelf, manifest, (Box::new(walk), prefix), target, remove, Arc::clone(&progress));
    let label = if remove { "removing what the backup does not hold" } else { "looking for what the backup does not hold" };
    working::show(context, (label, super::AGAIN), progress, work).await
}
