//! The one form in which both sides are compared: what is absent, null or empty is left out.

use std::collections::BTreeMap;

use crate::attrs::{Attr, Attrs, Fingerprint};
use crate::resource::Live;

/// Attributes without those that say nothing. A kind's own defaults are its own business; this is what holds for all kinds.
pub fn canonical(attrs: &Attrs) -> Attrs {
    attrs.iter().filter_map(|(name, value)| Some((name.clone(), meaningful(value)?))).collect()
}

fn meaningful(value: &Attr) -> Option<Attr> {
    match value {
        Attr::Null => None,
        Attr::Map(map) => {
            let map: BTreeMap<_, _> = map.iter().filter_map(|(key, value)| Some((key.clone(), meaningful(value)?))).collect();
            (!map.is_empty()).then_some(Attr::Map(map))
        }
        Attr::List(values) if values.is_empty() => None,
        Attr::List(values) => Some(Attr::List(values.iter().map(|value| meaningful(value).unwrap_or(Attr::Null)).collect())),
        other => Some(other.clone()),
    }
}

/// Whether two sides are equal in the canonical form, which is not made for it.
pub fn is_same(left: &Attrs, right: &Attrs) -> bool {
    let mut left = left.iter().filter(|(_, value)| says_something(value));
    let mut right = right.iter().filter(|(_, value)| says_something(value));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some((name, value)), Some((other, wanted))) if name == other && is_same_value(value, wanted) => {}
            _ => return false,
        }
    }
}

/// Both say something.
fn is_same_value(left: &Attr, right: &Attr) -> bool {
    match (left, right) {
        (Attr::Map(left), Attr::Map(right)) => is_same(left, right),
        (Attr::List(left), Attr::List(right)) => {
            let one = |(a, b): (&Attr, &Attr)| match (says_something(a), says_something(b)) {
                (true, true) => is_same_value(a, b),
                (false, false) => true,
                _ => false,
            };
            left.len() == right.len() && left.iter().zip(right).all(one)
        }
        (left, right) => left == right,
    }
}

fn says_something(value: &Attr) -> bool {
    match value {
        Attr::Null => false,
        Attr::Map(map) => map.values().any(says_something),
        Attr::List(values) => !values.is_empty(),
        _ => true,
    }
}

/// Of what was seen of the resource itself. What is foreign beside it is kept and not reviewed: whoever adds to that makes no plan stale.
pub fn live_fingerprint(live: &Live) -> Fingerprint {
    let mut attrs = live.attrs.as_ref().map(canonical);
    if let (Some(attrs), Some(name)) = (&mut attrs, &live.stands_as) {
        // No attribute is called nothing.
        attrs.insert(String::new(), name.as_str().into());
    }
    Fingerprint::of(attrs.as_ref())
}

/// Of what is wanted, without what is foreign.
pub fn wanted_fingerprint(attrs: Option<&Attrs>) -> Fingerprint {
    Fingerprint::of(attrs.map(canonical).as_ref())
}
