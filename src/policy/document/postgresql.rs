//! Components that are databases of PostgreSQL, as people type them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::ConninfoText;
use crate::policy::read::{Field, Hints, Instead};

/// A database of a PostgreSQL server.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Postgresql")]
pub struct PostgresqlDocument {
    /// How to connect: a URL or `keyword=value` pairs of libpq; what it does not say is taken from `PG*` variables.
    pub url: Field<ConninfoText>,
}

impl Instead for PostgresqlDocument {
    // What stands there may hold a password, and is not repeated.
    const WRITE: Hints =
        &["Write `{key}: { url: \"${env:DATABASE_URL}\" }`.", "Write `{key}: { url: \"${env:DATABASE_URL}\" }`."];
}
