//! Renamed stores and components as people type it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::NameText;
use crate::policy::read::{Field, Hints, Instead};

/// What a store or a component was called before.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Moved", extend("required" = ["from"]))]
pub struct MovedDocument {
    /// The name under which it was last applied; of a component with backups, the first under which some were made.
    pub from: Field<NameText>,
}

impl Instead for MovedDocument {
    const WRITE: Hints = &["Write `{key}: { from: {value} }`.", "Write `{key}: { from: OLD-NAME }`."];
}
