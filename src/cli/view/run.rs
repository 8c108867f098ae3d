//! What is seen of an apply: while it runs, and of how it ended.

use std::collections::BTreeMap;

use indicatif::{ProgressBar, ProgressStyle};

use crate::address::ResourceId;
use crate::apply::ASKED;
use crate::cli::{Context, moving, telling};
use crate::diag::{Position, printable};
use crate::journal::{Event, Outcome, RunRecord};
use crate::plan::Plan;
use crate::resource::{ActionId, Change, Job, Work};

/// Shows events as they happen.
pub struct RunView<'a> {
    context: &'a Context,
    /// `None`: lines, or JSON.
    bar: Option<ProgressBar>,
    json: bool,
    running: Vec<ActionId>,
    names: BTreeMap<ActionId, String>,
    /// The resources that an action writes together, where they are several.
    together: BTreeMap<ActionId, Vec<ActionId>>,
    /// Nothing more is begun: what becomes of the lease is then worth a line.
    stopping: bool,
}

impl<'a> RunView<'a> {
    pub fn new(plan: &Plan, json: bool, context: &'a Context) -> Self {
        let shown = !json && !context.global.quiet && context.terminal.stderr;
        let bar = shown.then(|| {
            let style = |style: ProgressStyle| if context.speaks_unicode() { style } else { style.progress_chars("#>-") };
            let bar = moving::bar(context, "{bar:24} {pos}/{len}  {elapsed}  {msg}", style);
            bar.set_length(plan.actions.len() as u64);
            bar.enable_steady_tick(std::time::Duration::from_millis(200));
            bar
        });
        Self { context, bar, json, running: Vec::new(), stopping: false, names: names(plan), together: together(plan) }
    }

    pub fn event(&mut self, event: &Event) {
        if let (Event::Stopping { reason }, true) = (event, self.json || self.context.global.quiet) {
            self.context.warn(&stopping(reason));
        }
        if self.json {
            self.each(event).into_iter().for_each(|event| telling::write(self.context, event));
            return;
        }
        match event {
            Event::ActionStarted { action } => self.running.push(action.clone()),
            Event::ActionEnded { action, .. } => self.running.retain(|other| other != action),
            Event::Stopping { .. } => self.stopping = true,
            _ => {}
        }
        let told = self.stopping || !matches!(event, Event::LeaseGivenBack);
        if let Some(text) = line(event, &self.names).filter(|_| told) {
            self.context.say(&printable(&text).replace('\n', " "));
        }
        if let Some(bar) = &self.bar {
            if matches!(event, Event::ActionEnded { .. }) {
                bar.inc(1);
            }
            let names: Vec<&str> = self.running.iter().take(3).map(|action| named(&self.names, action)).collect();
            bar.set_message(shortened(&printable(&names.join(", ")), moving::columns(self.context).saturating_sub(BEFORE)));
        }
    }

