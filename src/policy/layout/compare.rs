//! Whether two texts say the same: the same documents and values, anchors and tags, and the same comments in the same order.

use std::borrow::Cow;

use granit_parser::{Event, Parser, ScalarStyle};

/// True where only layout differs.
pub fn same(one: &str, two: &str) -> bool {
    match (said(one), said(two)) {
        (Some(one), Some(two)) => one == two,
        _ => false,
    }
}

/// Events without places, and comments apart: a comment may stand before or behind a block scalar's event.
#[derive(PartialEq)]
struct Said<'t> {
    events: Vec<Event<'t>>,
    comments: Vec<String>,
}

fn said(text: &str) -> Option<Said<'_>> {
    let mut said = Said { events: Vec::new(), comments: Vec::new() };
    for event in Parser::new_from_str(text) {
        match event.ok()?.0 {
            Event::Comment(text, _) => said.comments.push(text.trim_end().to_owned()),
            // Which kind of quotes means nothing; that there are some does (`"1"` is text).
            Event::Scalar(value, ScalarStyle::SingleQuoted, anchor, tag) => {
                said.events.push(Event::Scalar(Cow::Owned(value.into_owned()), ScalarStyle::DoubleQuoted, anchor, tag));
            }
            event => said.events.push(event),
        }
    }
    Some(said)
}
