//! Since when: what the records of past runs tell of how each resource came to be as it is.

use std::collections::BTreeMap;

use crate::address::ResourceId;
use crate::journal::RunRecord;
use crate::plan::LastSet;

/// The last run that set each resource, from records in any order. What no record tells is not in it.
pub fn last_set(records: &[RunRecord]) -> BTreeMap<ResourceId, LastSet> {
    let mut found: BTreeMap<ResourceId, LastSet> = BTreeMap::new();
    for record in records {
        let Some(at) = record.ended.or(record.started) else { continue };
        for (id, wanted) in record.actions.values().flat_map(|action| &action.set) {
            if found.get(id).is_none_or(|known| known.at < at) {
                found.insert(id.clone(), LastSet { at, by: record.by.clone(), wanted: wanted.clone() });
            }
        }
    }
    found
}
