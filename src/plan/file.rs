//! The saved plan: one JSON document, which holds no secret and says of itself whether it is intact.

use std::io;

use schemars::Schema;
use serde::Deserialize;

use crate::plan::{FORMAT_VERSION, Plan, TOOL};

/// A text that is not a plan that this version can carry out.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("it is not a saved plan: {0}")]
    Shape(#[from] serde_json::Error),
    #[error("{tool} made it, in format version {version}; this is {ours}, which reads version {FORMAT_VERSION}", ours = TOOL)]
    Version { version: u64, tool: String },
    #[error("it was changed after it was saved: its digest does not fit its content")]
    Tampered,
}

#[derive(Deserialize)]
struct Version {
    format_version: u64,
    #[serde(default)]
    tool: String,
}

/// The plan as its document.
///
/// # Errors
/// None that a plan can cause: its keys are strings.
pub fn write(plan: &Plan) -> Result<String, serde_json::Error> {
    let mut text = Vec::new();
    write_to(plan, &mut text)?;
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

/// Writes the document as it goes, so that a large plan is never held twice.
///
/// # Errors
/// The writer's own.
pub fn write_to(plan: &Plan, mut writer: impl io::Write) -> Result<(), serde_json::Error> {
    serde_json::to_writer_pretty(&mut writer, plan)?;
    writer.write_all(b"\n").map_err(serde_json::Error::io)
}

/// Reads a saved plan back.
///
/// # Errors
/// When it is no plan, of another version, or not what its digest says.
pub fn read(text: &str) -> Result<Plan, FileError> {
    let version: Version = serde_json::from_str(text)?;
    if version.format_version != u64::from(FORMAT_VERSION) {
        let tool = if version.tool.is_empty() { "another program".to_owned() } else { version.tool };
        return Err(FileError::Version { version: version.format_version, tool });
    }
    let plan: Plan = serde_json::from_str(text)?;
    if plan.is_intact() { Ok(plan) } else { Err(FileError::Tampered) }
}

/// The JSON Schema of the document, for `schemas/plan.json`.
pub fn schema() -> Schema {
    schemars::schema_for!(Plan)
}
