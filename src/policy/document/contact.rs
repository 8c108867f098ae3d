//! Contacts as people type them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{EmailText, PlainText};
use crate::policy::read::{Field, Hints, Instead};

/// Somebody to reach in an outage: a telephone number, an e-mail address, or both.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Contact", extend("minProperties" = 1))]
pub struct ContactDocument {
    /// Telephone number.
    #[schemars(extend("examples" = ["+46-70-123-4567"]))]
    pub phone: Field<PlainText>,
    /// E-mail address.
    pub email: Field<EmailText>,
}

impl Instead for ContactDocument {
    const WRITE: Hints = &["Write `{key}: { email: name@host }`.", "Write `{key}: { email: name@host }`."];
    const NAMED: Hints = &[
        "The names are keys: `{key}: { NAME: { email: name@host } }`.",
        "The names are keys: `{key}: { NAME: { email: name@host } }`.",
    ];
}
