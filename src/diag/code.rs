//! Codes: what each kind of finding is called and how it is explained. `bdr explain CODE` and docs/rules.md come from them.

use super::Severity;

/// The description of one kind of finding. Codes are stable: one that is given up is never used for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// `BDR-`, a letter for who finds it (`P` reading, `O` objectives, `L` lint), three digits.
    pub code: &'static str,
    /// Kebab-case, for people: `unused-store`.
    pub name: &'static str,
    /// Unless the finding says otherwise.
    pub severity: Severity,
    /// Markdown; the first line is the title, a sentence. Either plain, or a Rust file whose leading `//!` comment it is:
    /// a rule's documentation stands above the rule.
    pub text: &'static str,
}

impl Code {
    /// The first line of the text, without a full stop.
    pub fn title(&self) -> &str {
        let first = self.text.lines().next().unwrap_or_default();
        first.strip_prefix("//!").unwrap_or(first).trim().trim_end_matches('.')
    }

    /// What follows the title: what it finds, why that matters, an example and the way out.
    pub fn explanation(&self) -> String {
        let lines: Vec<&str> = if self.text.starts_with("//!") {
            let comment = self.text.lines().map_while(|line| line.strip_prefix("//!"));
            comment.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect()
        } else {
            self.text.lines().collect()
        };
        lines.get(1..).unwrap_or_default().join("\n").trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rules_comment_is_its_documentation() {
        let text = "//! A store that nothing uses.\n//!\n//! ## Why\n//!\n//!     store: x\n\nuse crate::x;\n//! not this\n";
        let code = Code { code: "BDR-X001", name: "x", severity: Severity::Warning, text };
        assert_eq!(code.title(), "A store that nothing uses");
        assert_eq!(code.explanation(), "## Why\n\n    store: x");
    }

    #[test]
    fn a_plain_text_is_its_own_documentation() {
        let code = Code { code: "BDR-X001", name: "x", severity: Severity::Error, text: "Title.\n\nBody.\n" };
        assert_eq!((code.title(), code.explanation().as_str()), ("Title", "Body."));
    }
}
