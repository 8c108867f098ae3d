//! Lines for a terminal, broken at blanks where they are longer than it is wide: it would break them within a word.

/// Each line of a text in at most so many columns. What goes on is set in by two columns more. What stands in backquotes, such as a
/// command, stays in one piece, so that it can be copied; a longer word runs over.
pub fn broken(text: &str, columns: usize) -> String {
    text.split('\n').map(|line| one(line, columns)).collect::<Vec<_>>().join("\n")
}

fn one(line: &str, columns: usize) -> String {
    if size(line) <= columns {
        return line.to_owned();
    }
    let indent = " ".repeat(line.chars().take_while(|c| *c == ' ').count() + 2);
    let (mut out, mut at) = (String::new(), 0);
    for (gap, word) in words(line) {
        if at > indent.len() && at + gap.len() + size(word) > columns {
            out.push_str(&format!("\n{indent}{word}"));
            at = indent.len() + size(word);
        } else {
            out.push_str(&format!("{gap}{word}"));
            at += gap.len() + size(word);
        }
    }
    out
}

/// Words, each with the blanks before it.
fn words(line: &str) -> Vec<(&str, &str)> {
    // One quote alone is part of a name.
    let has_quotes = line.matches('`').count().is_multiple_of(2);
    let (mut words, mut from, mut begin, mut quoted) = (Vec::new(), 0, None, false);
    for (at, c) in line.char_indices() {
        quoted ^= has_quotes && c == '`';
        match (c == ' ' && !quoted, begin) {
            (true, Some(word)) => {
                words.push((&line[from..word], &line[word..at]));
                (from, begin) = (at, None);
            }
            (false, None) => begin = Some(at),
            _ => {}
        }
    }
    words.extend(begin.map(|word| (&line[from..word], &line[word..])));
    words
}

/// Columns that a text takes, where each character takes one and colours none.
fn size(text: &str) -> usize {
    let mut parts = text.split('\u{1b}');
    let plain = parts.next().unwrap_or_default().chars().count();
    let colored = parts.map(|part| part.split_once('m').map_or(part, |(_, rest)| rest).chars().count());
    plain + colored.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::broken;

    #[test]
    fn lines_break_at_blanks_and_commands_do_not() {
        for (line, columns, wanted) in [
            ("short", 9, "short"),
            ("  help: one two three four", 16, "  help: one two\n    three four"),
            ("a  b   columns stay", 12, "a  b\n  columns\n  stay"),
            ("run `bdr list docs` to see it", 20, "run `bdr list docs`\n  to see it"),
            ("then run `a long command that is longer` now", 20, "then run\n  `a long command that is longer`\n  now"),
            ("a name with one ` in it and more", 20, "a name with one ` in\n  it and more"),
            ("averylongwordthatrunsover", 10, "averylongwordthatrunsover"),
            ("\u{1b}[1;31merror\u{1b}[0m: red words", 11, "\u{1b}[1;31merror\u{1b}[0m: red\n  words"),
            ("one line\nand another line", 12, "one line\nand another\n  line"),
        ] {
            assert_eq!(broken(line, columns), wanted);
        }
    }
}