    /// The event of each resource that is begun or ended with it: a program looks for every change of the plan.
    fn each(&self, event: &Event) -> Vec<Event> {
        let of = |action: &ActionId| self.together.get(action).cloned().unwrap_or_else(|| vec![action.clone()]);
        match event {
            Event::ActionStarted { action } => of(action).into_iter().map(|action| Event::ActionStarted { action }).collect(),
            Event::ActionEnded { action, outcome, millis } => {
                let how = |action: &ActionId| action.0.parse().map_or(outcome, |id| outcome.of(&id)).clone();
                let ended = |action| Event::ActionEnded { outcome: how(&action), action, millis: *millis };
                of(action).into_iter().map(ended).collect()
            }
            other => vec![other.clone()],
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.context.clears();
    }
}

fn together(plan: &Plan) -> BTreeMap<ActionId, Vec<ActionId>> {
    let several = plan.actions.iter().filter_map(|action| match &action.work {
        Work::Change { changes } if changes.len() > 1 => {
            Some((action.id.clone(), changes.iter().map(|change| ActionId(change.id.to_string())).collect()))
        }
        Work::Change { .. } | Work::Run { .. } => None,
    });
    several.collect()
}

/// Columns of the line of the bar that come before the names, in a run of some hours.
const BEFORE: usize = 46;

/// Cut where it is too long, and said so.
fn shortened(names: &str, columns: usize) -> String {
    if names.chars().count() <= columns {
        return names.to_owned();
    }
    names.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}

/// What an event is in words; `None`: nothing worth a line.
fn line(event: &Event, names: &BTreeMap<ActionId, String>) -> Option<String> {
    let name = |action| named(names, action);
    Some(match event {
        Event::RunStarted { .. } | Event::ActionStarted { .. } | Event::RunEnded { .. } => return None,
        Event::LeaseTaken { from: Some(from), .. } => format!("lease    taken over from {from}, which is gone"),
        Event::LeaseTaken { .. } => return None,
        Event::Unguarded { reason } => format!("warning  nothing keeps a second apply away: {reason}"),
        Event::LeaseWatched { holder, up_to_ms } => {
            format!("lease    {holder} holds it; watching for up to {} s whether it is alive", up_to_ms.div_ceil(1000))
        }
        Event::LeaseNotTaken { store, reason } => {
            format!("warning  the lease is not held in {store}: {reason}")
        }
        Event::LeaseGivenBack => "lease    given back".to_owned(),
        Event::LeaseLeft { for_at_most_seconds } => {
            format!("warning  the lease could not be given back: it runs out within {for_at_most_seconds} s")
        }
        Event::LeaseLost { reason } => format!("lease    lost: {reason}"),
        Event::Retrying { action, attempt, reason, again_in_ms } => {
            format!("again    {}: attempt {attempt} failed, next in {again_in_ms} ms: {reason}", name(action))
        }
        Event::NotYetVisible { action, differs, .. } => format!("waiting  {}: not visible yet: {differs}", name(action)),
        Event::Progress { text, .. } => format!("running  {text}"),
        // Told with everything that did not come about, at the end.
        Event::ActionEnded { outcome: Outcome::Skipped { .. } | Outcome::Stopped, .. } => return None,
        Event::ActionEnded { action, outcome, millis } => {
            format!("{:8} {}  {}.{} s", word(outcome), name(action), millis / 1000, millis % 1000 / 100)
        }
        Event::Stopping { reason } => stopping(reason),
        Event::RecordsNotPruned { reason } => format!("warning  old records of runs could not be removed: {reason}"),
        Event::RecordNotKept { reason } => format!("warning  the record of this run was not kept: {reason}"),
        // Of commands that are no run.
        Event::PruneStarted { .. }
        | Event::BackupDecided(_)
        | Event::LeftoverFound { .. }
        | Event::OldSlotsFound { .. }
        | Event::LogDecided(_)
        | Event::LogPruned(_)
        | Event::SeriesPruned(_)
        | Event::PruneEnded { .. }
        | Event::CopyStarted { .. }
        | Event::ExistingFound(_)
        | Event::ObjectNotCopied { .. }
        | Event::RuleCopied(_)
        | Event::CopyEnded { .. }
        | Event::RestoreStarted(_)
        | Event::StoreNotRead { .. }
        | Event::EntryNotRestored { .. }
        | Event::RestoreEnded(_)
        | Event::Failed(_) => return None,
    })
}

/// Resources of one document that are named at most.
const NAMED: usize = 12;

/// What each action that changes several resources is called: all of them, not only the first, whose address is its id.
fn names(plan: &Plan) -> BTreeMap<ActionId, String> {
    let several = plan.actions.iter().filter_map(|action| match &action.work {
        Work::Change { changes } if changes.len() > 1 => Some((action, changes)),
        _ => None,
    });
    let name = |changes: &Vec<Change>| {
        let mut keys: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for change in changes.iter().take(NAMED) {
            keys.entry(format!("{}/{}", change.id.subject, change.id.kind)).or_default().push(&change.id.key);
        }
        let named: Vec<String> = keys.into_iter().map(|(kind, keys)| format!("{kind}: {}", keys.join(", "))).collect();
        let more = changes.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("{}{more}", named.join("; "))
    };
    several.map(|(action, changes)| (action.id.clone(), name(changes))).collect()
}

fn named<'a>(names: &'a BTreeMap<ActionId, String>, action: &'a ActionId) -> &'a str {
    names.get(action).map_or(action.0.as_str(), String::as_str)
}

fn stopping(reason: &str) -> String {
    let more = if reason == ASKED { ": what runs is finished, nothing more is begun; Ctrl-C again stops at once" } else { "" };
    format!("stopping {reason}{more}")
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done { already: false } => "done",
        Outcome::Done { already: true } => "as it is",
        Outcome::NotVisible { .. } => "unseen",
        Outcome::Failed { .. } => "failed",
        Outcome::Stale { .. } => "stale",
        Outcome::Refused { .. } => "refused",
        Outcome::Skipped { .. } => "skipped",
        Outcome::Stopped => "left",
        Outcome::CutOff => "cut off",
        Outcome::Apart { .. } => "partly",
    }
}

