//! The configuration documents of a bucket: what they are called, who may read them, and what a read can give.

use crate::providers::s3::element::Element;

/// One document of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Document {
    Versioning,
    Encryption,
    PublicAccessBlock,
    OwnershipControls,
    Tagging,
    Lifecycle,
}

impl Document {
    /// Name of its root element (S3 API reference).
    pub fn root(self) -> &'static str {
        match self {
            Self::Versioning => "VersioningConfiguration",
            Self::Encryption => "ServerSideEncryptionConfiguration",
            Self::PublicAccessBlock => "PublicAccessBlockConfiguration",
            Self::OwnershipControls => "OwnershipControls",
            Self::Tagging => "Tagging",
            Self::Lifecycle => "LifecycleConfiguration",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Versioning => "versioning",
            Self::Encryption => "default encryption",
            Self::PublicAccessBlock => "public access block",
            Self::OwnershipControls => "ownership controls",
            Self::Tagging => "tags",
            Self::Lifecycle => "lifecycle rules",
        }
    }

    /// What it means that an endpoint does not know the document, and what is done instead.
    pub fn without(self) -> &'static str {
        match self {
            Self::Versioning => "what is overwritten or deleted there is gone at once",
            Self::Encryption => "bdr leaves encryption to the endpoint",
            Self::PublicAccessBlock => "bdr sets no public access, and cannot keep others from it",
            Self::OwnershipControls => "who writes an object there may own it",
            Self::Tagging => "bdr marks nothing there",
            Self::Lifecycle => "nothing is below bdr's own retention there: run `bdr prune`",
        }
    }

    /// The IAM action that reads it; the names differ from the API's (service authorization reference for S3).
    pub fn read_action(self) -> &'static str {
        match self {
            Self::Versioning => "s3:GetBucketVersioning",
            Self::Encryption => "s3:GetEncryptionConfiguration",
            Self::PublicAccessBlock => "s3:GetBucketPublicAccessBlock",
            Self::OwnershipControls => "s3:GetBucketOwnershipControls",
            Self::Tagging => "s3:GetBucketTagging",
            Self::Lifecycle => "s3:GetLifecycleConfiguration",
        }
    }

    /// The IAM action that writes it.
    pub fn write_action(self) -> &'static str {
        match self {
            Self::Versioning => "s3:PutBucketVersioning",
            Self::Encryption => "s3:PutEncryptionConfiguration",
            Self::PublicAccessBlock => "s3:PutBucketPublicAccessBlock",
            Self::OwnershipControls => "s3:PutBucketOwnershipControls",
            Self::Tagging => "s3:PutBucketTagging",
            Self::Lifecycle => "s3:PutLifecycleConfiguration",
        }
    }
}

/// What a read of a document gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Found(Found),
    /// The bucket is there and holds no such document.
    Absent,
    /// There is no such bucket.
    NoBucket,
    /// The endpoint does not know the document, and why that is thought.
    Unsupported(String),
}

/// A document with what came beside its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub tree: Element,
    /// Lifecycle: which small objects transitions leave out, where the endpoint says it.
    pub minimum_size: Option<String>,
    /// Tags: where the endpoint keeps none, and an object holds them instead.
    pub kept: Option<Kept>,
}

/// A document that is kept in an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// Of the object that was read; `None`: there is none.
    pub etag: Option<String>,
}
