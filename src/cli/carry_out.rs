//! Carrying a plan out from the command line: consent, lease, signals, what is shown, and the exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::address::{ResourceId, StoreName, Subject};
use crate::apply::{self, Guardian, LeaseError, Options, Owner, Request};
use crate::cli::prepare::Opened;
use crate::cli::telling::{self, Telling};
use crate::cli::view::run::{RunView, outcome};
use crate::cli::{Context, Exit, Failure, jobs, working};
use crate::journal::{Counts, Event, FORMAT_VERSION, RunRecord};
use crate::plan::guard::{Consent, guard};
use crate::plan::{Frozen, Plan};
use crate::policy::Policy;
use crate::provider::Env;
use crate::providers::{folder, s3};
use crate::store::{ErrorKind, Store};
use crate::stores;

/// Options of every command that carries a plan out.
#[derive(Debug, Clone, clap::Args)]
pub struct Carry {
    /// How to tell what happens
    #[arg(long, value_enum, default_value_t = Telling::Human)]
    format: Telling,
    /// Take no lease: nothing keeps a second apply away
    #[arg(long)]
    no_lease: bool,
    /// Carry it out in spite of a change freeze of the policy, and why; the reason is kept in the record of the run
    #[arg(long, value_name = "REASON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    override_freeze: Option<String>,
    /// Seconds without a renewal after which the lease is nobody's
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(3..=3600))]
    lease_ttl: u64,
}

impl Carry {
    pub fn is_json(&self) -> bool {
        self.format == Telling::Json
    }
}

/// One request or document write at the longest.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Whether nothing keeps changes away now.
///
/// # Errors
/// When a change freeze is on, and no reason was given to go on in spite of it.
pub fn unfrozen(policy: &Policy, carry: &Carry, context: &Context) -> Result<(), Failure> {
    let Some(freeze) = Frozen::of(policy, context.now()).filter(|_| carry.override_freeze.is_none()) else { return Ok(()) };
    Err(Failure::new(format!("a change freeze is on until {}", freeze.end()))
        .exit(Exit::Blocked)
        .cause(freeze.reason)
        .help("Apply it afterwards; where it cannot wait, say --override-freeze REASON. Backups and restores go on."))
}

/// Carries a plan out and tells what came of it.
///
/// # Errors
/// Where consent is missing, somebody else holds the lease, or not everything came about: told already then.
pub async fn carry_out(
    plan: &Plan,
    consent: &Consent,
    opened: &Opened,
    carry: &Carry,
    context: &Context,
) -> Result<Exit, Failure> {
    unfrozen(&opened.loaded.policy, carry, context)?;
    let guarded = guard(plan, consent).map_err(|refusals| {
        let help = refusals.first().map(crate::plan::guard::Refusal::help);
        let mut failure = Failure::new("the plan is not carried out").exit(Exit::Blocked);
        failure.causes = refusals.iter().map(ToString::to_string).collect();
        failure.help = help;
        failure
    })?;
    // The first signal finishes what runs; the second stops at once, and what was done is told all the same.
    let stop = context.stop.clone();
    let asked = stop.clone();
    let listening = working::on_signals(move |_| asked.ask());
    let mut view = RunView::new(plan, carry.is_json(), context);
    let now = || context.now();
    let request = Request {
        guarded: &guarded,
        compiled: &opened.compiled,
        sessions: &opened.sessions,
        runner: Some(&jobs::Backups { opened, context }),
        guardian: guardian(plan, &opened.loaded.policy, &opened.env, carry).await?,
        options: Options {
            parallelism: usize::from(context.global.parallelism),
            run: run_id(context.now()),
            owner: Owner::of_process(context.user()),
            lease_ttl: Duration::from_secs(carry.lease_ttl),
            timeout: TIMEOUT,
            overridden: carry.override_freeze.clone().filter(|_| opened.loaded.policy.frozen(context.now()).is_some()),
            seed: fastrand::u64(..),
            places: opened.places.clone(),
            made: made(opened),
        },
        now: &now,
    };
    let record = apply::apply(request, stop, &mut |event| view.event(event)).await;
    listening.iter().for_each(AbortHandle::abort);
    view.finish();
    let record = record.map_err(|error| unleased(error, context))?;
    if !carry.is_json() {
        context.print(&outcome(plan, &record, context))?;
    }
    Ok(exit(&record))
}

/// What is noted of each store once it is set up.
fn made(opened: &Opened) -> BTreeMap<ResourceId, String> {
    let policy = &opened.loaded.policy;
    folder::notes(policy, &opened.env.left_places).into_iter().chain(s3::notes(policy)).collect()
}

