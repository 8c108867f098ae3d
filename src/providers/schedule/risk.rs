//! What a change of a schedule puts at stake: a protection weakens where it goes, or where it will run less often than now.

use crate::attrs::{Attr, Attrs};
use crate::resource::Risk;
use crate::units::cadence::{Schedule, Semantics, Zone};

/// Compares the longest gaps of two sides, each as its kind tells it. Times that cannot be read as a schedule weaken nothing.
pub fn of_change(before: Option<&Attrs>, after: Option<&Attrs>, gap: fn(&Attrs) -> Option<u64>) -> Risk {
    match (before, after) {
        (_, None) => Risk::Weakens,
        (Some(before), Some(after)) if gap(after) > gap(before) && gap(before).is_some() => Risk::Weakens,
        _ => Risk::None,
    }
}

/// The longest gap of a schedule, in seconds.
pub fn longest_gap(schedule: &Schedule, zone: &Zone, semantics: Semantics) -> Option<u64> {
    // Any moment will do: two sides are compared, and the gaps of two years from it count.
    let gap = schedule.cadence.runs(zone, semantics).longest_gap(jiff::Timestamp::UNIX_EPOCH);
    gap.map(|gap| gap.length.as_secs())
}

/// The texts of an attribute that is one or several.
pub fn texts(attr: &Attr) -> Vec<String> {
    match attr {
        Attr::List(all) => all.iter().map(Attr::to_string).collect(),
        only => vec![only.to_string()],
    }
}
