//! Components that are buckets, as people type them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{AccountNameText, BucketText, EndpointText, PrefixText, RegionText};
use crate::policy::read::{Field, Hints, Instead};

/// A bucket of the application's own data. bdr never makes, marks, locks or removes it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "ObjectStorage", extend("required" = ["bucket"]))]
pub struct ObjectStorageDocument {
    /// Name of the bucket, which must exist.
    pub bucket: Field<BucketText>,
    /// Region of the bucket; from AWS's own configuration unless told.
    pub region: Field<RegionText>,
    /// Address of a compatible store; AWS unless told.
    pub endpoint: Field<EndpointText>,
    /// Put the bucket into the path instead of the host name, as many compatible stores need.
    pub path_style: Field<bool>,
    /// The component is what lies below it; the whole bucket unless told.
    pub prefix: Field<PrefixText>,
    /// The AWS account that must own the bucket: twelve digits, or the name of one of `accounts`, whose role is taken on for everything there.
    pub account: Field<AccountNameText>,
    /// Whether the bucket must keep versions already (`required`), or bdr switches them on and never off (`managed`); `required` unless told.
    pub versioning: Field<VersioningWord>,
}

/// Who sees to it that a bucket of the application keeps versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum VersioningWord {
    /// The application's owner: without them, nothing is planned that needs them.
    Required,
    /// bdr: it switches them on, and never off.
    Managed,
}

impl Instead for ObjectStorageDocument {
    const WRITE: Hints =
        &["Write `{key}: { bucket: {value}, region: REGION }`.", "Write `{key}: { bucket: NAME, region: REGION }`."];
}

impl Instead for VersioningWord {}
