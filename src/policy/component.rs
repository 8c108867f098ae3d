//! Components: the things to recover.

use std::collections::BTreeMap;

use crate::address::{ComponentName, ProtectionName, TierName};
use crate::diag::{Span, Spanned};
use crate::policy::{Objectives, Protection, Text, Tier};

/// A thing to recover, what it can bear, how it is copied and how long copies stay.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Component {
    pub name: Spanned<ComponentName>,
    pub kind: ComponentKind,
    pub objectives: Objectives,
    pub protections: BTreeMap<ProtectionName, Protection>,
    pub retain: BTreeMap<TierName, Tier>,
    /// The whole entry.
    #[serde(skip)]
    pub span: Option<Span>,
}

/// What kind of thing.
#[derive(Debug, Clone, serde::Serialize)]
pub enum ComponentKind {
    Files(Files),
}

impl ComponentKind {
    /// The word of the policy language.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Files(_) => "files",
        }
    }
}

/// Files and folders of the machine on which bdr runs.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Files {
    /// Absolute; at least one.
    pub paths: Vec<Spanned<Text>>,
    /// Globs relative to each path; empty: everything.
    pub include: Vec<Spanned<String>>,
    /// Globs relative to each path; wins over `include`.
    pub exclude: Vec<Spanned<String>>,
    /// Stay on the file system that each path lies on.
    pub one_file_system: bool,
}
