//! Alarms: what a person must know before anything else, because backups may be lost or nowhere already.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::ResourceId;
use crate::resource::{Doubt, Expiring};

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

    /// Backups go that the policy keeps; what was written before some day may be gone.
    pub fn of_expiring(of: &ResourceId, expiring: &Expiring, now: jiff::Timestamp) -> Self {
        let days = |days: u64| format!("{days} d");
        let after =
            expiring.after_days.map_or_else(|| "on a day that it names".to_owned(), |after| format!("after {}", days(after)));
        let needed = expiring.needed_days.map_or_else(|| "for ever".to_owned(), |needed| format!("for {}", days(needed)));
        let whose: Vec<String> = expiring.whose.iter().take(WHOSE).map(|one| format!("`{one}`")).collect();
        let more = expiring.whose.len().saturating_sub(WHOSE);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let since = expiring.after_days.and_then(|days| i64::try_from(days * DAY).ok());
        let before = since.and_then(|seconds| now.checked_sub(jiff::SignedDuration::from_secs(seconds)).ok());
        let gone = match before {
            Some(before) => format!("what was written before {} may be gone already", before.strftime("%Y-%m-%d")),
            None => "backups may be gone already".to_owned(),
        };
        let rule = if expiring.foreign { format!("the foreign {}", expiring.rule) } else { format!("its {}", expiring.rule) };
        let help = if expiring.foreign {
            "Have whoever owns that rule narrow it or take it away: bdr changes none that is not its own. `bdr verify` tells what is \
             missing."
        } else {
            "Apply soon, before more is gone; `bdr verify` tells what is missing."
        };
        Self {
            of: of.clone(),
            text: format!(
                "{rule} lets backups of {}{more} go {after}, and the policy needs them {needed}: {gone}, and more goes every day",
                whose.join(", ")
            ),
            help: help.to_owned(),
            away: false,
        }
    }
}

const DAY: u64 = 24 * 3600;
/// Protections that are named one by one.
const WHOSE: usize = 4;
