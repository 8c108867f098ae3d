//! `bdr prune`: lets go of what the retention no longer keeps.

mod log;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};

use crate::address::{BackupId, StoreName};
use crate::cli::catalogues::{self, Haste, InOrder};
use crate::cli::chosen::{self, Chosen, Replicas, Which};
use crate::cli::load::References;
use crate::cli::telling::{self, Telling, series};
use crate::cli::view::backups::{heading, moment};
use crate::cli::view::table;
use crate::cli::{Context, Exit, Failure, load, log_kept, working};
use crate::journal::{Decided, Event, FORMAT_VERSION, SeriesPruned};
use crate::policy::{Component, Policy};
use crate::provider::Env;
use crate::tree::{Known, Progress, PrunePlan};
use crate::units::bytes::Bytes;
use crate::units::count::count;

/// Let go of backups that the retention no longer keeps
///
/// Every backup is listed with the reason why it stays or goes. On a terminal nothing is removed without `--yes`; elsewhere
/// it is, unless `--dry-run` is given. What interrupted backups left is swept once it is a day old. Of a log that is archived, what no
/// base backup that stays is rolled forward by within the window that `wal` below `retain` states goes; while a store of either cannot be
/// read, all of it stays. A store that fails keeps no other from being pruned: exit code 3 tells that some were.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Component [default: all of the policy]
    component: Option<String>,
    #[command(flatten)]
    which: Which,
    /// Remove without asking
    #[arg(long, visible_alias = "auto-approve")]
    yes: bool,
    /// Only show what would go
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// How to tell what stays and goes, and why
    #[arg(long, value_enum, default_value_t = Telling::Human)]
    format: Telling,
}

const AGAIN: &str = "What is listed is whole. Run the command again: it removes the rest.";

/// How one series is pruned.
pub struct How {
    pub act: bool,
    /// Say only what went.
    pub quiet: bool,
    pub telling: Telling,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    working::listen(context);
    let loaded = load::policy(context, References::Acting)?;
    let env = context.env(References::Acting)?;
    let which = args.which.with(Replicas::Named);
    let logs = log::components(&loaded.policy, args.component.as_deref(), &which)?;
    let at_once = usize::from(context.global.parallelism).max(1);
    let looks = stream::iter(logs).map(|component| look(context, &loaded.policy, component, &env)).buffered(at_once);
    let held: Vec<(&Component, Result<log::Held<'_>, Failure>)> = looks.collect().await;
    let all = match log::is_alone(&loaded.policy, args.component.as_deref(), &which, &held) {
        true => Vec::new(),
        false => chosen::all(&loaded.policy, args.component.as_deref(), &which, &env).await?,
    };
    let act = args.yes || !(args.dry_run || context.terminal.stdout || context.terminal.stdin);
    let how = How { act, quiet: false, telling: args.format };
    let policy = loaded.policy.name.to_string();
    args.format.event(context, || Event::PruneStarted { format_version: FORMAT_VERSION, policy, removes: act });
    let mut came = Came::default();
    let mut reads = InOrder::read(context, &all, Haste::Job);
    while let Some((chosen, catalogue)) = reads.next().await? {
        let ended = match catalogue {
            Ok(known) => match log::pinned(&held, chosen, context.now()) {
                Ok(pins) => carry_out(context, &loaded.policy, chosen, &pinned(known, &pins), &how).await,
                Err(failure) => Err(failure),
            },
            Err(error) => {
                came.unread.push((chosen, error));
                continue;
            }
        };
        match ended {
            Ok(Exit::Done) => came.done += 1,
            Ok(_) => came.damaged = true,
            Err(failure) if context.stop.asked() > 0 => return Err(failure),
            Err(failure) => came.broken.push((chosen.store.clone(), chosen.label(), failure)),
        }
    }
    // Backups first: what a crash leaves in between is more of the log than is needed.
    for (component, held) in held.into_iter().filter(|(component, _)| log::is_meant(component, &which)) {
        let failed = match held {
            Ok(held) => held.prune(context, &loaded.policy, &how, which.store.as_deref()).await?,
            Err(failure) => log::failed(component, &failure),
        };
        came.done += usize::from(failed.is_empty());
        came.broken.extend(failed);
    }
    if !act && !args.dry_run {
        context.say("Nothing was removed. `bdr prune --yes` does it.");
    }
    let exit = came.ended(if act { "pruned" } else { "looked at" })?;
    args.format.event(context, || Event::PruneEnded { exit: exit as u8 });
    Ok(exit)
}

/// What came of each series: one that fails keeps no other from being pruned.
#[derive(Default)]
struct Came<'a> {
    done: usize,
    /// A damaged manifest kept one from being pruned, which was told.
    damaged: bool,
    unread: catalogues::Failed<'a>,
    broken: Vec<(StoreName, String, Failure)>,
}

