//! The rules: one file each, and a line here.

mod class_slower_than_objective;
mod no_copy_survives;
mod objective_unreachable;

use crate::lint::Rule;
use crate::policy::Disruption;

/// Every rule, in order of code.
pub const RULES: &[&dyn Rule] = &[
    &objective_unreachable::ObjectiveUnreachable,
    &no_copy_survives::NoCopySurvives,
    &class_slower_than_objective::ClassSlowerThanObjective,
];

/// `when its process or host is lost`, for messages.
fn when(disruptions: &[Disruption]) -> String {
    let words: Vec<&str> = disruptions
        .iter()
        .map(|disruption| match disruption {
            Disruption::Process => "its process crashes",
            Disruption::Host => "its host is lost",
            Disruption::Corruption => "its data is corrupted",
            Disruption::Region => "its region is lost",
            Disruption::Account => "its account is compromised",
        })
        .collect();
    match words.split_last() {
        Some((last, [])) => format!("when {last}"),
        Some((last, rest)) => format!("when {} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
