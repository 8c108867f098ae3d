//! Blanking of secrets: what a finding marked as secret is shown nowhere, neither in a snippet nor in a sentence.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Diagnostic, Sources};

/// Shorter texts are not blanked where they occur elsewhere: they would hide ordinary words, and guessing them is no work.
const SHORTEST: usize = 4;

/// Texts that must not be shown.
#[derive(Debug, Default)]
pub struct Secrets {
    /// The longest first, so that a secret which contains another is blanked whole.
    texts: Vec<String>,
}

impl Secrets {
    /// Everything that stands under a secret label of these findings, line by line.
    pub fn of<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>, sources: &Sources) -> Self {
        let mut texts = BTreeSet::new();
        for label in diagnostics.into_iter().flat_map(|diagnostic| &diagnostic.labels).filter(|label| label.redact) {
            for line in sources.text(label.span).unwrap_or_default().lines() {
                let line = line.trim().trim_matches(['"', '\'']);
                if line.len() >= SHORTEST {
                    texts.insert(line.to_owned());
                }
            }
        }
        let mut texts: Vec<String> = texts.into_iter().collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self { texts }
    }

    /// The text with a `*` for each byte of a secret, so that places within it stay where they were.
    pub fn blank<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut shown = Cow::Borrowed(text);
        for secret in self.texts.iter().filter(|secret| text.contains(secret.as_str())) {
            shown = Cow::Owned(shown.replace(secret.as_str(), &"*".repeat(secret.len())));
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Span;

    #[test]
    fn a_secret_is_blanked_wherever_it_occurs_and_places_stay() {
        let mut sources = Sources::new();
        let text = "key: \"hämligt\"\nagain: hämligt\nother: öppet\n";
        let file = sources.add("a.yaml", text);
        let finding = Diagnostic::error("BDR-X001", "x").at_secret(Span { file, start: 5, end: 15 }, "here");
        let shown = Secrets::of([&finding], &sources).blank(text).into_owned();
        assert_eq!(shown, "key: \"********\"\nagain: ********\nother: öppet\n");
        assert_eq!(shown.len(), text.len());
    }

    #[test]
    fn short_texts_and_unmarked_places_stay() {
        let mut sources = Sources::new();
        let file = sources.add("a.yaml", "a: abc\nb: hello\n");
        let finding = Diagnostic::error("BDR-X001", "x")
            .at_secret(Span { file, start: 3, end: 6 }, "short")
            .at(Span { file, start: 10, end: 15 }, "plain");
        assert_eq!(Secrets::of([&finding], &sources).blank("abc hello"), "abc hello");
    }
}
