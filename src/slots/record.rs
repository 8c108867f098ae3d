//! What stands in the objects of a slot: who claimed it, and how it ended.

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::address::PolicyName;
use crate::apply::Owner;

const VERSION: u32 = 1;

/// A claim as it lies in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimRecord {
    version: u32,
    pub policy: PolicyName,
    pub owner: Owner,
    pub claimed: Timestamp,
    /// Tells the claims of one process apart.
    nonce: String,
}

/// How a claimed run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    Succeeded,
    Failed,
}

/// The outcome of a claim as it lies in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultRecord {
    version: u32,
    pub ending: Ending,
    pub ended: Timestamp,
    /// Why it failed; without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What carries the version that it was written in.
pub(super) trait Versioned: DeserializeOwned {
    fn version(&self) -> u32;
}

impl Versioned for ClaimRecord {
    fn version(&self) -> u32 {
        self.version
    }
}

impl Versioned for ResultRecord {
    fn version(&self) -> u32 {
        self.version
    }
}

impl ClaimRecord {
    pub(super) fn new(policy: &PolicyName, owner: &Owner, claimed: Timestamp) -> Self {
        let nonce = format!("{:016x}", fastrand::u64(..));
        Self { version: VERSION, policy: policy.clone(), owner: owner.clone(), claimed, nonce }
    }
}

impl Ending {
    /// As in the key of the outcome, so that a listing tells it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

impl ResultRecord {
    pub(super) fn new(ending: Ending, reason: Option<&str>, ended: Timestamp) -> Self {
        Self { version: VERSION, ending, ended, reason: reason.map(str::to_owned) }
    }
}

pub(super) fn body(record: &impl Serialize) -> Bytes {
    // Plain structs of texts and numbers always become JSON; an empty body would be refused when read.
    serde_json::to_vec(record).map(Bytes::from).unwrap_or_default()
}

pub(super) fn read<T: Versioned>(bytes: &[u8]) -> Result<T, String> {
    let record: T = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    match record.version() {
        VERSION => Ok(record),
        other => Err(format!("it has version {other}; this bdr knows version {VERSION}")),
    }
}

/// A moment as it stands in a key: `20261124T020000Z`.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let wall = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(wall).ok()
}
