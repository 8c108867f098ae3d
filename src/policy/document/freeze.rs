//! Packs and change freezes as people type them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{MomentText, PlainText};
use crate::policy::read::{Field, Hints, Instead};

/// A set of rules that the policy is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum PackWord {
    /// Three copies, on two kinds of place, one off site, one immutable, none unverified.
    #[serde(rename = "3-2-1-1-0")]
    Copies,
    /// What the CIS Benchmark for AWS asks of buckets.
    #[serde(rename = "cis-s3")]
    CisS3,
    /// No change in the times that `change_freeze` names.
    #[serde(rename = "change-freeze")]
    ChangeFreeze,
}

/// A time in which `apply` refuses to change anything.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Freeze", extend("required" = ["from", "to", "reason"]))]
pub struct FreezeDocument {
    /// When it begins, by the policy's clock.
    pub from: Field<MomentText>,
    /// When it ends, by the policy's clock; a day is the last one of it, whole.
    pub to: Field<MomentText>,
    /// Why; shown to whoever meets it.
    pub reason: Field<PlainText>,
}

impl Instead for PackWord {}

impl Instead for FreezeDocument {
    const LISTED: Hints = &[
        "Write `{key}: [{ from: 2026-12-20, to: 2027-01-06, reason: … }]`.",
        "Write `{key}: [{ from: 2026-12-20, to: 2027-01-06, reason: … }]`.",
        "It is a list: `{key}: [{ from: 2026-12-20, to: 2027-01-06, reason: … }]`.",
    ];
}
