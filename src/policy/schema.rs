//! The JSON Schema of a policy document, from the types that read it: an editor completes by it.

use schemars::{Schema, schema_for};

use super::document::Document;

/// Names the schema and the version of the language; it is no address.
const ID: &str = "urn:bdr:policy:1";

/// The schema of one document of a policy (JSON Schema, draft 2020-12).
pub fn schema() -> Schema {
    let mut schema = schema_for!(Document);
    schema.insert("$id".to_owned(), ID.into());
    schema
}
