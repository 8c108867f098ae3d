//! The loop: the only writer of a run's state and the only teller of its events.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use crate::address::ResourceId;
use crate::apply::guardian::Gate;
use crate::apply::settle::settle;
use crate::apply::state::State;
use crate::apply::step::{Step, Tools, carry_out, run_job};
use crate::apply::teller::Teller;
use crate::apply::{LeaseError, Request, Stop};
use crate::journal::{Event, FORMAT_VERSION, Outcome, RunRecord};
use crate::plan::Plan;
use crate::resource::{Op, Work};

/// Why a run stops that was asked to once.
pub const ASKED: &str = "asked to stop";

/// A step that runs, or a change that is watched until it is visible.
type Running<'a, T> = FuturesUnordered<Pin<Box<dyn Future<Output = (usize, T)> + Send + 'a>>>;

/// Carries out a guarded plan. `emit` hears every event as it happens. The future may be dropped at any point: what was begun on the
/// live system is found by the next plan, and the lease runs out.
///
/// # Errors
/// When the lease is held by somebody else or cannot be taken: nothing was done then.
pub async fn apply(request: Request<'_>, stop: Stop, emit: &mut (dyn FnMut(&Event) + Send)) -> Result<RunRecord, LeaseError> {
    let plan = request.guarded.plan();
    let mut teller = Teller {
        emit,
        now: request.now,
        record: RunRecord::new(format!("{}@{}", request.options.owner.user, request.options.owner.host)),
        started: BTreeMap::new(),
    };
    teller.tell(Event::RunStarted {
        format_version: FORMAT_VERSION,
        run: request.options.run.clone(),
        policy: plan.policy.name.clone(),
        policy_digest: plan.policy.digest.clone(),
        plan: plan.digest.clone(),
        actions: plan.actions.len() as u64,
        overridden: request.options.overridden.clone(),
    });
    let mut impatient = stop.clone();
    let mut gate = tokio::select! {
        gate = Gate::open(&request, &mut teller) => gate?,
        () = impatient.asked_times(1) => return Err(LeaseError::Stopped { policy: plan.policy.name.clone() }),
    };
    let (sender, events) = unbounded_channel();
    let tools = Tools {
        compiled: request.compiled,
        sessions: request.sessions,
        runner: request.runner,
        options: &request.options,
        events: &sender,
    };
    let mut state = State::new(plan, &request.compiled.desired);
    run(tools, plan, &request, &mut state, &mut gate, stop, events, &mut teller).await;
    for at in state.left() {
        let begun = teller.started.contains_key(&state.action(at).id);
        teller.ended(state.end(at, if begun { Outcome::CutOff } else { Outcome::Stopped }));
    }
    if gate.holds() {
        gate.join(&request, &mut teller).await;
    }
    teller.record.ended = Some((request.now)());
    teller.record.note_set(plan);
    let released = released(plan, &teller.record, &request.options.made);
    let set: Vec<String> = teller.record.set().filter_map(|id| request.options.made.get(id)).cloned().collect();
    teller.record.places = request.options.places.iter().cloned().chain(set).filter(|place| !released.contains(place)).collect();
    for event in gate.close(&plan.policy.name, &teller.record, &released, (request.now)(), request.options.lease_ttl).await {
        teller.tell(event);
    }
    teller.tell(Event::RunEnded { counts: teller.record.counts });
    Ok(teller.record)
}

/// The notes of what was let go of: a place that is nobody's any more is not missed when it is gone.
fn released(plan: &Plan, record: &RunRecord, made: &BTreeMap<ResourceId, String>) -> BTreeSet<String> {
    let set: BTreeSet<&ResourceId> = record.set().collect();
    let changes = plan.actions.iter().filter_map(|action| match &action.work {
        Work::Change { changes } => Some(changes),
        Work::Run { .. } => None,
    });
    let released = changes.flatten().filter(|change| change.op == Op::Release && set.contains(&change.id));
    released.filter_map(|change| made.get(&change.id)).cloned().collect()
}

