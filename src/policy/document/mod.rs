//! The YAML exactly as people type it: plain structs whose descriptions, examples and limits also make the JSON Schema.
//!
//! Every value is a [`Field`], so that one wrong value costs no other. What is required, and what values mean, is checked in
//! `resolve`.

mod access;
mod account;
mod class;
mod component;
mod contact;
mod freeze;
mod moved;
mod object_storage;
mod objective;
mod postgresql;
mod protection;
mod replication;
mod retention;
mod scheduler;
mod store;
mod store_access;
mod table;
mod text;

pub use access::{AccessDocument, GithubDocument, GitlabDocument, RoleDocument, TrustDocument};
pub use account::AccountDocument;
pub use class::ClassDocument;
pub use component::{ComponentDocument, FilesDocument};
pub use contact::ContactDocument;
pub use freeze::{FreezeDocument, PackWord};
pub use moved::MovedDocument;
pub use object_storage::{ObjectStorageDocument, VersioningWord};
pub use objective::{ObjectiveDocument, ObjectivesDocument};
pub use postgresql::{PostgresqlDocument, ServerSettingsDocument};
pub use protection::{
    BaseBackupDocument, FileBackupDocument, Level, LogicalDumpDocument, ProtectionDocument, WalArchiveDocument,
};
pub use replication::ReplicationDocument;
pub use retention::TierDocument;
pub use scheduler::{CronDocument, SchedulerDocument, SystemdDocument};
pub use store::{
    EncryptionDocument, FolderDocument, ImmutabilityDocument, LockWord, NoncurrentDocument, S3Document, SseWord, StoreDocument,
};
pub use store_access::StoreAccessDocument;
pub use table::{Named, Tags};
pub use text::*;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::read::Field;

/// A policy of bdr: what must be recoverable, how much loss and downtime is bearable, where copies live and how long they stay.
///
/// Several files and documents are merged; each name is given once.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "bdr policy")]
pub struct Document {
    /// Version of the policy language: 1.
    #[schemars(extend("const" = 1))]
    pub version: Field<i64>,
    /// Name of the policy: its identity, and the owner mark on everything that it manages.
    pub name: Field<NameText>,
    /// Time zone in which schedules are meant, as an IANA name; UTC unless told.
    pub timezone: Field<ZoneText>,
    /// Whom to reach in an outage, by a name of your own.
    pub contacts: Field<Named<ContactDocument>>,
    /// AWS accounts in which a role is taken on, by a name of your own.
    pub accounts: Field<Named<AccountDocument>>,
    /// Places where copies live, by a name of your own.
    pub stores: Field<Named<StoreDocument>>,
    /// Things to recover, by a name of your own.
    pub components: Field<Named<Box<ComponentDocument>>>,
    /// What carries schedules out.
    pub scheduler: Field<SchedulerDocument>,
    /// Who may do what with the stores: roles of AWS IAM.
    pub access: Field<AccessDocument>,
    /// Sets of rules that the policy is held against besides those that always hold.
    pub packs: Field<Vec<Field<PackWord>>>,
    /// Times in which `apply` refuses to change anything.
    pub change_freeze: Field<Vec<Field<FreezeDocument>>>,
}
