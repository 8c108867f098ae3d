//! Which backup is restored, and how that is said before anything happens.

use jiff::Timestamp;

use crate::catalog::manifest::{Kind, Manifest};
use crate::cli::chosen::Chosen;
use crate::cli::restore::Args;
use crate::cli::view::backups::moment_in;
use crate::cli::{Context, Failure};
use crate::tree::Known;
use crate::units::bytes::Bytes;
use crate::units::cadence::Zone;
use crate::units::count::count;

/// The backup that the options name, among all stores that hold one. A store that fails is told and passed over.
pub async fn pick<'a, 'b>(
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
    let mut looked: Vec<(&Chosen<'_>, Known)> = Vec::new();
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
        looked.push((chosen, known));
    }
    if let (Some((_, manifest)), None) = (&found, args.backup) {
        refuse_older(args, manifest, &looked, at, zone)?;
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

/// Whoever asks for the latest state must not get an older one unawares, because the latest is damaged.
///
/// # Errors
/// When a newer backup is known to be damaged.
fn refuse_older(
    args: &Args,
    found: &Manifest,
    looked: &[(&Chosen<'_>, Known)],
    at: Timestamp,
    zone: &Zone,
) -> Result<(), Failure> {
    let damaged = looked.iter().filter_map(|(chosen, known)| Some((chosen, known.damaged_after(found, at)?)));
    let Some((chosen, (id, why))) = damaged.max_by_key(|(_, (id, _))| *id) else { return Ok(()) };
    Err(Failure::new(format!("{}: the newest backup {id} is damaged", chosen.label())).cause(why).help(format!(
        "The newest good one is {}, with the state of {}: `bdr restore {} --backup {} …` restores it.",
        found.id,
        moment_in(found.snapshot, zone),
        args.component,
        found.id
    )))
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

pub fn describe(chosen: &Chosen<'_>, manifest: &Manifest, zone: &Zone, args: &Args) -> String {
    let kind = if manifest.kind == Kind::Full { "full" } else { "incremental" };
    let suspect = if manifest.is_suspect() { ", SUSPECT" } else { "" };
    let part = if args.path.is_empty() { String::new() } else { format!("\n  only     {}", args.path.join(", ")) };
    let replace = match (args.overwrite, args.delete_extra) {
        (false, _) => "",
        (true, false) => "\n  existing files that differ are replaced",
        (true, true) => "\n  existing files that differ are replaced, and what the backup does not hold is removed",
    };
    format!(
        "{}: {kind} backup {}{suspect}\n  state of {}\n  holds    {}, {}\n  goes to  {}{part}{replace}",
        chosen.label(),
        manifest.id,
        moment_in(manifest.snapshot, zone),
        count(manifest.counts.entries, "entry"),
        Bytes(manifest.counts.bytes),
        args.to.display()
    )
}
