//! Waiting until what was written can be seen everywhere: beside the rest of the graph, holding up only what depends on it.

use std::time::Duration;

use tokio::time::Instant;

use crate::apply::step::{Tools, outcome_of, within};
use crate::journal::{Event, Outcome};
use crate::provider::Settled;
use crate::resource::{ActionId, Change, Resource};
use crate::store::Retry;

/// Even a kind that is visible at once may need a few looks on a loaded endpoint.
const LEAST: Duration = Duration::from_secs(30);
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Looks until the changes have taken effect, or their kind's time is over.
pub async fn settle(tools: Tools<'_>, action: &ActionId, changes: &[Change]) -> Outcome {
    let kinds = changes.iter().filter_map(|change| tools.compiled.kinds.get(&change.id.kind));
    let longest = kinds.map(|kind| Duration::from_secs(u64::from(kind.visible_within))).max().unwrap_or_default();
    let deadline = Instant::now() + longest.max(LEAST);
    let Some(session) = changes.first().and_then(|change| tools.sessions.of_kind(&change.id.kind)) else {
        return Outcome::NotVisible { differs: "nothing here can reach it".to_owned() };
    };
    let desired: Vec<Option<Resource>> = changes.iter().map(|change| tools.compiled.desired.get(&change.id).cloned()).collect();
    let mut pause = SHORTEST_PAUSE;
    loop {
        let (differs, hint) = match within(tools.options.timeout, session.settled(changes, &desired), changes).await {
            Ok(Settled::Yes) => return Outcome::Done { already: false },
            Ok(Settled::NotYet { differs, again_in_ms }) => (differs, Some(Duration::from_millis(again_in_ms))),
            Err(error) if error.retry == Retry::Never => return outcome_of(error),
            Err(error) => (error.to_string(), None),
        };
        pause = hint.unwrap_or(pause * 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        if Instant::now() + pause > deadline {
            return Outcome::NotVisible { differs };
        }
        let again_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        _ = tools.events.send(Event::NotYetVisible { action: action.clone(), differs, again_in_ms });
        tokio::time::sleep(pause).await;
    }
}
