//! Says what is wrong with a text that is not YAML, and what was probably meant.

use granit_parser::{ErrorKind, ScanError};

use super::DEPTH;
use crate::diag::{Diagnostic, FileId, Span};
use crate::policy::codes;
use crate::policy::secrets::Found;

/// The finding for one level too many.
pub(super) fn deep(at: Span) -> Diagnostic {
    Diagnostic::error(codes::DEPTH, format!("nested more than {DEPTH} levels deep"))
        .at(at, "one level too many")
        .help("Write it flatter: the language itself needs less than ten levels.")
}

/// The finding for an error of the parser.
pub(super) fn diagnose(file: FileId, text: &str, error: &ScanError, secrets: &Found) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return deep(here(file, text, at));
    }
    for line in lines_upto(text, at) {
        if let Some((start, end, help)) = unquoted(text, line)
            && !secrets.holds(narrow(start), narrow(end))
        {
            let span = Span { file, start: narrow(start), end: narrow(end) };
            return Diagnostic::error(codes::SYNTAX, "this value must stand in quotes")
                .at(span, "YAML gives these characters a meaning of its own")
                .help(help);
        }
    }
    let mut found =
        Diagnostic::error(codes::SYNTAX, format!("not YAML: {}", error.kind())).at(here(file, text, at), "reading stopped here");
    found.help = Some(help(error.kind()).to_owned());
    found
}

fn narrow(byte: usize) -> u32 {
    u32::try_from(byte).unwrap_or(u32::MAX)
}

/// One character at the place, or none at the end of a line.
fn here(file: FileId, text: &str, at: usize) -> Span {
    let at = (0..=at).rev().find(|byte| text.is_char_boundary(*byte)).unwrap_or(0);
    let wide = text[at..].chars().next().filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
    Span { file, start: narrow(at), end: narrow(at + wide) }
}

/// The line of the error and the one before it with content, as byte ranges: the parser often notices a line late.
fn lines_upto(text: &str, at: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
    const FAR: usize = 4_096;
    let at = (0..=at).rev().find(|byte| text.is_char_boundary(*byte)).unwrap_or(0);
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    let mut next = Some(end);
    std::iter::from_fn(move || {
        let end = next?;
        let start = text[..end].rfind('\n').map_or(0, |before| before + 1);
        next = start.checked_sub(1);
        Some((start, end))
    })
    .filter(move |(start, end)| end - start < FAR && !text[*start..*end].trim().is_empty())
    .take(2)
}

/// The value on this line that lacks its quotes, if that is what is wrong with it.
fn unquoted(text: &str, (start, end): (usize, usize)) -> Option<(usize, usize, String)> {
    let line = &text[start..end];
    if let Some(at) = line.find("${").filter(|at| !in_quotes(&line[..*at]))
        && let Some(length) = line[at..].find('}').filter(|length| !line[at..at + length].contains(' '))
    {
        // The quotes go around the whole value that the reference is a part of.
        let begin =
            [": ", "- ", ", ", "[", "{ "].iter().filter_map(|before| Some(line[..at].rfind(before)? + before.len())).max();
        let begin = begin.unwrap_or(at);
        let rest = &line[at + length + 1..];
        let rest = rest.split([',', ']', '}']).next().and_then(|rest| rest.split(" #").next()).unwrap_or_default().trim_end();
        let end = at + length + 1 + rest.len();
        return Some((start + begin, start + end, format!("Write \"{}\".", &line[begin..end])));
    }
    let at = line.find(": *").map(|at| at + 2).or_else(|| line.find("- *").map(|at| at + 2))?;
    let value = line[at..].split(" #").next().unwrap_or_default().trim_end_matches([' ', '\r', '}', ',', ']']);
    // `*name` alone is an alias; a cron line has blanks or a slash.
    let cron = value.contains([' ', '/']) && value.chars().all(|c| c.is_ascii_alphanumeric() || " */,-".contains(c));
    (cron && !in_quotes(&line[..at])).then(|| (start + at, start + at + value.len(), format!("Write \"{value}\".")))
}

fn in_quotes(before: &str) -> bool {
    before.matches('"').count() % 2 == 1 || before.matches('\'').count() % 2 == 1
}

fn help(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart => "Indent with spaces.",
        ErrorKind::UnclosedQuotedScalar => "Close the quote.",
        ErrorKind::UnclosedFlowCollection { .. } => "Close the bracket.",
        ErrorKind::UnknownAnchor => "Put the value in quotes if it is meant as text; `*name` repeats a value marked `&name`.",
        ErrorKind::MappingValueNotAllowed | ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            "A key ends in a colon and a space; a value that contains `: ` must stand in quotes."
        }
        ErrorKind::InvalidIndentation | ErrorKind::ExpectedBlockMappingKey => {
            "Give all keys of one mapping the same indentation."
        }
        ErrorKind::UnknownQuotedScalarEscape => "Write a backslash twice between double quotes, or use single quotes.",
        _ => "Compare indentation, quotes, brackets and colons here and on the line above with those of a part that is read.",
    }
}
