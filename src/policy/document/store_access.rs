//! Who may do what in a bucket, as people type it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::PrincipalText;
use crate::policy::read::{Field, Hints, Instead};

/// Who may do what in a bucket, whatever else is allowed to them: statements of the bucket's policy.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "StoreAccess", extend("minProperties" = 1))]
pub struct StoreAccessDocument {
    /// Refuse requests that do not come by TLS.
    pub tls_only: Field<bool>,
    /// Who makes backups there: these may, and nobody else. An `apply` that makes first backups is one of them.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub write: Field<Vec<Field<PrincipalText>>>,
    /// Who restores from there: these may, and of others only who writes.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub read: Field<Vec<Field<PrincipalText>>>,
    /// Who removes backups and ends locks: these may, and nobody else; `[]` lets nobody.
    #[schemars(extend("uniqueItems" = true))]
    pub delete: Field<Vec<Field<PrincipalText>>>,
    /// Who alone may change how the bucket is set: its policy, versioning, lifecycle, locks; who applies is one of them.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub configure: Field<Vec<Field<PrincipalText>>>,
}

impl Instead for StoreAccessDocument {
    const WRITE: Hints = &["Write `{key}: { tls_only: true }`.", "Write `{key}: { tls_only: true }`."];
}
