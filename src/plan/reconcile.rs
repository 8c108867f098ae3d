//! Reconciling: a policy, what it compiles to, and what is known become the plan that makes the second of the third.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{ResourceId, Subject};
use crate::compile::Compiled;
use crate::diag::{Severity, Sources};
use crate::diff;
use crate::plan::{
    Alarm, FORMAT_VERSION, Finding, FirstBackup, Frozen, Intent, KindNote, Known, LastSet, LeftOut, Note, ObjectiveRow, Plan,
    PolicyRef, RetentionEffect, Scope, Summary, TOOL, acting, actions, codes, copies, foreign, guard, put_back,
};
use crate::policy::Policy;
use crate::resource::{Action, ActionId, Change, Expiring, Job, Kind, Live, Op, Removal, Risk, Since, Work};

/// Everything that a plan is made from; equal input gives an equal plan.
#[derive(Debug)]
pub struct Input<'a> {
    pub policy: &'a Policy,
    pub sources: &'a Sources,
    /// Where the policy was read.
    pub paths: Vec<String>,
    /// What the policy wants; empty where everything is to go ([`Intent::Destroy`]).
    pub compiled: &'a Compiled,
    pub known: &'a Known,
    pub scope: &'a Scope,
    pub intent: Intent,
    pub findings: Vec<Finding>,
    pub objectives: Vec<ObjectiveRow>,
    /// What stands and does nothing.
    pub dead: Vec<Alarm>,
    pub retention: Vec<RetentionEffect>,
    pub made_at: jiff::Timestamp,
}

/// Makes the plan: one change for each resource that differs, grouped into actions, in order, with the first backups after them.
pub fn reconcile(input: Input<'_>) -> Plan {
    let Compared { seen, mut changes } = compare(&input);
    let (users, stays) = relied_on(&input, &seen, &mut changes);
    let unchanged = (seen.len() - changes.len()) as u64;
    let alarms = alarms(&input, &seen, &changes);
    let mut notes = notes(&seen);
    notes.extend(stays);
    notes.extend(input.known.notes.iter().cloned());
    let outside = select(&input, &mut changes);
    let left_out = outside.len() as u64;
    let left_out_of = left_out_of(&input, &outside, &changes);
    let foreign = foreign::kept(&input, &seen, &changes);
    notes.extend(foreign::going(&seen, &changes));
    let mut all = actions::of_changes(changes, &input.compiled.desired, &input.known.owned, &input.compiled.kinds, &users);
    let runs = first_backups(&input, &all);
    all.extend(runs);
    let copied = copies::of(&input, &all);
    all.extend(copied);
    let mut findings = input.findings;
    let all = actions::ordered(all).unwrap_or_else(|(cycle, all)| {
        findings.push(Finding {
            code: codes::RING.code.to_owned(),
            severity: Severity::Error,
            message: format!("actions wait for each other: {cycle}"),
            place: None,
            help: Some("Plan the resources one after the other with --target.".to_owned()),
            forbids: true,
        });
        all
    });
    let summary = Summary::of(&all, unchanged, foreign.len() as u64);
    let forbidden = findings.iter().any(|finding| finding.forbids);
    let freeze = Frozen::of(input.policy, input.made_at);
    let complete = input.known.unread.is_empty() && !input.known.backups.values().any(|first| *first == FirstBackup::Unknown);
    Plan {
        format_version: FORMAT_VERSION,
        digest: String::new(),
        made_at: input.made_at,
        tool: TOOL.to_owned(),
        policy: PolicyRef { name: input.policy.name.to_string(), digest: input.policy.digest(), paths: input.paths },
        intent: input.intent,
        applyable: freeze.is_none() && !forbidden && guard::can_begin(&all),
        freeze,
        complete,
        kinds: kinds(&all, input.compiled),
        summary,
        acting: acting::all(input.policy),
        alarms,
        actions: all,
        foreign,
        unread: input.known.unread.clone(),
        notes,
        findings,
        objectives: input.objectives,
        retention: input.retention,
        targets: input.scope.targets().to_vec(),
        left_out,
        left_out_of,
    }
    .sealed()
}

/// Everything that is wanted or owned and could be read.
struct Compared<'a> {
    /// All of it with what stands live, in order of address.
    seen: Vec<(&'a ResourceId, &'a Live)>,
    /// What is not as wanted.
    changes: BTreeMap<ResourceId, Change>,
}

