//! `bdr backup`: copies a component as its protections say.

use std::sync::Arc;

use crate::apply::Owner;
use crate::catalog::locked;
use crate::catalog::manifest::{Kind, Manifest};
use crate::catalog::retention::shortest;
use crate::cli::chosen::{self, Chosen, Which};
use crate::cli::load::References;
use crate::cli::reading::{self, Reading};
use crate::cli::telling::Telling;
use crate::cli::view::backups::moment_in;
use crate::cli::{Context, Exit, Failure, gone, load, prune, working};
use crate::diag::shown;
use crate::policy::Policy;
use crate::slots::{Claim, Ending, Slots};
use crate::store::{ErrorKind, Lock, StoreError};
use crate::tree::{EMPTIED, Job, Known, Progress, Round, SHRUNK, Total, TreeError, backup};
use crate::units::bytes::Bytes;
use crate::units::cadence::Zone;
use crate::units::count::count;
use crate::units::duration::Duration;

/// Back a component up, as its protections say
///
/// A backup counts from the moment in which its manifest is written, whole; one that was interrupted goes on from what is
/// already in the store when the command runs again. Exit code 3 tells that only a part came about: one store has its copy and
/// another has not, or a backup was made but is suspect (something was unreadable, changed while it was read, or was not there at
/// all).
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Component to back up
    component: String,
    #[command(flatten)]
    which: Which,
    /// Run only if a scheduled moment is due that nobody has run yet (for schedulers)
    #[arg(long)]
    scheduled: bool,
    /// Say once that a path which holds next to nothing any more is right: the next backups are held against this one
    #[arg(long, conflicts_with = "scheduled")]
    accept_less: bool,
    /// Let go afterwards what the retention no longer keeps
    #[arg(long)]
    prune: bool,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    working::listen(context);
    let loaded = load::policy(context, References::Acting)?;
    let env = context.env(References::Acting)?;
    let component = chosen::component(&loaded.policy, &args.component)?;
    let all = chosen::choose(&loaded.policy, component, &args.which, &env).await?;
    let mut exits = Vec::new();
    for chosen in &all {
        let ended = match gone::check_set_up(&loaded.policy, chosen).await {
            Err(failure) => Err(failure),
            Ok(()) if args.scheduled => scheduled(context, &loaded.policy, chosen).await,
            Ok(()) => once(context, &loaded.policy, chosen, Some(args)).await,
        };
        // One store that is down keeps no copy from the others.
        let ended = told(context, ended);
        exits.push(ended);
        if args.prune && ended == Exit::Done {
            let pruned = prune::one(
                context,
                &loaded.policy,
                &env,
                chosen,
                &prune::How { act: true, quiet: true, telling: Telling::Human },
            )
            .await;
            exits.push(told(context, pruned));
        }
    }
    Ok(together(&exits))
}

/// The exit code of one part; one that failed keeps no other from being done.
fn told(context: &Context, ended: Result<Exit, Failure>) -> Exit {
    ended.unwrap_or_else(|failure| {
        let exit = failure.exit;
        crate::cli::exit::report(context, &failure);
        exit
    })
}

/// The worst of all; where one store has its copy and another has not, that is a part.
fn together(exits: &[Exit]) -> Exit {
    let worst = exits.iter().copied().max_by_key(|exit| rank(*exit)).unwrap_or(Exit::Done);
    let made = exits.iter().any(|exit| matches!(exit, Exit::Done | Exit::Partly));
    if made && worst != Exit::Done { Exit::Partly } else { worst }
}

const AGAIN: &str = "Nothing half-done is listed. Run the command again: it goes on with what is already in the store.";

fn rank(exit: Exit) -> u8 {
    match exit {
        Exit::Done => 0,
        Exit::Present | Exit::Partly => 1,
        Exit::Blocked => 2,
        Exit::Failed | Exit::Usage | Exit::Unproven => 3,
    }
}

