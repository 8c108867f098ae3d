//! `--format junit`: JUnit XML as CI systems read it (the schema of windyroad/JUnit-Schema): a suite per file, a case per
//! finding, and a passed case for a file without any, so that a report is never empty.

use super::word;
use crate::diag::{Secrets, printable};
use crate::lint::{Finding, Report};

/// One document. Findings at or above the threshold are failures, others passed cases with their text; suppressed ones are skipped.
pub fn junit(report: &Report<'_>) -> String {
    let secrets = Secrets::of(report.findings.iter().map(|finding| &finding.diagnostic), report.sources);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"bdr lint\">\n");
    for source in report.texts() {
        let of_file = report.findings.iter().filter(|finding| file_of(finding) == Some(source.name.as_str()));
        suite(&mut out, report, &source.name, &of_file.collect::<Vec<_>>(), &secrets);
    }
    let of_caller = |name: &str| report.texts().any(|source| source.name == name);
    let placeless: Vec<&Finding> = report.findings.iter().filter(|finding| !file_of(finding).is_some_and(of_caller)).collect();
    if !placeless.is_empty() {
        suite(&mut out, report, "policy", &placeless, &secrets);
    }
    out.push_str("</testsuites>\n");
    out
}

fn file_of(finding: &Finding) -> Option<&str> {
    finding.place.as_ref().map(|(start, _)| start.file.as_str())
}

fn suite(out: &mut String, report: &Report<'_>, name: &str, findings: &[&Finding], secrets: &Secrets) {
    let fails = |finding: &&&Finding| finding.suppressed.is_none() && finding.diagnostic.severity >= report.wish.threshold;
    let failures = findings.iter().filter(fails).count();
    let skipped = findings.iter().filter(|finding| finding.suppressed.is_some()).count();
    let name = escape(name);
    out.push_str(&format!(
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">\n",
        findings.len().max(1)
    ));
    if findings.is_empty() {
        out.push_str(&format!("    <testcase name=\"nothing to mend\" classname=\"{name}\"/>\n"));
    }
    for finding in findings {
        case(out, finding, &name, fails(&finding), secrets);
    }
    out.push_str("  </testsuite>\n");
}

fn case(out: &mut String, finding: &Finding, suite: &str, fails: bool, secrets: &Secrets) {
    let code = finding.diagnostic.code;
    let what = if finding.path.is_empty() { code.to_owned() } else { format!("{code} {}", finding.path) };
    out.push_str(&format!("    <testcase name=\"{}\" classname=\"{suite}\">\n", escape(&what)));
    let text = body(finding, secrets);
    let message = escape(&finding.message);
    match &finding.suppressed {
        Some(told) => out.push_str(&format!("      <skipped message=\"{}\"/>\n", escape(&told.reason))),
        None if fails => {
            out.push_str(&format!("      <failure type=\"{code}\" message=\"{message}\">{text}</failure>\n"));
        }
        None => out.push_str(&format!("      <system-out>{text}</system-out>\n")),
    }
    out.push_str("    </testcase>\n");
}

/// Severity, message, places, notes and help in plain lines.
fn body(finding: &Finding, secrets: &Secrets) -> String {
    let diagnostic = &finding.diagnostic;
    let mut lines = vec![format!("{}: {}", word(diagnostic.severity), finding.message)];
    if let Some((start, _)) = &finding.place {
        lines.push(format!("at {start}"));
    }
    lines.extend(diagnostic.notes.iter().map(|note| format!("note: {}", printable(&secrets.blank(note)))));
    lines.extend(diagnostic.help.iter().map(|help| format!("help: {}", printable(&secrets.blank(help)))));
    escape(&lines.join("\n"))
}

/// XML 1.0: the five special characters as entities (line ends too, which attributes would lose), what is no character of XML replaced.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' => out.push_str("&#10;"),
            // Two of them could begin a command of a CI system that prints the file.
            '#' if out.ends_with('#') => out.push_str("&#35;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Severity, Sources};
    use crate::lint::report::tests::{CODES, sample, wish};

    #[test]
    fn each_file_is_a_suite() {
        let mut sources = Sources::new();
        let found = sample(&mut sources);
        sources.add("clean.yaml", "a: 1\n");
        insta::assert_snapshot!(junit(&Report::new(found, &sources, &CODES, wish())));
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<a b=\"c\">&'\u{1b}\u{ffff}\n"), "&lt;a b=&quot;c&quot;&gt;&amp;&apos;\u{fffd}\u{fffd}&#10;");
        assert_eq!(word(Severity::Error), "error");
    }
}