/// Compares everything. Both sides are in order of address, so one walk over both finds the pairs; only what differs is copied.
fn compare<'a>(input: &Input<'a>) -> Compared<'a> {
    let known: &'a Known = input.known;
    let mut wanted = input.compiled.desired.iter().peekable();
    let elsewhere = known.live.keys().any(|id| moved_from(id).is_some());
    let all = input.compiled.desired.iter().filter(|_| elsewhere);
    let places: BTreeSet<(&Subject, &str)> = all.map(|r| (&r.id.subject, r.id.key.as_str())).collect();
    let renamed = renamed(input.compiled);
    let mut compared = Compared { seen: Vec::with_capacity(known.live.len()), changes: BTreeMap::new() };
    for (id, live) in &known.live {
        while wanted.next_if(|resource| resource.id < *id).is_some() {}
        let resource = wanted.next_if(|resource| resource.id == *id);
        let is_ours = resource.is_some() || (live.attrs.is_some() && known.owned.contains_key(id));
        let Some(kind) = input.compiled.kinds.get(&id.kind).filter(|_| is_ours) else { continue };
        let now = renamed.get(id).filter(|_| resource.is_none()).and_then(|now| known.live.get(now));
        if now.is_some_and(|now| now.stands_as.is_some()) {
            // It is told, and written, under its name of now.
            continue;
        }
        compared.seen.push((id, live));
        if diff::is_as_wanted(resource, live) {
            continue;
        }
        let Some(change) = diff::diff(kind, resource, live, id).filter(|change| change.op != Op::None) else { continue };
        let change = match moved_from(id) {
            _ if input.intent == Intent::Destroy => let_go(change),
            Some(key) if resource.is_none() && places.contains(&(&id.subject, key)) => moved(change, HERE),
            _ if resource.is_none() && renamed.contains_key(id) => moved(change, renamed[id].to_string().as_str()),
            _ => change,
        };
        let place = resource.and_then(|r| r.span).and_then(|span| input.sources.position(span));
        // The notes stand apart: they are no part of what is done.
        let last = known.last_set.get(id);
        let change = put_back::weighed(change, kind, last);
        let since = last.filter(|last| !was_released(kind, last, live)).map(|last| since(last, live));
        compared.changes.insert(id.clone(), Change { notes: Vec::new(), since, ..diff::at(change, place) });
    }
    compared
}

/// What is to go and is relied on, each with what relies on it. What something foreign works by stays until that is gone, which no plan
/// brings about: it is no change, and said.
fn relied_on(
    input: &Input<'_>,
    seen: &[(&ResourceId, &Live)],
    changes: &mut BTreeMap<ResourceId, Change>,
) -> (BTreeMap<ResourceId, BTreeSet<ResourceId>>, Vec<Note>) {
    let mut users: BTreeMap<&str, BTreeSet<ResourceId>> = BTreeMap::new();
    for (id, on) in seen.iter().filter_map(|(id, live)| Some((*id, live.relies.as_ref()?))) {
        users.entry(on).or_default().insert(id.clone());
    }
    let beside = seen.iter().flat_map(|(_, live)| &live.foreign).chain(input.known.foreign.iter().map(|(_, foreign)| foreign));
    let mut strangers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (foreign, on) in beside.filter_map(|foreign| Some((foreign, foreign.by.as_ref()?))) {
        strangers.entry(on).or_default().insert(&foreign.name);
    }
    let (mut found, mut stays) = (BTreeMap::new(), Vec::new());
    for (id, live) in seen {
        let goes = changes.get(*id).is_some_and(|change| change.op == Op::Delete);
        let Some(identity) = live.identity.as_deref().filter(|_| goes) else { continue };
        if let Some(names) = strangers.get(identity) {
            changes.remove(*id);
            stays.push(Note { of: (*id).clone(), text: works_by_it(names) });
        } else if let Some(using) = users.get(identity) {
            found.insert((*id).clone(), using.clone());
        }
    }
    (found, stays)
}

fn works_by_it(names: &BTreeSet<&str>) -> String {
    let named = names.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let (more, work) = (if names.len() > 3 { ", …" } else { "" }, if names.len() == 1 { "works" } else { "work" });
    format!(
        "it left the policy and stays, since {named}{more} of somebody else {work} by it: let that work by another, or take it away"
    )
}

/// The key of a resource that stands elsewhere than where the policy wants it: what follows an `@` says where.
fn moved_from(id: &ResourceId) -> Option<&str> {
    id.key.split_once('@').map(|(key, _)| key)
}

