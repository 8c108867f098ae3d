//! Tests of reports, and a sample that the formats' tests share.

use super::*;
use crate::diag::Span;

pub const CODES: [Code; 3] = [
    Code { code: "BDR-P001", name: "syntax", severity: Severity::Error, text: "A text that is not YAML.\n\nMore.\n" },
    Code { code: "BDR-L001", name: "no-copy", severity: Severity::Error, text: "A component without copies.\n\nWhy & how.\n" },
    Code { code: "BDR-L002", name: "idle", severity: Severity::Warning, text: "A store that nothing uses.\n" },
];

pub fn wish() -> Wish {
    Wish { level: Severity::Note, threshold: Severity::Error, today: jiff::civil::date(2026, 11, 24), texts: 3 }
}

pub const FIRST: &str = "stores:\n  spare: {}   # bdr:ignore[BDR-L002] for next year, until 2027-01-31\n  other: {}\n";
pub const SECOND: &str = "components:\n  cäche: { a: 1, b: 2 }\n";

/// Two texts and four findings: an error with two labels, a warning, a suppressed warning, a note without a place.
pub fn sample(sources: &mut Sources) -> Diagnostics {
    let one = sources.add("policies/stores & more.yaml", FIRST);
    let two = sources.add("policies/b.yaml", SECOND);
    let at = |file, text: &str, part: &str| {
        let start = u32::try_from(text.find(part).unwrap()).unwrap();
        Span { file, start, end: start + u32::try_from(part.len()).unwrap() }
    };
    let mut all = Diagnostics::new();
    all.push(
        Diagnostic::error("BDR-L001", "`cäche` has no <copy>, 100%:\nat all")
            .at(at(two, SECOND, "b: 2"), "promised \"here\"")
            .at(at(one, FIRST, "other"), "not kept here")
            .note("first note")
            .help("Do this."),
    );
    all.push(Diagnostic::warning("BDR-L002", "store `other` is unused").at(at(one, FIRST, "other"), "unused").help("Remove it."));
    all.push(Diagnostic::warning("BDR-L002", "store `spare` is unused").at(at(one, FIRST, "spare"), "unused"));
    all.push(Diagnostic::new(Severity::Note, "BDR-L002", "no place"));
    all
}

#[test]
fn what_is_suppressed_is_kept_apart() {
    let mut sources = Sources::new();
    let found = sample(&mut sources);
    let report = Report::new(found, &sources, &CODES, wish());
    assert_eq!(report.findings.len(), 4);
    assert_eq!((report.count(Severity::Error), report.count(Severity::Warning), report.count(Severity::Note)), (1, 1, 1));
    assert_eq!(report.suppressed(), 1);
    assert!(report.fails());
    let paths: Vec<&str> = report.findings.iter().map(|finding| finding.path.as_str()).collect();
    assert_eq!(paths, ["", "stores.spare", "stores.other", "components.cäche.b"]);
}

#[test]
fn the_level_hides_and_the_threshold_fails() {
    let mut sources = Sources::new();
    let mut found = sample(&mut sources);
    found.retain(|finding| finding.severity != Severity::Error);
    let fails = |threshold| Report::new(found.clone(), &sources, &CODES, Wish { threshold, ..wish() }).fails();
    assert!(!fails(Severity::Error));
    assert!(fails(Severity::Warning));
    let report = Report::new(found.clone(), &sources, &CODES, Wish { level: Severity::Warning, ..wish() });
    assert_eq!(report.findings.len(), 2);
}

#[test]
fn a_fingerprint_stays_when_lines_move_and_is_unique() {
    let print = |before: &str| -> Vec<String> {
        let text = format!("{before}{SECOND}");
        let mut sources = Sources::new();
        let file = sources.add("b.yaml", text.clone());
        let start = u32::try_from(text.find("b: 2").unwrap()).unwrap();
        let mut found = Diagnostics::new();
        for message in ["x", "y"] {
            found.push(Diagnostic::error("BDR-L001", message).at(Span { file, start, end: start + 1 }, "here"));
        }
        let report = Report::new(found, &sources, &CODES, wish());
        report.findings.iter().map(|finding| finding.fingerprint.clone()).collect()
    };
    let here = print("");
    assert_eq!(here, print("# a\n# b\n\n"));
    assert_ne!(here[0], here[1]);
}
