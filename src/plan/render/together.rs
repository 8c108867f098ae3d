//! What is told of several things in the same words, told once.

use std::collections::BTreeMap;

use super::entry::subject_heading;
use crate::address::ResourceId;
use crate::plan::{Alarm, Plan};

/// Things that are named one by one.
const NAMED: usize = 6;

/// Alarms of one text and help, each with whom it is told of: `policy (ci-apply, ci-plan)`. The order stays.
pub fn alarms(plan: &Plan) -> Vec<(String, &Alarm)> {
    let mut groups: Vec<Vec<&Alarm>> = Vec::new();
    for alarm in &plan.alarms {
        let same = |group: &&mut Vec<&Alarm>| group.iter().any(|one| one.text == alarm.text && one.help == alarm.help);
        match groups.iter_mut().find(same) {
            Some(group) => group.push(alarm),
            None => groups.push(vec![alarm]),
        }
    }
    groups.iter().map(|group| (whose(group.iter().map(|one| &one.of)), group[0])).collect()
}

/// Notes of one text, by the first of which it is told.
pub fn notes(plan: &Plan) -> Vec<String> {
    let mut notes: BTreeMap<&str, Vec<&ResourceId>> = BTreeMap::new();
    for note in &plan.notes {
        notes.entry(&note.text).or_default().push(&note.of);
    }
    let told = |(text, of): (&str, Vec<&ResourceId>)| {
        let others = if of.len() > 1 { format!(" and {} more", of.len() - 1) } else { String::new() };
        format!("{}{others}: {text}", of[0])
    };
    notes.into_iter().map(told).collect()
}

/// By subject, with the keys where they are what tells several apart.
fn whose<'a>(all: impl Iterator<Item = &'a ResourceId>) -> String {
    let mut subjects: Vec<(String, Vec<&str>)> = Vec::new();
    for id in all {
        let subject = subject_heading(&id.subject);
        match subjects.iter_mut().find(|(known, _)| *known == subject) {
            Some((_, keys)) => keys.push(&id.key),
            None => subjects.push((subject, vec![&id.key])),
        }
    }
    let told = |(subject, keys): &(String, Vec<&str>)| match keys.len() {
        1 => subject.clone(),
        _ => format!("{subject} ({})", some_of(keys)),
    };
    let told: Vec<String> = subjects.iter().map(told).collect();
    some_of(&told.iter().map(String::as_str).collect::<Vec<_>>())
}

fn some_of(names: &[&str]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", "))
}
