//! Verifying a series: that everything is there and fits together, and, a part at a time, that every byte is still good.

mod data;
mod remember;
mod structure;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::address::BackupId;
use crate::catalog::digest::Digest;
use crate::catalog::index::PackRef;
use crate::catalog::verification::{Seen, Verification};
use crate::tree::TreeError;
use crate::tree::backup::Listed;
use crate::tree::known::Known;
use crate::tree::progress::{Progress, Total};
use crate::tree::shelf::Shelf;
use crate::tree::table::Table;

pub use remember::remember;

/// How much of the data is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Only what tells that everything is there: listings, manifests, indexes, tables.
    Nothing,
    /// So many hundredths of the stored bytes, those first that were not looked at for longest.
    Percent(u8),
    All,
}

/// What one verification came to.
#[derive(Debug, Clone)]
pub struct Verified {
    pub verification: Verification,
    /// Manifests that cannot be read: the place and why.
    pub damaged: Vec<(String, String)>,
    pub packs_read: u64,
    pub bytes_read: u64,
    /// Packs that were to be read but lie in an archive class.
    pub archived: u64,
    /// Bytes of all packs of the series.
    pub bytes_total: u64,
    /// Why the result could not be noted in the store; `None`: it was.
    pub not_noted: Option<String>,
}

impl Verified {
    pub fn is_good(&self) -> bool {
        self.damaged.is_empty() && self.verification.backups.values().all(|seen| seen.damages.is_empty())
    }
}

/// The packs of a series, each object once, with the backups that refer to it. Two backups that stored the same bytes have a pack
/// of the same digest each, so it is the key that tells them apart.
struct Packs {
    /// In the order of backups and numbers, so that a rotation over them is the same whoever runs it.
    all: Vec<PackRef>,
    /// By key below the series' prefix.
    users: HashMap<String, Vec<BackupId>>,
}

/// Verifies a series and remembers what was seen, as a new object in the store. Who may only read learns as much, and the
/// answer says that it was not noted.
///
/// # Errors
/// When the store fails to be read. What is damaged or missing is no error but the answer.
pub async fn verify(
    shelf: &Shelf,
    known: &Known,
    read: Read,
    now: Timestamp,
    progress: Arc<Progress>,
) -> Result<Verified, TreeError> {
    let mut verification = Verification::new(now);
    let mut packs = Packs { all: Vec::new(), users: HashMap::new() };
    let mut listed = Listed::default();
    for manifest in &known.backups.good {
        progress.go_on()?;
        let (damages, table) = structure::check(shelf, manifest, &mut listed, &progress).await?;
        verification.backups.insert(manifest.id, Seen { damages, ..Seen::default() });
        if let Some(table) = table {
            packs.add(&table, manifest.id);
        }
    }
    let damaged = known.backups.damaged.iter();
    let damaged = damaged.map(|(place, error)| (place.folder().trim_end_matches('/').to_owned(), error.to_string())).collect();
    let bytes_total = packs.all.iter().map(|pack| pack.size).sum();
    let mut verified =
        Verified { verification, damaged, packs_read: 0, bytes_read: 0, archived: 0, bytes_total, not_noted: None };
    let (before, damaged_before) = read_before(known, &packs);
    let chosen = choose(&packs, &before, read);
    if !chosen.is_empty() {
        progress.expect(Total::Moved(chosen.iter().map(|pack| pack.size).sum()));
    }
    let good = data::read(shelf, &chosen, &packs, &mut verified, &progress).await?;
    packs.still_damaged(&damaged_before, &good, &mut verified.verification);
    conclude(&mut verified.verification, &packs, &before, &good);
    let key = verified.verification.key(&shelf.series, fastrand::u32(..));
    let noted = shelf.put_small(&key, verified.verification.encode()?, true).await;
    verified.not_noted = noted.err().map(|error| error.to_string());
    Ok(verified)
}

impl Packs {
    fn add(&mut self, table: &Table, user: BackupId) {
        for (_, pack) in table.iter() {
            let users = self.users.entry(pack.key()).or_default();
            if users.is_empty() {
                self.all.push(pack.clone());
            }
            users.push(user);
        }
    }

