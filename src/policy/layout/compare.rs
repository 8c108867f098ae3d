//! Whether two texts say the same: the same documents and values, anchors and tags, and the same comments in the same order.

use std::borrow::Cow;

use granit_parser::{Event, Parser, ScalarStyle};

/// True where only layout differs. Comments are compared apart from the rest: one may be told before or behind the block
/// scalar whose header it follows.
pub fn same(one: &str, two: &str) -> bool {
    equal(one, two, content) && equal(one, two, comment)
}

/// Compares what a look picks from the events of both texts, without holding more than one of each; a text that cannot be
/// read equals none.
fn equal<'t, T: PartialEq>(one: &'t str, two: &'t str, look: impl Fn(Event<'t>) -> Option<T>) -> bool {
    let picked = |text: &'t str| {
        let look = &look;
        Parser::new_from_str(text).filter_map(move |event| match event {
            Ok((event, _)) => look(event).map(Ok),
            Err(_) => Some(Err(())),
        })
    };
    let (mut one, mut two) = (picked(one), picked(two));
    loop {
        match (one.next(), two.next()) {
            (None, None) => return true,
            (Some(Ok(one)), Some(Ok(two))) if one == two => {}
            _ => return false,
        }
    }
}

/// Which kind of quotes means nothing; that there are some does (`"1"` is text).
fn content(event: Event<'_>) -> Option<Event<'_>> {
    match event {
        Event::Comment(..) => None,
        Event::Scalar(value, ScalarStyle::SingleQuoted, anchor, tag) => {
            Some(Event::Scalar(value, ScalarStyle::DoubleQuoted, anchor, tag))
        }
        event => Some(event),
    }
}

fn comment(event: Event<'_>) -> Option<Cow<'_, str>> {
    match event {
        Event::Comment(text, _) => Some(Cow::Owned(text.trim_end().to_owned())),
        _ => None,
    }
}
