//! Tests of suppression by comment.

use super::*;

const KNOWN: [Code; 3] = [
    Code { code: "BDR-L001", name: "one", severity: Severity::Warning, text: "" },
    Code { code: "BDR-P001", name: "two", severity: Severity::Error, text: "" },
    Code { code: "BDR-L901", name: "three", severity: Severity::Warning, text: "" },
];

fn today() -> Date {
    jiff::civil::date(2026, 11, 24)
}

/// The findings that stay when the rule `code` finds something at `key`, as `code@line`; suppressed ones with their reason.
fn outcome(text: &str, code: &'static str, severity: Severity) -> Vec<String> {
    let mut sources = Sources::new();
    let file = sources.add("a.yaml", text);
    let (mut suppressions, wrong) = Suppressions::of(&sources, &KNOWN, today());
    let mut out: Vec<String> = Vec::new();
    if let Some(at) = text.find("key") {
        let at = u32::try_from(at).unwrap();
        let finding = Diagnostic::new(severity, code, "m").at(Span { file, start: at, end: at + 3 }, "here");
        out.push(match suppressions.takes(&finding, &sources) {
            Some(told) => format!("suppressed: {} {:?}", told.reason, told.until),
            None => format!("{code} counts"),
        });
    }
    let said = wrong.into_iter().chain(suppressions.left_over());
    out.extend(said.map(|finding| format!("{} {}", finding.code, finding.message)));
    out
}

#[test]
fn a_comment_on_the_line_or_the_line_above_suppresses_with_its_reason() {
    for text in [
        "key: 1 # bdr:ignore[BDR-L001] we know\n",
        "# bdr:ignore[BDR-L001] we know\nkey: 1\n",
        "# bdr:ignore[BDR-L001] we know\n# more\nkey: 1\n",
        "# bdr:ignore[ BDR-P001 , BDR-L001 ]   we know\nkey: 1\n",
    ] {
        assert_eq!(outcome(text, "BDR-L001", Severity::Error), ["suppressed: we know None"], "{text}");
    }
}

#[test]
fn an_end_may_stand_before_or_behind_the_reason() {
    for rest in ["until 2026-11-24: until then", "until then until 2026-11-24", "until then, until 2026-11-24."] {
        let text = format!("key: 1 # bdr:ignore[BDR-L001] {rest}\n");
        assert_eq!(outcome(&text, "BDR-L001", Severity::Warning), ["suppressed: until then Some(2026-11-24)"], "{text}");
    }
    let text = "key: 1 # bdr:ignore[BDR-L001] it waits until monday\n";
    assert_eq!(outcome(text, "BDR-L001", Severity::Warning), ["suppressed: it waits until monday None"]);
}

#[test]
fn what_is_over_counts_again_and_is_said() {
    let text = "key: 1 # bdr:ignore[BDR-L001] we know until 2026-11-23\n";
    let expected = ["BDR-L001 counts", "BDR-L902 the suppression of BDR-L001 ended on 2026-11-23"];
    assert_eq!(outcome(text, "BDR-L001", Severity::Warning), expected);
}

#[test]
fn a_comment_that_suppresses_nothing_is_said() {
    let unused = ["BDR-L001 counts", "BDR-L901 nothing here is a case of BDR-L001"];
    assert_eq!(outcome("# bdr:ignore[BDR-L001] far\n\nkey: 1\n", "BDR-L001", Severity::Warning), unused);
    assert_eq!(outcome("key: 1\nb: 2 # bdr:ignore[BDR-L001] below\n", "BDR-L001", Severity::Warning), unused);
    assert_eq!(outcome("a: \"# bdr:ignore[BDR-L001] text\"\nkey: 1\n", "BDR-L001", Severity::Warning), ["BDR-L001 counts"]);
}

#[test]
fn what_reading_found_wrong_stays() {
    let text = "key: 1 # bdr:ignore[BDR-P001] please\n";
    let expected = ["BDR-P001 counts", "BDR-L901 BDR-P001 cannot be suppressed"];
    assert_eq!(outcome(text, "BDR-P001", Severity::Error), expected);
    let both = "key: 1 # bdr:ignore[BDR-P001, BDR-L001] please\n";
    assert_eq!(outcome(both, "BDR-P001", Severity::Error), expected);
    assert_eq!(outcome(both, "BDR-L001", Severity::Error), ["suppressed: please None"]);
    let elsewhere = "a: 1 # bdr:ignore[BDR-P001] please\nkey: 1\n";
    assert_eq!(
        outcome(elsewhere, "BDR-P001", Severity::Error),
        ["BDR-P001 counts", "BDR-L901 nothing here is a case of BDR-P001"]
    );
    assert_eq!(outcome(text, "BDR-P001", Severity::Warning), ["suppressed: please None"]);
}

#[test]
fn of_what_was_not_looked_for_nothing_is_said() {
    let text = "a: 1 # bdr:ignore[BDR-L001] we know\nkey: 1\n";
    assert_eq!(outcome(text, "BDR-P001", Severity::Error), ["BDR-P001 counts"]);
    let unused = ["BDR-P001 counts", "BDR-L901 nothing here is a case of BDR-L001"];
    assert_eq!(outcome(text, "BDR-P001", Severity::Warning), unused, "rules were run");
}

#[test]
fn what_is_wrong_with_a_suppression_stays() {
    let text = "key: 1 # bdr:ignore[BDR-L901] please\n";
    assert_eq!(outcome(text, "BDR-L001", Severity::Warning), ["BDR-L001 counts", "BDR-L901 BDR-L901 cannot be suppressed"]);
}

#[test]
fn an_unreadable_comment_is_an_error() {
    for (comment, said) in [
        ("bdr:ignore", "a suppression does not say what it suppresses"),
        ("bdr:ignore[] why", "a suppression does not say what it suppresses"),
        ("bdr:ignore[BDR-L001", "a suppression does not say what it suppresses"),
        ("bdr:ignore[BDR-L999] why", "there is no code `BDR-L999`"),
        ("bdr:ignore[BDR-L001]", "a suppression gives no reason"),
        ("bdr:ignore[BDR-L001] until 2027-01-31", "a suppression gives no reason"),
        ("bdr:ignore[BDR-L001] why until 2027-02-30", "a suppression ends on a day that is not in the calendar"),
    ] {
        let text = format!("a: 1 # {comment}\n");
        assert_eq!(outcome(&text, "BDR-L001", Severity::Warning), [format!("BDR-L900 {said}")], "{text}");
    }
}
