//! `--format json`: bdr's own format, described by `schemas/findings.json`. Additions may come; nothing is renamed or removed
//! within one version.

use schemars::JsonSchema;
use serde::Serialize;

use super::pretty;
use crate::diag::{Position, Secrets, Severity, Span, printable};
use crate::lint::baseline::{Baseline, Known};
use crate::lint::{Finding, Report};

/// Version of the format.
const VERSION: u32 = 1;

/// What `bdr lint --format json` writes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingsFile {
    /// Version of this format; 1.
    version: u32,
    tool: Tool,
    summary: Summary,
    /// In order of file and place; suppressed ones among them, but none that the baseline knows.
    findings: Vec<FindingEntry>,
    /// What the baseline holds and what no longer occurs; absent without a baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    mended: Option<Vec<Known>>,
}

/// What wrote it.
#[derive(Debug, Serialize, JsonSchema)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// How many of each; suppressed findings count only as suppressed.
#[derive(Debug, Serialize, JsonSchema)]
struct Summary {
    files: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    suppressed: usize,
    /// Findings that the baseline knows; absent without a baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_baseline: Option<usize>,
    /// Whether a finding reaches the threshold of the run, so that it ended with exit code 2.
    fails: bool,
}

/// One finding.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Entry")]
pub struct FindingEntry {
    /// Stable; `bdr explain CODE` tells more.
    code: &'static str,
    /// The rule's name in kebab-case; absent where the code is not registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[schemars(with = "Word")]
    severity: Severity,
    message: String,
    /// Path of keys in the document, such as `components.cache.protect.nightly`; empty where the finding has no place.
    path: String,
    /// Equal for the same rule at the same path, whatever line it moves to.
    fingerprint: String,
    /// The first is the primary place.
    places: Vec<Place>,
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    /// Present where a comment suppresses the finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<Suppression>,
}

#[derive(Debug, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "stands in the schema for the severity, whose own type knows nothing of schemas")]
enum Word {
    Error,
    Warning,
    Note,
}

/// A place with its sentence. Lines and columns count from 1, columns in characters.
#[derive(Debug, Serialize, JsonSchema)]
struct Place {
    file: String,
    line: u32,
    column: u32,
    end_line: u32,
    /// One past the last character.
    end_column: u32,
    text: String,
}

/// Why a finding is suppressed.
#[derive(Debug, Serialize, JsonSchema)]
struct Suppression {
    reason: String,
    /// Last day on which it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

/// JSON Schema of the document.
pub fn schema() -> String {
    pretty(&schemars::schema_for!(FindingsFile))
}

/// JSON Schema of a baseline.
pub fn baseline_schema() -> String {
    pretty(&schemars::schema_for!(Baseline))
}

/// A baseline as its file.
pub fn baseline(baseline: &Baseline) -> String {
    pretty(baseline)
}

/// The whole report.
pub fn json(report: &Report<'_>) -> String {
    pretty(&FindingsFile {
        version: VERSION,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        summary: Summary {
            files: report.texts().count(),
            errors: report.count(Severity::Error),
            warnings: report.count(Severity::Warning),
            notes: report.count(Severity::Note),
            suppressed: report.suppressed(),
            in_baseline: report.against.as_ref().map(|against| against.known.len()),
            fails: report.fails(),
        },
        findings: entries(report),
        mended: report.against.as_ref().map(|against| against.mended.clone()),
    })
}

/// The findings alone.
pub fn entries(report: &Report<'_>) -> Vec<FindingEntry> {
    let secrets = Secrets::of(report.findings.iter().map(|finding| &finding.diagnostic), report.sources);
    report.findings.iter().map(|finding| entry(report, finding, &secrets)).collect()
}

fn entry(report: &Report<'_>, finding: &Finding, secrets: &Secrets) -> FindingEntry {
    let say = |text: &str| printable(&secrets.blank(text));
    let diagnostic = &finding.diagnostic;
    FindingEntry {
        code: diagnostic.code,
        rule: report.code(finding).map(|code| code.name),
        severity: diagnostic.severity,
        message: finding.message.clone(),
        path: finding.path.clone(),
        fingerprint: finding.fingerprint.clone(),
        places: diagnostic.labels.iter().filter_map(|label| place(report, label.span, say(&label.text))).collect(),
        notes: diagnostic.notes.iter().map(|note| say(note)).collect(),
        help: diagnostic.help.as_deref().map(say),
        suppressed: finding
            .suppressed
            .as_ref()
            .map(|told| Suppression { reason: say(&told.reason), until: told.until.map(|date| date.to_string()) }),
    }
}

fn place(report: &Report<'_>, span: Span, text: String) -> Option<Place> {
    let Position { file, line, column } = report.sources.position(span)?;
    let end = report.sources.end_position(span)?;
    Some(Place { file: printable(&file), line, column, end_line: end.line, end_column: end.column, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::lint::report::tests::{CODES, sample, wish};

    #[test]
    fn every_finding_is_told_in_full() {
        let mut sources = Sources::new();
        let found = sample(&mut sources);
        insta::assert_snapshot!(json(&Report::new(found, &sources, &CODES, wish())));
    }
}
