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
    use super::{columns, wrap};

    #[test]
    fn columns_line_up_and_the_last_wraps() {
        let rows = vec![vec!["å".into(), "a word and another one".into()], vec!["long".into(), "x".into()]];
        assert_eq!(columns(&["n", "why"], &rows, 20), "n     why\nå     a word and\n      another one\nlong  x\n");
    }

    #[test]
    fn wrapping_never_loses_a_word() {
        assert_eq!(wrap("aa bbbbbb c", 4), ["aa", "bbbbbb", "c"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