#[expect(clippy::too_many_arguments, reason = "the loop's own parts, split from `apply` only to keep each readable")]
async fn run<'a>(
    tools: Tools<'a>,
    plan: &'a Plan,
    request: &'a Request<'a>,
    state: &mut State<'a>,
    gate: &mut Gate,
    mut stop: Stop,
    mut events: UnboundedReceiver<Event>,
    teller: &mut Teller<'_>,
) {
    let mut running: Running<'a, Step> = FuturesUnordered::new();
    let mut settling: Running<'a, Outcome> = FuturesUnordered::new();
    let mut stopping = false;
    let mut urgent = stop.clone();
    loop {
        while !stopping && running.len() < request.options.parallelism.max(1) {
            if !gate.holds() {
                break;
            }
            let Some(at) = state.next(|action| gate.lets(action)) else { break };
            begin(tools, state, at, &running, teller);
        }
        if running.is_empty() && settling.is_empty() {
            if let (false, Some(reason)) = (stopping, gate.shut_for_good()) {
                teller.tell(Event::Stopping { reason });
            }
            break;
        }
        let mut over = false;
        tokio::select! {
            biased;
            () = urgent.asked_times(2) => {
                teller.tell(Event::Stopping { reason: "asked to stop at once".to_owned() });
                break;
            }
            reason = gate.lost() => {
                teller.tell(Event::LeaseLost { reason });
                break;
            }
            () = stop.asked_times(1), if !stopping => {
                stopping = true;
                teller.tell(Event::Stopping { reason: ASKED.to_owned() });
            }
            Some(event) = events.recv() => teller.tell(event),
            Some((at, step)) = running.next(), if !running.is_empty() => {
                over = true;
                state.free(at);
                catch_up(&mut events, teller);
                match step {
                    Step::Issued(changes, apart) => settling.push(Box::pin(async move {
                        let action = &plan.actions[at];
                        let rest = settle(tools, &action.id, &changes).await;
                        (at, Outcome::joined(action.resources(), apart, rest))
                    })),
                    Step::Over(outcome) => teller.ended(state.end(at, outcome)),
                }
            }
            Some((at, outcome)) = settling.next(), if !settling.is_empty() => {
                over = true;
                teller.ended(state.end(at, outcome));
            }
        }
        if over && !stopping {
            stopping = !advance(gate, request, teller).await;
        }
    }
    events.close();
    catch_up(&mut events, teller);
}

/// What a step said before it ended comes before its end.
fn catch_up(events: &mut UnboundedReceiver<Event>, teller: &mut Teller<'_>) {
    while let Ok(event) = events.try_recv() {
        teller.tell(event);
    }
}

/// Only what ended can have made the store of the lease; one that does not answer is waited for once. `false`: nothing more can begin.
async fn advance(gate: &mut Gate, request: &Request<'_>, teller: &mut Teller<'_>) -> bool {
    let error = match gate.advance(request, teller).await {
        Ok(()) => return true,
        Err(error) => error,
    };
    let help = match &error {
        LeaseError::Store(error) => error.help.as_ref(),
        _ => None,
    };
    let reason = help.map_or_else(|| error.to_string(), |help| format!("{error}. {help}"));
    teller.tell(Event::Stopping { reason });
    false
}

fn begin<'a>(tools: Tools<'a>, state: &State<'a>, at: usize, running: &Running<'a, Step>, teller: &mut Teller<'_>) {
    let (action, born, held) = (state.action(at), state.is_born(at), state.held(at));
    teller.started.insert(action.id.clone(), Instant::now());
    teller.tell(Event::ActionStarted { action: action.id.clone() });
    running.push(Box::pin(async move {
        let step = match &action.work {
            Work::Change { changes } => carry_out(tools, action, changes, held, born).await,
            Work::Run { job, .. } => Step::Over(run_job(tools, &action.id, job).await),
        };
        (at, step)
    }));
}
