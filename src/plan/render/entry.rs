//! The entries of a plan: what is told of each change, gravest first, and equal ones together.

use std::collections::BTreeMap;

use super::{Look, Tone, values};
use crate::address::Subject;
use crate::attrs::Attrs;
use crate::diag::Position;
use crate::diff::{self, Difference};
use crate::plan::Plan;
use crate::resource::{Action, Change, Job, Op, Risk, Since, Work};

/// In the order in which entries are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    Destroys,
    Refused,
    Weakens,
    Removes,
    Releases,
    Changes,
    Adds,
    Runs,
}

impl Weight {
    pub fn sign(self) -> char {
        match self {
            Self::Destroys | Self::Refused | Self::Weakens => '!',
            Self::Removes => '-',
            Self::Releases | Self::Changes => '~',
            Self::Adds | Self::Runs => '+',
        }
    }

    pub fn tone(self) -> Tone {
        match self {
            Self::Destroys | Self::Refused | Self::Removes => Tone::Bad,
            Self::Weakens | Self::Releases | Self::Changes => Tone::Careful,
            Self::Adds | Self::Runs => Tone::Good,
        }
    }

    /// What the sign does not say.
    pub fn word(self) -> &'static str {
        match self {
            Self::Destroys => "destroys data",
            Self::Refused => "needs a person",
            Self::Weakens => "weakens",
            Self::Removes => "removed",
            Self::Releases => "released, stays as it is",
            Self::Changes | Self::Adds | Self::Runs => "",
        }
    }

    /// The word, with what is done where the sign and the word speak only of what is at stake.
    fn word_for(self, op: Op) -> &'static str {
        match (self, op) {
            (Self::Weakens, Op::Delete) => "removed, which weakens",
            (Self::Weakens, Op::Release) => "released, which weakens",
            (Self::Destroys, Op::Delete) => "removed, which destroys data",
            _ => self.word(),
        }
    }

    fn of(change: &Change) -> Self {
        match (change.risk, change.op) {
            (Risk::Destroys, _) => Self::Destroys,
            (_, Op::Refuse) => Self::Refused,
            (Risk::Weakens, _) => Self::Weakens,
            (_, Op::Delete) => Self::Removes,
            (_, Op::Release) => Self::Releases,
            (_, Op::Create) => Self::Adds,
            (_, Op::Update | Op::None) => Self::Changes,
        }
    }
}

/// One thing to be told.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    pub weight: Weight,
    /// What the sign does not say.
    pub word: &'static str,
    pub subject: Subject,
    /// What it is: `lifecycle rule`.
    pub title: &'a str,
    /// Which of its kind; empty where there is only one.
    pub key: &'a str,
    pub place: Option<&'a Position>,
    /// Why, where that is not plain from the sign.
    pub reason: String,
    pub body: Body<'a>,
    /// Paths of the attributes that say most of a new one; empty: the first few.
    pub headline: &'a [String],
    /// Since when it can differ, where that is known.
    pub since: Option<String>,
    /// It changes who may do what.
    pub rights: bool,
}

/// What changes.
#[derive(Debug, Clone)]
pub enum Body<'a> {
    Nothing,
    New(&'a Attrs),
    Differs(Vec<Difference>),
}

/// All entries of a plan in the order in which they are told.
pub fn entries(plan: &Plan) -> Vec<Entry<'_>> {
    let mut all = Vec::new();
    for action in &plan.actions {
        match &action.work {
            Work::Change { changes } => all.extend(changes.iter().map(|change| of_change(plan, action, change))),
            Work::Run { job, place, reason } => all.push(of_job(job, place.as_ref(), reason)),
        }
    }
    all.sort_by(|a, b| (a.weight, &a.subject, a.title, a.key).cmp(&(b.weight, &b.subject, b.title, b.key)));
    all
}

fn of_job<'a>(job: &'a Job, place: Option<&'a Position>, reason: &str) -> Entry<'a> {
    let (subject, title, key) = match job {
        Job::Backup { component, protection } => (Subject::Component(component.clone()), "first backup", protection.as_str()),
        Job::Copy { rule } => (rule.subject.clone(), "copy of existing objects", &*rule.key),
    };
    Entry {
        weight: Weight::Runs,
        word: Weight::Runs.word(),
        subject,
        title,
        key,
        place,
        reason: reason.to_owned(),
        body: Body::Nothing,
        headline: &[],
        since: None,
        rights: false,
    }
}

