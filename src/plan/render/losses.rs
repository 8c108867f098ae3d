//! What loses protection by a plan, in words: what is no longer survived, what costs more than before, and what goes.

use super::entry::{Entry, Weight, entries, subject_heading};
use super::{Look, values};
use crate::address::ComponentName;
use crate::plan::{Intent, LogEffect, ObjectiveRow, Plan, RetentionEffect, TierShortened};
use crate::policy::Disruption;
use crate::units::bytes::Bytes;
use crate::units::cadence::Zone;
use crate::units::count::counted;
use crate::units::duration::Duration;

/// What stands above the sentences, and says for how long they hold.
pub const HEADING: &str = "This loses protection, from its apply on until the policy changes again:";

/// One sentence for each loss, objectives first. None where nothing is lost, or where the plan only tells drift.
pub fn losses(plan: &Plan, look: Look) -> Vec<String> {
    if plan.intent == Intent::Drift {
        return Vec::new();
    }
    let mut told = of_objectives(&plan.objectives);
    let mut kept: Vec<String> = plan.retention.iter().filter(|effect| effect.shortens()).map(of_retention).collect();
    // Protections of one component lie in one store.
    kept.dedup();
    told.extend(kept);
    let grave = entries(plan).into_iter().filter(|entry| matches!(entry.weight, Weight::Destroys | Weight::Weakens));
    told.extend(grave.map(|entry| of_change(&entry, look)));
    told
}

/// What gets worse under how many disruptions, equal losses of one component in one sentence.
fn of_objectives(rows: &[ObjectiveRow]) -> Vec<String> {
    /// Whose, whether it left the policy, and how.
    type Loss<'a> = (&'a ComponentName, bool, Worse);
    let mut all: Vec<(Loss<'_>, Vec<Disruption>)> = Vec::new();
    // A row that is unknown afterwards is told as such in the table: nobody knows that it gets worse.
    for row in rows.iter().filter(|row| row.unknown.is_none()) {
        for worse in Worse::of(row) {
            let of = (&row.component, row.left, worse);
            match all.iter_mut().find(|(key, _)| *key == of) {
                Some((_, disruptions)) => disruptions.push(row.disruption),
                None => all.push((of, vec![row.disruption])),
            }
        }
    }
    let whose =
        |component: &ComponentName, left| if left { format!("{component} left the policy") } else { component.to_string() };
    all.into_iter().map(|((component, left, worse), disruptions)| worse.told(&whose(component, left), &disruptions)).collect()
}

/// Whether a row gets worse, its goal kept or not.
pub fn worsens(row: &ObjectiveRow) -> bool {
    !Worse::of(row).is_empty()
}

/// How a row gets worse; figures in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worse {
    /// Nothing can be got back any more.
    Lost { before: u64 },
    /// More data is lost.
    Data { before: u64, after: u64, goal: Option<u64> },
    /// It takes longer until it is back; `after` may have no bound.
    Time { before: u64, after: Option<u64>, goal: Option<u64> },
}

impl Worse {
    fn of(row: &ObjectiveRow) -> Vec<Self> {
        let before = |promise: &crate::plan::Promise| promise.before.and_then(|bound| bound.seconds);
        let mut found = Vec::new();
        let lost = match (before(&row.rpo), row.rpo.after.seconds) {
            (Some(before), None) => Some(Self::Lost { before }),
            (Some(before), Some(after)) if after > before => Some(Self::Data { before, after, goal: row.rpo.goal }),
            _ => None,
        };
        let is_lost = matches!(lost, Some(Self::Lost { .. }));
        found.extend(lost);
        if let Some(before) = before(&row.rto).filter(|_| !is_lost)
            && row.rto.after.seconds.is_none_or(|after| after > before)
        {
            found.push(Self::Time { before, after: row.rto.after.seconds, goal: row.rto.goal });
        }
        found
    }

    fn told(self, component: &str, disruptions: &[Disruption]) -> String {
        let what = any_of(disruptions);
        let length = |seconds| Duration::from_secs(seconds).to_string();
        let broken = |after: Option<u64>, goal: Option<u64>| {
            let goal = goal.filter(|goal| after.is_none_or(|after| after > *goal));
            goal.map(|goal| format!("; its goal of {} is broken", length(goal))).unwrap_or_default()
        };
        match self {
            Self::Lost { before } => {
                format!("{component}: {what} is no longer survived, until now it cost at most {} of data", length(before))
            }
            Self::Data { before, after, goal } => format!(
                "{component}: {what} may cost {} of data, until now {}{}",
                length(after),
                length(before),
                broken(Some(after), goal)
            ),
            Self::Time { before, after, goal } => {
                let after_words =
                    after.map_or_else(|| "in no time that is known".to_owned(), |after| format!("within {}", length(after)));
                format!(
                    "{component}: after {what} it is back {after_words}, until now within {}{}",
                    length(before),
                    broken(after, goal)
                )
            }
        }
    }
}

/// `a crash, the loss of the host or stolen credentials`.
fn any_of(disruptions: &[Disruption]) -> String {
    let words: Vec<&str> = disruptions.iter().map(|disruption| said(*disruption)).collect();
    match words.as_slice() {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        words => words.concat(),
    }
}

