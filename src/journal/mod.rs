//! The journal: what happens while a command acts, as events, and what an apply comes to, as a record.

mod backups;
mod copies;
mod event;
mod keeping;
mod record;
mod since;

pub use backups::{
    Decided, Failed, LogDecided, LogPruned, LogSpan, LogWindow, RestoreEnded, RestoreStarted, Series, SeriesPruned,
};
pub use copies::{ExistingFound, RuleCopied};
pub use event::{Event, Line, Moved, Outcome};
pub use keeping::{DAYS, NEWEST, outlived};
pub use record::{ActionRecord, Counts, RunRecord};
pub use since::last_set;

/// Version of the events' and the record's layout.
pub const FORMAT_VERSION: u32 = 1;

/// The JSON Schema of one line of events, for `schemas/event.json`.
pub fn event_schema() -> schemars::Schema {
    schemars::schema_for!(Line)
}

/// Key of a run's record in a store.
pub fn record_key(policy: &str, run: &str) -> String {
    format!("{}{run}.json", runs_prefix(policy))
}

/// Below it lie all records of a policy.
pub fn runs_prefix(policy: &str) -> String {
    format!("{policy}/.bdr/runs/")
}
