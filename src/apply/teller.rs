//! Who tells: every event of a run passes here, into the run's record and out to whoever listens.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::journal::{Event, Outcome, RunRecord};
use crate::resource::ActionId;

/// What the loop tells of, and to whom.
pub struct Teller<'a> {
    pub emit: &'a mut (dyn FnMut(&Event) + Send),
    pub now: &'a (dyn Fn() -> jiff::Timestamp + Sync),
    pub record: RunRecord,
    pub started: BTreeMap<ActionId, Instant>,
}

impl Teller<'_> {
    pub fn tell(&mut self, event: Event) {
        self.record.observe(&event, (self.now)());
        (self.emit)(&event);
    }

    pub fn ended(&mut self, all: Vec<(&ActionId, Outcome)>) {
        for (action, outcome) in all {
            let millis =
                self.started.remove(action).map_or(0, |begun| u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
            self.tell(Event::ActionEnded { action: action.clone(), outcome, millis });
        }
    }
}