fn said(disruption: Disruption) -> &'static str {
    match disruption {
        Disruption::Process => "a crash",
        Disruption::Host => "the loss of the host",
        Disruption::Corruption => "a corruption",
        Disruption::Region => "the loss of the region",
        Disruption::Account => "the theft of the writer's credentials",
    }
}

/// What the policy shortens, and what goes by it or at the next prune anyway.
fn of_retention(effect: &RetentionEffect) -> String {
    if let Some(stays) = effect.before.filter(|_| effect.left) {
        let days = days(effect);
        return format!(
            "{} left the policy: {} in {}, from {} to {}, {} no longer listed, verified, restored or removed by it",
            effect.component,
            counted(stays.backups as usize, "backup"),
            effect.store,
            days(stays.from),
            days(stays.to),
            if stays.backups == 1 { "is" } else { "are" }
        );
    }
    if let Some(log) = &effect.log {
        return format!("{} in {}: {}", effect.component, effect.store, of_log(log, &days(effect)));
    }
    let told: Vec<String> = shortened(effect).into_iter().chain([let_go(effect)]).collect();
    format!("{} in {}: {}", effect.component, effect.store, told.join("; "))
}

/// `monthly left the policy, which kept backups for 365 d, so that the window of what can be restored shrinks from 365 d to 30 d`.
fn shortened(effect: &RetentionEffect) -> Option<String> {
    let tier = |tier: &TierShortened| match (tier.before_days, tier.after_days) {
        (Some(before), Some(after)) => format!("{} keeps backups for {after} d, until now for {before} d", tier.tier),
        (Some(before), None) => format!("{} left the policy, which kept backups for {before} d", tier.tier),
        (None, _) => format!("{} left the policy", tier.tier),
    };
    let told: Vec<String> = effect.tiers.iter().map(tier).collect();
    let window = effect.reached().zip(effect.longest_days);
    let window = window
        .map(|((_, before), after)| format!(", so that the window of what can be restored shrinks from {before} d to {after} d"));
    (!told.is_empty()).then(|| format!("{}{}", told.join(", "), window.unwrap_or_default()))
}

/// `any moment can be restored 7 d back, until now 30 d; the next prune lets go of 120 segments of the log (1.2 GiB)`.
fn of_log(log: &LogEffect, day: &dyn Fn(jiff::Timestamp) -> jiff::civil::Date) -> String {
    let length = |seconds| Duration::from_secs(seconds).to_string();
    let now = log
        .after_seconds
        .map_or_else(|| "back to the oldest base backup that stays".to_owned(), |now| format!("{} back", length(now)));
    let before = match (log.before_seconds, log.before) {
        (Some(before), _) => format!(", until now {}", length(before)),
        (None, Some(from)) => format!(", until now back to {}", day(from)),
        (None, None) => String::new(),
    };
    let goes = match log.segments {
        0 => "of the log nothing goes yet".to_owned(),
        some => format!("the next prune lets go of {} of the log ({})", counted(some as usize, "segment"), Bytes(log.bytes)),
    };
    format!("any moment can be restored {now}{before}; {goes}")
}

/// The day of a moment by the clock that people are told by.
fn days(effect: &RetentionEffect) -> impl Fn(jiff::Timestamp) -> jiff::civil::Date {
    let zone = Zone::parse(&effect.timezone).unwrap_or_else(|_| Zone::utc());
    move |moment| zone.0.to_datetime(moment).date()
}

fn let_go(effect: &RetentionEffect) -> String {
    let day = days(effect);
    let goes = format!("{}, {}", counted(effect.goes.len(), "backup"), Bytes(effect.bytes()));
    match (effect.before, effect.after, effect.goes.as_slice()) {
        (None, _, []) => "no good backup is there yet".to_owned(),
        (Some(before), _, []) => format!("of {} none goes yet", counted(before.backups as usize, "backup")),
        (Some(before), Some(after), _) if after.from > before.from => format!(
            "the next prune lets go of what is older than {} ({goes}), until now back to {}",
            day(after.from),
            day(before.from)
        ),
        (Some(_), None, _) => format!("the next prune leaves nothing to restore ({goes})"),
        (Some(before), Some(after), _) if after.to < before.to => {
            format!("the next prune lets go of what is newer than {} ({goes})", day(after.to))
        }
        (_, _, [first, .., last]) => format!("the next prune lets go of {goes}, from {} to {}", day(first.at), day(last.at)),
        (_, _, [only]) => format!("the next prune lets go of {goes}, of {}", day(only.at)),
    }
}

/// `store primary: bucket weakens (versioning enabled → off)`.
fn of_change(entry: &Entry<'_>, look: Look) -> String {
    let first = match &entry.body {
        super::entry::Body::Differs(differences) => {
            let lines = differences.first().map(|difference| values::difference(difference, 0, look)).unwrap_or_default();
            let more = differences.len().saturating_sub(1);
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            let [line] = lines.as_slice() else { return said_of(entry) };
            format!(" ({}{more})", line.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        _ => String::new(),
    };
    format!("{}{first}", said_of(entry))
}

fn said_of(entry: &Entry<'_>) -> String {
    format!("{}: {} {}", subject_heading(&entry.subject), entry.name(), entry.word)
}
