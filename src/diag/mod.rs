//! What bdr has to say about a text that a person wrote: diagnostics as values, collected and sorted by place.

mod code;
mod render;
mod secrets;
mod shown;
mod span;

pub use code::Code;
pub use render::{Look, render, render_all};
pub use secrets::Secrets;
pub use shown::{printable, shown, text_of};
pub use span::{Fault, FileId, Position, Source, Sources, Span, Spanned};

use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; never fails a run.
    Note,
    /// Unwise; fails a run only where the threshold says so.
    Warning,
    /// Wrong: the policy cannot be planned, or cannot keep a promise it makes.
    Error,
}

/// A place in a text with a sentence of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
    /// The place holds a secret: its bytes are never shown, here or where they occur again beside it.
    pub redact: bool,
}

/// One thing said about the policy: code, what, where, why, help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code that `bdr explain CODE` describes, such as `BDR-P001`.
    pub code: &'static str,
    pub severity: Severity,
    /// A lower-case fragment that says what is wrong with what.
    pub message: String,
    /// The first label is the primary place; the others are what it is held against.
    pub labels: Vec<Label>,
    /// Why it matters, one sentence each.
    pub notes: Vec<String>,
    /// A full sentence with the way out.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding of the given severity without a place; add one with [`Diagnostic::at`].
    pub fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), labels: Vec::new(), notes: Vec::new(), help: None }
    }

    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// Adds a place with its sentence. A span of `None` (a value that no text gave) adds nothing.
    #[must_use]
    pub fn at(mut self, span: impl Into<Option<Span>>, text: impl Into<String>) -> Self {
        if let Some(span) = span.into() {
            self.labels.push(Label { span, text: text.into(), redact: false });
        }
        self
    }

    /// Adds a place that holds a secret: what stands there is blanked wherever the finding is shown.
    #[must_use]
    pub fn at_secret(mut self, span: impl Into<Option<Span>>, text: impl Into<String>) -> Self {
        if let Some(span) = span.into() {
            self.labels.push(Label { span, text: text.into(), redact: true });
        }
        self
    }

    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// The order in which findings are read: by file, place, code and message; what speaks of no place comes first.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        let key = |finding: &Self| (finding.span(), finding.code);
        key(self).cmp(&key(other)).then_with(|| self.message.cmp(&other.message))
    }

    /// The primary place.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// Most findings that a collection keeps: nobody reads more, and a hostile text must not fill the memory with them.
pub const MOST_FINDINGS: usize = 10_000;

/// Code of the finding that stands for those beyond [`MOST_FINDINGS`]; `policy/codes` explains it.
pub const TOO_LARGE: &str = "BDR-P003";

/// An ordered collection of findings: a pass appends and goes on. Those beyond [`MOST_FINDINGS`] are only counted, and one
/// finding at the end says how many they were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    /// How many were not kept, and the worst of their severities.
    more: Option<(usize, Severity)>,
}

impl Diagnostics {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn push(&mut self, diagnostic: Diagnostic) {
        let severity = diagnostic.severity;
        self.push_with(severity, || diagnostic);
    }

    /// Appends a finding that is costly to make: it is made only where it is kept.
    pub fn push_with(&mut self, severity: Severity, make: impl FnOnce() -> Diagnostic) {
        if self.kept.len() < MOST_FINDINGS {
            self.kept.push(make());
        } else {
            let (count, worst) = self.more.unwrap_or((0, severity));
            self.more = Some((count + 1, worst.max(severity)));
        }
    }

    pub fn extend(&mut self, other: impl IntoIterator<Item = Diagnostic>) {
        other.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    pub fn len(&self) -> usize {
        self.kept.len()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.kept.iter()
    }

    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Diagnostic> {
        self.kept.iter_mut()
    }

    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.kept.retain(keep);
    }

    pub fn has_errors(&self) -> bool {
        self.worst() == Some(Severity::Error)
    }

    pub fn worst(&self) -> Option<Severity> {
        self.kept.iter().map(|d| d.severity).max().max(self.more.map(|(_, worst)| worst))
    }

    /// Sorted by file, place, code and message; equal findings once.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.kept.sort_by(Diagnostic::order);
        self.kept.dedup();
        self.close();
        self
    }

    /// Puts the count of those that were not kept into words.
    fn close(&mut self) {
        if let Some((count, worst)) = self.more.take() {
            let told = Diagnostic::new(worst, TOO_LARGE, format!("{count} more findings are not shown"));
            self.kept.push(told.help("Mend the first of them: the others often have the same cause. Then run bdr again."));
        }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(mut self) -> Self::IntoIter {
        self.close();
        self.kept.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.kept.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_beyond_the_most_are_counted_and_an_error_among_them_counts() {
        let mut found = Diagnostics::new();
        (0..MOST_FINDINGS).for_each(|at| found.push(Diagnostic::warning("BDR-X001", format!("{at}"))));
        assert!(!found.has_errors());
        found.push(Diagnostic::error("BDR-X002", "lost"));
        found.push_with(Severity::Note, || unreachable!("not made where it is not kept"));
        assert!(found.has_errors());
        let mut all = Diagnostics::new();
        all.extend(found.clone());
        assert!(all.has_errors(), "also where one collection is poured into another");
        let last = found.sorted().into_iter().last().map(|finding| (finding.severity, finding.code, finding.message));
        assert_eq!(last, Some((Severity::Error, TOO_LARGE, "2 more findings are not shown".to_owned())));
    }
}