/// What resources were called before their stores or components were renamed, with what they are called now.
fn renamed(compiled: &Compiled) -> BTreeMap<&ResourceId, &ResourceId> {
    compiled.desired.iter().filter_map(|resource| Some((resource.moved_from()?, &resource.id))).collect()
}

const HERE: &str = "where the policy wants it now";

/// It stands, or is made, where the policy wants it now: nothing is lost by its removal here.
fn moved(change: Change, to: &str) -> Change {
    Change { risk: Risk::None, reason: format!("moved to {to}"), moves: true, ..change }
}

/// What the last apply let go of stays as it is: nothing tells whether anybody changed it since.
fn was_released(kind: &Kind, last: &LastSet, live: &Live) -> bool {
    kind.removal == Removal::Release && live.attrs.is_some() && last.wanted == diff::wanted_fingerprint(None)
}

fn since(last: &LastSet, live: &Live) -> Since {
    let as_left = diff::wanted_fingerprint(live.attrs.as_ref()) == last.wanted;
    Since { at: last.at, by: last.by.clone(), as_left }
}

/// The policy still wants it: that it goes is what was asked for.
fn let_go(change: Change) -> Change {
    Change { reason: String::new(), ..change }
}

/// Keeps the changes that the scope names and what those need; returns what it leaves out.
fn select(input: &Input<'_>, changes: &mut BTreeMap<ResourceId, Change>) -> BTreeSet<ResourceId> {
    if input.scope.is_everything() {
        return BTreeSet::new();
    }
    let resource = |id: &ResourceId| input.compiled.desired.get(id).or_else(|| input.known.owned.get(id));
    let mut left: Vec<&ResourceId> = input.known.live.keys().filter(|id| input.scope.names(id)).collect();
    let mut reached: BTreeSet<&ResourceId> = left.iter().copied().collect();
    while let Some(id) = left.pop() {
        for first in resource(id).into_iter().flat_map(|r| &r.after).filter(|first| input.known.live.contains_key(first)) {
            if reached.insert(first) {
                left.push(first);
            }
        }
    }
    let outside = changes.keys().filter(|id| !reached.contains(id)).cloned().collect();
    changes.retain(|id, _| reached.contains(id));
    outside
}

/// What a narrowed plan leaves undone, by component and store, first backups among it.
fn left_out_of(input: &Input<'_>, outside: &BTreeSet<ResourceId>, chosen: &BTreeMap<ResourceId, Change>) -> Vec<LeftOut> {
    let mut all: BTreeMap<Subject, LeftOut> = BTreeMap::new();
    let mut of = |subject: &Subject, add: &dyn Fn(&mut LeftOut)| {
        let none = LeftOut { of: subject.to_string(), changes: 0, first_backups: 0, waits: false };
        add(all.entry(subject.clone()).or_insert(none));
    };
    for id in outside {
        let resource = input.compiled.desired.get(id).or_else(|| input.known.owned.get(id));
        let waits = resource.is_some_and(|resource| resource.after.iter().any(|first| chosen.contains_key(first)));
        of(&id.subject, &|left| {
            left.changes += 1;
            left.waits |= waits;
        });
    }
    for ((component, name), first) in &input.known.backups {
        let subject = Subject::Component(component.clone());
        let id = ResourceId::new(subject.clone(), "run", name.as_str());
        if matches!(first, FirstBackup::Missing(_)) && !input.scope.names(&id) && input.intent == Intent::Reconcile {
            of(&subject, &|left| left.first_backups += 1);
        }
    }
    for rule in input.known.uncopied.keys().filter(|rule| !input.scope.names(&copies::address(rule))) {
        of(&rule.subject, &|left| left.changes += 1);
    }
    all.into_values().collect()
}

