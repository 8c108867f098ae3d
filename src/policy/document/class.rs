//! A service class: values that components inherit.

use serde::Deserialize;

use super::{Named, ObjectivesDocument, PlainText, ProtectionDocument, TierDocument};
use crate::policy::read::Field;

/// The file of a service class.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassDocument {
    pub version: Field<i64>,
    pub class: Field<PlainText>,
    pub description: Field<PlainText>,
    pub objectives: Field<ObjectivesDocument>,
    pub protect: Field<Named<ProtectionDocument>>,
    pub retain: Field<Named<TierDocument>>,
}
