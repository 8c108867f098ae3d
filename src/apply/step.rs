//! One action: looks again, compares with what was reviewed, and only then writes.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::address::ResourceId;
use crate::apply::retry::Backoff;
use crate::apply::{Options, Runner, Sessions};
use crate::attrs::{Attr, Attrs};
use crate::compile::Compiled;
use crate::diff;
use crate::journal::{Event, Moved, Outcome};
use crate::provider::{Freshness, ProviderError, Session};
use crate::resource::{Action, ActionId, Change, Job, Live, Op, Resource};
use crate::store::{ErrorKind, Retry};

/// What every step works with.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    pub compiled: &'a Compiled,
    pub sessions: &'a Sessions,
    pub runner: Option<&'a dyn Runner>,
    pub options: &'a Options,
    pub events: &'a UnboundedSender<Event>,
}

/// Resources of an action that ended otherwise than the rest of it: what became of each.
pub type Apart = BTreeMap<ResourceId, Outcome>;

/// How a step came out: over, or written and to be watched until it is visible, but for what ended before.
pub enum Step {
    Over(Outcome),
    Issued(Vec<Change>, Apart),
}

/// What reading again found of the changes of one action.
struct Look {
    /// What is still to be written; empty: everything but what is stale is as wanted.
    to_do: Vec<Change>,
    stale: Apart,
}

/// Runs a job.
pub async fn run_job(tools: Tools<'_>, action: &ActionId, job: &Job) -> Outcome {
    let progress = |text: &str| _ = tools.events.send(Event::Progress { action: action.clone(), text: text.to_owned() });
    let Some(runner) = tools.runner else {
        return Outcome::Failed { reason: "nothing here runs jobs".to_owned(), help: None };
    };
    match runner.run(job, &progress).await {
        Ok(ran) => {
            progress(&ran.told);
            Outcome::Done { already: ran.already }
        }
        Err(error) => Outcome::Failed { reason: error.reason, help: error.help },
    }
}

/// Carries out the changes of an action, but for those that are `held` up. `born` tells of resources that stand in something which this
/// run itself has made: what a new bucket reads as is no change since the review.
pub async fn carry_out(tools: Tools<'_>, action: &Action, changes: &[Change], held: Apart, born: bool) -> Step {
    let joined = |apart: Apart, rest: Outcome| Outcome::joined(changes.iter().map(|change| &change.id), apart, rest);
    if let Some(refused) = changes.iter().find(|change| change.op == Op::Refuse) {
        return Step::Over(Outcome::Refused { reason: refused.reason.clone() });
    }
    let Some(session) = changes.first().and_then(|change| tools.sessions.of_kind(&change.id.kind)) else {
        return Step::Over(failed("nothing here can reach it", None));
    };
    let mut held = held;
    held.extend(changes.iter().filter(|change| !is_as_reviewed(tools.compiled, change)).map(of_another_policy));
    let left: Vec<Change> = changes.iter().filter(|change| !held.contains_key(&change.id)).cloned().collect();
    let mut backoff = Backoff::new(tools.options.seed ^ seed_of(&action.id));
    loop {
        let (to_do, apart) = match look(tools, session, &left, born).await {
            Ok(Look { to_do, stale }) => (to_do, held.clone().into_iter().chain(stale).collect::<Apart>()),
            Err(error) => match pause(tools, action, &mut backoff, &error).await {
                true => continue,
                false => return Step::Over(joined(held, outcome_of(error))),
            },
        };
        if to_do.is_empty() {
            // After an attempt whose answer was lost, that it is as wanted means that the attempt took effect.
            let already = backoff.attempt() == 0;
            let written = || left.iter().filter(|change| !apart.contains_key(&change.id)).cloned().collect();
            return if already { Step::Over(joined(apart, Outcome::Done { already })) } else { Step::Issued(written(), apart) };
        }
        let desired: Vec<Option<Resource>> = to_do.iter().map(|change| tools.compiled.desired.get(&change.id).cloned()).collect();
        match within(tools.options.timeout, session.apply(&to_do, &desired), &to_do).await {
            Ok(()) => return Step::Issued(to_do, apart),
            // A bucket that was there when the plan was made: no attempt brings it back, only another plan.
            Err(error) if error.kind == ErrorKind::NotFound && !born => {
                let gone = |change: &Change| Moved {
                    resource: change.id.clone(),
                    path: error.subject.clone(),
                    reviewed: "there".to_owned(),
                    present: "not there".to_owned(),
                };
                return Step::Over(joined(apart, Outcome::Stale { moved: to_do.iter().take(1).map(gone).collect() }));
            }
            // Looking again before the next attempt answers what an unknown outcome left open.
            Err(error) => {
                if !pause(tools, action, &mut backoff, &error).await {
                    return Step::Over(joined(apart, outcome_of(error)));
                }
            }
        }
    }
}

fn failed(reason: &str, help: Option<&str>) -> Outcome {
    Outcome::Failed { reason: reason.to_owned(), help: help.map(str::to_owned) }
}

