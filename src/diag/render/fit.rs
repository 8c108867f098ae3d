//! Labels that run past the width: they stand below what they mark, broken at blanks.
//!
//! `annotate-snippets` puts a label behind its underline, however far to the right that ends, and leaves the rest to the terminal. A log, a
//! pipe or a comment breaks such a line in the middle of a word, or not at all.

/// Least columns that are worth breaking a label into.
const LEAST: usize = 24;

/// Begins the last line of a frame that nothing follows.
const CLOSES: char = '╰';

/// One sign with what steers its colour before it.
type Cell = (String, char);

/// What was drawn, with the labels that do not fit put below.
pub fn fit(drawn: &str, labels: &[String], width: usize) -> String {
    let lines: Vec<Vec<Cell>> = drawn.lines().map(cells).collect();
    let mut out: Vec<String> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let next = lines.get(at + 1).map(Vec::as_slice).unwrap_or_default();
        match broken(line, next, labels, width) {
            Some(parts) => out.extend(parts),
            None => out.push(text(line)),
        }
    }
    out.join("\n")
}

/// The line without its label, and the lines of the label. `None`: it fits, or is no label.
fn broken(line: &[Cell], next: &[Cell], labels: &[String], width: usize) -> Option<Vec<String>> {
    if columns(line) <= width {
        return None;
    }
    let plain: String = line.iter().map(|(_, sign)| sign).collect();
    let plain = plain.trim_end();
    // What ends with the text of another label too, ends with the longer one.
    let label =
        labels.iter().filter(|label| !label.is_empty() && plain.ends_with(label.as_str())).max_by_key(|label| label.len())?;
    let from = plain.chars().count() - label.chars().count();
    let gutter = line.iter().position(|(_, sign)| is_bar(*sign) || *sign == CLOSES)? + 2;
    let before = line.get(..from)?;
    let ends = before.iter().rposition(|(_, sign)| !sign.is_whitespace()).filter(|at| *at >= gutter);
    // The last sign of its underline; a label that hangs below one has none before it, or the bar of another label.
    let mark = ends.filter(|at| !is_bar(before[*at].1));
    let begins = |end: usize| before[..=end].iter().rposition(|(_, sign)| sign.is_whitespace()).map_or(gutter, |at| at + 1);
    let begin = mark.map_or(from, begins);
    // Bars lead down to labels further left: what is put between them leaves them where they are.
    let beside = if mark.is_some() { next } else { before };
    let bars = beside.iter().take(begin).rposition(|(_, sign)| is_bar(*sign)).map_or(gutter, |at| (at + 2).max(gutter));
    let wanted = label.chars().count().min(LEAST.max(longest(label)));
    let column = begin.min(width.saturating_sub(wanted)).max(bars.min(begin));
    let steer = line.get(from).map(|(steer, _)| steer.as_str()).filter(|steer| !steer.is_empty()).unwrap_or_else(|| last(before));
    let off = if steer.is_empty() { "" } else { "\u{1b}[0m" };
    let aside = |at: usize| {
        // A frame that ends with the underline ends there, and what hangs below stands below the frame.
        let own = line.get(at).filter(|(_, sign)| at < gutter && is_bar(*sign));
        beside.get(at).filter(|(_, sign)| is_bar(*sign)).or(own).cloned().unwrap_or_else(|| (String::new(), ' '))
    };
    let aside = text(&(0..column).map(aside).collect::<Vec<Cell>>());
    let room = width.saturating_sub(column).max(longest(label).min(LEAST));
    let mut parts = Vec::new();
    if mark.is_some() {
        parts.push(text(before).trim_end().to_owned() + off);
    }
    parts.extend(super::wrap(label, room).lines().map(|part| format!("{aside}{off}{steer}{part}{off}")));
    Some(parts)
}

fn is_bar(sign: char) -> bool {
    matches!(sign, '│' | '|')
}

/// The signs of a line, escape sequences kept with the one that they stand before; those at the end are dropped.
fn cells(line: &str) -> Vec<Cell> {
    let (mut cells, mut steer) = (Vec::new(), String::new());
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        if sign != '\u{1b}' {
            cells.push((std::mem::take(&mut steer), sign));
            continue;
        }
        steer.push(sign);
        for sign in signs.by_ref() {
            steer.push(sign);
            if sign.is_ascii_alphabetic() {
                break;
            }
        }
    }
    if !steer.is_empty()
        && let Some((_, last)) = cells.pop()
    {
        // What ends the last colour has no sign of its own: a blank carries it.
        cells.push((String::new(), last));
        cells.push((steer, ' '));
    }
    cells
}

fn text(line: &[Cell]) -> String {
    line.iter().flat_map(|(steer, sign)| steer.chars().chain([*sign])).collect()
}

fn columns(line: &[Cell]) -> usize {
    let plain: String = line.iter().map(|(_, sign)| sign).collect();
    textwrap::core::display_width(plain.trim_end())
}

/// The colour that is on at the end.
fn last(line: &[Cell]) -> &str {
    line.iter().rev().map(|(steer, _)| steer.as_str()).find(|steer| !steer.is_empty()).unwrap_or_default()
}

fn longest(label: &str) -> usize {
    label.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0)
}
