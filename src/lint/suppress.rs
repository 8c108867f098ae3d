//! Suppression by comment: `# bdr:ignore[BDR-L003] reason`, on the line of the finding or the line above it.
//!
//! A reason is compulsory; `until 2027-01-31` ends it by itself. A comment that suppresses nothing is a finding of its own,
//! so that none outlives what it was written for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::diag::{Code, Diagnostic, FileId, Severity, Sources, Span};
use crate::lint::{at_plan, outline};

const MARK: &str = "bdr:ignore";

const UNREADABLE: Code = Code {
    code: "BDR-L900",
    name: "unreadable-suppression",
    severity: Severity::Error,
    text: include_str!("suppress/unreadable.md"),
};
const UNUSED: Code =
    Code { code: "BDR-L901", name: "unused-suppression", severity: Severity::Warning, text: include_str!("suppress/unused.md") };
const EXPIRED: Code = Code {
    code: "BDR-L902",
    name: "expired-suppression",
    severity: Severity::Warning,
    text: include_str!("suppress/expired.md"),
};

/// The codes about suppressions themselves; none of them can be suppressed.
pub const CODES: [Code; 3] = [UNREADABLE, UNUSED, EXPIRED];

/// Why a finding is not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    pub reason: String,
    pub until: Option<Date>,
}

/// One comment that can be read.
struct Comment {
    span: Span,
    codes: Vec<String>,
    told: Suppressed,
    used: bool,
    /// Of the codes, those found here that cannot be suppressed.
    refused: BTreeSet<String>,
}

/// Comments by the text and line (from 0) that they speak of.
pub struct Suppressions {
    comments: Vec<Comment>,
    by_line: BTreeMap<(FileId, usize), Vec<usize>>,
    today: Date,
    /// Rules speak only of a policy that was read without errors, providers only of one without any.
    has_reading_errors: bool,
    has_errors: bool,
}

impl Suppressions {
    /// Finds the comments of all texts, and what is wrong with them.
    pub fn of(sources: &Sources, known: &[Code], today: Date) -> (Self, Vec<Diagnostic>) {
        let mut all =
            Self { comments: Vec::new(), by_line: BTreeMap::new(), today, has_reading_errors: false, has_errors: false };
        let mut wrong = Vec::new();
        for (file, source) in sources.iter().filter(|(_, source)| source.text.contains(MARK)) {
            for range in outline::comments(&source.text) {
                let Some(text) = source.text.get(range.clone()).and_then(marked) else { continue };
                let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
                let span = Span { file, start: narrow(range.start), end: narrow(range.end) };
                match read(text, known) {
                    Ok((codes, told)) => {
                        let line =
                            spoken_of(&source.text, source.line_of(span.start), range.start, |line| source.line_range(line));
                        all.by_line.entry((file, line)).or_default().push(all.comments.len());
                        let refused = codes.iter().filter(|code| is_own(code)).cloned().collect();
                        all.comments.push(Comment { span, codes, told, used: false, refused });
                    }
                    Err((what, help)) => {
                        wrong.push(Diagnostic::error(UNREADABLE.code, what).at(span, "suppresses nothing").help(help));
                    }
                }
            }
        }
        (all, wrong)
    }

    /// What suppresses a finding, if anything does. What reading found wrong cannot be suppressed: there is no policy then.
    pub fn takes(&mut self, finding: &Diagnostic, sources: &Sources) -> Option<Suppressed> {
        self.has_reading_errors |= is_reading_error(finding);
        self.has_errors |= finding.severity == Severity::Error;
        let span = finding.span()?;
        if is_own(finding.code) {
            return None;
        }
        let (line, _) = sources.lines(span)?;
        for at in self.by_line.get(&(span.file, line))? {
            let Some(comment) = self.comments.get_mut(*at) else { continue };
            if comment.codes.iter().any(|code| code == finding.code) {
                if is_reading_error(finding) {
                    comment.refused.insert(finding.code.to_owned());
                    continue;
                }
                comment.used = true;
                if comment.told.until.is_none_or(|until| self.today <= until) {
                    return Some(comment.told.clone());
                }
            }
        }
        None
    }

    /// Whether a code that was not found is not there.
    pub fn was_looked_for(&self, code: &str) -> bool {
        match code.as_bytes().get("BDR-".len()) {
            // Not every run that finds others can find it.
            _ if at_plan::is_of_plan(code) => false,
            Some(b'P') => true,
            Some(b'L' | b'O' | b'K') => !self.has_reading_errors,
            _ => !self.has_errors,
        }
    }

