//! Keys of a mapping: text, each given once, none of them a merge.

use std::collections::{BTreeSet, HashMap};

use super::{Form, NodeId, Tree};
use crate::diag::{Diagnostic, Diagnostics};
use crate::policy::{codes, echo};

/// Below this many keys, comparing each with each is cheaper than hashing.
const FEW: usize = 12;

/// Positions of the entries that cannot stand, each reported. `pairs` are keys and values in turn.
pub(super) fn check(tree: &Tree<'_>, pairs: &[NodeId], out: &mut Diagnostics) -> BTreeSet<usize> {
    let mut bad = BTreeSet::new();
    let mut seen: HashMap<&str, NodeId> = HashMap::new();
    let many = pairs.len() / 2 > FEW;
    for (at, pair) in pairs.chunks_exact(2).enumerate() {
        let key = pair[0];
        let Some(text) = tree.text(key).filter(|_| tree.node(key).form != Form::Empty) else {
            out.push(
                Diagnostic::error(codes::KEY, "a key that is not text")
                    .at(tree.span(key), "not a key")
                    .help("Write each key as one word, followed by a colon and a space."),
            );
            bad.insert(at);
            continue;
        };
        if text == "<<" && tree.node(key).form == Form::Plain {
            out.push(
                Diagnostic::error(codes::MERGE, "the merge key `<<` is not part of the language")
                    .at(tree.span(key), "merges nothing")
                    .help("Use `inherits: NAME` on a component, or write the keys out."),
            );
            bad.insert(at);
            continue;
        }
        // Of two secrets nobody can tell whether they are the same.
        let before = if tree.is_hidden(key) {
            None
        } else if many {
            match seen.entry(text) {
                std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(key);
                    None
                }
            }
        } else {
            pairs[..at * 2].chunks_exact(2).map(|earlier| earlier[0]).find(|earlier| tree.text(*earlier) == Some(text))
        };
        if let Some(first) = before {
            out.push(
                Diagnostic::error(codes::DUPLICATE_KEY, format!("the key {} is given twice", echo::quote(text)))
                    .at(tree.span(key), "given again")
                    .at(tree.span(first), "given here first")
                    .help("Keep one of the two."),
            );
            bad.insert(at);
        }
    }
    bad
}
