//! What could not be read: told beside what could, and in JSON documents.

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::Context;

/// Something that could not be read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Unread {
    pub subject: String,
    pub reason: String,
    /// What to do next.
    pub help: Option<String>,
}

/// Tells people of each.
pub fn tell(context: &Context, all: &[Unread]) {
    for unread in all {
        context.warn(&format!("warning: {}: {}", unread.subject, unread.reason));
        unread.help.iter().for_each(|help| context.warn(&format!("  help: {help}")));
    }
}
