//! Verifying a series: that everything is there and fits together, and, a part at a time, that every byte is still good.

mod data;
mod remember;
mod rotation;
mod structure;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::address::BackupId;
use crate::catalog::index::PackRef;
use crate::catalog::verification::{Seen, Verification};
use crate::tree::TreeError;
use crate::tree::backup::Listed;
use crate::tree::known::Known;
use crate::tree::progress::{Progress, Total};
use crate::tree::shelf::Shelf;
use crate::tree::table::Table;
use crate::tree::verify::data::Looked;
use crate::tree::verify::rotation::Past;

pub use remember::remember;

/// How much of the data is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Only what tells that everything is there: listings, manifests, indexes, tables.
    Nothing,
    /// So many hundredths of the stored bytes, those first that had no turn for longest.
    Percent(u8),
    All,
}

/// What one verification came to.
#[derive(Debug, Clone)]
pub struct Verified {
    pub verification: Verification,
    /// Manifests that cannot be read: the place and why.
    pub damaged: Vec<(String, String)>,
    /// Packs that were read, the damaged among them.
    pub packs_read: u64,
    pub bytes_read: u64,
    /// Packs whose turn it was but that lie in an archive class.
    pub archived: u64,
    /// Packs whose turn it was and that the store did not give, though it answers: the key and why. Nothing is known of them.
    pub withheld: Vec<(String, String)>,
    /// Bytes of all packs of the series.
    pub bytes_total: u64,
    /// Why the result could not be noted in the store; `None`: it was.
    pub not_noted: Option<String>,
}

impl Verified {
    pub fn is_good(&self) -> bool {
        let damages = self.verification.backups.values().any(|seen| !seen.damages.is_empty());
        self.damaged.is_empty() && self.withheld.is_empty() && !damages
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
    let mut verified = Verified {
        verification,
        damaged,
        packs_read: 0,
        bytes_read: 0,
        archived: 0,
        withheld: Vec::new(),
        bytes_total,
        not_noted: None,
    };
    let past = Past::of(&known.verifications, &packs.all);
    let good = in_turn(shelf, (&packs, &past), read, &mut verified, &progress).await?;
    packs.still_damaged(&past.damaged, &good, &mut verified.verification);
    conclude(&mut verified.verification, &packs, &past.good, &good);
    let key = verified.verification.key(&shelf.series, fastrand::u32(..));
    let noted = shelf.put_small(&key, verified.verification.encode()?, true).await;
    verified.not_noted = noted.err().map(|error| error.to_string());
    Ok(verified)
}

/// Reads the packs whose turn it is, as much as was asked for, and returns the keys of those that are good. What is missing or lies in
/// an archive class costs nothing to look at, and takes nothing from what was asked for: the next in line are read in its place.
async fn in_turn(
    shelf: &Shelf,
    (packs, past): (&Packs, &Past),
    read: Read,
    verified: &mut Verified,
    progress: &Arc<Progress>,
) -> Result<BTreeSet<String>, TreeError> {
    let mut good = BTreeSet::new();
    let mut left = match read {
        Read::Nothing => 0,
        Read::Percent(percent) => verified.bytes_total.saturating_mul(u64::from(percent)).div_ceil(100),
        Read::All => u64::MAX,
    };
    let mut line = past.in_turn(&packs.all).into_iter().peekable();
    while left > 0 && line.peek().is_some() {
        let mut sum = 0_u64;
        let mut chosen = Vec::new();
        while let Some(pack) = line.next_if(|_| sum < left) {
            sum += pack.size;
            chosen.push(pack);
        }
        progress.expect(Total::Moved(sum));
        let before = verified.bytes_read;
        data::read(shelf, &chosen, progress, |pack, looked| packs.note(pack, looked, verified, &mut good)).await?;
        left = left.saturating_sub(verified.bytes_read - before);
    }
    Ok(good)
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

    /// Notes what came of looking at a pack.
    fn note(&self, pack: &PackRef, looked: Looked, verified: &mut Verified, good: &mut BTreeSet<String>) {
        let mut was_read = |bytes| {
            verified.packs_read += 1;
            verified.bytes_read += bytes;
        };
        let passes = matches!(looked, Looked::Archived | Looked::Withheld(_));
        match looked {
            Looked::Good(bytes) => {
                was_read(bytes);
                good.insert(pack.key());
            }
            Looked::Damaged(why, bytes) => {
                was_read(bytes);
                self.damaged(pack, &why, &mut verified.verification);
            }
            Looked::Missing => self.damaged(pack, "is missing", &mut verified.verification),
            Looked::Archived => verified.archived += 1,
            Looked::Withheld(why) => verified.withheld.push((pack.key(), why)),
        }
        if passes && let Some(seen) = self.owner(pack, &mut verified.verification) {
            seen.passed.push(pack.key());
        }
    }

    /// Carries on what earlier verifications found of packs that were not read again.
    fn still_damaged(&self, before: &HashMap<String, Timestamp>, good: &BTreeSet<String>, verification: &mut Verification) {
        let told: BTreeSet<String> = verification.backups.values().flat_map(|seen| seen.damaged_packs.iter().cloned()).collect();
        for pack in &self.all {
            let key = pack.key();
            if let Some(at) = before.get(&key).filter(|_| !good.contains(&key) && !told.contains(&key)) {
                let why = format!("was damaged when it was read on {}, and was not read since", at.strftime("%Y-%m-%d"));
                self.damaged(pack, &why, verification);
                self.owner(pack, verification).into_iter().for_each(|seen| _ = seen.carried.insert(key.clone(), *at));
            }
        }
    }

    /// Notes the damage of a pack with every backup that refers to it, once.
    fn damaged(&self, pack: &PackRef, why: &str, verification: &mut Verification) {
        let key = pack.key();
        for user in self.users(&key) {
            if let Some(seen) = verification.backups.get_mut(user)
                // That it is missing was told already.
                && !seen.damages.iter().any(|told| told.contains(&key))
            {
                seen.damages.push(format!("pack {key} {why}"));
            }
        }
        self.owner(pack, verification).into_iter().for_each(|seen| seen.damaged_packs.push(key.clone()));
    }

    /// Where it stands what is known of a pack itself: with the backup that it lies with, or the first one that refers to it.
    fn owner<'v>(&self, pack: &PackRef, verification: &'v mut Verification) -> Option<&'v mut Seen> {
        let users = self.users(&pack.key()).iter().copied();
        let id = [pack.place.id].into_iter().chain(users).find(|id| verification.backups.contains_key(id))?;
        verification.backups.get_mut(&id)
    }
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
