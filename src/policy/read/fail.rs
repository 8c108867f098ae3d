//! Why a node could not be read, as serde hands it around, and the finding that it becomes.

use std::fmt;

use serde::de::{Expected, Unexpected};

use super::{Reader, instead};
use crate::diag::Diagnostic;
use crate::policy::tree::{Shape, Word, word};
use crate::policy::{codes, echo};

/// An error on its way out of a derived visitor.
#[derive(Debug)]
pub(crate) struct Fail(Kind);

#[derive(Debug)]
enum Kind {
    /// What was found is not what was expected; not yet said.
    Text(String),
    /// The finding is made.
    Found(Box<Diagnostic>),
    /// It has been reported.
    Told,
}

impl Fail {
    /// The problem is already among the findings.
    pub(super) fn told() -> Self {
        Self(Kind::Told)
    }

    /// The node is of another kind than expected.
    pub(super) fn mismatch(at: Reader<'_>, expected: &str) -> Self {
        Self(Kind::Found(Box::new(mismatch(at, expected))))
    }

    /// Gives an error without a place the node that it passes: the innermost one gets it.
    pub(super) fn placed(self, at: Reader<'_>) -> Self {
        match self.0 {
            Kind::Text(text) => Self(Kind::Found(Box::new(wrong(at, text)))),
            _ => self,
        }
    }

    pub(super) fn finding(self, at: Reader<'_>) -> Option<Diagnostic> {
        match self.0 {
            Kind::Text(text) => Some(wrong(at, text)),
            Kind::Found(finding) => Some(*finding),
            Kind::Told => None,
        }
    }
}

fn wrong(at: Reader<'_>, text: String) -> Diagnostic {
    Diagnostic::error(codes::TYPE, text).at(at.span(), "not what is expected here")
}

fn mismatch(at: Reader<'_>, expected: &str) -> Diagnostic {
    let shape = at.shape();
    let found = describe(shape);
    let finding = Diagnostic::error(codes::TYPE, format!("expected {expected}, found {found}"));
    let finding = finding.at(at.span(), format!("expected {expected}"));
    if let Some(help) = instead::help(at) {
        return finding.help(help);
    }
    let Shape::Scalar { text, plain } = shape else { return finding };
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" if expected.contains("true") => finding.help("Write `true`."),
        "no" | "off" | "n" if expected.contains("true") => finding.help("Write `false`."),
        _ if !plain && expected.contains("true") && matches!(word(text), Word::Bool(_)) => finding.help("Remove the quotes."),
        _ if expected.contains("number") => {
            finding.help("Write a whole number in plain decimal digits, without quotes, such as 12.")
        }
        _ if plain && word(text) == Word::Null && expected.contains("text") => finding.help("Write a value, or remove the key."),
        _ if plain && word(text) == Word::Null && expected.contains("list") => {
            finding.help("Write a list, such as [a, b], or remove the key.")
        }
        _ if plain && word(text) == Word::Null => finding.help("Write the keys below it, `{}` for none, or remove the key."),
        _ if plain && matches!(word(text), Word::Bool(_)) && expected.contains("text") => {
            finding.help(format!("Write \"{text}\" if text is meant."))
        }
        _ if expected.contains("list") => finding.help("Put the value in brackets: [value]."),
        _ => finding,
    }
}

fn describe(shape: Shape<'_>) -> String {
    match shape {
        Shape::Sequence(_) => "a list".to_owned(),
        Shape::Mapping(_) => "a mapping".to_owned(),
        Shape::Scalar { text, plain: true } => match word(text) {
            Word::Null => "no value".to_owned(),
            _ => echo::quote(text),
        },
        Shape::Scalar { text: echo::HIDDEN, .. } => echo::HIDDEN.to_owned(),
        Shape::Scalar { text, .. } => format!("the text {}", echo::quote(text)),
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Text(text) => f.write_str(text),
            Kind::Found(finding) => f.write_str(&finding.message),
            Kind::Told => f.write_str("reported"),
        }
    }
}

impl std::error::Error for Fail {}

impl serde::de::Error for Fail {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(Kind::Text(text.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(Kind::Text(format!("expected {expected}")))
    }

    /// What was found is left out: it could be a secret, and the caret shows it.
    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(Kind::Text(format!("expected {expected}")))
    }
}
