//! Events of `copy`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What of a rule's source is not at its destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExistingFound {
    /// Address of the rule.
    pub rule: String,
    pub from: String,
    pub to: String,
    /// Objects of the source that were looked at.
    pub compared: u64,
    /// To copy.
    pub objects: u64,
    pub bytes: u64,
    /// Those in an archive class, which cannot be read.
    pub archived: u64,
    /// Whether the bytes pass by bdr.
    pub through_bdr: bool,
}

/// What came of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleCopied {
    /// Address of the rule.
    pub rule: String,
    pub objects: u64,
    pub bytes: u64,
    /// Keys that were taken when it came to them: what lies there stays.
    pub there_meanwhile: u64,
    /// Those that went since they were listed.
    pub gone: u64,
    pub archived: u64,
    /// Those of which S3 says that it is about to copy them.
    pub under_way: u64,
    /// Manifests that were not copied, because something of their series is not there.
    pub withheld: u64,
    pub failed: u64,
}
