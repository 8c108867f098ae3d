//! Components: the things to recover.

use std::collections::BTreeMap;

use crate::address::{ComponentName, StoreName};
use crate::diag::{Span, Spanned};
use crate::policy::{Backend, LogWindow, Objectives, Protection, Protections, S3Backend, StoreSpec, Text, Tiers};

/// A thing to recover, what it can bear, how it is copied and how long copies stay.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Component {
    pub name: Spanned<ComponentName>,
    /// What it was called before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<Spanned<ComponentName>>,
    pub kind: ComponentKind,
    pub objectives: Objectives,
    pub protections: Protections,
    pub retain: Tiers,
    /// How far back its log reaches; `None`: as far as the oldest base backup that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_window: Option<Box<LogWindow>>,
    /// The whole entry.
    #[serde(skip)]
    pub span: Option<Span>,
}

impl Component {
    /// What its copies lie under. Nothing in a store is ever rewritten, so that a component that was renamed keeps its folder: its
    /// backups, their parents, the slots that were claimed and what was verified are what they were.
    pub fn folder(&self) -> &ComponentName {
        self.moved.as_ref().map_or(&self.name.value, |moved| &moved.value)
    }

    /// The protection that archives its write-ahead log; there is one at most.
    pub fn wal_archive(&self) -> Option<&Protection> {
        self.protections.values().find(|protection| protection.wal_archive().is_some())
    }

    /// Its bucket as a store would be, with the component's name: what holds of any bucket holds of it.
    pub fn as_store(&self) -> Option<StoreSpec> {
        let bucket = self.kind.bucket()?;
        let entries = self.protections.values().filter_map(|protection| protection.replication());
        Some(StoreSpec {
            name: Spanned { value: StoreName::new(self.name.as_str()).ok()?, span: self.name.span },
            moved: None,
            backend: Backend::S3(bucket.backend.clone()),
            versioning: Some(Spanned { value: bucket.keeps_versions, span: bucket.versioning }),
            immutability: None,
            replicate: entries.cloned().collect(),
            encryption: None,
            access: None,
            tags: BTreeMap::new(),
            noncurrent: None,
            abort_uploads_after: None,
            span: self.span,
        })
    }
}

/// What kind of thing.
#[derive(Debug, Clone, serde::Serialize)]
pub enum ComponentKind {
    Files(Files),
    ObjectStorage(Box<ObjectStorage>),
    Postgresql(Postgresql),
}

impl ComponentKind {
    /// The files, where it is some.
    pub fn files(&self) -> Option<&Files> {
        match self {
            Self::Files(files) => Some(files),
            Self::ObjectStorage(_) | Self::Postgresql(_) => None,
        }
    }

    /// The bucket, where it is one.
    pub fn bucket(&self) -> Option<&ObjectStorage> {
        match self {
            Self::ObjectStorage(bucket) => Some(bucket),
            Self::Files(_) | Self::Postgresql(_) => None,
        }
    }

    /// The database, where it is one.
    pub fn postgresql(&self) -> Option<&Postgresql> {
        match self {
            Self::Postgresql(database) => Some(database),
            Self::Files(_) | Self::ObjectStorage(_) => None,
        }
    }

    /// The word of the policy language.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Files(_) => "files",
            Self::ObjectStorage(_) => "object_storage",
            Self::Postgresql(_) => "postgresql",
        }
    }

    /// An entry of `protect` that fits it, for people to go by.
    pub fn example(&self) -> &'static str {
        match self {
            Self::Files(_) => "nightly: { file_backup: {}, schedule: daily, store: primary }",
            Self::ObjectStorage(_) => "copy: { replication: { to: elsewhere } }",
            Self::Postgresql(_) => "nightly: { logical_dump: {}, schedule: daily, store: primary }",
        }
    }
}

/// A bucket of the application's own data: bdr never makes, marks, locks or removes it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ObjectStorage {
    /// The component is what lies below its prefix.
    pub backend: S3Backend,
    /// Whether bdr switches versions on; otherwise they must be on.
    pub manages_versions: bool,
    /// As the policy has it always; what stands may keep none.
    #[serde(skip)]
    pub keeps_versions: bool,
    /// Where the text says so.
    #[serde(skip)]
    pub versioning: Option<Span>,
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

/// A database of a PostgreSQL server.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Postgresql {
    /// How to connect, as libpq takes it; `None`: as the `PG*` variables of the environment say.
    pub url: Option<Spanned<Text>>,
    /// Settings of the server that are kept, by name, as the server writes their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<&'static str, Spanned<String>>,
}
