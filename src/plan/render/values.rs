//! Values and what changes of them: short ones on one line, long ones as the lines that differ.

use similar::{ChangeTag, TextDiff};

use super::Look;
use crate::attrs::Attr;
use crate::diff::Difference;

/// A text of more than this many characters, or of several lines, is shown by what differs of it.
const SHORT: usize = 120;
/// Lines shown of one long difference.
const LINES: usize = 24;

/// `path  before → after`, or the path and the lines that differ below it.
pub fn difference(difference: &Difference, wide: usize, look: Look) -> Vec<String> {
    let Difference { path, before, after } = difference;
    let (old, new) = (text(before.as_ref()), text(after.as_ref()));
    let head = format!("{path:wide$}");
    if let (Some(Attr::List(old)), Some(Attr::List(new))) = (before, after)
        && (old.len() + new.len() > 4)
    {
        return headed(&head, list(old, new, look), look);
    }
    if is_long(&old) || is_long(&new) {
        return headed(&head, lines(&old, &new, look), look);
    }
    vec![format!("{head}  {old} {} {new}", look.arrow())]
}

/// An attribute of something new: `path  value`.
pub fn attribute(path: &str, value: &Attr, wide: usize, look: Look) -> Vec<String> {
    let shown = value.to_string();
    let head = format!("{path:wide$}");
    if shown.contains('\n') {
        let count = shown.lines().count();
        if !look.all {
            return vec![format!("{head}  {count} lines")];
        }
        return headed(&head, shown.lines().map(str::to_owned).collect(), look);
    }
    vec![format!("{head}  {shown}")]
}

fn headed(head: &str, lines: Vec<String>, look: Look) -> Vec<String> {
    let most = if look.all { usize::MAX } else { LINES };
    let left = lines.len().saturating_sub(most);
    let mut all = vec![head.trim_end().to_owned()];
    all.extend(lines.into_iter().take(most).map(|line| format!("  {line}")));
    if left > 0 {
        all.push(format!("  {} {left} more lines (--all shows them)", look.dots()));
    }
    all
}

fn is_long(text: &str) -> bool {
    text.contains('\n') || text.chars().count() > SHORT
}

fn text(value: Option<&Attr>) -> String {
    value.map_or_else(|| "none".to_owned(), Attr::to_string)
}

/// Elements that come and go.
fn list(old: &[Attr], new: &[Attr], look: Look) -> Vec<String> {
    let gone = old.iter().filter(|value| !new.contains(value)).map(|value| format!("- {value}"));
    let come = new.iter().filter(|value| !old.contains(value)).map(|value| format!("+ {value}"));
    let lines: Vec<String> = gone.chain(come).collect();
    if lines.is_empty() { vec![format!("only the order differs {} {}", look.arrow(), Attr::List(new.to_vec()))] } else { lines }
}

/// The lines that differ, each with a neighbour for orientation.
fn lines(old: &str, new: &str, look: Look) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let mut all = Vec::new();
    for (at, group) in diff.grouped_ops(1).iter().enumerate() {
        if at > 0 {
            all.push(look.dots().to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            all.push(format!("{sign} {}", change.value().trim_end_matches('\n')).trim_end().to_owned());
        }
    }
    all
}

/// A name of at most `most` characters, cut in the middle: both its ends tell things apart.
pub fn name(text: &str, most: usize, look: Look) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(look.dots().chars().count());
    let (front, back) = (room.div_ceil(2), room / 2);
    let head: String = text.chars().take(front).collect();
    let tail: String = text.chars().skip(count - back).collect();
    format!("{head}{}{tail}", look.dots())
}
