//! `bdr copy`: brings to the destination of a replication rule what lay in its source before.

use std::sync::Arc;

use crate::address::Subject;
use crate::cli::chosen;
use crate::cli::copying::{self, Came, Errand, Found, Look};
use crate::cli::load::References;
use crate::cli::telling::{self, Telling};
use crate::cli::{Context, Exit, Failure, load, working};
use crate::diag::shown;
use crate::journal::{Event, ExistingFound, FORMAT_VERSION, RuleCopied};
use crate::policy::Policy;
use crate::tree::{Progress, Total};
use crate::units::bytes::Bytes;
use crate::units::count::count;

/// Copy what lay in buckets before their replication rules
///
/// S3 copies what is written once a rule stands. Of rules with `existing_objects: true`, this copies the current version of each object
/// that is in the source and not at the destination, with its metadata, tags and, where both sides lock, its lock. Nothing at the destination
/// is replaced or removed, not even what is written there meanwhile. One that was interrupted goes on when it runs again. `bdr apply`
/// does the same as part of its plan. Exit code 3: some objects could not be copied.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Component or store whose rules are meant [default: all of the policy]
    #[arg(value_name = "COMPONENT|STORE")]
    name: Option<String>,
    /// Only show what would be copied
    #[arg(long)]
    dry_run: bool,
    /// How to tell what is copied
    #[arg(long, value_enum, default_value_t = Telling::Human)]
    format: Telling,
}

const AGAIN: &str = "What was copied is whole. Run the command again: it goes on with the rest.";

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    working::listen(context);
    let loaded = load::policy(context, References::Acting)?;
    let env = context.env(References::Acting)?;
    let policy = &loaded.policy;
    let mut errands = copying::errands(policy, &env, usize::from(context.global.parallelism)).await?;
    narrow(&mut errands, policy, args.name.as_deref())?;
    let name = policy.name.to_string();
    args.format.event(context, || Event::CopyStarted { format_version: FORMAT_VERSION, policy: name, copies: !args.dry_run });
    let mut exits = Vec::new();
    for errand in &errands {
        let ended = one(args, context, errand).await;
        let stopped = context.stop.asked() > 0;
        exits.push(match ended {
            Ok(exit) => exit,
            Err(failure) if stopped => return Err(failure),
            // One destination that is down keeps no copy from the others.
            Err(failure) => crate::cli::exit::report(context, &failure),
        });
    }
    let exit = together(&exits);
    args.format.event(context, || Event::CopyEnded { exit: exit as u8 });
    Ok(exit)
}

/// # Errors
/// When nothing of that name says that existing objects are to be copied.
fn narrow(errands: &mut Vec<Errand>, policy: &Policy, name: Option<&str>) -> Result<(), Failure> {
    let is_of = |errand: &Errand, wanted: &str| match &errand.rule.id.subject {
        Subject::Component(name) => name.as_str() == wanted,
        Subject::Store(name) => name.as_str() == wanted,
        Subject::Policy => false,
    };
    if let Some(wanted) = name {
        let known = || policy.components.keys().map(|one| one.as_str()).chain(policy.stores.keys().map(|one| one.as_str()));
        if !known().any(|one| one == wanted) {
            return Err(chosen::unknown("component or store", wanted, known()));
        }
        errands.retain(|errand| is_of(errand, wanted));
    }
    if errands.is_empty() {
        let what = name.map_or("no replication of the policy".to_owned(), |name| format!("no replication of `{name}`"));
        return Err(Failure::usage(format!("{what} asks for existing objects"))
            .help("Write `existing_objects: true` beside `to` of the replication whose source is to be copied."));
    }
    Ok(())
}

/// The worst of all; where some copies came about, that is a part.
fn together(exits: &[Exit]) -> Exit {
    let done = exits.iter().filter(|exit| **exit == Exit::Done).count();
    let partly = exits.contains(&Exit::Partly) || (done > 0 && done < exits.len());
    match (done == exits.len(), partly) {
        (true, _) => Exit::Done,
        (false, true) => Exit::Partly,
        (false, false) => Exit::Failed,
    }
}

