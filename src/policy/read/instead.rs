//! What to write instead, where a value is of another kind than its key takes: each type of the document says it for itself.

use super::Reader;
use crate::policy::echo;
use crate::policy::tree::{NodeId, Shape, Word, word};

/// What is said to somebody who wrote one value, a list, or a mapping where none is taken, in this order; what is missing is not
/// said. `{key}` and `{value}` stand for what was written.
pub type Hints = &'static [&'static str];

/// A type of the document, and what is said where something else stands in its place.
pub trait Instead {
    const WRITE: Hints = &[];
    /// The same where a list of it is taken.
    const LISTED: Hints = &["Write `{key}: [{value}]`."];
    /// The same where names of the person's choice lead to it.
    const NAMED: Hints = &[];
}

impl Instead for bool {}
impl Instead for i64 {}

/// What few have should not make the many larger, and what is large should not be moved about.
impl<T: Instead> Instead for Box<T> {
    const WRITE: Hints = T::WRITE;
    const NAMED: Hints = T::NAMED;
}

impl<T: Instead> Instead for Vec<super::Field<T>> {
    const WRITE: Hints = T::LISTED;
}

/// The most of a value that is repeated in a line to copy, in bytes.
const LONGEST: usize = 40;

/// The help for the node, if its type has one that fits what stands there.
pub(super) fn help(at: Reader<'_>) -> Option<String> {
    let (place, value) = match at.shape() {
        Shape::Scalar { text, plain: true } if word(text) == Word::Null => return None,
        Shape::Scalar { .. } => (0, written(at, at.node)),
        Shape::Sequence(items) => (1, listed(at, items)),
        Shape::Mapping(_) => (2, None),
    };
    let hint = at.instead.get(place).filter(|hint| !hint.is_empty())?;
    let key = at.under.and_then(|key| at.tree.text(key)).and_then(copied);
    if key.is_none() && hint.contains("{key}") {
        return None;
    }
    Some(hint.replace("{key}", &key.unwrap_or_default()).replace("{value}", value.as_deref().unwrap_or("…")))
}

fn listed(at: Reader<'_>, items: &[NodeId]) -> Option<String> {
    let texts: Option<Vec<String>> = items.iter().take(LONGEST).map(|item| written(at, *item)).collect();
    Some(texts?.join(", ")).filter(|list| list.len() <= LONGEST)
}

/// With quotes where there are some: without them it may mean something else.
fn written(at: Reader<'_>, node: NodeId) -> Option<String> {
    match at.tree.shape(node) {
        Shape::Scalar { text, plain: true } => copied(text),
        Shape::Scalar { text, .. } => copied(text).map(|text| format!("\"{text}\"")),
        _ => None,
    }
}

/// What may stand in a line to copy as it is: short, harmless, no secret, and nothing that YAML would take apart.
fn copied(text: &str) -> Option<String> {
    let fits = !text.is_empty()
        && text.len() <= LONGEST
        && !text.contains(['{', '}', '[', ']', '#', '"', '\'', '`'])
        && !text.contains(": ");
    (fits && echo::quote(text) == format!("`{text}`")).then(|| text.to_owned())
}
