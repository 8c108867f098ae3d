//! Protections: the ways in which a component's data is copied.

use litemap::LiteMap;

use crate::address::{ProtectionName, StoreName};
use crate::diag::{Span, Spanned};
use crate::policy::Replication;
use crate::units::cadence::Schedule;
use crate::units::duration::Duration;

/// Protections by name. Flat, for most components have one, and there may be thousands of those.
pub type Protections = LiteMap<ProtectionName, Protection>;

/// One way in which a component's data is copied, when, and to where.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Protection {
    pub name: Spanned<ProtectionName>,
    pub method: Method,
    /// When it runs by itself; `None`: only when somebody runs it.
    #[serde(serialize_with = "super::digest::schedule")]
    pub schedule: Option<Spanned<Schedule>>,
    /// Where bdr writes its copies; at least one, but for a replication, of which bdr writes none.
    pub stores: Vec<Spanned<StoreName>>,
    /// The whole entry.
    #[serde(skip)]
    pub span: Option<Span>,
}

/// What is done. A closed set: each method's bounds and engine stand in a file of their own.
#[derive(Debug, Clone, serde::Serialize)]
pub enum Method {
    FileBackup(Box<AsTree>),
    LogicalDump(Box<AsTree>),
    BaseBackup(Box<AsTree>),
    Replication(Box<Replication>),
    WalArchive(Box<WalArchive>),
}

impl Protection {
    /// How bdr itself keeps what it copies; `None`: nothing, S3 copies by itself.
    pub fn as_tree(&self) -> Option<&AsTree> {
        match &self.method {
            Method::FileBackup(tree) | Method::LogicalDump(tree) | Method::BaseBackup(tree) => Some(tree),
            Method::Replication(_) | Method::WalArchive(_) => None,
        }
    }

    /// Where S3 copies to by itself.
    pub fn replication(&self) -> Option<&Replication> {
        match &self.method {
            Method::Replication(entry) => Some(entry),
            Method::FileBackup(_) | Method::LogicalDump(_) | Method::BaseBackup(_) | Method::WalArchive(_) => None,
        }
    }

    /// How the log is archived that PostgreSQL hands over by itself.
    pub fn wal_archive(&self) -> Option<&WalArchive> {
        match &self.method {
            Method::WalArchive(archive) => Some(archive),
            Method::FileBackup(_) | Method::LogicalDump(_) | Method::BaseBackup(_) | Method::Replication(_) => None,
        }
    }

    /// Whether copies come about though nobody starts anything.
    pub fn runs_by_itself(&self) -> bool {
        self.schedule.is_some() || self.replication().is_some() || self.wal_archive().is_some()
    }
}

impl Method {
    /// The word of the policy language.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::FileBackup(_) => "file_backup",
            Self::LogicalDump(_) => "logical_dump",
            Self::BaseBackup(_) => "base_backup",
            Self::Replication(_) => "replication",
            Self::WalArchive(_) => "wal_archive",
        }
    }
}

/// How copies are kept in the tree format.
#[derive(Debug, Clone, serde::Serialize)]
pub struct AsTree {
    /// How often a backup refers to no other one; `None`: weekly.
    #[serde(serialize_with = "super::digest::schedule")]
    pub full: Option<Spanned<Schedule>>,
    /// zstd level, 1 to 19; 3 unless told.
    pub compression: Spanned<i32>,
}

/// The write-ahead log of a cluster, segment by segment, as PostgreSQL hands it over.
#[derive(Debug, Clone, serde::Serialize)]
pub struct WalArchive {
    /// The longest that a record waits for its segment to be handed over: what the server's `archive_timeout` has to be, or less.
    pub max_interval: Spanned<Duration>,
}
