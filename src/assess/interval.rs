//! What every protection promises that makes a copy now and then, into the tree format: how old the newest one can be, and how long
//! it takes until it is back.

use std::sync::{Arc, LazyLock};

use crate::assess::bounds::{CopyBounds, Origin, Question, Term, sum};
use crate::assess::facts::{ASSUMED_BYTES, ASSUMED_CAPTURE_RATE, ASSUMED_RESTORE_RATE};
use crate::assess::storage;
use crate::policy::{Backend, Scheduler};
use crate::units::bytes::Bytes;
use crate::units::cadence::{Schedule, Zone};
use crate::units::count::count;

/// The loss of one copy. Data that is written right after a run has begun is first held by the next run's copy, so the loss is the
/// longest gap between two starts, and the time that the later run takes to commit.
pub fn loss(question: &Question<'_>) -> Vec<Term> {
    let mut loss = vec![gap(question)];
    if matches!(question.policy.scheduler.as_ref().map(|s| &s.value), Some(Scheduler::Systemd { .. })) {
        loss.push(accuracy(question));
    }
    loss.push(make_and_ship(question));
    // No promise of the schedule is better than what is there. One without a bound is worse.
    if let Some(age) = age(question).filter(|age| sum(&loss).is_some_and(|bound| age.seconds > Some(bound))) {
        loss = vec![age];
    }
    loss
}

/// One copy with its terms.
pub fn copy(question: &Question<'_>, loss: Vec<Term>, recovery: Vec<Term>) -> CopyBounds {
    CopyBounds {
        protection: Some(question.protection.name.value.clone()),
        store: question.store.clone(),
        place: Arc::clone(question.place),
        loss: loss.into(),
        recovery: recovery.into(),
    }
}

/// The age of the newest good backup, where it is older than the schedule allows.
fn age(question: &Question<'_>) -> Option<Term> {
    let overdue = question.facts.overdue(&question.component.name, &question.protection.name, question.store)?;
    Some(Term {
        name: "age of the newest good backup",
        seconds: Some(overdue.age(question.facts.now)),
        origin: Origin::Measured,
        why: format!("{} due since came to none", count(overdue.runs, "run")),
        span: question.protection.schedule.as_ref().map_or(question.protection.span, |schedule| schedule.span),
    })
}

/// The longest gap between two runs in the next two years, as the scheduler in use carries the schedule out.
fn gap(question: &Question<'_>) -> Term {
    let Question { policy, component, protection, facts, gaps, .. } = question;
    let stated = protection.schedule.as_ref();
    let live = facts.live_schedule(&component.name, &protection.name);
    let schedule: Option<(&Schedule, &Zone)> = match live {
        Some(running) => running.as_ref().map(|running| (&running.schedule, &running.zone)),
        None => stated.map(|stated| (&stated.value, &policy.timezone.value)),
    };
    let term = |seconds, origin, why| Term {
        name: "longest gap between two runs",
        seconds,
        origin,
        why,
        span: stated.map_or(protection.span, |s| s.span),
    };
    let origin = if live.is_some() { Origin::Live } else { Origin::Policy };
    let Some((schedule, zone)) = schedule else {
        let why = match live {
            Some(_) => "it is not known to run: its timer is off, or runs by what no policy says",
            None => "it has no schedule: it runs only when somebody runs it",
        };
        return term(None, origin, why.into());
    };
    if policy.scheduler.is_none() {
        return term(None, Origin::Policy, "the policy names no scheduler, so nothing runs it".into());
    }
    match gaps.longest(&schedule.cadence, zone) {
        Some(gap) => term(Some(gap.seconds), origin, gap.why),
        None => term(None, origin, format!("`{}` fires less than twice in two years", schedule.text)),
    }
}

/// By how much a run may begin after its moment: a second in the timers that bdr writes.
fn accuracy(question: &Question<'_>) -> Term {
    let live = question.facts.live_schedule(&question.component.name, &question.protection.name).and_then(Option::as_ref);
    let (seconds, origin) = live.map_or((1, Origin::Policy), |running| (running.late, Origin::Live));
    let why = if seconds == 1 { "AccuracySec of the timer" } else { "AccuracySec and RandomizedDelaySec of the timer" };
    Term { name: "timer accuracy", seconds: Some(seconds), origin, why: why.to_owned(), span: None }
}

fn make_and_ship(question: &Question<'_>) -> Term {
    let measured = question.facts.measured(&question.component.name, &question.protection.name);
    let (seconds, origin, why) = match measured {
        Some(measured) => {
            let why = format!("the longest of {} runs, {} at last", measured.samples, Bytes(measured.bytes));
            (measured.longest_seconds.max(1), Origin::Measured, why)
        }
        None => (ASSUMED_BYTES.div_ceil(ASSUMED_CAPTURE_RATE), Origin::Assumed, ASSUMED_CAPTURE.clone()),
    };
    Term { name: "to make and ship one", seconds: Some(seconds), origin, why, span: None }
}

/// Retrieval from the class in which the newest copies lie, and the transfer. Detection and decision are people's time, and
/// are not in it.
pub fn recovery(question: &Question<'_>) -> Vec<Term> {
    let measured = question.facts.measured(&question.component.name, &question.protection.name);
    let (bytes, origin) = measured.map_or((ASSUMED_BYTES, Origin::Assumed), |measured| (measured.bytes, Origin::Measured));
    let seconds = bytes.div_ceil(ASSUMED_RESTORE_RATE);
    let why = match origin {
        Origin::Assumed => ASSUMED_TRANSFER.clone(),
        _ => transfer(bytes, origin),
    };
    let mut terms = Vec::new();
    if let Some((tier, seconds)) = slowest_only_tier(question) {
        let why = format!("every tier lies in an archive class, `{}` in {}", tier.name.value, tier.class.value.as_str());
        terms.push(Term { name: "retrieval", seconds: Some(seconds), origin: Origin::Policy, why, span: tier.class.span });
    }
    terms.push(Term { name: "transfer", seconds: Some(seconds), origin: Origin::Assumed, why, span: None });
    terms
}

/// What is said of every copy that nothing was measured of.
static ASSUMED_CAPTURE: LazyLock<String> =
    LazyLock::new(|| format!("{} at {}/s", Bytes(ASSUMED_BYTES), Bytes(ASSUMED_CAPTURE_RATE)));
static ASSUMED_TRANSFER: LazyLock<String> = LazyLock::new(|| transfer(ASSUMED_BYTES, Origin::Assumed));

fn transfer(bytes: u64, origin: Origin) -> String {
    format!("{} ({}) at an assumed {}/s", Bytes(bytes), word(origin), Bytes(ASSUMED_RESTORE_RATE))
}

pub fn word(origin: Origin) -> &'static str {
    if origin == Origin::Measured { "measured" } else { "assumed" }
}

/// The newest backup is restored; it lies in the tier with the shortest period. Only where every tier is archived does its
/// retrieval belong to the recovery: an archived tier beside an immediate one is a copy more, never the only newest one. A folder has
/// no storage classes.
fn slowest_only_tier<'a>(question: &Question<'a>) -> Option<(&'a crate::policy::Tier, u64)> {
    if !matches!(question.policy.stores.get(question.store)?.backend, Backend::S3(_)) {
        return None;
    }
    let tiers = question.component.retain.values();
    let slowest = tiers.map(|tier| (tier, storage::retrieval_seconds(tier.class.value)));
    let all_archived = question.component.retain.values().all(|tier| !tier.class.value.is_immediate());
    if all_archived { slowest.max_by_key(|(_, seconds)| *seconds) } else { None }
}
