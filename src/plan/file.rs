//! The saved plan: one JSON document, which holds no secret and says of itself whether it is intact.

use schemars::Schema;
use serde::Deserialize;

use crate::plan::{FORMAT_VERSION, Plan};

/// A text that is not a plan that this version can carry out.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("it is not a saved plan: {0}")]
    Shape(#[from] serde_json::Error),
    #[error("it has format version {0}, and this bdr reads version {FORMAT_VERSION}")]
    Version(u64),
    #[error("it was changed after it was saved: its digest does not fit its content")]
    Tampered,
}

#[derive(Deserialize)]
struct Version {
    format_version: u64,
}

/// The plan as its document.
pub fn write(plan: &Plan) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(plan)?;
    text.push('\n');
    Ok(text)
}

/// Reads a saved plan back.
///
/// # Errors
/// When it is no plan, of another version, or not what its digest says.
pub fn read(text: &str) -> Result<Plan, FileError> {
    let version: Version = serde_json::from_str(text)?;
    if version.format_version != u64::from(FORMAT_VERSION) {
        return Err(FileError::Version(version.format_version));
    }
    let plan: Plan = serde_json::from_str(text)?;
    if plan.is_intact() { Ok(plan) } else { Err(FileError::Tampered) }
}

/// The JSON Schema of the document, for `schemas/plan.json`.
pub fn schema() -> Schema {
    schemars::schema_for!(Plan)
}