fn of_change<'a>(plan: &'a Plan, action: &'a Action, change: &'a Change) -> Entry<'a> {
    let kind = plan.kinds.get(&*change.id.kind);
    let weight = Weight::of(change);
    let reason = match change.op {
        Op::Refuse | Op::Delete | Op::Release => change.reason.clone(),
        Op::Update if change.stands_as.is_some() => change.reason.clone(),
        _ => String::new(),
    };
    let names = kind.map_or(&[][..], |kind| kind.rights.as_slice());
    let says = |difference: &Difference| names.iter().any(|name| difference.path.split('.').next() == Some(name));
    let rights = match change.op {
        _ if names.is_empty() => false,
        // What is new with what it stands on changes no right that somebody has.
        Op::Create => action.after.is_empty() && kind.is_some_and(|kind| kind.shared),
        Op::Update => diff::differences(change.before.as_ref(), change.after.as_ref()).iter().any(says),
        _ => true,
    };
    let body = match (&change.op, &change.before, &change.after) {
        (Op::Create, _, Some(after)) => Body::New(after),
        (Op::Update | Op::Refuse, before, after) => {
            let mut differences = diff::differences(before.as_ref(), after.as_ref());
            // What the reason names already is not told twice.
            differences.retain(|difference| !reason.contains(&format!("`{}`", difference.path)));
            let headline = kind.map_or(&[][..], |kind| kind.headline.as_slice());
            differences.sort_by_key(|difference| weight_of(&difference.path, headline));
            Body::Differs(differences)
        }
        _ => Body::Nothing,
    };
    Entry {
        weight,
        word: weight.word_for(change.op),
        subject: change.id.subject.clone(),
        title: kind.map_or(&*change.id.kind, |kind| kind.title.as_str()),
        key: &change.id.key,
        place: change.place.as_ref(),
        reason,
        body,
        headline: kind.map_or(&[], |kind| kind.headline.as_slice()),
        since: change.since.as_ref().and_then(|since| told_since(since, change.op)),
        rights,
    }
}

/// Where a difference is told among others: what its kind says most by first, in that order, and what is written for people alone last.
fn weight_of(path: &str, headline: &[String]) -> (bool, usize) {
    let within = |one: &String| path == one || path.starts_with(&format!("{one}.")) || one.starts_with(&format!("{path}."));
    (path == "description", headline.iter().position(within).unwrap_or(headline.len()))
}

fn told_since(since: &Since, op: Op) -> Option<String> {
    let moment = since.at.strftime("%Y-%m-%d %H:%M UTC");
    Some(match (since.as_left, op) {
        // That it left the policy is told already.
        (true, Op::Delete | Op::Release) => return None,
        (true, _) => format!("as the apply of {moment} left it; the policy changed since"),
        (false, Op::Create) => format!("removed outside bdr after {moment} (apply by {})", since.by),
        (false, _) => format!("changed outside bdr after {moment} (apply by {})", since.by),
    })
}

impl Entry<'_> {
    /// `lifecycle rule bdr/daily`.
    pub fn name(&self) -> String {
        if self.key.is_empty() { self.title.to_owned() } else { format!("{} {}", self.title, self.key) }
    }

    /// What the sign and the word do not say: why, and since when.
    pub fn remarks(&self) -> impl Iterator<Item = &str> {
        [Some(self.reason.as_str()), self.since.as_deref()].into_iter().flatten().filter(|text| !text.is_empty())
    }

    /// What changes, line by line, without indentation.
    pub fn lines(&self, look: Look) -> Vec<String> {
        match &self.body {
            Body::Nothing => Vec::new(),
            Body::New(attrs) => {
                let mut flat = flat(attrs);
                let count = flat.len();
                if !(self.headline.is_empty() || look.all) {
                    flat.retain(|difference| self.headline.contains(&difference.path));
                }
                flat.truncate(if look.all { usize::MAX } else { NEW });
                let wide = flat.iter().map(|d| d.path.chars().count()).max().unwrap_or(0).min(28);
                let shown = flat.iter().filter_map(|d| Some(values::attribute(&d.path, d.after.as_ref()?, wide, look)));
                let mut lines: Vec<String> = shown.flatten().collect();
                if count > flat.len() {
                    lines.push(format!("{} {} more (--all shows them)", look.dots(), count - flat.len()));
                }
                lines
            }
            Body::Differs(differences) => {
                let wide = differences.iter().map(|d| d.path.chars().count()).max().unwrap_or(0).min(28);
                differences.iter().flat_map(|difference| values::difference(difference, wide, look)).collect()
            }
        }
    }

    /// What may be told by its count alone comes last: what destroys or weakens stands before who may do what, and that before the rest.
    fn rank(&self) -> u8 {
        match self.weight {
            Weight::Destroys | Weight::Refused | Weight::Weakens => 0,
            _ if self.rights => 1,
            _ => 2,
        }
    }

    /// It must be seen in a plan of any length.
    pub fn is_grave(&self) -> bool {
        self.rank() < 2
    }

    /// Entries with equal fingerprints say the same of several things.
    fn sameness(&self) -> String {
        let body = match &self.body {
            Body::Nothing => String::new(),
            Body::New(attrs) => format!("{attrs:?}"),
            Body::Differs(differences) => format!("{differences:?}"),
        };
        format!("{:?} {} {} {body}", self.weight, self.title, self.reason)
    }

    /// Who it belongs to and which it is: `docs/nightly`.
    pub fn whose(&self) -> String {
        let subject = subject_name(&self.subject);
        if self.key.is_empty() { subject } else { format!("{subject}/{}", self.key) }
    }
}

