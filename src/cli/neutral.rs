//! What is printed is text and no command, whoever wrote the names and values in it: neither to a terminal nor to a CI system that
//! reads commands out of its log.
//!
//! The runner of GitHub takes a line for a command that begins, after blanks, with `::`, and any that holds `##[` (actions/runner,
//! `ActionCommand.cs`); Azure Pipelines one that holds `##vso[`, TeamCity `##teamcity[`. A terminal takes control characters.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::CharIndices;

/// For people: a backslash keeps the signs of a command apart. Of control characters, line ends and tabs stay, and where there is
/// colour, what colours text.
pub fn text(text: &str, color: bool) -> Cow<'_, str> {
    if !suspicious(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut at_start = true;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let rest = &text[at..];
        match c {
            '\n' => at_start = true,
            '\u{1b}' if color && colour(rest).is_some() => {
                let length = colour(rest).unwrap_or_default();
                out.push_str(&rest[..length]);
                pass(&mut chars, at + length);
                continue;
            }
            ':' if at_start && rest.starts_with("::") => out.push('\\'),
            '#' if rest.starts_with("##") => {
                let length = rest.find(|c: char| !(c == '#' || c.is_ascii_alphanumeric())).unwrap_or(rest.len());
                if rest[length..].starts_with('[') {
                    out.push_str(&rest[..length]);
                    out.push('\\');
                    pass(&mut chars, at + length);
                    at_start = false;
                    continue;
                }
            }
            _ => {}
        }
        out.push(if is_control(c) { '\u{fffd}' } else { c });
        at_start = c == '\n' || (at_start && c.is_whitespace());
    }
    Cow::Owned(out)
}

/// For programs: the same document, in which no `##` is seen.
pub fn json(text: &str) -> Cow<'_, str> {
    // Outside of its texts JSON has no such sign.
    if text.contains("##") { Cow::Owned(text.replace("##", "#\\u0023")) } else { Cow::Borrowed(text) }
}

fn suspicious(text: &str) -> bool {
    text.contains("::") || text.contains("##") || text.contains(is_control)
}

/// Unicode's category Cc, and the controls that turn the direction of writing (UAX #9).
fn is_control(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c.is_control() && c != '\n' && c != '\t') || turns
}

fn pass(chars: &mut Peekable<CharIndices<'_>>, to: usize) {
    while chars.next_if(|(at, _)| *at < to).is_some() {}
}

/// Length of the sequence that a text begins with, if it only sets or resets a colour or a weight (ECMA-48, 8.3.117, SGR).
fn colour(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("\u{1b}[")?;
    let (codes, _) = inside.split_once('m')?;
    let known = |code: &str| matches!(code.parse::<u8>(), Ok(0..=4 | 22..=24 | 31..=36 | 39 | 91..=96));
    codes.split(';').all(known).then_some("\u{1b}[".len() + codes.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_a_command_of_a_ci_system() {
        for (written, printed) in [
            ("::error file=a::b\n", "\\::error file=a::b\n"),
            ("a\n \t\u{a0}::set-output name=x::y", "a\n \t\u{a0}\\::set-output name=x::y"),
            ("a ##[group]x", "a ##\\[group]x"),
            ("##[error]x\n###[x", "##\\[error]x\n###\\[x"),
            ("x ##vso[task.setvariable]y", "x ##vso\\[task.setvariable]y"),
            ("\r::error::x", "\u{fffd}\\::error::x"),
            ("a::b, std::fs # x ## y [z]\n", "a::b, std::fs # x ## y [z]\n"),
        ] {
            assert_eq!(text(written, false), printed);
        }
    }

    #[test]
    fn no_control_reaches_a_terminal_but_what_colours() {
        assert_eq!(text("a\u{1b}[1;31mb\u{1b}[0m", true), "a\u{1b}[1;31mb\u{1b}[0m");
        assert_eq!(text("a\u{1b}[1;31mb", false), "a\u{fffd}[1;31mb");
        for hostile in
            ["\u{1b}[8m", "\u{1b}[2J", "\u{1b}]0;x\u{7}", "\u{9b}2J", "\u{1b}[31;1H", "\u{1b}[30m", "\u{8}", "\u{202e}"]
        {
            let printed = text(hostile, true);
            assert!(!printed.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{8}', '\u{202e}']), "{printed:?}");
        }
        assert_eq!(text("\u{1b}[31m::error::x", true), "\u{1b}[31m\\::error::x", "nor is colour a way around");
    }

    #[test]
    fn documents_mean_what_they_meant() {
        let value = serde_json::json!({ "a##[": "##[error]x \\## ### \" ##", "b": 1 });
        let printed = json(&value.to_string()).into_owned();
        assert!(!printed.contains("##"), "{printed}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).ok(), Some(value));
    }
}