impl Came<'_> {
    fn ended(self, what: &str) -> Result<Exit, Failure> {
        let mut failure = match catalogues::failure(&self.unread) {
            Some(failure) => failure,
            None if self.broken.is_empty() => return Ok(if self.damaged { Exit::Failed } else { Exit::Done }),
            None => Failure::new(""),
        };
        let unread = self.unread.iter().map(|(chosen, _)| &chosen.store);
        let stores = catalogues::named(unread.chain(self.broken.iter().map(|(store, ..)| store)).cloned());
        for (_, label, broken) in self.broken {
            let why = [vec![format!("{label}: {}", broken.message)], broken.causes].concat();
            failure = failure.cause(why.join(": "));
            failure.help = failure.help.or(broken.help);
        }
        let (part, exit) = if self.done > 0 { ("not everything", Exit::Partly) } else { ("nothing", Exit::Failed) };
        failure.message = format!("{part} was {what}: {stores} failed");
        Err(failure.exit(exit))
    }
}

/// Prunes one series, and after base backups the log that rolls them forward.
///
/// # Errors
/// When the store fails.
pub async fn one(context: &Context, policy: &Policy, env: &Env, chosen: &Chosen<'_>, how: &How) -> Result<Exit, Failure> {
    let known = working::look(context, &chosen.label(), chosen.shelf.known()).await?;
    if !(log_kept::is_base(chosen.protection) && chosen.component.wal_archive().is_some()) {
        return carry_out(context, policy, chosen, &known, how).await;
    }
    let held = log::Held::look(context, policy, chosen.component, env).await?;
    let known = pinned(known, &held.pins(context.now())?);
    let ended = carry_out(context, policy, chosen, &known, how).await?;
    match held.prune(context, policy, how, None).await?.into_iter().next() {
        Some((_, label, failure)) => Err(Failure { message: format!("{label}: {}", failure.message), ..failure }),
        None => Ok(ended),
    }
}

async fn look<'a>(
    context: &Context,
    policy: &'a Policy,
    component: &'a Component,
    env: &Env,
) -> (&'a Component, Result<log::Held<'a>, Failure>) {
    (component, log::Held::look(context, policy, component, env).await)
}

/// With what the window of a log needs.
fn pinned(mut known: Known, pins: &BTreeSet<BackupId>) -> Known {
    known.facts = known.facts.into_iter().map(|facts| log_kept::pin(facts, pins)).collect();
    known
}

