//! Secrets that were written in plain: found before anything else reads a text, so that they are reported and never repeated.
//!
//! One rule for all of a text, its comments and what no later reader keeps: what stands under a key whose name says secret
//! (`names`), and what has the form of a secret wherever it stands (`forms`). `walk` follows the structure of the YAML, `lines`
//! goes over a text that has none. What is found is blanked in every text that is shown, and no value of it is ever read.

mod forms;
mod lines;
mod mention;
mod names;
mod walk;

use std::ops::Range;

use crate::diag::{FileId, Span};

pub(crate) use forms::has_form;
pub(crate) use names::{AWS_CHAIN, is_aws_credential};

/// What was found in a text.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In order, none inside another.
    pub secrets: Vec<Secret>,
    /// Blanked as well, to be sure: prose behind `password:` in a comment, the rest of a line in a text without structure.
    pub around: Vec<Secret>,
}

/// The bytes of one secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Secret {
    start: u32,
    end: u32,
    pub kind: Kind,
    /// The key that it stands under is for credentials of AWS.
    pub of_aws: bool,
}

/// What kind of secret it is, as far as can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Password,
    Secret,
    AwsKey,
    PrivateKey,
    PasswordInUrl,
    /// Its place in [`forms::TOKENS`].
    Token(u8),
    /// A key below a name that says secret, or what may be one: not worth a finding.
    Quiet,
}

impl Kind {
    /// In words, where it is worth a finding.
    pub fn told(self) -> Option<&'static str> {
        match self {
            Self::Password => Some("a password"),
            Self::Secret => Some("a secret"),
            Self::AwsKey => Some("an AWS access key"),
            Self::PrivateKey => Some("a private key"),
            Self::PasswordInUrl => Some("a password in a URL"),
            Self::Token(at) => forms::TOKENS.get(usize::from(at)).map(|token| token.told),
            Self::Quiet => None,
        }
    }
}

impl Secret {
    fn new(at: Range<usize>, kind: Kind) -> Self {
        let narrow = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        Self { start: narrow(at.start), end: narrow(at.end), kind, of_aws: false }
    }

    pub fn span(&self, file: FileId) -> Span {
        Span { file, start: self.start, end: self.end }
    }
}

impl Found {
    /// Whether bytes of a text are, or are part of, a secret.
    pub fn holds(&self, start: u32, end: u32) -> bool {
        let first = self.secrets.partition_point(|secret| secret.end <= start);
        self.secrets.get(first).is_some_and(|secret| secret.start < end)
    }

    /// Everything to be blanked.
    pub fn all(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.iter().chain(&self.around)
    }

    /// In order; what overlaps is one.
    fn settled(mut self) -> Self {
        self.secrets.sort_by_key(|secret| (secret.start, secret.kind == Kind::Quiet));
        self.secrets.dedup_by(|next, before| {
            let overlaps = next.start < before.end;
            if overlaps {
                before.end = before.end.max(next.end);
                before.of_aws |= next.of_aws;
            }
            overlaps
        });
        self
    }
}

/// All secrets of a text.
pub(crate) fn find(text: &str) -> Found {
    if !mention::any(text) {
        return Found::default();
    }
    let (mut found, torn) = walk::walk(text);
    if torn {
        lines::find(text, &mut found.around);
    }
    found.settled()
}

/// What may be secret in a text that is not read as YAML at all.
pub(crate) fn find_in_lines(text: &str) -> Found {
    let mut found = Found::default();
    lines::find(text, &mut found.around);
    found
}

#[cfg(test)]
mod tests;
