//! `--format gitlab`: a Code Quality report.
//!
//! Source: GitLab Docs, "Code Quality", "Implement a custom tool": `description`, `check_name`, `fingerprint`, `severity`,
//! `location.path` (relative, without `./`) and `location.lines.begin`.

use serde_json::{Value, json};

use super::pretty;
use crate::diag::{Severity, printable};
use crate::lint::{Finding, Report};

/// An array with one entry for each finding that counts.
pub fn gitlab(report: &Report<'_>) -> String {
    pretty(&report.counted().map(entry).collect::<Vec<_>>())
}

fn entry(finding: &Finding) -> Value {
    let (path, line) = finding.place.as_ref().map_or(("", 1), |(start, _)| (start.file.as_str(), start.line));
    let severity = match finding.diagnostic.severity {
        Severity::Error => "critical",
        Severity::Warning => "major",
        Severity::Note => "info",
    };
    json!({
        "description": finding.message,
        "check_name": finding.diagnostic.code,
        "fingerprint": finding.fingerprint,
        "severity": severity,
        "location": { "path": printable(path.strip_prefix("./").unwrap_or(path)), "lines": { "begin": line } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::lint::report::tests::{CODES, sample, wish};

    #[test]
    fn findings_have_unique_fingerprints_and_places() {
        let mut sources = Sources::new();
        let found = sample(&mut sources);
        insta::assert_snapshot!(gitlab(&Report::new(found, &sources, &CODES, wish())));
    }
}
