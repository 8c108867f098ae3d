//! The one form in which both sides are compared: what is absent, null or empty is left out.

use std::collections::BTreeMap;

use crate::attrs::{Attr, Attrs, Fingerprint};
use crate::resource::{Foreign, Live};

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

/// Of what was seen: the resource itself, and what is foreign beside it.
pub fn live_fingerprint(live: &Live) -> Fingerprint {
    let attrs = live.attrs.as_ref().map(canonical);
    if live.foreign.is_empty() {
        return Fingerprint::of(attrs.as_ref());
    }
    let one = |foreign: &Foreign| Attr::list([foreign.name.as_str(), foreign.summary.as_str()]);
    let mut all = vec![("foreign".to_owned(), Attr::List(live.foreign.iter().map(one).collect()))];
    all.extend(attrs.map(|attrs| ("attrs".to_owned(), Attr::Map(attrs))));
    Fingerprint::of(Some(&all.into_iter().collect()))
}

/// Of what is wanted, without what is foreign.
pub fn wanted_fingerprint(attrs: Option<&Attrs>) -> Fingerprint {
    Fingerprint::of(attrs.map(canonical).as_ref())
}
