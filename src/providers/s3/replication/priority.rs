//! Which of two rules that fit one object holds: the one that says more of it.
//!
//! A priority follows from its rule alone, so that rules of others may come and go without moving it; only one that somebody else uses
//! is passed over.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::rule;
use crate::providers::s3::element::Element;

/// Numbers for rules that say equally much.
const ROOM: u64 = 1_000;

fn first_choice(rule: &Element) -> u64 {
    let said = rule::prefix(rule).len() + rule::tags(rule).len();
    let id = Sha256::digest(rule.text_at(&["ID"]).unwrap_or_default().as_bytes());
    u64::try_from(said).unwrap_or(0) * ROOM + u64::from(u16::from_be_bytes([id[0], id[1]])) % ROOM
}

/// By id, the priorities of rules of bdr's beside others.
pub(super) fn given(own: &[&Element], others: &[&Element]) -> BTreeMap<String, u64> {
    let mut taken: BTreeSet<u64> = others.iter().filter_map(|rule| rule.text_at(&["Priority"])?.parse().ok()).collect();
    let mut wishes: Vec<(u64, &str)> =
        own.iter().map(|rule| (first_choice(rule), rule.text_at(&["ID"]).unwrap_or_default())).collect();
    wishes.sort_unstable();
    let mut given = BTreeMap::new();
    for (wish, id) in wishes {
        let free = (wish..).find(|number| !taken.contains(number)).unwrap_or(wish);
        taken.insert(free);
        given.insert(id.to_owned(), free);
    }
    given
}