/// Lines of one sort of ending that are shown at most.
const MOST: usize = 40;

/// How a run ended: what did not come about, with the policy's line and what to do, and the counts.
pub fn outcome(plan: &Plan, record: &RunRecord, context: &Context) -> String {
    let (places, names) = (places(plan), names(plan));
    let endings = endings(record, &names);
    let mut lines = Vec::new();
    for wanted in ["failed", "unseen", "stale", "refused", "cut off", "skipped", "left"] {
        let of_sort = || endings.iter().filter(move |ending| word(ending.outcome) == wanted);
        for Ending { name, of, outcome } in of_sort().take(MOST) {
            let place = places.get(of).map(|place| format!("   {}:{}", place.file, place.line)).unwrap_or_default();
            lines.push(format!("{wanted:8} {name}{place}"));
            lines.extend(details(outcome, &names).into_iter().map(|line| format!("         {line}")));
        }
        let left = of_sort().count().saturating_sub(MOST);
        if left > 0 {
            lines.push(format!("         … {left} more {wanted}"));
        }
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(counted(plan, record));
    lines.extend(next_step(record));
    let text = lines.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n");
    if context.global.quiet && record.counts.all_done() { String::new() } else { format!("{text}\n") }
}

/// How an action ended, or one resource of it that ended otherwise than the others of its document.
struct Ending<'a> {
    name: String,
    /// Address of the resource, or the action.
    of: String,
    outcome: &'a Outcome,
}

fn endings<'a>(record: &'a RunRecord, names: &BTreeMap<ActionId, String>) -> Vec<Ending<'a>> {
    let mut all = Vec::new();
    for (action, ended) in &record.actions {
        match &ended.outcome {
            Outcome::Apart { of } => {
                let one =
                    |(id, outcome): (&ResourceId, &'a Outcome)| Ending { name: id.to_string(), of: id.to_string(), outcome };
                all.extend(of.iter().map(one));
            }
            outcome => all.push(Ending { name: named(names, action).to_owned(), of: action.0.clone(), outcome }),
        }
    }
    all
}

/// Where the policy asks for what an action, or a resource of it, is about.
fn places(plan: &Plan) -> BTreeMap<String, &Position> {
    let mut all = BTreeMap::new();
    for action in &plan.actions {
        match &action.work {
            Work::Change { changes } => {
                all.extend(changes.iter().filter_map(|change| Some((change.id.to_string(), change.place.as_ref()?))));
                let first = changes.iter().find_map(|change| change.place.as_ref());
                all.extend(first.map(|place| (action.id.0.clone(), place)));
            }
            Work::Run { place, .. } => all.extend(place.iter().map(|place| (action.id.0.clone(), place))),
        }
    }
    all
}

