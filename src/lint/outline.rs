//! What stands where in a YAML text: the comments, and the path of keys that leads to a place.

use std::ops::Range;

use granit_parser::{Event, Parser};

/// Comments, first byte (`#`) to line end, in order. After a syntax error the comments up to the next document are missing.
pub fn comments(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    events(text, |event, at| {
        if matches!(event, Event::Comment(..)) {
            found.push(at);
        }
    });
    found
}

/// The path of each place, such as `components.cache.protect.nightly.schedule` or `stores.a.tags[1]`: the deepest key or
/// value that begins at or before it. Empty before the first key. `places` are byte offsets in ascending order.
pub fn paths(text: &str, places: &[usize]) -> Vec<String> {
    let mut walk = Walk::default();
    let mut answers: Vec<String> = Vec::new();
    events(text, |event, at| {
        // A node that begins behind a place ends the search for it: what was reached until then is the answer.
        while places.get(answers.len()).is_some_and(|place| *place < at.start) {
            answers.push(walk.path());
        }
        walk.take(&event);
    });
    answers.resize(places.len(), walk.path());
    answers
}

/// One list or mapping that is open.
struct Level {
    mapping: bool,
    /// In a mapping: whether the next node is a value.
    value_next: bool,
    key: String,
    index: usize,
}

#[derive(Default)]
struct Walk {
    open: Vec<Level>,
    last: Vec<String>,
}

impl Walk {
    fn path(&self) -> String {
        let mut path = String::new();
        for part in &self.last {
            if !path.is_empty() && !part.starts_with('[') {
                path.push('.');
            }
            path.push_str(part);
        }
        path
    }

    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Scalar(text, ..) => self.node(Some(text)),
            Event::Alias(_) => self.node(None),
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                self.node(None);
                let mapping = matches!(event, Event::MappingStart(..));
                self.open.push(Level { mapping, value_next: false, key: String::new(), index: 0 });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
            }
            Event::DocumentStart(..) => {
                self.open.clear();
                self.last.clear();
            }
            _ => {}
        }
    }

    /// A node begins in the innermost open level: a key, a value or an item.
    fn node(&mut self, text: Option<&str>) {
        if let Some(level) = self.open.last_mut() {
            if !level.mapping {
                level.key = format!("[{}]", level.index);
                level.index += 1;
            } else if level.value_next {
                level.value_next = false;
            } else {
                level.key = text.unwrap_or("?").to_owned();
                level.value_next = true;
            }
        }
        self.last = self.open.iter().map(|level| level.key.clone()).collect();
    }
}

/// Every event of every document that can be read, with its bytes.
fn events(text: &str, mut take: impl FnMut(Event<'_>, Range<usize>)) {
    // A secret that was blanked must not be taken for an alias; what is one is a node all the same.
    let text = text.replace('*', "x");
    let options = granit_parser::options! { emit_comments: true, max_buffered_comment_events: usize::MAX };
    let mut parser = Parser::new_from_str_with_options(&text, options);
    loop {
        match parser.next_event() {
            None => return,
            Some(Ok((event, span))) => {
                let ends = matches!(event, Event::MappingEnd | Event::SequenceEnd | Event::DocumentEnd | Event::StreamEnd);
                // The end of a block collection is only seen at the next token, so it says nothing about places.
                let at = span.byte_range().filter(|_| !ends).unwrap_or(0..0);
                take(event, at);
            }
            Some(Err(_)) => {
                if !matches!(parser.proceed_next_document(), Ok(true)) {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# top\nversion: 1 # one\nstores:\n  a:\n    tags: [x, \"# no\"]\n    note: |\n      # text\ncomponents: { b: { rpo: 1h } }\n";

    #[test]
    fn comments_are_told_from_text() {
        let found: Vec<&str> = comments(TEXT).into_iter().map(|at| &TEXT[at]).collect();
        assert_eq!(found, ["# top", "# one"]);
        let broken = "a: ]\n---\nb: 1 # y\n";
        let found: Vec<&str> = comments(broken).into_iter().map(|at| &broken[at]).collect();
        assert_eq!(found, ["# y"], "goes on behind a broken document");
    }

    #[test]
    fn a_place_has_a_path() {
        let places: Vec<usize> =
            ["# top", "1 #", "  a:", "x,", "\"# no", "rpo", "1h"].iter().map(|part| TEXT.find(part).unwrap()).collect();
        let paths = paths(TEXT, &places);
        assert_eq!(
            paths,
            ["", "version", "stores", "stores.a.tags[0]", "stores.a.tags[1]", "components.b.rpo", "components.b.rpo"]
        );
    }

    #[test]
    fn a_broken_text_has_what_could_be_read() {
        assert_eq!(paths("a:\n  b: [1\n", &[5, 9]), ["a.b", "a.b"]);
        assert_eq!(paths("", &[0, 7]), ["", ""]);
    }
}
