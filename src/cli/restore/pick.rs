//! Which backup is restored, and how that is said before anything happens.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::catalog::facts::horizon;
use crate::catalog::manifest::{Kind, Manifest};
use crate::cli::catalogues::{self, Failed, Haste, InOrder, Looked};
use crate::cli::chosen::Chosen;
use crate::cli::restore::moment::{instant, moment};
use crate::cli::restore::rolled::Log;
use crate::cli::restore::{Args, cluster, command, future, nothing};
use crate::cli::telling::series;
use crate::cli::view::backups::moment_in;
use crate::cli::{Context, Failure};
use crate::diag::shown;
use crate::journal::Event;
use crate::policy::Policy;
use crate::provider::Env;
use crate::tree::Known;
use crate::units::bytes::Bytes;
use crate::units::cadence::Zone;
use crate::units::count::count;

/// What is restored, and from where.
pub struct Picked<'a> {
    pub chosen: &'a Chosen<'a>,
    pub manifest: Manifest,
    /// The other good backups that can be read at once, in which to look for what turns out to be missing in this one.
    pub others: Vec<(&'a Chosen<'a>, Manifest)>,
}

/// The backup that the options name, among all stores that hold one. A store that fails is told and passed over.
pub async fn pick<'a>(
    context: &'a Context,
    args: &Args,
    all: &'a [Chosen<'a>],
    log: Option<&Log>,
    (policy, env): (&Policy, &Env),
) -> Result<Picked<'a>, Failure> {
    let zone = &policy.timezone;
    let at = match &args.at {
        // What is rolled forward comes to the very moment, and from a backup that ended before it.
        Some(text) if args.restore_command.is_some() => moment(text, zone)?,
        Some(text) => instant(text, zone, context.now())?,
        None => horizon(context.now()),
    };
    let leads_on = |manifest: &Manifest| log.is_none_or(|log| log.leads_on(manifest));
    let candidate = |known: &Known, at: Timestamp| match args.backup {
        Some(id) => known.find(id).cloned(),
        None => known.latest_that(at, |manifest| cluster::ends_before(args, manifest) && leads_on(manifest)).cloned(),
    };
    let (looked, failed) = look(context, all, |known| args.backup.is_some() && candidate(known, at).is_some()).await?;
    let newest = |at: Timestamp| {
        let candidates = looked.iter().filter_map(|(chosen, known)| Some((*chosen, candidate(known, at)?)));
        // Of equal ones that of the store that comes first in the policy.
        candidates.reduce(|best, next| if next.1.snapshot > best.1.snapshot { next } else { best })
    };
    let found = newest(at).or_else(|| newest(Timestamp::MAX).filter(|_| args.at.is_none()));
    if let (Some((_, manifest)), None) = (&found, args.backup) {
        refuse_older((args, context), manifest, &looked, at, zone)?;
        if args.at.is_none() {
            future::tell(context, (args, manifest), &looked, zone);
        }
    }
    for (chosen, error) in &failed {
        args.format.event(context, || Event::StoreNotRead { series: series(chosen), reason: error.to_string() });
    }
    let failure = catalogues::failure(&failed);
    if let (Some(_), Some(failure)) = (&found, &failure) {
        let newer = if args.backup.is_none() { "; a newer backup there is not seen" } else { "" };
        context.warn(&format!("warning: {}{newer}", failure.message));
        failure.causes.iter().for_each(|cause| context.warn(&format!("  because {cause}")));
    }
    match (found, failure) {
        (Some((chosen, manifest)), _) => Ok(Picked { others: others(&looked, chosen, &manifest), chosen, manifest }),
        (None, Some(failure)) => Err(failure),
        (None, None) => Err(nothing::found(context, args, (policy, env), &looked, at).await?),
    }
}

/// Other backups that are kept in mind: looking into one costs the reading of its index.
const OTHERS: usize = 5;