fn details(outcome: &Outcome, names: &BTreeMap<ActionId, String>) -> Vec<String> {
    match outcome {
        Outcome::Failed { reason, help } => {
            let mut lines = vec![reason.clone()];
            lines.extend(help.iter().map(|help| format!("help: {help}")));
            lines
        }
        Outcome::NotVisible { differs } => vec![format!("written, but not seen everywhere yet: {differs}")],
        Outcome::Stale { moved } => moved
            .iter()
            .map(|moved| {
                let path = if moved.path.is_empty() { moved.resource.to_string() } else { moved.path.clone() };
                format!("{path}   reviewed: {}   now: {}", moved.reviewed, moved.present)
            })
            .collect(),
        Outcome::Refused { reason } => vec![reason.clone()],
        Outcome::Skipped { because } => vec![format!("since `{}` did not come about", named(names, because))],
        Outcome::CutOff => vec!["begun, and not waited for: the next plan tells whether it took effect".to_owned()],
        Outcome::Done { .. } | Outcome::Stopped | Outcome::Apart { .. } => Vec::new(),
    }
}

/// How many changes, first backups and copies of the plan ended how.
fn counted(plan: &Plan, record: &RunRecord) -> String {
    let mut ends: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for action in &plan.actions {
        let Some(ended) = record.actions.get(&action.id) else { continue };
        match &action.work {
            Work::Change { changes } => {
                changes.iter().for_each(|change| ends.entry(word(ended.outcome.of(&change.id))).or_default().0 += 1);
            }
            Work::Run { job: Job::Backup { .. }, .. } => ends.entry(word(&ended.outcome)).or_default().1 += 1,
            Work::Run { job: Job::Copy { .. }, .. } => ends.entry(word(&ended.outcome)).or_default().2 += 1,
        }
    }
    let all_done = record.counts.all_done();
    let parts = [
        ("done", if all_done { "" } else { " done" }),
        ("as it is", " as wanted already"),
        ("unseen", " applied, not yet visible"),
        ("failed", " failed"),
        ("stale", " stale"),
        ("refused", " for a person to decide"),
        ("cut off", " cut off"),
        ("skipped", " skipped"),
        ("left", " not begun"),
    ];
    let told: Vec<String> = parts.iter().filter_map(|(end, words)| Some(format!("{}{words}", things(*ends.get(end)?)))).collect();
    let head = match record.counts.done + record.counts.not_visible + record.counts.cut_off {
        _ if all_done => "Applied",
        0 => "Not applied",
        _ => "Partly applied",
    };
    let why = record.stopped.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{head}: {}{why}.", if told.is_empty() { "nothing".to_owned() } else { told.join(", ") })
}

/// `2 changes and 1 first backup`.
fn things((changes, backups, copies): (u64, u64, u64)) -> String {
    let counted = |count: u64, [one, many]: [&str; 2]| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        more => Some(format!("{more} {many}")),
    };
    let copied = ["copy of existing objects", "copies of existing objects"];
    let all = [(changes, ["change", "changes"]), (backups, ["first backup", "first backups"]), (copies, copied)];
    all.into_iter().filter_map(|(count, words)| counted(count, words)).collect::<Vec<_>>().join(" and ")
}

fn next_step(record: &RunRecord) -> Option<String> {
    let counts = &record.counts;
    if counts.all_done() {
        return None;
    }
    Some(if counts.failed > 0 {
        "Mend what failed, then run `bdr apply` again: it goes on from the live system.".to_owned()
    } else if counts.stale > 0 {
        "The live system changed since the review: run `bdr plan`, and review what is there now.".to_owned()
    } else if counts.not_visible > 0 && counts.skipped > 0 {
        "In a while, run `bdr apply` again: it goes on once what was written is visible.".to_owned()
    } else if counts.not_visible > 0 {
        "Run `bdr plan` in a while: it tells whether everything is visible.".to_owned()
    } else if counts.stopped + counts.cut_off > 0 {
        "Now run `bdr apply` again: it goes on from the live system.".to_owned()
    } else {
        "What needs a person is told above; the rest is done.".to_owned()
    })
}
