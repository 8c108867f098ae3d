//! `--format github`: workflow commands of GitHub Actions, which annotate the changed lines of a pull request.
//!
//! Source: GitHub Docs, "Workflow commands for GitHub Actions" (escaping as in actions/toolkit `command.ts`). A step shows
//! at most 10 annotations of each kind; more are dropped without a word, so the worst come first and the rest is counted.

use super::word;
use crate::diag::{Secrets, Severity, printable};
use crate::lint::{Finding, Report};
use crate::units::count::counted;

/// Annotations of one kind that one step shows.
const SHOWN: usize = 10;

/// One command per line, and a line of text with the counts.
pub fn github(report: &Report<'_>) -> String {
    let secrets = Secrets::of(report.findings.iter().map(|finding| &finding.diagnostic), report.sources);
    let mut out = String::new();
    let mut counts = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let of_kind: Vec<&Finding> = report.counted().filter(|finding| finding.diagnostic.severity == severity).collect();
        let (shown, left) = of_kind.split_at(of_kind.len().min(if of_kind.len() > SHOWN { SHOWN - 1 } else { SHOWN }));
        for finding in shown {
            out.push_str(&annotation(finding, &secrets));
        }
        if !left.is_empty() {
            let text = format!("and {} more like these; `bdr lint` shows all", counted(left.len(), word(severity)));
            out.push_str(&format!("::{} title=bdr::{}\n", command(severity), escape_text(&text)));
        }
        if !of_kind.is_empty() {
            counts.push(counted(of_kind.len(), word(severity)));
        }
    }
    let counts = if counts.is_empty() { "nothing to mend".to_owned() } else { counts.join(", ") };
    let known = if report.against.is_some() { format!(", {} in the baseline", report.known().len()) } else { String::new() };
    out.push_str(&format!("bdr lint: {counts}, {} suppressed{known}\n", report.suppressed()));
    out
}

fn annotation(finding: &Finding, secrets: &Secrets) -> String {
    let diagnostic = &finding.diagnostic;
    let place = finding.place.as_ref().map_or_else(String::new, |(start, end)| {
        let (file, line, end_line) = (escape_property(&start.file), start.line, end.line);
        // Columns are allowed within one line only.
        let columns = if line == end_line { format!(",col={},endColumn={}", start.column, end.column) } else { String::new() };
        format!("file={file},line={line},endLine={end_line}{columns},")
    });
    let mut text = finding.message.clone();
    for more in diagnostic.notes.iter().chain(&diagnostic.help) {
        text.push('\n');
        text.push_str(&printable(&secrets.blank(more)));
    }
    format!("::{} {place}title={}::{}\n", command(diagnostic.severity), escape_property(diagnostic.code), escape_text(&text))
}

fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    }
}

fn escape_text(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_text(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Diagnostic, Diagnostics, Sources};
    use crate::lint::report::tests::{CODES, sample, wish};

    #[test]
    fn errors_come_first_and_nothing_breaks_out_of_its_line() {
        let mut sources = Sources::new();
        let found = sample(&mut sources);
        insta::assert_snapshot!(github(&Report::new(found, &sources, &CODES, wish())));
        assert_eq!(escape_property("a:b,c%\r\n"), "a%3Ab%2Cc%25%0D%0A");
    }

    #[test]
    fn no_more_are_written_than_are_shown() {
        let sources = Sources::new();
        for (count, lines, last) in [(10, 10, "BDR-L001::m09"), (11, 10, "and 2 errors more"), (40, 10, "and 31 errors more")] {
            let mut found = Diagnostics::new();
            found.extend((0..count).map(|at| Diagnostic::error("BDR-L001", format!("m{at:02}"))));
            let text = github(&Report::new(found, &sources, &CODES, wish()));
            let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("::error")).collect();
            assert_eq!(errors.len(), lines, "{count}");
            assert!(errors[lines - 1].contains(last), "{text}");
        }
    }
}