/// Attributes of something new that are shown, unless everything is asked for.
const NEW: usize = 6;

/// The parts of something new, nested ones by their path.
fn flat(attrs: &Attrs) -> Vec<Difference> {
    fn into(path: &str, attrs: &Attrs, all: &mut Vec<Difference>) {
        for (name, value) in attrs {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match value.as_map() {
                Some(map) => into(&path, map, all),
                None => all.push(Difference { path, before: None, after: Some(value.clone()) }),
            }
        }
    }
    let mut all = Vec::new();
    into("", attrs, &mut all);
    all
}

pub fn subject_name(subject: &Subject) -> String {
    match subject {
        Subject::Policy => "policy".to_owned(),
        Subject::Store(name) => name.to_string(),
        Subject::Component(name) => name.to_string(),
    }
}

/// How `store primary` is told in headings.
pub fn subject_heading(subject: &Subject) -> String {
    match subject {
        Subject::Policy => "policy".to_owned(),
        Subject::Store(name) => format!("store {name}"),
        Subject::Component(name) => format!("component {name}"),
    }
}

/// Entries that say the same of at least this many things are told once.
const TOGETHER: usize = 4;

/// Entries in groups: those that say the same together, all others alone. The order stays.
pub fn grouped(entries: Vec<Entry<'_>>) -> Vec<Vec<Entry<'_>>> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    entries.iter().for_each(|entry| *counts.entry(entry.sameness()).or_default() += 1);
    let mut groups: Vec<Vec<Entry<'_>>> = Vec::new();
    let mut at: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries {
        let sameness = entry.sameness();
        let many = counts.get(&sameness).is_some_and(|count| *count >= TOGETHER);
        match at.get(&sameness) {
            Some(group) if many => groups[*group].push(entry),
            _ => {
                at.insert(sameness, groups.len());
                groups.push(vec![entry]);
            }
        }
    }
    groups
}

/// What is grave is told one by one up to here, of each weight and kind, however large the plan.
const FEW: usize = 8;

/// Entries of one weight and kind together, for plans too large to tell each; but those alone that are grave, as far as they are few.
pub fn by_kind(entries: Vec<Entry<'_>>) -> Vec<Vec<Entry<'_>>> {
    let mut groups: BTreeMap<(u8, Weight, String), Vec<Entry<'_>>> = BTreeMap::new();
    for entry in entries {
        groups.entry((entry.rank(), entry.weight, entry.title.to_owned())).or_default().push(entry);
    }
    groups.into_values().flat_map(|group| if group.iter().all(Entry::is_grave) { few(group) } else { vec![group] }).collect()
}

/// Of grave ones what is alike together, and after the first few the rest.
fn few(group: Vec<Entry<'_>>) -> Vec<Vec<Entry<'_>>> {
    let mut alike = grouped(group);
    let rest: Vec<Entry<'_>> = alike.split_off(FEW.min(alike.len())).into_iter().flatten().collect();
    alike.extend((!rest.is_empty()).then_some(rest));
    alike
}

/// Those that must be seen first, for plans of which not all is shown.
pub fn gravest_first(mut entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    entries.sort_by_key(Entry::rank);
    entries
}

/// Whether all of them say the same.
pub fn are_alike(group: &[Entry<'_>]) -> bool {
    group.windows(2).all(|pair| pair[0].sameness() == pair[1].sameness())
}
