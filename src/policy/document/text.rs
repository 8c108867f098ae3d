//! Texts that mean something: each kind with its description, pattern and examples; `resolve` reads them into types.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::policy::read::{Hints, Instead};

/// What a name looks like: `crate::address` says why.
pub const NAME_PATTERN: &str = "^[a-z0-9][a-z0-9_-]{0,62}$";

macro_rules! texts {
    ($($(#[$doc:meta])* $type:ident { $($schema:tt)* } $(=> { $($instead:tt)* })?)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(transparent)]
        pub struct $type(pub String);

        impl Instead for $type { $($($instead)*)? }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ $($schema)* })
            }
        }
    )*};
}

texts! {
    /// A name of the policy's own choice.
    NameText { "type": ["string", "integer"], "pattern": NAME_PATTERN, "minimum": 0 }
    /// The name of a store.
    StoreText { "type": ["string", "integer"], "pattern": NAME_PATTERN, "minimum": 0 } => {
        const WRITE: Hints = &["", "Write `stores: [{value}]`, or `store:` and one name."];
        const LISTED: Hints = &["Write `store: {value}` or `stores: [{value}]`."];
    }
    /// Any text; a bare number is taken as it is written.
    PlainText { "type": ["string", "number"], "not": { "type": "string", "pattern": "\\$\\{" } }
    /// A length of time: whole numbers with units.
    DurationText {
        "type": "string",
        "pattern": "^\\s*([0-9]+(s|m|h|d|w|mo|y)\\s*)+$",
        "examples": ["30s", "15m", "4h", "7d", "12w", "12mo", "1y", "1h 30m"]
    }
    /// A period of the calendar, or pieces of a fixed length.
    PeriodText {
        "type": "string",
        "anyOf": [
            { "enum": ["hour", "day", "week", "month", "quarter", "year"] },
            { "pattern": "^\\s*([0-9]+(s|m|h|d|w|mo|y)\\s*)+$" }
        ],
        "examples": ["hour", "6h", "week"]
    }
    /// When a job runs: `every 10m`, five fields of cron, or a word.
    ScheduleText {
        "type": "string",
        "anyOf": [
            { "enum": ["hourly", "daily", "weekly", "monthly", "quarterly", "annually"] },
            { "pattern": "^\\s*every\\s+[0-9]" },
            { "pattern": "^\\s*\\S+\\s+\\S+\\s+\\S+\\s+\\S+\\s+\\S+\\s*$" }
        ],
        "examples": ["every 10m", "0 2 * * *", "daily"]
    }
    /// An IANA time zone.
    ZoneText { "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_+/-]*$", "examples": ["UTC", "Europe/Stockholm"] }
    /// A day, or a minute, by the policy's clock.
    MomentText {
        "type": "string",
        "pattern": "^\\s*[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2})?\\s*$",
        "examples": ["2026-12-20", "2026-12-20 18:00"]
    }
    /// An absolute path of this machine; may contain `${env:NAME}` and `${file:PATH}`.
    PathText { "type": "string", "pattern": "^/|\\$\\{", "not": { "pattern": "(^|/)\\.\\.(/|$)" }, "examples": ["/srv/backups"] }
    /// A glob: `*` and `?` stay inside one folder, `**` crosses folders, `[ab]` and `{a,b}` choose.
    GlobText { "type": ["string", "number"], "minLength": 1, "examples": ["**/*.tmp", "cache/**"] }
    /// Permission bits in octal.
    ModeText { "type": ["string", "integer"], "pattern": "^0?[0-7]{3}$", "minimum": 0, "maximum": 777, "examples": ["0700", "0750"] }
    /// The name of a bucket; may contain `${env:NAME}`.
    BucketText { "type": ["string", "integer"], "pattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$|\\$\\{", "minimum": 100 }
    /// How to connect to PostgreSQL; may contain `${env:NAME}` and `${file:PATH}`.
    ConninfoText {
        "type": "string",
        "pattern": "^\\s*postgres(ql)?://|=|\\$\\{",
        "examples": ["${env:DATABASE_URL}", "postgresql://app@db.example.com/shop?sslmode=verify-full", "host=/run/postgresql dbname=shop"]
    }
    /// The region of a store.
    RegionText { "type": ["string", "integer"], "pattern": "^[A-Za-z0-9_-]+$", "examples": ["eu-north-1", "eu-west-1", "us-east-1"] }
    /// The address of a store that speaks the S3 protocol; may contain `${env:NAME}`.
    EndpointText { "type": "string", "pattern": "^https?://|\\$\\{", "examples": ["https://s3.example.com", "http://127.0.0.1:9000"] }
    /// A prefix of keys.
    PrefixText { "type": ["string", "number"], "pattern": "^[^/\\\\]", "examples": ["backups/"] }
    /// An AWS account.
    AccountText { "type": ["string", "integer"], "pattern": "^[0-9]{12}$", "minimum": 0, "maximum": 999_999_999_999_u64 }
    /// An AWS account by its twelve digits, or one of `accounts` by its name.
    AccountNameText { "type": ["string", "integer"], "pattern": NAME_PATTERN, "minimum": 0, "maximum": 999_999_999_999_u64 }
    /// A role of AWS IAM by its name, with its path if it has one, or its ARN.
    TakenRoleText {
        "type": "string",
        "pattern": "^(arn:aws[a-z-]*:iam::([0-9]{12})?:role/)?[A-Za-z0-9+=,.@_/-]+$",
        "examples": ["backups", "arn:aws:iam::111122223333:role/backups"]
    }
    /// What the trust of a role asks for; may contain `${env:NAME}`.
    ExternalIdText { "type": ["string", "number"], "pattern": "^[A-Za-z0-9_+=,.@:/-]{2,1224}$|\\$\\{" }
    /// The name of a session.
    SessionText { "type": ["string", "number"], "pattern": "^[A-Za-z0-9_+=,.@-]{2,64}$", "examples": ["bdr"] }
    /// A key of AWS KMS.
    KeyText { "type": "string", "minLength": 1, "examples": ["alias/backups"] }
    /// The ARN of a role of AWS IAM; may contain `${env:NAME}`.
    RoleText {
        "type": "string",
        "pattern": "^arn:aws[a-z-]*:iam::[0-9]{12}:role/|\\$\\{",
        "examples": ["arn:aws:iam::111122223333:role/replication"]
    }
    /// The ARN of a managed policy of AWS IAM.
    BoundaryText {
        "type": "string",
        "pattern": "^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/",
        "examples": ["arn:aws:iam::111122223333:policy/Boundary"]
    }
    /// A service of AWS that takes roles on.
    ServiceText { "type": "string", "pattern": "^[a-z0-9.-]+\\.amazonaws\\.com(\\.cn)?$", "examples": ["ec2.amazonaws.com"] }
    /// A repository of GitHub, with its owner.
    RepositoryText { "type": "string", "pattern": "^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", "examples": ["example/backups"] }
    /// A project of GitLab, with its groups.
    ProjectText { "type": "string", "pattern": "^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+$", "examples": ["example/backups"] }
    /// A branch or a tag.
    RefText { "type": ["string", "number"], "pattern": "^[^*?\\s:]+$", "examples": ["main"] }
    /// A host.
    HostText { "type": "string", "pattern": "^[a-z0-9.-]+$", "examples": ["gitlab.com"] }
    /// Somebody, by an ARN of AWS IAM.
    PrincipalText {
        "type": "string",
        "pattern": "^arn:[a-z-]+:iam::[^:*?]*:(root$|(role|user)/[^*?]+$)",
        "examples": ["arn:aws:iam::111122223333:role/backups"]
    }
    /// An e-mail address.
    EmailText { "type": "string", "pattern": "^[^@\\s]+@[^@\\s]+$", "examples": ["devops@example.com"] }
}