/// Claims the slot of the latest scheduled moment and runs it; a slot that somebody has is left to them.
async fn scheduled(context: &Context, policy: &Policy, chosen: &Chosen<'_>) -> Result<Exit, Failure> {
    let Some(schedule) = &chosen.protection.schedule else {
        return Err(Failure::usage(format!("`{}` has no schedule", *chosen.protection.name))
            .help("Leave `--scheduled` away, or give the protection a `schedule`."));
    };
    let identity = format!("{}/{}/{}", *policy.name, chosen.component.folder(), *chosen.protection.name);
    let semantics = policy.scheduler.as_ref().map_or(crate::units::cadence::Semantics::Agent, |scheduler| scheduler.semantics());
    let runs = schedule.value.clone().spread(&identity).cadence.runs(&policy.timezone, semantics);
    let now = context.now();
    let Some(moment) = runs.latest(now) else { return Ok(Exit::Done) };
    let series = &chosen.shelf.series;
    let store = &*chosen.shelf.store;
    let slots = Slots::new(store, series.clone());
    let owner = Owner::of_process(context.user());
    let claim = working::patiently(context, patiently(|| slots.claim(moment, &owner, now))).await?;
    let ticket = match claim {
        Claim::Claimed { ticket, .. } => ticket,
        Claim::TakenBy { .. } => {
            let moment = moment_in(moment, &policy.timezone);
            context.say(&format!("{}: the run of {moment} is done or under way elsewhere", chosen.label()));
            return Ok(Exit::Done);
        }
    };
    let result = once(context, policy, chosen, None).await;
    let (ending, reason) = match &result {
        Ok(_) => (Ending::Succeeded, None),
        Err(failure) => (Ending::Failed, Some(failure.message.as_str())),
    };
    slots.finish(&ticket, ending, reason, context.now()).await?;
    result
}

/// A store that is being restarted at the very moment of a schedule is waited for; nobody sits there, and a slot that is not claimed is a
/// run that is missed.
const RESTART: std::time::Duration = std::time::Duration::from_secs(30);

