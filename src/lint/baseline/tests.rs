//! What a baseline knows again, and what it does not.

use super::*;
use crate::diag::{Diagnostic, Diagnostics, Sources, Span};
use crate::lint::Report;
use crate::lint::report::tests::{CODES, sample, wish};

/// Findings at keys of `text`, as a report has them.
fn found(text: &str, all: &[(&'static str, &str, &str)]) -> Vec<Finding> {
    let mut sources = Sources::new();
    let file = sources.add("a.yaml", text);
    let mut found = Diagnostics::new();
    for (code, key, message) in all {
        let start = u32::try_from(text.find(key).expect("a key")).expect("short");
        found.push(Diagnostic::warning(code, *message).at(Span { file, start, end: start + 1 }, "here"));
    }
    Report::new(found, &sources, &CODES, wish()).findings
}

const TEXT: &str = "stores:\n  spare: {}\n  other: {}\n";

fn counts(apart: &Apart) -> (usize, usize, usize) {
    (apart.new.len(), apart.known.len(), apart.mended.len())
}

#[test]
fn lines_may_move_and_messages_change() {
    let baseline = Baseline::of(found(TEXT, &[("BDR-L002", "spare", "unused for 7d")]).iter());
    let moved = format!("# more\n\n\nname: x\n{TEXT}");
    assert_eq!(counts(&baseline.apart(found(&moved, &[("BDR-L002", "spare", "unused for 8d")]))), (0, 1, 0));
    assert_eq!(counts(&baseline.apart(found(TEXT, &[("BDR-L002", "other", "unused for 7d")]))), (1, 0, 1), "another path");
    assert_eq!(counts(&baseline.apart(found(TEXT, &[("BDR-L001", "spare", "unused for 7d")]))), (1, 0, 1), "another rule");
    assert_eq!(counts(&baseline.apart(Vec::new())), (0, 0, 1));
}

#[test]
fn several_at_one_path_are_told_apart_by_what_they_say() {
    let two = [("BDR-L002", "spare", "x"), ("BDR-L002", "spare", "y")];
    let both = Baseline::of(found(TEXT, &two).iter());
    assert_eq!(counts(&both.apart(found(TEXT, &two))), (0, 2, 0));
    assert_eq!(counts(&both.apart(found(TEXT, &two[..1]))), (0, 1, 1));
    let one = Baseline::of(found(TEXT, &two[..1]).iter());
    let apart = one.apart(found(TEXT, &two));
    assert_eq!(counts(&apart), (1, 1, 0));
    assert_eq!(apart.new[0].message, "y");
    assert_eq!(counts(&one.apart(found(TEXT, &[("BDR-L002", "spare", "z"), ("BDR-L002", "spare", "y")]))), (2, 0, 1));
}

#[test]
fn what_cannot_be_suppressed_is_not_known_either() {
    let mut sources = Sources::new();
    let sampled = sample(&mut sources);
    let findings = Report::new(sampled, &sources, &CODES, wish()).findings;
    let baseline = Baseline::of(findings.iter());
    assert_eq!(baseline.findings.len(), 3, "one is suppressed in the text");
    let forged = Baseline {
        findings: vec![Known { code: "BDR-P001".into(), path: "stores.spare".into(), message: "m".into(), hash: hash("m") }],
        ..baseline
    };
    let mut unreadable = found(TEXT, &[("BDR-P001", "spare", "m")]);
    unreadable.iter_mut().for_each(|finding| finding.diagnostic.severity = crate::diag::Severity::Error);
    assert_eq!(counts(&forged.apart(unreadable)), (1, 0, 1));
}

#[test]
fn only_a_baseline_of_this_version_is_read() {
    let baseline = Baseline::of(found(TEXT, &[("BDR-L002", "spare", "x")]).iter());
    let text = serde_json::to_string(&baseline).expect("JSON");
    assert_eq!(Baseline::read(&text).expect("its own"), baseline);
    let told = |text: &str| Baseline::read(text).expect_err("refused").to_string();
    assert_eq!(told(r#"{"version": 2}"#), "it is in version 2 of the format; this bdr reads version 1");
    assert!(told("{}").starts_with("it is not a baseline: missing field `version`"), "{}", told("{}"));
    assert!(told(r#"{"version": 1, "findings": [], "x": 1}"#).contains("unknown field `x`"));
}
