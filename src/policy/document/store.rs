//! Stores as people type them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    AccountNameText, BucketText, DurationText, EndpointText, KeyText, ModeText, MovedDocument, PathText, PrefixText, RegionText,
    ReplicationDocument, StoreAccessDocument, Tags,
};
use crate::policy::read::{Field, Hints, Instead, Several};

/// A place where copies live: exactly one of `folder` and `s3`, and how it is to be set up.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Store", extend("oneOf" = [{ "required": ["folder"] }, { "required": ["s3"] }]))]
pub struct StoreDocument {
    /// What it was called before, if it was renamed.
    pub moved: Field<MovedDocument>,
    /// A directory of this machine.
    pub folder: Field<FolderDocument>,
    /// A bucket of AWS S3 or a compatible store.
    pub s3: Field<S3Document>,
    /// S3: keep old versions of objects (`true`) or suspend that (`false`); left as it is unless told.
    pub versioning: Field<bool>,
    /// S3: lock what is written, so that nobody removes or overwrites it for a time; needs `versioning: true`.
    pub immutability: Field<ImmutabilityDocument>,
    /// S3: what the bucket hands on to another store by itself; one destination, or a list.
    pub replicate: Field<Several<ReplicationDocument>>,
    /// S3: default encryption of the bucket; left as it is unless told.
    pub encryption: Field<EncryptionDocument>,
    /// S3: who may do what there; left as it is unless told.
    pub access: Field<StoreAccessDocument>,
    /// S3: tags of the bucket, besides bdr's own mark.
    pub tags: Field<Tags>,
    /// S3: what happens to versions that are no longer current.
    pub noncurrent: Field<NoncurrentDocument>,
    /// S3: when unfinished multipart uploads are removed; in days, as S3 counts.
    pub abort_uploads_after: Field<DurationText>,
}

/// A directory of this machine.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Folder", extend("required" = ["path"]))]
pub struct FolderDocument {
    /// Absolute path of the directory.
    pub path: Field<PathText>,
    /// Permission bits in octal; 0700 unless told.
    pub mode: Field<ModeText>,
}

/// A bucket of AWS S3 or a compatible store.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "S3", extend("required" = ["bucket"]))]
pub struct S3Document {
    /// Name of the bucket.
    pub bucket: Field<BucketText>,
    /// Region of the bucket; from AWS's own configuration unless told.
    pub region: Field<RegionText>,
    /// Address of a compatible store; AWS unless told.
    pub endpoint: Field<EndpointText>,
    /// Put the bucket into the path instead of the host name, as many compatible stores need.
    pub path_style: Field<bool>,
    /// Everything of bdr's lies below this prefix of the bucket.
    pub prefix: Field<PrefixText>,
    /// The AWS account that must own the bucket: twelve digits, or the name of one of `accounts`, whose role is taken on for everything there.
    pub account: Field<AccountNameText>,
}

/// Encryption of what the store holds.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Encryption", extend("required" = ["sse"]))]
pub struct EncryptionDocument {
    /// Server-side encryption.
    pub sse: Field<SseWord>,
    /// With `aws:kms`: the key, as its id, ARN or alias; the account's `alias/aws/s3` unless told.
    pub key: Field<KeyText>,
    /// With `aws:kms`: let S3 derive keys per bucket, which costs far fewer calls of KMS; `true` unless told.
    pub bucket_key: Field<bool>,
}

/// Server-side encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum SseWord {
    /// Keys that S3 manages.
    AES256,
    /// A key of AWS KMS.
    #[serde(rename = "aws:kms")]
    Kms,
}

/// A lock on what is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Immutability", extend("required" = ["mode", "for"]))]
pub struct ImmutabilityDocument {
    /// Who may end a lock before its time.
    pub mode: Field<LockWord>,
    /// How long a copy stays locked, at most as long as its tier keeps it.
    #[serde(rename = "for")]
    pub keep: Field<DurationText>,
}

/// Who may end a lock before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum LockWord {
    /// Who has the right `s3:BypassGovernanceRetention`.
    Governance,
    /// Nobody, the account's root user included: a mistake stays for the whole time too.
    Compliance,
}

/// Versions that are no longer current.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Noncurrent", extend("required" = ["for"]))]
pub struct NoncurrentDocument {
    /// How long they stay; in days, as S3 counts.
    #[serde(rename = "for")]
    pub keep: Field<DurationText>,
}

impl Instead for StoreDocument {
    const WRITE: Hints =
        &["Write `{key}: { folder: { path: /srv/backups } }`.", "Write `{key}: { folder: { path: /srv/backups } }`."];
    const NAMED: Hints = &[
        "The names are keys: `{key}: { NAME: { folder: { path: /srv/backups } } }`.",
        "The names are keys: `{key}: { NAME: { folder: { path: /srv/backups } } }`.",
    ];
}

impl Instead for FolderDocument {
    const WRITE: Hints = &["Write `{key}: { path: {value} }`.", "Write `{key}: { path: /srv/backups }`."];
}

impl Instead for S3Document {
    const WRITE: Hints =
        &["Write `{key}: { bucket: {value}, region: REGION }`.", "Write `{key}: { bucket: NAME, region: REGION }`."];
}

impl Instead for EncryptionDocument {
    const WRITE: Hints = &[
        "Write `{key}: { sse: AES256 }` or `{key}: { sse: aws:kms }`.",
        "Write `{key}: { sse: AES256 }` or `{key}: { sse: aws:kms }`.",
    ];
}

impl Instead for NoncurrentDocument {
    const WRITE: Hints = &["Write `{key}: { for: {value} }`.", "Write `{key}: { for: 30d }`."];
}

impl Instead for SseWord {}

impl Instead for ImmutabilityDocument {
    const WRITE: Hints = &["Write `{key}: { mode: governance, for: {value} }`.", "Write `{key}: { mode: governance, for: 7d }`."];
}

impl Instead for LockWord {}
