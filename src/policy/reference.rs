//! Values that may come from outside the policy: `${env:NAME}` and `${file:PATH}`, secret by type.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::attrs::Attr;

/// Where a referenced value comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    Env(String),
    File(String),
}

/// A text of the policy that may contain references. Shown as it was written, used as it resolved.
#[derive(Clone)]
pub struct Text {
    /// As written, references unresolved.
    pub shown: String,
    value: SecretString,
    referenced: bool,
}

impl Text {
    /// A text without references.
    pub fn plain(text: impl Into<String>) -> Self {
        let shown: String = text.into();
        Self { value: SecretString::from(shown.clone()), shown, referenced: false }
    }

    /// A text whose references were resolved to `value`.
    pub fn resolved(shown: impl Into<String>, value: String) -> Self {
        Self { shown: shown.into(), value: SecretString::from(value), referenced: true }
    }

    /// The value to use; never to be printed where [`Text::is_referenced`].
    pub fn expose(&self) -> &str {
        self.value.expose_secret()
    }

    pub fn is_referenced(&self) -> bool {
        self.referenced
    }

    pub fn to_attr(&self) -> Attr {
        if self.referenced {
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

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Text {}
