//! Components as people type them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    GlobText, MovedDocument, NameText, Named, ObjectStorageDocument, ObjectivesDocument, PathText, PostgresqlDocument,
    ProtectionDocument, TierDocument,
};
use crate::policy::read::{Field, Hints, Instead};

/// A thing to recover: what it is, what it can bear, how it is copied and how long copies stay.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(
    rename = "Component",
    extend(
        "oneOf" = [{ "required": ["files"] }, { "required": ["object_storage"] }, { "required": ["postgresql"] }],
        "if" = { "required": ["inherits"] },
        "else" = {
            "properties": {
                "objectives": { "minProperties": 1, "additionalProperties": { "minProperties": 1 } },
                "protect": {
                    "additionalProperties": {
                        "oneOf": [
                            {
                                "required": ["file_backup"],
                                "anyOf": [{ "required": ["store"] }, { "required": ["stores"] }]
                            },
                            {
                                "required": ["logical_dump"],
                                "anyOf": [{ "required": ["store"] }, { "required": ["stores"] }]
                            },
                            {
                                "required": ["base_backup"],
                                "anyOf": [{ "required": ["store"] }, { "required": ["stores"] }]
                            },
                            {
                                "required": ["wal_archive"],
                                "anyOf": [{ "required": ["store"] }, { "required": ["stores"] }]
                            },
                            { "required": ["replication"] }
                        ]
                    }
                },
                "retain": {
                    "patternProperties": {
                        "^(hourly|daily|weekly|monthly|quarterly|yearly|annually|annual)$": { "required": ["for"] },
                        "^wal$": {
                            "required": ["for"],
                            "not": { "anyOf": [{ "required": ["every"] }, { "required": ["class"] }] }
                        }
                    },
                    "additionalProperties": { "required": ["every", "for"] }
                }
            }
        }
    )
)]
pub struct ComponentDocument {
    /// What it was called before, if it was renamed.
    pub moved: Field<MovedDocument>,
    /// A service class (`critical`, `standard`, `archive`) or another component, whose values hold where this one has none.
    pub inherits: Field<NameText>,
    /// Files and folders of the machine on which bdr runs.
    pub files: Field<FilesDocument>,
    /// A bucket of the application's own data.
    pub object_storage: Field<Box<ObjectStorageDocument>>,
    /// A database of PostgreSQL.
    pub postgresql: Field<Box<PostgresqlDocument>>,
    /// How much loss and downtime it can bear.
    pub objectives: Field<ObjectivesDocument>,
    /// The ways in which its data is copied, by a name of your own.
    pub protect: Field<Named<ProtectionDocument>>,
    /// How long copies stay: `hourly`, `daily`, `weekly`, `monthly`, `quarterly`, `yearly`, or any name with `every`. `wal` is how far back
    /// any moment can be restored by an archived log.
    pub retain: Field<Named<TierDocument>>,
}

/// Files and folders of the machine on which bdr runs.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Files", extend("required" = ["paths"]))]
pub struct FilesDocument {
    /// Absolute paths; symbolic links below them are kept as links, never followed.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub paths: Field<Vec<Field<PathText>>>,
    /// Globs relative to each path; everything unless told.
    pub include: Field<Vec<Field<GlobText>>>,
    /// Globs relative to each path; they win over `include`.
    pub exclude: Field<Vec<Field<GlobText>>>,
    /// Stay on the file system that each path lies on; `false` unless told.
    pub one_file_system: Field<bool>,
}

impl Instead for ComponentDocument {
    const WRITE: Hints = &["Write `{key}: { files: { paths: [{value}] } }`.", "Write `{key}: { files: { paths: [{value}] } }`."];
    const NAMED: Hints = &[
        "The names are keys: `{key}: { NAME: { files: { paths: [/srv/data] } } }`.",
        "The names are keys: `{key}: { NAME: { files: { paths: [/srv/data] } } }`.",
    ];
}

impl Instead for FilesDocument {
    const WRITE: Hints = &["Write `{key}: { paths: [{value}] }`.", "Write `{key}: { paths: [{value}] }`."];
}