async fn one(args: &Args, context: &Context, errand: &Errand) -> Result<Exit, Failure> {
    let label = errand.rule.label();
    let looking = Progress::default();
    let found = working::look(context, &label, errand.look(Look::WHOLE, &looking)).await?;
    found_told(args, context, errand, &found)?;
    if args.dry_run || found.objects == 0 {
        return Ok(Exit::Done);
    }
    let progress = Arc::new(Progress::default());
    progress.expect(Total::Bytes(found.bytes));
    let rule = errand.rule.id.to_string();
    let tell = |key: &str, error: &crate::store::StoreError| {
        args.format.event(context, || Event::ObjectNotCopied {
            rule: rule.clone(),
            key: key.to_owned(),
            reason: error.to_string(),
        });
    };
    let begun = std::time::Instant::now();
    let came = {
        let work = async {
            let came = errand.carry(&progress, &tell).await?;
            // What was copied when it was asked to stop is told by the next run.
            Ok::<_, crate::store::StoreError>(came)
        };
        working::show(context, (&format!("copying {label}"), AGAIN), Arc::clone(&progress), work).await?
    };
    if progress.is_stopped() {
        return Err(Failure::new(format!("copying {label} was stopped")).cause(told(&came)).help(AGAIN));
    }
    came_told(args, context, errand, &came);
    if args.format == Telling::Human {
        let seconds = crate::units::duration::Duration::from_secs(begun.elapsed().as_secs());
        context.say(&format!("{label}: {} in {seconds}", told(&came)));
    }
    for (key, error) in &came.named {
        context.warn(&format!("  not copied: {}: {error}", shown(key)));
    }
    match came.named.first() {
        None => Ok(Exit::Done),
        Some((_, error)) => {
            let exit = if came.copied > 0 { Exit::Partly } else { Exit::Failed };
            let help = Failure::from_store(error).help;
            let mut failure =
                Failure::new(format!("{label}: not everything was copied: {} failed", count(came.failed, "object")));
            failure.help = help;
            Ok(crate::cli::exit::report(context, &failure.exit(exit)))
        }
    }
}

fn found_told(args: &Args, context: &Context, errand: &Errand, found: &Found) -> Result<(), Failure> {
    let (from, to) = errand.places();
    if args.format == Telling::Json {
        let found = ExistingFound {
            rule: errand.rule.id.to_string(),
            from,
            to,
            compared: found.compared,
            objects: found.objects,
            bytes: found.bytes,
            archived: found.archived,
            through_bdr: !errand.is_within_store(),
        };
        telling::write(context, Event::ExistingFound(found));
        return Ok(());
    }
    let arrow = if context.speaks_unicode() { "→" } else { "->" };
    let way = if errand.is_within_store() { "" } else { ", through bdr" };
    let what = match found.objects {
        0 => "nothing to copy".to_owned(),
        objects => format!("{}, {} to copy{way}", count(objects, "object"), Bytes(found.bytes)),
    };
    let compared = count(found.compared, "object");
    context.print(&format!("{}: {from} {arrow} {to}: {what} ({compared} compared)\n", errand.rule.label()))?;
    if found.archived > 0 {
        let archived = count(found.archived, "object");
        context.say(&format!(
            "  {archived} in an archive class: bring them to another one first, by a restore and a copy onto themselves"
        ));
    }
    if found.withheld > 0 {
        let withheld = count(found.withheld, "manifest");
        context.say(&format!("  {withheld} of backups stay away, since something that these may need cannot be copied"));
    }
    Ok(())
}

fn came_told(args: &Args, context: &Context, errand: &Errand, came: &Came) {
    args.format.event(context, || {
        Event::RuleCopied(RuleCopied {
            rule: errand.rule.id.to_string(),
            objects: came.copied,
            bytes: came.bytes,
            there_meanwhile: came.there_meanwhile,
            gone: came.gone,
            archived: came.archived,
            under_way: came.under_way,
            withheld: came.withheld,
            failed: came.failed,
        })
    });
}

/// `12 objects, 3.4 MiB copied, 1 was there meanwhile`.
pub fn told(came: &Came) -> String {
    let mut told = format!("{}, {} copied", count(came.copied, "object"), Bytes(came.bytes));
    for (number, words) in [
        (came.there_meanwhile, "there meanwhile and left as it is"),
        (came.gone, "gone meanwhile"),
        (came.under_way, "left to S3, which is about to copy it"),
        (came.archived, "in an archive class"),
        (came.withheld, "held back"),
        (came.failed, "failed"),
    ] {
        if number > 0 {
            told += &format!(", {number} {words}");
        }
    }
    told
}
