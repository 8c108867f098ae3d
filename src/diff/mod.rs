//! Diffing: what is wanted against what is live, resource by resource.

mod canonical;
mod differences;

pub use canonical::{canonical, is_same, live_fingerprint, wanted_fingerprint};
pub use differences::{Difference, differences};

use crate::attrs::{Attr, Attrs};
use crate::diag::Position;
use crate::resource::{Change, Earlier, Foreign, Kind, Live, Op, Removal, Resource, Risk};
use secrecy::SecretString;

/// Whether nothing is to be done about a resource, which is told without making anything.
pub fn is_as_wanted(desired: Option<&Resource>, live: &Live) -> bool {
    match (desired, &live.attrs) {
        (None, None) => true,
        (Some(_), _) if live.unsupported => true,
        (Some(resource), Some(attrs)) => live.stands_as.is_none() && is_same(attrs, &resource.attrs),
        _ => false,
    }
}

/// One resource, desired against live. `None` where neither side has it.
pub fn diff(kind: &Kind, desired: Option<&Resource>, live: &Live, id: &crate::address::ResourceId) -> Option<Change> {
    let before = live.attrs.as_ref().map(canonical);
    let after = desired.map(|resource| canonical(&resource.attrs));
    let (op, reason) = match (&before, &after) {
        (None, None) => return None,
        (_, Some(_)) if live.unsupported => (Op::None, "not supported there".to_owned()),
        (Some(before), Some(after)) if before == after && live.stands_as.is_none() => (Op::None, "as wanted".to_owned()),
        (_, Some(_)) if live.doubt.is_some() => (Op::Refuse, live.doubt.iter().map(|doubt| doubt.what.clone()).collect()),
        (_, Some(_)) if live.unfit.is_some() => (Op::Refuse, live.unfit.clone().unwrap_or_default()),
        (Some(_), Some(_)) if live.stands_as.is_some() => (Op::Update, renamed(desired)),
        (None, Some(_)) => (Op::Create, "not there yet".to_owned()),
        (Some(_), None) => removal(kind),
        (Some(before), Some(after)) => update(kind, before, after),
    };
    let risk = match op {
        Op::None | Op::Refuse => Risk::None,
        _ => (kind.risk)(before.as_ref(), after.as_ref()),
    };
    let before = match (before, &after) {
        (Some(before), Some(after)) => Some(masked(before, after)),
        (before, _) => before,
    };
    Some(Change {
        id: id.clone(),
        op,
        risk,
        reason,
        place: None,
        live: live_fingerprint(live),
        wanted: wanted_fingerprint(after.as_ref()),
        before,
        after,
        foreign: in_order(&live.foreign),
        notes: live.notes.clone(),
        stands_as: live.stands_as.clone(),
        adopts: live.stands_as.is_some() && desired.is_some_and(|desired| desired.adopts().is_some()),
        moves: false,
        since: None,
    })
}

/// What is foreign by its name: endpoints tell it in whatever order they like.
fn in_order(foreign: &[Foreign]) -> Vec<Foreign> {
    let mut foreign = foreign.to_vec();
    foreign.sort_by(|a, b| (&a.name, &a.summary).cmp(&(&b.name, &b.summary)));
    foreign
}

/// Says where the policy asks for the resource.
#[must_use]
pub fn at(mut change: Change, place: Option<Position>) -> Change {
    change.place = place;
    change
}

fn removal(kind: &Kind) -> (Op, String) {
    match kind.removal {
        Removal::Delete => (Op::Delete, "left the policy".to_owned()),
        Removal::Release => (Op::Release, "left the policy; what it holds stays".to_owned()),
    }
}

fn renamed(desired: Option<&Resource>) -> String {
    match desired.and_then(|desired| desired.earlier.as_ref()) {
        Some(Earlier::Moved(id)) => format!("moved from {}", id.subject),
        Some(Earlier::Adopted(name)) => format!("takes over `{name}` of somebody else"),
        None => String::new(),
    }
}

fn update(kind: &Kind, before: &Attrs, after: &Attrs) -> (Op, String) {
    let fixed: Vec<String> = kind
        .immutable
        .iter()
        .filter(|name| before.get(**name) != after.get(**name))
        .map(|name| {
            let shown = |attrs: &Attrs| attrs.get(*name).map_or_else(|| "none".to_owned(), Attr::to_string);
            format!("`{name}` cannot change once it exists ({} → {})", shown(&masked(before.clone(), after)), shown(after))
        })
        .collect();
    if fixed.is_empty() {
        return (Op::Update, "differs from the policy".to_owned());
    }
    (Op::Refuse, fixed.join("; "))
}

/// Hides live values where the policy has a secret: what stands there now may be the secret before this one.
pub fn masked(before: Attrs, after: &Attrs) -> Attrs {
    before
        .into_iter()
        .map(|(name, value)| match after.get(&name) {
            Some(wanted) => (name, mask(value, wanted)),
            None => (name, value),
        })
        .collect()
}

fn mask(before: Attr, after: &Attr) -> Attr {
    match (before, after) {
        (before, Attr::Sensitive { .. }) if before == *after => after.clone(),
        (before, Attr::Sensitive { .. }) => {
            Attr::Sensitive { shown: "(another value)".to_owned(), value: SecretString::from(before.to_string()) }
        }
        (Attr::Map(before), Attr::Map(after)) => Attr::Map(masked(before, after)),
        (Attr::List(before), Attr::List(after)) => {
            let secret = after.iter().find(|value| matches!(value, Attr::Sensitive { .. }));
            let one = |(at, value)| match after.get(at).or(secret) {
                Some(wanted) => mask(value, wanted),
                None => value,
            };
            Attr::List(before.into_iter().enumerate().map(one).collect())
        }
        (before, _) => before,
    }
}

#[cfg(test)]
mod tests;
