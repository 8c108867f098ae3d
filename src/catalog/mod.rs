//! The catalogue: what a store holds of one protection, as names and versioned formats. No I/O; `docs/format.md` tells people.
//!
//! A backup is one folder: packs, then index parts, then the manifest, whose create-only put is the commit.

pub mod digest;
pub mod layout;
pub mod entry;
mod wire;
pub mod part;
pub mod index;
pub mod pack;
pub mod log;
pub mod manifest;
pub mod verification;
pub mod facts;
pub mod retention;
pub mod log_retention;
pub mod due;
pub mod overdue;
pub mod locked;
pub mod copied;
pub mod absent;

#[cfg(test)]
mod retention_tests;
#[cfg(test)]
mod log_retention_tests;

use crate::units::count::count;

/// An object of the catalogue that does not read as what it should be: cut, changed, or of a version this bdr does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error("{what} is damaged: {why}")]
    Damaged { what: String, why: String },
    #[error("{what} is missing, though {why}")]
    Lost { what: String, why: String },
    #[error("{what} has format version {found}, and this bdr knows up to {known}")]
    Version { what: String, found: u32, known: u32 },
    /// To the byte: of an object that was cut by one, two rounded sizes would be the same.
    #[error("{what} has {} where {expected} were written", count(*found, "byte"))]
    Size { what: String, found: u64, expected: u64 },
    #[error("{what} has the digest {found} where {expected} was written")]
    Digest { what: String, found: digest::Digest, expected: digest::Digest },
}

impl FormatError {
    pub fn damaged(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Damaged { what: what.into(), why: why.into() }
    }
}
