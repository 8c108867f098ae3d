//! `--format sarif`: SARIF 2.1.0 (OASIS standard, 27 March 2020), as code scanning of GitHub, GitLab and Azure DevOps reads it.
//!
//! Every rule is named in `tool.driver.rules`, found or not: otherwise an alert can never be told to be mended. Suppressed
//! results stay in, with their `suppressions`; so do those of a baseline, which have a `baselineState` (3.27.24) and an external
//! suppression (3.35.2), since GitHub reads only the latter. Fingerprints name the rule and the path of keys, never a line.

use serde_json::{Value, json};

use super::{pretty, word};
use crate::diag::{Code, Position, Secrets, Span, printable};
use crate::lint::{Finding, Report};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One log with one run.
pub fn sarif(report: &Report<'_>) -> String {
    let secrets = Secrets::of(report.findings.iter().chain(report.known()).map(|finding| &finding.diagnostic), report.sources);
    let mut results: Vec<Value> = report.findings.iter().map(|finding| result(report, finding, &secrets)).collect();
    if let Some(against) = &report.against {
        results.iter_mut().for_each(|result| result["baselineState"] = json!("new"));
        results.extend(against.known.iter().map(|finding| {
            let mut result = result(report, finding, &secrets);
            result["baselineState"] = json!("unchanged");
            result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": "in the baseline" }]);
            result
        }));
    }
    pretty(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": report.codes.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "artifacts": report.texts().map(|source| json!({ "location": { "uri": uri(&source.name) } })).collect::<Vec<_>>(),
            "results": results,
        }],
    }))
}

fn rule(code: &Code) -> Value {
    let explanation = code.explanation();
    let text = if explanation.is_empty() { code.title() } else { &explanation };
    json!({
        "id": code.code,
        "name": code.name,
        "shortDescription": { "text": code.title() },
        "fullDescription": { "text": code.title() },
        "help": { "text": text, "markdown": text },
        "defaultConfiguration": { "level": word(code.severity) },
    })
}

fn result(report: &Report<'_>, finding: &Finding, secrets: &Secrets) -> Value {
    let say = |text: &str| printable(&secrets.blank(text));
    let diagnostic = &finding.diagnostic;
    let mut message = finding.message.clone();
    for more in diagnostic.notes.iter().chain(&diagnostic.help) {
        message.push('\n');
        message.push_str(&say(more));
    }
    let mut labels = diagnostic.labels.iter();
    let primary =
        labels.next().and_then(|label| location(report, label.span, &say(&label.text), None)).or_else(|| beginning(finding));
    let related: Vec<Value> =
        labels.enumerate().filter_map(|(at, label)| location(report, label.span, &say(&label.text), Some(at + 1))).collect();
    let mut result = json!({
        "ruleId": diagnostic.code,
        "level": word(diagnostic.severity),
        "message": { "text": message },
        "locations": primary.into_iter().collect::<Vec<_>>(),
        "partialFingerprints": { "bdr/v1": finding.fingerprint },
    });
    if let Ok(index) = report.codes.binary_search_by_key(&diagnostic.code, |code| code.code) {
        result["ruleIndex"] = json!(index);
    }
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    if let Some(told) = &finding.suppressed {
        result["suppressions"] = json!([{ "kind": "inSource", "status": "accepted", "justification": say(&told.reason) }]);
    }
    result
}

fn location(report: &Report<'_>, span: Span, text: &str, id: Option<usize>) -> Option<Value> {
    let Position { file, line, column } = report.sources.position(span)?;
    let end = report.sources.end_position(span)?;
    let mut artifact = json!({ "uri": uri(&file) });
    if (span.file.0 as usize) < report.texts().count() {
        artifact["index"] = json!(span.file.0);
    }
    let mut place = json!({
        "physicalLocation": {
            "artifactLocation": artifact,
            "region": { "startLine": line, "startColumn": column, "endLine": end.line, "endColumn": end.column },
        },
        "message": { "text": text },
    });
    if let Some(id) = id {
        place["id"] = json!(id);
    }
    Some(place)
}

/// For a finding that speaks of no place: GitHub refuses the whole log where a result has none.
fn beginning(finding: &Finding) -> Option<Value> {
    let (Position { file, line, column }, _) = finding.place.as_ref()?;
    let region = json!({ "startLine": line, "startColumn": column, "endLine": line, "endColumn": column });
    Some(json!({ "physicalLocation": { "artifactLocation": { "uri": uri(file), "index": 0 }, "region": region } }))
}

/// A file's name as a relative or `file:` URI (RFC 3986): all but unreserved characters and `/` escaped.
fn uri(name: &str) -> String {
    let path = name.strip_prefix("./").unwrap_or(name);
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Severity, Sources};
    use crate::lint::report::tests::{CODES, sample, wish};

    #[test]
    fn all_rules_and_suppressed_results_are_in() {
        let mut sources = Sources::new();
        let found = sample(&mut sources);
        insta::assert_snapshot!(sarif(&Report::new(found, &sources, &CODES, wish())));
    }

    #[test]
    fn names_become_uris() {
        assert_eq!(uri("./a b/ö#.yaml"), "a%20b/%C3%B6%23.yaml");
        assert_eq!(uri("/srv/a.yaml"), "file:///srv/a.yaml");
        assert_eq!(word(Severity::Note), "note", "SARIF's words for levels are ours");
    }
}