async fn patiently<T, F: Future<Output = Result<T, StoreError>>>(mut ask: impl FnMut() -> F) -> Result<T, StoreError> {
    let begun = std::time::Instant::now();
    loop {
        match ask().await {
            Err(error) if error.kind == ErrorKind::Unavailable && begun.elapsed() < RESTART => {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
            answer => return answer,
        }
    }
}

/// How often a backup is prepared anew because another one was committed in between.
const TRIES: usize = 4;

/// One backup that is to be made.
pub struct Prepared {
    job: Job,
    reading: Arc<Reading>,
    /// By whose clock people are told.
    zone: Zone,
}

impl Prepared {
    /// Makes it; counts into `progress`. `None`: another one was committed since the catalogue was read, on which it has to build.
    ///
    /// # Errors
    /// What the tree engine fails with.
    pub async fn run(&self, progress: Arc<Progress>) -> Result<Option<Manifest>, Failure> {
        match backup(&self.job, &self.reading.begin, Arc::clone(&progress)).await {
            Ok(manifest) => Ok(Some(manifest)),
            Err(TreeError::Overtaken { .. }) => Ok(None),
            Err(TreeError::Store(error)) if error.kind == ErrorKind::Full => Err(self.full(error, &progress).await),
            Err(error) => Err(self.failure(error)),
        }
    }

    /// A store without room: how much there was, and how much was wanted of it.
    async fn full(&self, error: StoreError, progress: &Progress) -> Failure {
        let (entries, bytes, stored) = progress.seen();
        let of = match progress.total() {
            Some((Total::Bytes(total) | Total::About(total), _)) if total > bytes => format!(" of about {}", Bytes(total)),
            _ => String::new(),
        };
        let so_far =
            format!("{} with {}{of} were read so far, and {} stored", count(entries, "entry"), Bytes(bytes), Bytes(stored));
        let free = self.job.shelf.store.room().await;
        let free = free.map(|free| format!("about {} are free there now; ", Bytes(free))).unwrap_or_default();
        let help = "Nothing half-done is listed. Make room there, or let `bdr prune` show what can go; then run the command again: it goes on \
                    with what is already in the store.";
        Failure::from(error).cause(format!("{free}{so_far}")).help(help)
    }

    /// Others of the same run, which is no reason to begin again.
    pub fn beside(&mut self, made: &[Manifest]) {
        self.job.seen.iter_mut().for_each(|seen| seen.extend(made.iter().map(Manifest::place)));
    }

    fn failure(&self, error: TreeError) -> Failure {
        let message = match &error {
            TreeError::Locked { what, since, owner } => {
                let since = moment_in(*since, &self.zone);
                format!("could not begin a backup of {what}: another one is being written since {since} by {owner}")
            }
            other => other.to_string(),
        };
        Failure { message, ..Failure::from(error) }
    }
}

/// A catalogue to prepare from, again and again; the last time that others commit in between ends it.
///
/// # Errors
/// After [`TRIES`].
pub fn again(tried: usize, label: &str) -> Result<(), Failure> {
    if tried < TRIES {
        return Ok(());
    }
    Err(Failure::new(format!("could not begin a backup of {label}: others are committed all the time"))
        .exit(Exit::Blocked)
        .help("Find out what makes them, then run the command again."))
}

/// What one run of a protection makes in one store: a backup for each class that its tiers are kept in.
///
/// # Errors
/// When the source cannot be opened.
pub async fn prepare(context: &Context, policy: &Policy, chosen: &Chosen<'_>, known: &Known) -> Result<Vec<Prepared>, Failure> {
    let Some(tree) = chosen.protection.as_tree() else { return Ok(Vec::new()) };
    let Some(reading) = reading::open(context, policy, chosen).await? else { return Ok(Vec::new()) };
    reading.system.map_or(Ok(()), |system| same_cluster(chosen, known, system))?;
    let reading = Arc::new(reading);
    let full = tree.full.as_ref().map(|full| &full.value);
    let rounds = known.rounds(&chosen.component.retain, full, (&policy.timezone, context.now()));
    let prepared = |round: &Round| Prepared {
        job: job(context, policy, chosen, &reading.roots, (round, known), *tree.compression),
        reading: Arc::clone(&reading),
        zone: policy.timezone.value.clone(),
    };
    Ok(rounds.iter().map(prepared).collect())
}

/// Backups of another cluster would stand as the newest ones of the one that is protected.
fn same_cluster(chosen: &Chosen<'_>, known: &Known, system: u64) -> Result<(), Failure> {
    let clusters = known.backups.good.iter().filter_map(|manifest| Some((manifest.id, manifest.origin.cluster.as_ref()?)));
    let newest = clusters.max_by_key(|(id, _)| *id).map(|(_, cluster)| &cluster.system_identifier);
    match newest.filter(|before| **before != system.to_string()) {
        None => Ok(()),
        Some(before) => Err(Failure::new(format!("{}: the server is another cluster than the backups are of, and none was made", chosen.label()))
            .cause(format!("its system identifier is {system}, and theirs {before}"))
            .help("Look at the address. A cluster that was made anew (`initdb`, `pg_upgrade`) is protected under another name below `protect`.")),
    }
}

/// `by_hand`: what somebody asks for; `None`: a schedule does.
async fn once(context: &Context, policy: &Policy, chosen: &Chosen<'_>, by_hand: Option<&Args>) -> Result<Exit, Failure> {
    let mut made: Vec<Manifest> = Vec::new();
    'again: for tried in 0.. {
        again(tried, &chosen.label())?;
        let known = working::look(context, &chosen.label(), chosen.shelf.known()).await?;
        for mut prepared in prepare(context, policy, chosen, &known).await? {
            // One of each class, however often it is begun again.
            if made.iter().any(|one| one.class == prepared.job.wish.class) {
                continue;
            }
            prepared.job.by_hand = by_hand.is_some();
            prepared.job.less_is_right = by_hand.is_some_and(|args| args.accept_less);
            prepared.beside(&made);
            let progress = Arc::new(Progress::default());
            let label = format!("backing up {}", chosen.label());
            let work = prepared.run(Arc::clone(&progress));
            let Some(manifest) = working::show(context, (&label, AGAIN), progress, work).await? else { continue 'again };
            tell(context, chosen, &manifest);
            made.push(manifest);
        }
        break;
    }
    Ok(if made.iter().any(Manifest::is_suspect) { Exit::Partly } else { Exit::Done })
}

fn job(
    context: &Context,
    policy: &Policy,
    chosen: &Chosen<'_>,
    roots: &[String],
    (round, known): (&Round, &Known),
    level: i32,
) -> Job {
    Job {
        shelf: chosen.shelf.clone(),
        wish: round.wish(),
        by_hand: false,
        less_is_right: false,
        kind: chosen.component.kind.as_str(),
        roots: roots.to_vec(),
        parent: round.parent.clone(),
        before: known.newest(context.now()).cloned(),
        seen: Some(known.committed()),
        level,
        threads: threads(),
        lock: lock(policy, chosen, round, context.now()),
        policy_digest: policy.digest(),
        owner: Owner::of_process(context.user()),
        clock: {
            let context = context.clone();
            Arc::new(move || context.now())
        },
    }
}

/// Until when the store keeps what this backup writes from being removed.
fn lock(policy: &Policy, chosen: &Chosen<'_>, round: &Round, now: jiff::Timestamp) -> Option<Lock> {
    let immutability = &policy.stores.get(&chosen.store)?.immutability.as_ref()?.value;
    let tree = chosen.protection.as_tree()?;
    let full = tree.full.as_ref().map(|full| &full.value);
    let tiers = &chosen.component.retain;
    let until = locked::until(immutability.keep.value, &round.due.tiers, tiers, full, (&policy.timezone, now));
    Some(Lock { mode: immutability.mode, until })
}

/// Threads for reading, hashing and compressing.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(16)
}

