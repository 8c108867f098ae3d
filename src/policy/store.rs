//! Stores: the places where copies live.

use std::collections::BTreeMap;

use crate::address::{AccountName, StoreName};
use crate::diag::{Span, Spanned};
use crate::policy::{Account, Replication, StoreAccess, Text};
use crate::units::duration::Duration;

/// One place where copies live, and how it is to be set up.
#[derive(Debug, Clone, serde::Serialize)]
pub struct StoreSpec {
    pub name: Spanned<StoreName>,
    /// What it was called before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<Spanned<StoreName>>,
    pub backend: Backend,
    /// S3: whether the bucket keeps old versions; `None`: left as it is.
    pub versioning: Option<Spanned<bool>>,
    /// S3: how long nobody may remove or overwrite what is written; `None`: as long as the bucket says.
    pub immutability: Option<Spanned<Immutability>>,
    /// S3: what the bucket hands on to other stores by itself, in the order of the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replicate: Vec<Replication>,
    /// S3: default encryption of the bucket; `None`: left as it is.
    pub encryption: Option<Spanned<Encryption>>,
    /// S3: who may do what there, whatever else is allowed to them; `None`: left as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<Spanned<StoreAccess>>,
    /// Tags of the bucket besides bdr's own mark.
    pub tags: BTreeMap<String, Spanned<String>>,
    /// S3: how long versions stay that are no longer current.
    pub noncurrent: Option<Spanned<Duration>>,
    /// S3: when unfinished multipart uploads are removed.
    pub abort_uploads_after: Option<Spanned<Duration>>,
    /// The whole entry.
    #[serde(skip)]
    pub span: Option<Span>,
}

/// What kind of place.
#[derive(Debug, Clone, serde::Serialize)]
pub enum Backend {
    Folder(FolderBackend),
    S3(S3Backend),
}

impl Backend {
    /// The bucket, where it is one.
    pub fn s3(&self) -> Option<&S3Backend> {
        match self {
            Self::Folder(_) => None,
            Self::S3(s3) => Some(s3),
        }
    }
}

/// A directory of this machine.
#[derive(Debug, Clone, serde::Serialize)]
pub struct FolderBackend {
    pub path: Spanned<Text>,
    /// Permission bits; 0700 unless told.
    pub mode: Spanned<u32>,
}

/// A bucket of AWS S3 or a compatible store.
#[derive(Debug, Clone, serde::Serialize)]
pub struct S3Backend {
    pub bucket: Spanned<Text>,
    /// `None`: from AWS's own configuration chain.
    pub region: Option<Spanned<String>>,
    /// `None`: AWS, or `AWS_ENDPOINT_URL`.
    pub endpoint: Option<Spanned<Text>>,
    pub path_style: Option<Spanned<bool>>,
    /// Everything of bdr's lies below it; empty or ending in `/`.
    pub prefix: Spanned<String>,
    /// Twelve digits: the account that must own the bucket (`x-amz-expected-bucket-owner`).
    pub account: Option<Spanned<String>>,
    /// The same account where the policy names it: its role is taken on for everything there; `None`: the caller's own credentials are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<Box<Account>>,
}

impl S3Backend {
    /// By whose role everything is done there; `None`: by the caller's own credentials.
    pub fn by(&self) -> Option<&AccountName> {
        self.through.as_ref().map(|account| &account.name.value)
    }
}

/// Server-side encryption by default.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub enum Encryption {
    Aes256,
    Kms {
        /// Key id, ARN or alias; `None`: the account's `alias/aws/s3`.
        key: Option<Spanned<String>>,
        bucket_key: bool,
    },
}

/// A lock on every version that is written (S3 user guide, "Locking objects with Object Lock").
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Immutability {
    pub mode: LockMode,
    pub keep: Spanned<Duration>,
}

impl Immutability {
    /// Whole days, begun ones counted: S3 knows no shorter unit for a bucket.
    pub fn days(&self) -> u64 {
        self.keep.as_secs().div_ceil(24 * 3600)
    }
}

/// Who may end a lock before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LockMode {
    /// Who has the right to (`s3:BypassGovernanceRetention`).
    Governance,
    /// Nobody, the account's root user included.
    Compliance,
}

impl LockMode {
    /// As S3 writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Governance => "GOVERNANCE",
            Self::Compliance => "COMPLIANCE",
        }
    }
}
