//! Lines of a plan: without what could steer a terminal, and within its width.

use super::Look;
use crate::diag::printable;

/// One line without what could steer a terminal: names and values may come from strangers.
pub fn plain(text: &str) -> String {
    printable(text).replace('\n', " ")
}

/// Breaks a line at blanks where it is wider than the output; what follows is indented. A value without blanks is never cut.
pub fn wrapped(line: &str, indent: usize, look: Look) -> Vec<String> {
    let line = &plain(line);
    if line.chars().count() <= look.width {
        return vec![line.to_owned()];
    }
    let start = line.chars().take_while(|c| *c == ' ').count();
    let mut lines: Vec<String> = Vec::new();
    let mut current = " ".repeat(start);
    let mut is_empty = true;
    for word in line.trim_start().split(' ') {
        if !is_empty && current.chars().count() + 1 + word.chars().count() > look.width {
            lines.push(std::mem::replace(&mut current, " ".repeat(indent)).trim_end().to_owned());
            is_empty = true;
        }
        if !is_empty {
            current.push(' ');
        }
        current.push_str(word);
        is_empty = false;
    }
    lines.push(current);
    lines
}