fn tell(context: &Context, chosen: &Chosen<'_>, manifest: &Manifest) {
    let counts = &manifest.counts;
    let kind = if manifest.kind == Kind::Full { "full" } else { "incremental" };
    let elapsed = Duration::from_secs(manifest.measured.elapsed_ms.div_ceil(1_000));
    context.say(&format!(
        "{}: {kind} backup {}: {}, {}, {} stored, {} unchanged, in {elapsed}",
        chosen.label(),
        manifest.id,
        count(counts.entries, "entry"),
        Bytes(counts.bytes),
        Bytes(manifest.measured.stored_bytes),
        manifest.measured.unchanged_files,
    ));
    if manifest.tiers.is_empty() && !manifest.is_suspect() {
        match shortest(&chosen.component.retain).filter(|_| manifest.by_hand) {
            Some(tier) => context.say(&format!("  made by hand: kept as long as {} keeps one, {}", *tier.name, *tier.keep)),
            None if chosen.component.retain.is_empty() => {}
            None => context.say("  kept until the next good one: each tier has its backup of this period already"),
        }
    }
    for issue in &manifest.issues {
        let weight = if issue.suspect { "suspect" } else { "note" };
        context.warn(&format!("  {weight}: {} ({})", issue.what, issue.count));
        let named = if issue.suspect { issue.examples.len() } else { issue.examples.len().min(2) };
        issue.examples.iter().take(named).for_each(|example| context.warn(&format!("    {}", shown(example))));
    }
    if manifest.is_suspect() {
        context.warn("  It is kept and can be restored, and no later backup builds on it. See `bdr list`.");
    }
    let mut suspect = manifest.issues.iter().filter(|issue| issue.suspect).peekable();
    // An empty source is never a backup that somebody wants.
    if suspect.peek().is_some() && suspect.all(|issue| issue.what == EMPTIED || issue.what == SHRUNK) {
        let (component, policy) = (&*chosen.component.name, context.policy_arguments());
        context.warn(&format!(
            "  help: Mount what is missing. Where less is right, say so once: `bdr backup {component} --accept-less{policy}`."
        ));
    }
}
