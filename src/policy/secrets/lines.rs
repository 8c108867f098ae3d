//! A text that cannot be read as YAML, line by line: all that may belong to a secret is blanked, rather too much than too little.

use super::names::{is_plain, is_random_under, reference, says_secret};
use super::{Kind, Secret, forms};

/// What goes on over the end of a line.
#[derive(Default)]
struct Open {
    private_key: bool,
    /// A name that says secret stands on a line of this indentation: what is indented more, or is no line of its own, is its value.
    below: Option<usize>,
    /// Brackets and quotes of such a value that are still to come.
    closing: Vec<char>,
}

pub(super) fn find(text: &str, found: &mut Vec<Secret>) {
    let mut open = Open::default();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        open.line(line.trim_end(), start, found);
        start += line.len();
    }
}

impl Open {
    fn line(&mut self, line: &str, start: usize, found: &mut Vec<Secret>) {
        let indent = line.len() - line.trim_start().len();
        if indent == line.len() {
            return;
        }
        let mut blank = |from: usize| found.push(Secret::new(start + from..start + line.len(), Kind::Quiet));
        let in_key = self.private_key;
        self.private_key = forms::leaves_key_open(line, in_key);
        if in_key || self.private_key {
            return blank(indent);
        }
        if !self.closing.is_empty() || self.below.is_some_and(|below| indent > below || !begins_anew(line)) {
            self.close(line);
            return blank(indent);
        }
        self.below = None;
        if let Some(from) = secret_value(line) {
            let value = line[from..].trim_start();
            self.below = Some(indent);
            self.close(value);
            if !value.is_empty() {
                blank(line.len() - value.len());
            }
            return;
        }
        let mut first = None;
        forms::each(line, |at, _| first = Some(first.map_or(at.start, |first: usize| first.min(at.start))));
        if let Some(first) = first {
            blank(first);
        }
    }

    /// Takes note of what is opened and closed; quotes inside of words are none.
    fn close(&mut self, part: &str) {
        let mut before = ' ';
        for c in part.chars() {
            match (self.closing.last().copied(), c) {
                (Some(last), c) if last == c && before != '\\' => _ = self.closing.pop(),
                (Some('"' | '\''), _) => {}
                (_, '[') => self.closing.push(']'),
                (_, '{') => self.closing.push('}'),
                (_, '"' | '\'') if " [{,:".contains(before) => self.closing.push(c),
                _ => {}
            }
            before = c;
        }
    }
}

/// Whether a line is something new: a key, a comment, or the end of a document.
fn begins_anew(line: &str) -> bool {
    let line = line.trim_start();
    let key = |part: &str| part.ends_with(':') || part.contains(": ");
    line.starts_with(['#', '}', ']', '?']) || line.starts_with("---") || (key(line) && !line.starts_with(':'))
}

/// Where the value of the first name begins that says secret; references are passed over.
fn secret_value(line: &str) -> Option<usize> {
    // `? name`, the value on the line below.
    if line.rsplit_once("? ").is_some_and(|(_, name)| !name.contains(':') && says_secret(name).is_some()) {
        return Some(line.len());
    }
    for (at, sign) in line.match_indices([':', '=']) {
        let after = &line[at + 1..];
        let quoted = line[..at].ends_with(['"', '\'']);
        if sign == ":" && !quoted && !after.is_empty() && !after.starts_with([' ', '\t', '"', '\'']) {
            continue;
        }
        let name = forms::name_before(&line[..at]);
        let value = after.trim_start();
        let word = value.split([' ', ',']).next().unwrap_or(value);
        let is_secret = says_secret(name).is_some() || is_random_under(name, word.trim_matches(['"', '\'']));
        // Behind a reference, others may follow.
        let bare = value.trim_start_matches(['"', '\'']);
        let part = reference(bare).map_or(value, |reference| {
            let more = bare[reference.len()..].find([' ', ',', '"', '\'']);
            &bare[..more.map_or(bare.len(), |more| reference.len() + more)]
        });
        let opens = part.starts_with(['|', '>', '[', '{', '-', '"', '\'']);
        if is_secret && (part.is_empty() || opens || is_plain(part)) {
            return Some(at + 1);
        }
    }
    None
}
