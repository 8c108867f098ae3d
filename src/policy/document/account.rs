//! Accounts as people type them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{AccountText, ExternalIdText, SessionText, TakenRoleText};
use crate::policy::read::{Field, Hints, Instead};

/// An AWS account, and the role that bdr takes on there, by the credentials that it runs with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Account", extend("required" = ["id", "role"]))]
pub struct AccountDocument {
    /// Twelve digits; the buckets must belong to it.
    pub id: Field<AccountText>,
    /// The role: its name, with its path if it has one, or its ARN.
    pub role: Field<TakenRoleText>,
    /// What the role's trust asks for (`sts:ExternalId`), if it does; may contain `${env:NAME}`.
    pub external_id: Field<ExternalIdText>,
    /// How the account's log calls who acts there; `bdr-` and the policy's name unless told.
    pub session_name: Field<SessionText>,
}

impl Instead for AccountDocument {
    const WRITE: Hints =
        &["Write `{key}: { id: \"111122223333\", role: NAME }`.", "Write `{key}: { id: \"111122223333\", role: NAME }`."];
    const NAMED: Hints = &[
        "The names are keys: `{key}: { NAME: { id: \"111122223333\", role: NAME } }`.",
        "The names are keys: `{key}: { NAME: { id: \"111122223333\", role: NAME } }`.",
    ];
}
