//! Tests of the human rendering.

use proptest::prelude::*;

use super::*;
use crate::diag::{Diagnostics, Span};

const PLAIN: Look = Look { width: 100, color: false, unicode: false };

fn place(sources: &Sources, file: FileId, text: &str) -> Span {
    let start = sources.get(file).and_then(|source| source.text.find(text)).expect("text is there");
    Span { file, start: u32::try_from(start).expect("small"), end: u32::try_from(start + text.len()).expect("small") }
}

const CACHE: &str = "components:\n  cache:\n    objectives: { rpo: 15m, rto: 1h }\n    protect:\n      snapshot: { snapshot: {}, schedule: \"0 */6 * * *\", store: primary }\n";

fn promise(sources: &mut Sources) -> Diagnostic {
    let file = sources.add("policies/safe-pm.yaml", CACHE);
    Diagnostic::error("BDR-O004", "`cache` cannot keep its RPO of 15m when its host is lost")
        .at(place(sources, file, "15m"), "promised: at most 15 minutes of writes lost")
        .at(place(sources, file, "\"0 */6 * * *\""), "longest gap between two runs: 7h")
        .note("that gap is on 2026-10-25, when the clocks of Europe/Stockholm go back; 6h otherwise, so that this note is long")
        .help("Run it at least every 14 minutes.")
}

#[test]
fn two_values_are_held_against_each_other() {
    let mut sources = Sources::new();
    let finding = promise(&mut sources);
    insta::assert_snapshot!(render(&finding, &sources, PLAIN));
    insta::assert_snapshot!("narrow", render(&finding, &sources, Look { width: 60, unicode: true, ..PLAIN }));
}

#[test]
fn places_in_two_files_are_both_shown() {
    let mut sources = Sources::new();
    let one = sources.add("a.yaml", "stores:\n  primary: { folder: { path: /srv } }\n");
    let two = sources.add("b.yaml", "# åäö\nstores:\r\n\t漢字: {}\r\n  primary: {}\r\n");
    let finding = Diagnostic::error("BDR-P010", "store `primary` is written twice")
        .at(place(&sources, two, "primary"), "here again")
        .at(place(&sources, one, "primary"), "first here")
        .at(place(&sources, two, "漢字"), "wide");
    insta::assert_snapshot!(render(&finding, &sources, PLAIN));
}

/// Two places far apart on one line, a value wider than the screen, and sentences that do not fit behind what they are about. A line of
/// the source that is wider than the screen is cut by the drawing itself, to the width and what stands before it.
#[test]
fn nothing_but_a_path_or_a_line_of_the_source_runs_past_the_width() {
    let mut sources = Sources::new();
    let list = "  - { to: b, role: \"arn:aws:iam::111122223333:role/one\" }, { to: b, role: \"arn:aws:iam::111122223333:role/two\" }, {}\n";
    let value = "x".repeat(120);
    let long = format!("  other: \"{value}\"\n");
    let file =
        sources.add("a.yaml", format!("replicate:\n{list}{long}  monthly: {{ for: 20d, class: GLACIER, every: month }}\n"));
    let sentence = "another role than the one that is named further left, of which there can be only one for each destination";
    let place = |text| place(&sources, file, text);
    let apart =
        Diagnostic::error("BDR-X001", "two roles").at(place("role/two"), sentence).at(place("role/one"), "first given here");
    let wide = Diagnostic::error("BDR-X001", "long").at(place(&value), sentence);
    let hanging = Diagnostic::error("BDR-X001", "short")
        .at(place("GLACIER"), sentence)
        .at(place("monthly"), sentence)
        .at(place("20d"), "kept");
    for width in [60, 80] {
        for unicode in [true, false] {
            for finding in [&apart, &wide, &hanging] {
                let shown = render(finding, &sources, Look { width, color: false, unicode });
                let said = shown.lines().filter(|line| !line.trim_start().starts_with(|first: char| first.is_ascii_digit()));
                assert!(said.clone().count() > 3 && said.clone().all(|line| line.chars().count() <= width), "{width}\n{shown}");
                let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
                let all = words(&shown);
                assert!(words(sentence).iter().all(|word| all.contains(word)), "{shown}");
                // In colour it is the same.
                let coloured = render(finding, &sources, Look { width, color: true, unicode });
                let mut plain = coloured.clone();
                while let Some(from) = plain.find('\u{1b}') {
                    let to = plain[from..].find('m').expect("a colour ends") + from;
                    plain.replace_range(from..=to, "");
                }
                let plain: Vec<&str> = plain.lines().map(str::trim_end).collect();
                assert_eq!(plain.join("\n"), shown);
            }
        }
    }
}