fn alarms(input: &Input<'_>, seen: &[(&ResourceId, &Live)], changes: &BTreeMap<ResourceId, Change>) -> Vec<Alarm> {
    let away = seen.iter().filter_map(|(id, live)| Some(Alarm::of_doubt(id, live.doubt.as_ref()?)));
    let oldest = |expiring: &Expiring| expiring.whose.iter().filter_map(|whose| input.known.oldest.get(whose)).min().copied();
    let of_expiring = |(id, live): &(&ResourceId, &Live)| -> Vec<Alarm> {
        live.expiring.iter().filter_map(|one| Alarm::of_expiring(id, one, input.made_at, oldest(one))).collect()
    };
    // What is to go may be hindered.
    let wanted = seen.iter().filter(|(id, _)| input.compiled.desired.get(id).is_some());
    let others = wanted.clone().filter(|(_, live)| !live.others.is_empty()).map(|(id, live)| Alarm::of_others(id, &live.others));
    // What is told already of the same thing says why it is grave.
    let untold = wanted.clone().filter(|(_, live)| live.hindered.is_empty() && live.expiring.is_empty());
    let weakened = untold.filter_map(|(id, _)| {
        let (change, kind) = (changes.get(*id)?, input.compiled.kinds.get(&id.kind)?);
        put_back::weakened(change, kind, input.known.last_set.get(*id))
    });
    let hindered = wanted.flat_map(|(id, live)| live.hindered.iter().map(move |one| Alarm::of_hindrance(id, one)));
    let hindered = hindered.chain(input.dead.iter().cloned());
    // What keeps all rules of a bucket from working is one thing.
    let mut told = BTreeSet::new();
    let hindered = hindered.filter(|alarm| told.insert((alarm.of.subject.clone(), alarm.text.clone())));
    let zone = &input.policy.timezone;
    let overdue = input.known.overdue.iter().map(|(held, overdue)| Alarm::of_overdue(held, overdue, zone));
    let lost = input.known.lost.iter().map(|(id, what)| Alarm::of_lost(id, what));
    let emptied = input.known.emptied.iter().map(|(id, what)| Alarm::of_emptied(id, what));
    let expiring = seen.iter().flat_map(of_expiring);
    away.chain(lost).chain(emptied).chain(others).chain(overdue).chain(expiring).chain(hindered).chain(weakened).collect()
}

fn notes(seen: &[(&ResourceId, &Live)]) -> Vec<Note> {
    let all = seen.iter().flat_map(|(id, live)| live.notes.iter().map(move |text| (*id, text)));
    all.map(|(of, text)| Note { of: of.clone(), text: text.clone() }).collect()
}

/// A first backup of every protection that has none, after everything of its stores is in place.
fn first_backups(input: &Input<'_>, changes: &[Action]) -> Vec<Action> {
    if input.intent == Intent::Destroy {
        return Vec::new();
    }
    let mut of_subject: BTreeMap<Subject, BTreeSet<ActionId>> = BTreeMap::new();
    for action in changes.iter().filter(|action| !actions::is_removal(action)) {
        if let Work::Change { changes } = &action.work {
            for change in changes {
                of_subject.entry(change.id.subject.clone()).or_default().insert(action.id.clone());
            }
        }
    }
    let mut runs = Vec::new();
    for ((component, name), first) in &input.known.backups {
        let FirstBackup::Missing(reason) = first else { continue };
        let id = ResourceId::new(Subject::Component(component.clone()), "run", name.as_str());
        let Some(protection) = input.policy.components.get(component).and_then(|c| c.protections.get(name)) else { continue };
        if !input.scope.names(&id) {
            continue;
        }
        let stores = protection.stores.iter().map(|store| Subject::Store(store.value.clone()));
        runs.push(Action {
            id: ActionId(id.to_string()),
            work: Work::Run {
                job: Job::Backup { component: component.clone(), protection: name.clone() },
                place: protection.span.and_then(|span| input.sources.position(span)),
                reason: reason.clone(),
            },
            after: stores.filter_map(|store| of_subject.get(&store)).flatten().cloned().collect(),
            queue: Some(format!("backup {component}")),
        });
    }
    runs
}

fn kinds(actions: &[Action], compiled: &Compiled) -> BTreeMap<String, KindNote> {
    let changes = actions.iter().filter_map(|action| match &action.work {
        Work::Change { changes } => Some(changes),
        Work::Run { .. } => None,
    });
    changes
        .flatten()
        .filter_map(|change| compiled.kinds.get(&change.id.kind))
        .map(|kind| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let (headline, rights) = (owned(kind.headline), owned(kind.rights));
            let (title, shared) = (kind.title.to_owned(), kind.shared);
            let note = KindNote { title, headline, rights, shared, visible_within: kind.visible_within };
            (kind.name.to_owned(), note)
        })
        .collect()
}

impl Known {
    /// What was read of a resource, absent where nothing was.
    pub fn live(&self, id: &ResourceId) -> Option<&Live> {
        self.live.get(id)
    }
}