    /// Comments that suppressed nothing, or whose time is over.
    pub fn left_over(&self) -> Vec<Diagnostic> {
        let mut out = Vec::new();
        for comment in &self.comments {
            let codes = comment.codes.join(", ");
            let over = comment.told.until.filter(|until| self.today > *until);
            if !comment.refused.is_empty() {
                let refused: Vec<&str> = comment.refused.iter().map(String::as_str).collect();
                out.push(
                    Diagnostic::warning(UNUSED.code, format!("{} cannot be suppressed", refused.join(", ")))
                        .at(comment.span, "what it found counts all the same")
                        .note("an error of reading leaves no policy to go on with, and what is wrong with a suppression hides nothing")
                        .help("Mend what it found, and take the code out of the comment."),
                );
            } else if !comment.used && comment.codes.iter().all(|code| self.was_looked_for(code)) {
                out.push(
                    Diagnostic::warning(UNUSED.code, format!("nothing here is a case of {codes}"))
                        .at(comment.span, "suppresses nothing")
                        .help("Remove the comment; or move it to the line of the finding, or the line above."),
                );
            } else if let Some(until) = over.filter(|_| comment.used) {
                out.push(
                    Diagnostic::warning(EXPIRED.code, format!("the suppression of {codes} ended on {until}"))
                        .at(comment.span, format!("was: {}", comment.told.reason))
                        .help("Mend what it was about, or write a later date if the reason still holds."),
                );
            }
        }
        out
    }
}

/// Whether it is about suppressions themselves.
pub fn is_own(code: &str) -> bool {
    CODES.iter().any(|own| own.code == code)
}

/// What leaves no policy to go on with.
pub fn is_reading_error(finding: &Diagnostic) -> bool {
    finding.severity == Severity::Error && finding.code.starts_with("BDR-P")
}

/// What follows the mark in a comment that begins with it.
fn marked(comment: &str) -> Option<&str> {
    comment.trim_start_matches('#').trim_start().strip_prefix(MARK)
}

/// The line that a comment speaks of: its own where something stands before it, else the next that is not a comment.
fn spoken_of(text: &str, line: usize, start: usize, range: impl Fn(usize) -> Option<std::ops::Range<usize>>) -> usize {
    let of = |line: usize| range(line).and_then(|range| text.get(range));
    let before = range(line).and_then(|range| text.get(range.start..start)).unwrap_or_default();
    if !before.trim().is_empty() {
        return line;
    }
    let mut next = line + 1;
    while of(next).is_some_and(|text| text.trim_start().starts_with('#')) {
        next += 1;
    }
    next
}

/// Codes, reason and end of `[CODE, …] reason` with `until DATE` before or behind the reason; else what is wrong and a way out.
fn read(text: &str, known: &[Code]) -> Result<(Vec<String>, Suppressed), (String, String)> {
    let shape = || "Write: # bdr:ignore[BDR-L003] the reason, and if it should end by itself, until 2027-01-31".to_owned();
    let inside = text.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let Some((list, rest)) = inside else {
        return Err(("a suppression does not say what it suppresses".to_owned(), shape()));
    };
    let codes: Vec<String> = list.split(',').map(|code| code.trim().to_owned()).filter(|code| !code.is_empty()).collect();
    if codes.is_empty() {
        return Err(("a suppression does not say what it suppresses".to_owned(), shape()));
    }
    if let Some(code) = codes.iter().find(|code| known.iter().all(|known| known.code != **code)) {
        return Err((format!("there is no code `{code}`"), "`bdr explain --list` shows all codes.".to_owned()));
    }
    let (reason, until) = reason_and_end(rest.trim());
    let until = match until.map(str::parse::<Date>) {
        None => None,
        Some(Ok(date)) => Some(date),
        Some(Err(_)) => {
            let help = "Write the last day on which it holds, as in: until 2027-01-31".to_owned();
            return Err(("a suppression ends on a day that is not in the calendar".to_owned(), help));
        }
    };
    if reason.is_empty() {
        return Err(("a suppression gives no reason".to_owned(), shape()));
    }
    Ok((codes, Suppressed { reason: reason.to_owned(), until }))
}

/// Splits `until DATE` off, which may stand first or last; only digits and dashes behind `until` are taken for a date.
fn reason_and_end(text: &str) -> (&str, Option<&str>) {
    let dated =
        |word: &str| word.starts_with(|c: char| c.is_ascii_digit()) && word.chars().all(|c| c.is_ascii_digit() || c == '-');
    let edges = |text: &'_ str| -> bool { text.is_empty() || text.ends_with(char::is_whitespace) };
    if let Some(rest) = text.strip_prefix("until ") {
        let (word, reason) = rest.trim_start().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
        let word = word.trim_end_matches([':', ',']);
        if dated(word) {
            return (reason.trim(), Some(word));
        }
    }
    if let Some((reason, word)) = text.rsplit_once("until ")
        && edges(reason)
        && dated(word.trim().trim_end_matches('.'))
    {
        return (reason.trim().trim_end_matches([',', ';']), Some(word.trim().trim_end_matches('.')));
    }
    (text, None)
}

#[cfg(test)]
mod tests;
