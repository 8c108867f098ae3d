//! Columns that line up: plain text, no borders, the last column wrapped to the width.

/// Lays out rows under a header. Every column is as wide as its widest cell; what would run past `width` is wrapped within
/// the last column. Widths count characters.
pub fn columns(header: &[&str], rows: &[Vec<String>], width: usize) -> String {
    let count = header.len();
    let size = |text: &str| text.chars().count();
    let widest =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| size(cell)).chain([size(header[at])]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(widest).collect();
    let before_last: usize = widths.iter().take(count.saturating_sub(1)).map(|w| w + 2).sum();
    let room = width.saturating_sub(before_last).max(16);
    let mut out = String::new();
    let head: Vec<String> = header.iter().map(|cell| (*cell).to_owned()).collect();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (cell, wide) in row.iter().zip(&widths).take(count.saturating_sub(1)) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', wide + 2 - size(cell)));
        }
        let last = row.get(count - 1).map_or("", String::as_str);
        let mut parts = wrap(last, room).into_iter();
        line.push_str(&parts.next().unwrap_or_default());
        out.push_str(line.trim_end());
        out.push('\n');
        for part in parts {
            out.extend(std::iter::repeat_n(' ', before_last));
            out.push_str(&part);
            out.push('\n');
        }
    }
    out
}

/// Least room that the last column needs beside the others.
const LEAST: usize = 32;

/// As [`columns`] where the width has room for them; else the first `kept` columns, and below each row the others by name, the
/// last one as it is.
pub fn fitting(header: &[&str], rows: &[Vec<String>], width: usize, kept: usize) -> String {
    let size = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let last = header.len().saturating_sub(1);
    let before_last: usize = (0..last).map(|at| size(at).max(header[at].chars().count()) + 2).sum();
    if before_last + size(last).min(LEAST) <= width {
        return columns(header, rows, width);
    }
    let short: Vec<Vec<String>> = rows.iter().map(|row| row.iter().take(kept).cloned().collect()).collect();
    let lines = columns(&header[..kept.min(header.len())], &short, usize::MAX);
    let mut lines = lines.lines();
    let mut out = format!("{}\n", lines.next().unwrap_or_default());
    for (line, row) in lines.zip(rows) {
        out.push_str(&format!("{line}\n"));
        let named = row.iter().enumerate().skip(kept);
        let told: Vec<String> =
            named.map(|(at, cell)| if at == last { cell.clone() } else { format!("{} {cell}", header[at]) }).collect();
        for part in wrap(&told.join(", "), width.saturating_sub(4)) {
            out.push_str(&format!("    {part}\n"));
        }
    }
    out
}

/// Breaks a text into lines of at most `width` characters at blanks; a longer word stands alone and overflows.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.is_empty() { vec![String::new()] } else { lines }
}

#[cfg(test)]
mod tests {
    use super::{columns, fitting, wrap};

    #[test]
    fn columns_line_up_and_the_last_wraps() {
        let rows = vec![vec!["å".into(), "a word and another one".into()], vec!["long".into(), "x".into()]];
        assert_eq!(columns(&["n", "why"], &rows, 20), "n     why\nå     a word and\n      another one\nlong  x\n");
    }

    #[test]
    fn what_has_no_room_beside_stands_below() {
        let rows = vec![vec!["20261124".into(), "full".into(), "12".into(), "not verified".into()]];
        let wide = "id        kind  entries  state\n20261124  full  12       not verified\n";
        assert_eq!(fitting(&["id", "kind", "entries", "state"], &rows, 40, 2), wide);
        let narrow = "id        kind\n20261124  full\n    entries 12, not\n    verified\n";
        assert_eq!(fitting(&["id", "kind", "entries", "state"], &rows, 20, 2), narrow);
        let rows = vec![vec!["20261124".into(), "one reason; and another one; and a third one".into()]];
        let squeezed = "id\n20261124\n    one reason; and another one; and\n    a third one\n";
        assert_eq!(fitting(&["id", "because"], &rows, 36, 1), squeezed, "a column of a few words is none");
    }

    #[test]
    fn wrapping_never_loses_a_word() {
        assert_eq!(wrap("aa bbbbbb c", 4), ["aa", "bbbbbb", "c"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
