//! Remembering the damage that a restore met, where a verification would have noted it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::catalog::index::PackRef;
use crate::catalog::manifest::Manifest;
use crate::catalog::verification::{Seen, Verification};
use crate::tree::TreeError;
use crate::tree::restore::Damage;
use crate::tree::shelf::Shelf;
use crate::tree::table::Table;

/// Notes damage with the backup that was restored and with every other one that refers to the same packs. `false`: nothing was
/// noted, because the backup is not in the store any more, so what was met is no damage.
///
/// # Errors
/// When the store cannot be read or does not take the note.
pub async fn remember(shelf: &Shelf, manifest: &Manifest, damage: &Damage, now: Timestamp) -> Result<bool, TreeError> {
    let all = shelf.backups().await?.good;
    if !all.iter().any(|other| other.id == manifest.id) {
        return Ok(false);
    }
    let mut verification = Verification::new(now);
    for backup in &all {
        let own = backup.id == manifest.id;
        let damages =
            if own { [damage.parts.clone(), told(damage, |_| true)].concat() } else { shared(shelf, backup, damage).await };
        if !damages.is_empty() {
            verification.backups.insert(backup.id, Seen { damages, ..Seen::default() });
        }
    }
    // Until they are read again, as if a verification had read them.
    for (pack, _) in &damage.packs {
        let owner = if verification.backups.contains_key(&pack.place.id) { pack.place.id } else { manifest.id };
        if let Some(seen) = verification.backups.get_mut(&owner) {
            seen.damaged_packs.push(pack.key());
        }
    }
    let key = verification.key(&shelf.series, fastrand::u32(..));
    shelf.put_small(&key, verification.encode()?, true).await?;
    Ok(true)
}

/// What is damaged of another backup. One whose own table cannot be read is left to a verification.
async fn shared(shelf: &Shelf, backup: &Manifest, damage: &Damage) -> Vec<String> {
    let folder = |pack: &PackRef| pack.place.folder().trim_end_matches('/').to_owned();
    let concerns = |pack: &PackRef| pack.place.id == backup.id || backup.needs.contains(&folder(pack));
    if !damage.missing.iter().chain(damage.packs.iter().map(|(pack, _)| pack)).any(concerns) {
        return Vec::new();
    }
    let Ok(table) = Table::load(shelf, backup).await else { return Vec::new() };
    let keys: BTreeSet<String> = table.iter().map(|(_, pack)| pack.key()).collect();
    told(damage, |pack| keys.contains(&pack.key()))
}

fn told(damage: &Damage, wanted: impl Fn(&PackRef) -> bool) -> Vec<String> {
    let missing = damage.missing.iter().filter(|pack| wanted(pack)).map(|pack| format!("pack {} is missing", pack.key()));
    let packs = damage.packs.iter().filter(|(pack, _)| wanted(pack));
    missing.chain(packs.map(|(pack, why)| format!("pack {} is damaged: {why}", pack.key()))).collect()
}