/// Good backups beside the one that was picked: those in other stores first, which share no pack with it, and newest first.
fn others<'a>(looked: &Looked<'a>, picked: &Chosen<'_>, manifest: &Manifest) -> Vec<(&'a Chosen<'a>, Manifest)> {
    let all = looked.iter().flat_map(|(chosen, known)| {
        let fits = |other: &&Manifest| other.id != manifest.id && known.is_good(other) && other.class.is_immediate();
        known.backups.good.iter().filter(fits).map(|other| (*chosen, other))
    });
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(chosen, other)| (chosen.store == picked.store, Reverse(other.snapshot)));
    all.into_iter().take(OTHERS).map(|(chosen, other)| (chosen, other.clone())).collect()
}

/// The catalogues in the order of the policy, and those that could not be read. Where one of them is `enough`, no other is waited
/// for.
async fn look<'a>(
    context: &'a Context,
    all: &'a [Chosen<'a>],
    enough: impl Fn(&Known) -> bool,
) -> Result<(Looked<'a>, Failed<'a>), Failure> {
    let mut reads = InOrder::read(context, all, Haste::Person);
    let (mut looked, mut failed) = (Looked::new(), Failed::new());
    while let Some((chosen, catalogue)) = reads.next().await? {
        match catalogue {
            Ok(known) if enough(&known) => return Ok((vec![(chosen, known)], Failed::new())),
            Ok(known) => looked.push((chosen, known)),
            Err(error) => failed.push((chosen, error)),
        }
    }
    let place = |chosen: &Chosen<'_>| all.iter().position(|other| std::ptr::eq(other, chosen));
    looked.sort_by_key(|(chosen, _)| place(chosen));
    Ok((looked, failed))
}

/// Whoever asks for the latest state must not get an older one unawares, because the latest is damaged.
///
/// # Errors
/// When a newer backup is known to be damaged.
fn refuse_older(
    (args, context): (&Args, &Context),
    found: &Manifest,
    looked: &[(&Chosen<'_>, Known)],
    at: Timestamp,
    zone: &Zone,
) -> Result<(), Failure> {
    let damaged = looked.iter().filter_map(|(chosen, known)| Some((chosen, known.damaged_after(found, at)?)));
    let Some((chosen, damaged)) = damaged.max_by_key(|(_, damaged)| damaged.id) else { return Ok(()) };
    let seen = damaged.seen.map(|at| format!(" (seen {})", moment_in(at, zone))).unwrap_or_default();
    let failure = Failure::new(format!("{}: the newest backup {} is damaged", chosen.label(), damaged.id));
    Err(failure.cause(format!("{}{seen}", damaged.what)).help(format!(
        "The newest good one is {}, with the state of {}: `{}` restores it.",
        found.id,
        moment_in(found.snapshot, zone),
        command(args, context, &format!("--backup {}", found.id))
    )))
}

pub fn describe(chosen: &Chosen<'_>, manifest: &Manifest, zone: &Zone, args: &Args) -> String {
    let kind = if manifest.kind == Kind::Full { "full" } else { "incremental" };
    let suspect = if manifest.is_suspect() { ", SUSPECT" } else { "" };
    let part = if args.path.is_empty() { String::new() } else { format!("\n  only     {}", shown(args.path.join(", "))) };
    let spaces = cluster::describe(args, manifest);
    let replace = match (args.overwrite, args.delete_extra) {
        (false, _) => "",
        (true, false) => "\n  existing files that differ are replaced",
        (true, true) => "\n  existing files that differ are replaced, and what the backup does not hold is removed",
    };
    format!(
        "{}: {kind} backup {}{suspect}\n  state of {}\n  holds    {}, {}\n  goes to  {}{spaces}{part}{replace}",
        chosen.label(),
        manifest.id,
        moment_in(manifest.snapshot, zone),
        count(manifest.counts.entries, "entry"),
        Bytes(manifest.counts.bytes),
        shown(args.to.as_os_str().as_encoded_bytes())
    )
}
