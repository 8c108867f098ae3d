//! `text findings`: what `bdr lint` prints about the policies of a case, without colour and 100 columns wide.

use bdr::diag::{Look, Severity, Sources};
use bdr::lint::{self, Report, Wish, format};

use super::case::Case;

/// The moment of every case: it lies in winter, before the next clock change in spring.
pub const NOW: &str = "2026-11-24T09:00:00Z";

pub fn findings(case: &Case) -> String {
    let mut sources = Sources::new();
    for (name, text) in case.texts("yaml policy", "policy.yaml") {
        sources.add(name, text);
    }
    let wish = Wish {
        level: Severity::Note,
        threshold: Severity::Error,
        today: jiff::civil::date(2026, 11, 24),
        texts: sources.iter().count(),
    };
    let linted = lint::lint(sources, NOW.parse().unwrap());
    let report = Report::new(linted.found, &linted.sources, &bdr::cli::codes::all(), wish);
    format::human(&report, Look { width: 100, color: false, unicode: false })
}
