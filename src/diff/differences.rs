//! Attribute by attribute: where two resources differ, down to the smallest part that does.

use crate::attrs::{Attr, Attrs};

/// One place at which two sides differ. `None`: not there.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// As `filter.prefix` or `statement[AllowPut].action`.
    pub path: String,
    pub before: Option<Attr>,
    pub after: Option<Attr>,
}

/// Names by which an element of a list is known, in the order in which they are tried.
const IDENTITIES: [&str; 5] = ["id", "ID", "sid", "Sid", "name"];

/// All differences in order of path. Documents are taken apart: a changed statement of a policy is one difference, not the policy.
pub fn differences(before: Option<&Attrs>, after: Option<&Attrs>) -> Vec<Difference> {
    let mut found = Vec::new();
    let empty = Attrs::new();
    maps("", before.unwrap_or(&empty), after.unwrap_or(&empty), &mut found);
    found
}

fn maps(path: &str, before: &Attrs, after: &Attrs, found: &mut Vec<Difference>) {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        values(path, before.get(name), after.get(name), found);
    }
}

fn values(path: String, before: Option<&Attr>, after: Option<&Attr>, found: &mut Vec<Difference>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Attr::Map(before)), Some(Attr::Map(after))) => maps(&path, before, after, found),
        (Some(Attr::List(before)), Some(Attr::List(after))) if before.iter().chain(after).all(|v| v.as_map().is_some()) => {
            lists(&path, before, after, found);
        }
        (before, after) => found.push(Difference { path, before: before.cloned(), after: after.cloned() }),
    }
}

/// Elements are paired by the name they carry, and without one by their place.
fn lists(path: &str, before: &[Attr], after: &[Attr], found: &mut Vec<Difference>) {
    let name = |at: usize, value: &Attr| {
        let known = IDENTITIES.iter().find_map(|key| value.as_map()?.get(*key)?.as_str());
        known.map_or_else(|| (at + 1).to_string(), str::to_owned)
    };
    let keyed = |values: &[Attr]| -> Attrs { values.iter().enumerate().map(|(at, v)| (name(at, v), v.clone())).collect() };
    let (old, new) = (keyed(before), keyed(after));
    if old.len() != before.len() || new.len() != after.len() || old == new {
        // Names that repeat, or only another order: the lists as wholes are what differs.
        found.push(Difference {
            path: path.to_owned(),
            before: Some(Attr::List(before.to_vec())),
            after: Some(Attr::List(after.to_vec())),
        });
        return;
    }
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        values(format!("{path}[{name}]"), old.get(name), new.get(name), found);
    }
}