/// The policy resolves to something else than when the plan was made.
fn of_another_policy(change: &Change) -> (ResourceId, Outcome) {
    let help = "Make the plan anew: an environment variable or file that the policy refers to has another value now.";
    (change.id.clone(), failed(&format!("the policy wants something else of `{}` than was reviewed", change.id), Some(help)))
}

pub fn outcome_of(error: ProviderError) -> Outcome {
    Outcome::Failed { reason: error.to_string(), help: error.help }
}

/// The plan was made from the policy's meaning; here it is what it resolves to, secrets included.
fn is_as_reviewed(compiled: &Compiled, change: &Change) -> bool {
    let wanted = compiled.desired.get(&change.id).map(|resource| &resource.attrs);
    match change.op {
        Op::Delete | Op::Release => wanted.is_none(),
        _ => wanted.is_some() && diff::wanted_fingerprint(wanted) == change.wanted,
    }
}

/// Reads what the changes are about, the document itself once, and compares each with what the plan was made from: what changed since is
/// stale, and nothing else.
async fn look(tools: Tools<'_>, session: &dyn Session, changes: &[Change], born: bool) -> Result<Look, ProviderError> {
    let (mut to_do, mut stale) = (Vec::new(), Apart::new());
    let mut freshness = Freshness::Fresh;
    for change in changes {
        let desired = tools.compiled.desired.get(&change.id);
        let read = session.read(&change.id, desired, freshness);
        let live = within(tools.options.timeout, read, std::slice::from_ref(change)).await?;
        freshness = Freshness::Cached;
        if live.stands_as.is_none() && diff::wanted_fingerprint(live.attrs.as_ref()) == change.wanted {
            continue;
        }
        let new_place = born && change.op == Op::Create && change.before.is_none();
        if new_place || diff::live_fingerprint(&live) == change.live {
            to_do.push(change.clone());
        } else {
            stale.insert(change.id.clone(), Outcome::Stale { moved: since_review(change, &live, desired) });
        }
    }
    Ok(Look { to_do, stale })
}

/// What is different now from what was reviewed. Never shows a value that stands where the policy has a secret.
fn since_review(change: &Change, live: &Live, desired: Option<&Resource>) -> Vec<Moved> {
    let moved = |path: String, reviewed: String, present: String| Moved { resource: change.id.clone(), path, reviewed, present };
    let now = live.attrs.as_ref().map(|attrs| shown(diff::canonical(attrs), desired));
    let before = change.before.clone().map(|attrs| shown(attrs, desired));
    let mut all: Vec<Moved> = match (&before, &now) {
        (Some(_), None) => vec![moved(String::new(), "there".into(), "not there".into())],
        (None, Some(_)) => vec![moved(String::new(), "not there".into(), "there".into())],
        _ => diff::differences(before.as_ref(), now.as_ref())
            .into_iter()
            .map(|d| moved(d.path, of(d.before.as_ref()), of(d.after.as_ref())))
            .collect(),
    };
    if all.is_empty() {
        // Only a hidden value can differ without a visible one: the fingerprints do.
        all.push(moved("a sensitive value".to_owned(), "as reviewed".to_owned(), "another value".to_owned()));
    }
    all
}

fn of(value: Option<&Attr>) -> String {
    value.map_or_else(|| "none".to_owned(), Attr::to_string)
}

/// Attributes in which what the policy holds secret is not shown.
fn shown(attrs: Attrs, desired: Option<&Resource>) -> Attrs {
    desired.map_or_else(|| attrs.clone(), |resource| diff::masked(attrs.clone(), &resource.attrs))
}

/// Waits before another attempt; `false`: none would help.
async fn pause(tools: Tools<'_>, action: &Action, backoff: &mut Backoff, error: &ProviderError) -> bool {
    if error.retry == Retry::Never {
        return false;
    }
    let Some(pause) = backoff.next() else { return false };
    _ = tools.events.send(Event::Retrying {
        action: action.id.clone(),
        attempt: backoff.attempt(),
        reason: error.to_string(),
        again_in_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
    });
    tokio::time::sleep(pause).await;
    true
}

/// Every request has an end. After one that was cut off, whether it took effect is unknown.
pub async fn within<T>(
    limit: Duration,
    request: impl Future<Output = Result<T, ProviderError>>,
    changes: &[Change],
) -> Result<T, ProviderError> {
    tokio::time::timeout(limit, request).await.unwrap_or_else(|_| {
        Err(ProviderError {
            operation: "get an answer about".to_owned(),
            subject: changes.first().map(|change| change.id.to_string()).unwrap_or_default(),
            kind: ErrorKind::Unavailable,
            retry: Retry::Unknown,
            reason: format!("nothing came within {} s", limit.as_secs()),
            help: None,
            source: None,
        })
    })
}

/// Different actions wait for different times, the same in every run with one seed.
fn seed_of(id: &ActionId) -> u64 {
    id.0.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
