//! Where else what did not come back may be: only a backup that holds it, as far as is known, is named.

use std::collections::BTreeSet;

use crate::address::BackupId;
use crate::cli::chosen::Chosen;
use crate::cli::restore::pick::Picked;
use crate::cli::view::backups::moment_in;
use crate::tree::{Damage, Restored, Side, held};
use crate::units::cadence::Zone;

/// Another backup with some of what is missing.
pub struct Elsewhere {
    pub id: BackupId,
    /// The moment that it brings back.
    pub moment: String,
    /// What it holds of what is missing.
    pub paths: Vec<Vec<u8>>,
    /// Whether that is all of it.
    pub all: bool,
}

/// The one that holds most of what the store lost, among equal ones the one that comes first. What cannot be read holds nothing.
pub async fn find(picked: &Picked<'_>, restored: &Restored, zone: &Zone) -> Option<Elsewhere> {
    let lost = restored.failures.iter().filter(|lack| lack.side == Side::Damage);
    let wanted: BTreeSet<Vec<u8>> = lost.flat_map(|lack| lack.named.iter().map(|(path, _)| path.clone())).collect();
    let mut best: Option<Elsewhere> = None;
    for (chosen, manifest) in picked.others.iter().filter(|_| !wanted.is_empty()) {
        let bad = if is_same(chosen, picked.chosen) { bad(&restored.damage) } else { BTreeSet::new() };
        let Ok(paths) = held(&chosen.shelf, manifest, &wanted, &bad).await else { continue };
        if paths.len() > best.as_ref().map_or(0, |best| best.paths.len()) {
            let all = paths.len() == wanted.len();
            best = Some(Elsewhere { id: manifest.id, moment: moment_in(manifest.snapshot, zone), paths, all });
            if all {
                break;
            }
        }
    }
    best
}

/// Keys of packs mean the same in one series of one store alone.
fn is_same(one: &Chosen<'_>, other: &Chosen<'_>) -> bool {
    one.store == other.store && one.shelf.series == other.shelf.series
}

fn bad(damage: &Damage) -> BTreeSet<String> {
    damage.missing.iter().chain(damage.packs.iter().map(|(pack, _)| pack)).map(|pack| pack.key()).collect()
}
