//! Objectives as people type them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::DurationText;
use crate::policy::read::{Field, Hints, Instead};

/// How much loss and downtime a component can bear, in general and by disruption.
///
/// The general objective speaks of `process`, `host` and `corruption`; the loss of a `region` or of an `account` has an
/// objective where one is stated.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Objectives")]
pub struct ObjectivesDocument {
    /// Most data loss that is acceptable, as time.
    pub rpo: Field<DurationText>,
    /// Most time until service is back.
    pub rto: Field<DurationText>,
    /// When the service crashes.
    pub process: Field<Box<ObjectiveDocument>>,
    /// When the machine or its disk is lost.
    pub host: Field<Box<ObjectiveDocument>>,
    /// After a bad write, a deletion, ransomware.
    pub corruption: Field<Box<ObjectiveDocument>>,
    /// When the site is lost.
    pub region: Field<Box<ObjectiveDocument>>,
    /// When the credentials are compromised.
    pub account: Field<Box<ObjectiveDocument>>,
}

/// The objective under one disruption.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Objective")]
pub struct ObjectiveDocument {
    /// Most data loss that is acceptable, as time.
    pub rpo: Field<DurationText>,
    /// Most time until service is back.
    pub rto: Field<DurationText>,
}

impl Instead for ObjectivesDocument {
    const WRITE: Hints = &[
        "Write `{key}: { rpo: {value} }` for what may be lost, `rto:` for the time until it is back.",
        "Write `{key}: { rpo: 26h, rto: 8h }`.",
    ];
}

impl Instead for ObjectiveDocument {
    const WRITE: Hints = &[
        "Write `{key}: { rpo: {value} }` for what may be lost, `rto:` for the time until it is back.",
        "Write `{key}: { rpo: 26h, rto: 8h }`.",
    ];
}