async fn guardian(plan: &Plan, policy: &Policy, env: &Env, carry: &Carry) -> Result<Guardian, Failure> {
    let mut open: BTreeMap<StoreName, Arc<dyn Store>> = BTreeMap::new();
    // Nothing is written where a disk may be away, not even the lease.
    let away: BTreeSet<&Subject> = plan.alarms.iter().filter(|alarm| alarm.away).map(|alarm| &alarm.of.subject).collect();
    for (name, spec) in policy.stores.iter().filter(|(name, _)| !away.contains(&Subject::Store((*name).clone()))) {
        open.insert(name.clone(), stores::open(spec, env).await?);
    }
    let unguarded = |reason: &str, store| Guardian::Nobody { reason: reason.to_owned(), store };
    if carry.no_lease {
        return Ok(unguarded("--no-lease was said", open.into_values().next()));
    }
    if open.is_empty() && !policy.stores.is_empty() {
        return Err(Failure::new("nothing could keep a second apply away: no store that can hold a lease is there")
            .exit(Exit::Blocked)
            .help("Mount what the plan names first, or say --no-lease where nobody else applies."));
    }
    if open.is_empty() {
        return Ok(unguarded("the policy has no store that could hold a lease", None));
    }
    Ok(Guardian::Stores(open))
}

/// The events of a run that has nothing to do: it begins, and ends. It takes no lease, and no record of it is kept.
pub fn nothing(plan: &Plan, carry: &Carry, context: &Context) {
    if !carry.is_json() {
        return;
    }
    telling::write(
        context,
        Event::RunStarted {
            format_version: FORMAT_VERSION,
            run: run_id(context.now()),
            policy: plan.policy.name.clone(),
            policy_digest: plan.policy.digest.clone(),
            plan: plan.digest.clone(),
            actions: 0,
            overridden: None,
        },
    );
    telling::write(context, Event::RunEnded { counts: Counts::default() });
}

/// Sorts by time, also within a second: what the newest record says is what the last run left. Unique by the half that is chance.
fn run_id(now: jiff::Timestamp) -> String {
    // A second's nanoseconds are less than 2^30, so that these are less than 2^16.
    let within = now.subsec_nanosecond() >> 14;
    format!("{}-{within:04x}{:04x}", now.strftime("%Y%m%dT%H%M%SZ"), fastrand::u16(..))
}

fn unleased(error: LeaseError, context: &Context) -> Failure {
    let policy = context.policy_arguments();
    match error {
        LeaseError::Held { .. } | LeaseError::Outrun { .. } => Failure::new("another apply of this policy runs")
            .exit(Exit::Blocked)
            .cause(error.to_string())
            .help(format!("Wait until it is done, then plan again. `bdr unlock{policy}` shows the lease and can break it.")),
        LeaseError::Stuck { .. } | LeaseError::NoStore(_) => {
            let help = if matches!(error, LeaseError::NoStore(_)) {
                "Add a store that honours conditional writes (a folder does), or say --no-lease where nobody else applies."
            } else {
                "Make sure that nobody else applies this policy, and say --no-lease: what the plan mends may be the cause."
            };
            Failure::new("nothing could keep a second apply away").exit(Exit::Blocked).cause(error.to_string()).help(help)
        }
        LeaseError::Own { .. } => Failure::new("two stores of this policy are one place")
            .exit(Exit::Blocked)
            .cause(error.to_string())
            .help("Give each store a place of its own, or keep one of them: a copy in each is one copy. Nothing was done."),
        LeaseError::Stopped { .. } => Failure::new(error.to_string()).help("Nothing was done."),
        // Who may only read has planned all of it, and learns here that nothing begins.
        LeaseError::Store(error) if error.kind == ErrorKind::Denied => {
            let cause = error.to_string();
            let failure = Failure::from(error);
            let message = "nothing was done: these credentials may not write the lease that keeps a second apply away";
            Failure { help: failure.help, ..Failure::new(message).cause(cause) }
        }
        LeaseError::Store(error) => Failure::from(error),
    }
}

/// 0 where all came about; 4 where something was stale and nothing failed, so that a review is needed before the next run; 3 where
/// some came about; else 1.
fn exit(record: &RunRecord) -> Exit {
    let counts = &record.counts;
    if counts.all_done() {
        Exit::Done
    } else if counts.stale > 0 && counts.failed == 0 {
        Exit::Blocked
    } else if counts.done + counts.not_visible + counts.cut_off > 0 {
        Exit::Partly
    } else {
        Exit::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_second_sort_by_when_they_began() {
        let at = |nanos: i32| run_id(jiff::Timestamp::new(1_795_000_000, nanos).expect("a time"));
        for (earlier, later) in [(0, 20_000), (1_000_000, 2_000_000), (99_000_000, 999_999_999)] {
            assert!(at(earlier) < at(later) && at(later).len() == "20261127T154426Z-292e0a9c".len());
        }
    }
}
