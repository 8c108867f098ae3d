//! Alarms: what a person must know before anything else, because backups may be lost or nowhere already.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::ResourceId;
use crate::resource::Doubt;

/// Something grave that stands now, whatever the plan does about it. Told first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alarm {
    #[schemars(with = "String")]
    pub of: ResourceId,
    /// A fragment on what is so and why it is grave.
    pub text: String,
    /// A full sentence with the next step.
    pub help: String,
    /// The place itself may be away: nothing is written there.
    #[serde(default)]
    pub away: bool,
}

impl Alarm {
    /// The place of a resource may be away.
    pub fn of_doubt(of: &ResourceId, doubt: &Doubt) -> Self {
        let name = of.subject.to_string();
        let name = name.split_once('.').map_or(name.as_str(), |(_, name)| name);
        Self {
            of: of.clone(),
            text: format!("{}: is the disk mounted? {}", doubt.what, doubt.why),
            away: true,
            help: format!("Mount it and plan again. Where a new folder is meant, say --new-folder {name}."),
        }
    }
}
