//! Values that may come from outside the policy: `${env:NAME}` and `${file:PATH}`, secret by type.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};

use crate::attrs::Attr;

/// Where a referenced value comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    Env(String),
    /// The path as seen from where bdr runs: relative ones are taken from the folder of the policy's file.
    File(String),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "${{env:{name}}}"),
            Self::File(path) => write!(f, "${{file:{path}}}"),
        }
    }
}

/// Why a reference has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The caller allows no look at it.
    #[error("not allowed")]
    NotAllowed,
    /// There is no such variable or file.
    #[error("not there")]
    Absent,
    /// It cannot be read; the reason holds nothing of its content.
    #[error("{0}")]
    Unreadable(String),
}

/// Looks references up; the command line decides which.
pub trait Resolve {
    /// The value: of a file, without the line break at its end, which is no part of the secret.
    ///
    /// # Errors
    /// When the caller does not allow it, or there is nothing to read.
    fn resolve(&self, reference: &Reference) -> Result<SecretString, Refused>;

    /// Whether a text whose reference has no value stays as it is written ([`Text::unresolved`]), and is no finding.
    fn keeps_unknown(&self) -> bool {
        false
    }
}

/// A text of the policy that may contain references. Shown as it was written, used as it resolved.
#[derive(Clone)]
pub struct Text {
    /// As written, references unresolved.
    pub shown: String,
    value: SecretString,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Plain,
    Resolved,
    /// References were deliberately not looked up.
    Unresolved,
}

impl Text {
    /// A text without references.
    pub fn plain(text: impl Into<String>) -> Self {
        let shown: String = text.into();
        Self { value: SecretString::from(shown.clone()), shown, state: State::Plain }
    }

    /// A text whose references were resolved to `value`.
    pub fn resolved(shown: impl Into<String>, value: String) -> Self {
        Self { shown: shown.into(), value: SecretString::from(value), state: State::Resolved }
    }

    /// A text whose references are left alone; its value is the text itself.
    pub fn unresolved(shown: impl Into<String>) -> Self {
        let shown: String = shown.into();
        Self { value: SecretString::from(shown.clone()), shown, state: State::Unresolved }
    }

    /// The value to use; never to be printed where [`Text::is_referenced`].
    pub fn expose(&self) -> &str {
        self.value.expose_secret()
    }

    pub fn is_referenced(&self) -> bool {
        self.state != State::Plain
    }

    /// Whether the value is what will be used: false where references were not looked up.
    pub fn is_known(&self) -> bool {
        self.state != State::Unresolved
    }

    /// Names of the environment variables that it refers to, looked up or not.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let referenced = if self.is_referenced() { self.shown.as_str() } else { "" };
        let begins = referenced.match_indices("${env:").filter(|(at, _)| !referenced[..*at].ends_with('$'));
        begins.filter_map(|(at, begin)| referenced[at + begin.len()..].split_once('}').map(|(name, _)| name))
    }

    pub fn to_attr(&self) -> Attr {
        if self.is_referenced() {
            Attr::Sensitive { shown: self.shown.clone(), value: self.value.clone() }
        } else {
            Attr::Text(self.shown.clone())
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shown)
    }
}

/// As written: a reference, never its value.
impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Text {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_those_that_are_looked_up() {
        let names = |text: Text| text.variables().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(names(Text::unresolved("/${env:A}/$${env:B}/${file:c}/${env:D}")), ["A", "D"]);
        assert!(names(Text::plain("/${env:A}")).is_empty(), "what `$$` made of it is no reference");
    }
}