    fn users(&self, key: &str) -> &[BackupId] {
        self.users.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// Carries on what earlier verifications found of packs that were not read again.
    fn still_damaged(&self, before: &HashMap<String, Timestamp>, good: &BTreeSet<String>, verification: &mut Verification) {
        let told: BTreeSet<String> = verification.backups.values().flat_map(|seen| seen.damaged_packs.iter().cloned()).collect();
        for pack in &self.all {
            let key = pack.key();
            if let Some(at) = before.get(&key).filter(|_| !good.contains(&key) && !told.contains(&key)) {
                let why = format!("was damaged when it was read on {}, and was not read since", at.strftime("%Y-%m-%d"));
                self.damaged(pack, &why, verification);
            }
        }
    }

    /// Notes the damage of a pack with every backup that refers to it, once.
    fn damaged(&self, pack: &PackRef, why: &str, verification: &mut Verification) {
        let key = pack.key();
        let users = self.users(&key);
        for user in users {
            if let Some(seen) = verification.backups.get_mut(user)
                // That it is missing was told already.
                && !seen.damages.iter().any(|told| told.contains(&key))
            {
                seen.damages.push(format!("pack {key} {why}"));
            }
        }
        let owner = [pack.place.id].into_iter().chain(users.iter().copied()).find(|id| verification.backups.contains_key(id));
        if let Some(seen) = owner.and_then(|id| verification.backups.get_mut(&id)) {
            seen.damaged_packs.push(key);
        }
    }
}

/// When each pack was last read and found good, and when damaged, where that was later.
fn read_before(known: &Known, packs: &Packs) -> (HashMap<String, Timestamp>, HashMap<String, Timestamp>) {
    let mut before: HashMap<String, Timestamp> = HashMap::new();
    let mut damaged: HashMap<String, Timestamp> = HashMap::new();
    let mut by_owner: BTreeMap<BackupId, Vec<&PackRef>> = BTreeMap::new();
    for pack in &packs.all {
        by_owner.entry(pack.place.id).or_default().push(pack);
    }
    let mut in_order: Vec<&Verification> = known.verifications.iter().collect();
    in_order.sort_by_key(|verification| verification.at);
    for verification in in_order {
        for (id, seen) in &verification.backups {
            let own = by_owner.get(id).map(Vec::as_slice).unwrap_or_default();
            let listed: BTreeSet<&Digest> = seen.packs.iter().collect();
            for pack in own.iter().filter(|pack| seen.all_packs || listed.contains(&pack.sha256)) {
                damaged.remove(&pack.key());
                before.insert(pack.key(), verification.at);
            }
            for key in &seen.damaged_packs {
                before.remove(key);
                damaged.insert(key.clone(), verification.at);
            }
        }
    }
    (before, damaged)
}

/// The packs to read: those never read first, then by how long ago; the same answer for the same catalogue.
fn choose(packs: &Packs, before: &HashMap<String, Timestamp>, read: Read) -> Vec<PackRef> {
    let total: u64 = packs.all.iter().map(|pack| pack.size).sum();
    let wanted = match read {
        Read::Nothing => return Vec::new(),
        Read::Percent(percent) => total.saturating_mul(u64::from(percent)).div_ceil(100),
        Read::All => total,
    };
    let mut order: Vec<(Option<Timestamp>, usize)> =
        packs.all.iter().enumerate().map(|(at, pack)| (before.get(&pack.key()).copied(), at)).collect();
    order.sort();
    let mut sum = 0;
    let mut chosen = Vec::new();
    for (_, at) in order {
        if sum >= wanted && read != Read::All {
            break;
        }
        let pack = &packs.all[at];
        sum += pack.size;
        chosen.push(pack.clone());
    }
    chosen
}

/// Notes which packs were read, and of which backups everything has been read by now.
fn conclude(verification: &mut Verification, packs: &Packs, before: &HashMap<String, Timestamp>, good: &BTreeSet<String>) {
    let mut unread: BTreeSet<BackupId> = BTreeSet::new();
    let mut own_unread: BTreeSet<BackupId> = BTreeSet::new();
    for pack in &packs.all {
        let (key, owner) = (pack.key(), pack.place.id);
        if !good.contains(&key) {
            own_unread.insert(owner);
            if !before.contains_key(&key) {
                unread.extend(packs.users(&key));
            }
        } else if let Some(seen) = verification.backups.get_mut(&owner) {
            seen.packs.push(pack.sha256);
        }
    }
    for (id, seen) in &mut verification.backups {
        seen.whole = seen.damages.is_empty() && !unread.contains(id);
        if !seen.packs.is_empty() && !own_unread.contains(id) {
            // Said in one word instead of in a list as long as the backup.
            seen.all_packs = true;
            seen.packs = Vec::new();
        }
    }
}
