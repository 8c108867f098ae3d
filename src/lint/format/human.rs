//! For people: every finding with its lines, and a last line that counts.

use crate::diag::{Look, Severity, render_all, shown};
use crate::lint::Report;
use crate::units::count::counted;

/// Findings that count, in order of place, and the summary.
pub fn human(report: &Report<'_>, look: Look) -> String {
    let shown = report.counted().map(|finding| &finding.diagnostic);
    let mut out = render_all(shown, report.sources, look);
    out.push_str(&summary(report, look.width));
    out.push('\n');
    out.push_str(&mended(report));
    out
}

/// Findings of the baseline that are told one by one.
const MENDED: usize = 10;

/// What the baseline holds and what no longer occurs.
fn mended(report: &Report<'_>) -> String {
    let all = report.against.as_ref().map(|against| against.mended.as_slice()).unwrap_or_default();
    if all.is_empty() {
        return String::new();
    }
    let verb = if all.len() == 1 { "is" } else { "are" };
    let mut out = format!("Of the baseline {} {verb} mended:\n", counted(all.len(), "finding"));
    for one in all.iter().take(MENDED) {
        out.push_str(&format!(
            "  {} at {}\n",
            shown(&one.code),
            if one.path.is_empty() { "no key".into() } else { shown(&one.path) }
        ));
    }
    if all.len() > MENDED {
        out.push_str(&format!("  and {} more\n", all.len() - MENDED));
    }
    out.push_str("--write-baseline writes it anew without them.\n");
    out
}

/// `2 errors and 1 warning in 2 files; 1 more suppressed. To read about them: bdr explain BDR-L001 BDR-L004`
fn summary(report: &Report<'_>, width: usize) -> String {
    let files = counted(report.texts().count(), "file");
    let kinds = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let counts: Vec<String> = kinds
        .into_iter()
        .map(|(severity, noun)| (report.count(severity), noun))
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| counted(count, noun))
        .collect();
    let mut line = match counts.as_slice() {
        [] => format!("Nothing to mend in {files}"),
        [one] => format!("{one} in {files}"),
        [all @ .., last] => format!("{} and {last} in {files}", all.join(", ")),
    };
    match report.suppressed() {
        0 => {}
        count => line.push_str(&format!("; {count} suppressed by comment")),
    }
    match report.known().len() {
        0 => {}
        count => line.push_str(&format!("; {count} in the baseline")),
    }
    line.push('.');
    let codes: Vec<&str> = report.codes_found().into_iter().collect();
    if let Some(first) = codes.first() {
        let named = if codes.len() <= 3 { codes.join(" ") } else { format!("{first}, and so on") };
        let more = format!("To read more: bdr explain {named}");
        // A command stays whole.
        line.push(if line.chars().count() + 1 + more.chars().count() <= width { ' ' } else { '\n' });
        line.push_str(&more);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Diagnostics, Sources};
    use crate::lint::report::tests::{CODES, sample, wish};

    const LOOK: Look = Look { width: 80, color: false, unicode: false };

    #[test]
    fn findings_come_in_order_and_are_counted() {
        let mut sources = Sources::new();
        let found = sample(&mut sources);
        insta::assert_snapshot!(human(&Report::new(found, &sources, &CODES, wish()), LOOK));
    }

    #[test]
    fn nothing_found_is_said() {
        let mut sources = Sources::new();
        sources.add("a.yaml", "a: 1\n");
        let report = Report::new(Diagnostics::new(), &sources, &CODES, wish());
        assert_eq!(human(&report, LOOK), "Nothing to mend in 1 file.\n");
    }
}