async fn carry_out(context: &Context, policy: &Policy, chosen: &Chosen<'_>, known: &Known, how: &How) -> Result<Exit, Failure> {
    let (shelf, now) = (&chosen.shelf, context.now());
    let planning = shelf.plan_prune(known, &chosen.component.retain, &policy.timezone, now);
    let plan = working::look(context, &chosen.label(), planning).await?;
    for (place, error) in &known.backups.damaged {
        let folder = place.folder();
        context.warn(&format!(
            "{}: {}: {error}. Nothing is removed beside it: it may refer to any backup before it.",
            chosen.label(),
            folder.trim_end_matches('/')
        ));
        context.warn("  help: Bring the manifest back from another copy of the store. Only where there is none, remove that folder yourself.");
    }
    match how.telling {
        Telling::Json => tell(context, chosen, known, &plan),
        Telling::Human if how.quiet => {}
        Telling::Human => context.print(&show(context, policy, chosen, known, &plan))?,
    }
    if how.act && known.unmarked {
        let place = shelf.store.describe();
        return Err(Failure::new(format!("nothing was removed from {place}: it does not carry the mark of `{}`", *policy.name))
            .help("It was released, or the mark was removed: `bdr apply` marks it again."));
    }
    let quiet = how.quiet && plan.goes.is_empty() && plan.orphans.is_empty();
    if how.act && !(quiet && plan.slots.slots == 0) {
        let progress = Arc::new(Progress::default());
        let work = shelf.prune(&plan, now, &progress);
        let label = format!("pruning {}", chosen.label());
        let pruned = working::show(context, (&label, AGAIN), Arc::clone(&progress), work).await?;
        how.telling.event(context, || {
            Event::SeriesPruned(SeriesPruned {
                series: series(chosen),
                backups: pruned.backups,
                leftovers: pruned.orphans,
                bytes: pruned.bytes,
                still_needed: pruned.still_needed,
                slots: pruned.slots,
            })
        });
        if !quiet {
            let slots = if pruned.slots > 0 { format!(", {} forgotten", count(pruned.slots, "old slot")) } else { String::new() };
            context.say(&format!(
                "{}: {} and {} removed, {} freed{slots}",
                chosen.label(),
                count(pruned.backups, "backup"),
                count(pruned.orphans, "leftover"),
                Bytes(pruned.bytes)
            ));
        }
        if pruned.still_needed > 0 {
            let waiting = count(pruned.still_needed, "backup");
            context.say(&format!("  not removed yet, because a backup being written may refer to it: {waiting}"));
        }
    }
    Ok(if plan.damaged.is_empty() { Exit::Done } else { Exit::Failed })
}

/// The plan as events.
fn tell(context: &Context, chosen: &Chosen<'_>, known: &Known, plan: &PrunePlan) {
    for decision in &plan.decisions {
        let Some(facts) = known.facts.iter().find(|facts| facts.id == decision.id) else { continue };
        let decided = Decided {
            series: series(chosen),
            backup: decision.id,
            restores: facts.at,
            stored: facts.stored,
            stays: decision.keep,
            reasons: decision.reasons.iter().map(ToString::to_string).collect(),
        };
        telling::write(context, Event::BackupDecided(decided));
    }
    for (place, bytes) in &plan.orphans {
        let folder = place.folder().trim_end_matches('/').to_owned();
        telling::write(context, Event::LeftoverFound { series: series(chosen), folder, bytes: *bytes });
    }
    if plan.slots.slots > 0 {
        telling::write(context, Event::OldSlotsFound { series: series(chosen), slots: plan.slots.slots });
    }
}

fn show(context: &Context, policy: &Policy, chosen: &Chosen<'_>, known: &Known, plan: &PrunePlan) -> String {
    let mut out = heading(&chosen.label(), &policy.timezone);
    let row = |decision: &crate::catalog::retention::Decision| {
        let facts = known.facts.iter().find(|facts| facts.id == decision.id)?;
        let reasons: Vec<String> = decision.reasons.iter().map(ToString::to_string).collect();
        let what = if decision.keep { "stays" } else { "goes" };
        let at = moment(facts.at, &policy.timezone);
        Some(vec![what.to_owned(), decision.id.to_string(), at, Bytes(facts.stored).to_string(), reasons.join("; ")])
    };
    let rows: Vec<Vec<String>> = plan.decisions.iter().filter_map(row).collect();
    if rows.is_empty() {
        out.push_str("no backup\n");
    } else {
        out.push_str(&table::fitting(&["", "backup", "restores", "stored", "because"], &rows, context.terminal.width, 4));
    }
    for (place, bytes) in &plan.orphans {
        let folder = place.folder();
        out.push_str(&format!("left by an interrupted backup: {} ({})\n", folder.trim_end_matches('/'), Bytes(*bytes)));
    }
    if plan.slots.slots > 0 {
        out.push_str(&format!("{} of the schedule to forget\n", count(plan.slots.slots, "old slot")));
    }
    let stays = plan.decisions.iter().filter(|decision| decision.keep).count();
    out.push_str(&format!("{} to keep, {} to let go\n", count(stays as u64, "backup"), plan.goes.len()));
    out
}