#[test]
fn a_long_line_is_cut_around_the_caret() {
    let mut sources = Sources::new();
    let file = sources.add("a.yaml", format!("key: {}åäöCARET{} end\n", "x".repeat(500), "漢".repeat(300)));
    let finding = Diagnostic::warning("BDR-X001", "long").at(place(&sources, file, "CARET"), "here");
    let shown = render(&finding, &sources, Look { width: 80, ..PLAIN });
    insta::assert_snapshot!(shown);
    let huge = sources.add("b.yaml", format!("{}CARET\n", "x".repeat(LONGEST_LINE)));
    let finding = Diagnostic::warning("BDR-X001", "huge").at(place(&sources, huge, "CARET"), "here");
    assert_eq!(render(&finding, &sources, PLAIN), format!("warning[BDR-X001]: huge\n--> b.yaml:1:{}", LONGEST_LINE + 1));
}

#[test]
fn a_secret_shows_nowhere() {
    let mut sources = Sources::new();
    let file = sources.add("a.yaml", "key: s3cr3t-kéy\nother: 1\nagain: [s3cr3t-kéy]\n");
    let mut all = Diagnostics::new();
    all.push(Diagnostic::error("BDR-P020", "a secret s3cr3t-kéy").at_secret(place(&sources, file, "s3cr3t-kéy"), "here"));
    all.push(Diagnostic::error("BDR-P021", "another").at(place(&sources, file, "again"), "on its line").note("s3cr3t-kéy"));
    for look in [PLAIN, Look { color: true, unicode: true, width: 40 }] {
        let shown = render_all(&all, &sources, look);
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
    insta::assert_snapshot!(render_all(&all, &sources, PLAIN));
}

#[test]
fn a_strangers_text_cannot_steer_the_terminal() {
    let mut sources = Sources::new();
    let file = sources.add("a\u{1b}[2J.yaml", "k\u{1b}[31m: \u{202e}v\0\r\n");
    let finding = Diagnostic::error("BDR-X001", "a\u{1b}]8;;x\u{7}b")
        .at(Span { file, start: 0, end: 1 }, "\u{9b}1m")
        .note("\u{1b}[0m")
        .help("\u{7}");
    let shown = render(&finding, &sources, PLAIN);
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}', '\0', '\r']), "{shown:?}");
}

#[test]
fn color_is_the_callers_wish() {
    let mut sources = Sources::new();
    let finding = promise(&mut sources);
    assert!(render(&finding, &sources, Look { color: true, ..PLAIN }).contains("\u{1b}["));
    assert!(!render(&finding, &sources, PLAIN).contains('\u{1b}'));
}

proptest! {
    /// Spans that do not fit their text, in any text at any width, are shown as well as can be.
    #[test]
    fn nothing_makes_it_panic(
        text in "(\\PC|[ \t\r\n\0\u{1b}é漢]){0,200}",
        marks in proptest::collection::vec((0u32..260, 0u32..260, 0u32..3, any::<bool>()), 0..5),
        width in 0usize..200,
        unicode: bool,
    ) {
        let mut sources = Sources::new();
        sources.add("a.yaml", text.clone());
        sources.add("b.yaml", text);
        let mut finding = Diagnostic::error("BDR-X001", "m");
        for (start, end, file, secret) in marks {
            let span = Span { file: FileId(file), start, end };
            finding = if secret { finding.at_secret(span, "s") } else { finding.at(span, "s") };
        }
        let shown = render(&finding, &sources, Look { width, color: false, unicode });
        prop_assert!(!shown.is_empty());
    }
}
