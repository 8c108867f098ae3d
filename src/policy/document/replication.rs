//! Replication as people type it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{DurationText, KeyText, PrefixText, RoleText, StoreText, Tags};
use crate::policy::read::{Field, Hints, Instead};
use crate::units::storage_class::StorageClass;

/// What a bucket hands on to another one by itself.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Replication", extend("required" = ["to"]))]
pub struct ReplicationDocument {
    /// The store that copies go to: another bucket, with versions.
    pub to: Field<StoreText>,
    /// The time within which S3 promises copies (replication time control): 15m, which is the only one; no promise unless told.
    #[schemars(extend("const" = "15m"))]
    pub within: Field<DurationText>,
    /// Storage class of the copies; as at the source unless told.
    pub storage_class: Field<StorageClass>,
    /// Whether what is deleted at the source is deleted at the destination too, where its versions stay; `false` unless told.
    pub delete_markers: Field<bool>,
    /// Only what lies below it: a component, or one of its protections; everything of the policy unless told.
    pub prefix: Field<PrefixText>,
    /// Only objects with all of these tags; bdr's own carry none.
    pub tags: Field<Tags>,
    /// Whether bdr copies what lies there already and is not at the destination, which S3 does by no rule; `false` unless told.
    pub existing_objects: Field<bool>,
    /// Key of KMS that encrypts the copies; that of the destination's `encryption` unless told.
    pub kms: Field<KeyText>,
    /// Whether the copies belong to the account of the destination, whose `account` must be stated; `false` unless told.
    pub owner_override: Field<bool>,
    /// ARN of the role that S3 takes on to copy; unless told, that of the role which bdr names.
    pub role: Field<RoleText>,
}

impl Instead for ReplicationDocument {
    const WRITE: Hints = &["Write `{key}: { to: {value} }`.", "Write `{key}: { to: NAME }`."];
}
