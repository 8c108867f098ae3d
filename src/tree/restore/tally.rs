//! What a restore came to, and the same while it is counted.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::catalog::digest::Digest;
use crate::diag::shown;
use crate::source::{Settled, Trouble};
use crate::tree::TreeError;
use crate::tree::frames::Lost;
use crate::tree::restore::damage::Damage;
use crate::tree::restore::lack::{Cause, Lack, Lacks, Side};
use crate::tree::table::Table;

/// What was restored, and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restored {
    pub files: u64,
    pub directories: u64,
    pub symlinks: u64,
    pub hard_links: u64,
    pub bytes: u64,
    /// Files and links that stood there already, byte for byte.
    pub kept: u64,
    /// Entries that are not as they were asked for, those among them whose content is back and only an attribute is not.
    pub failed: u64,
    /// Those among them that the destination did not take.
    pub refused: u64,
    /// Those that the store did not give this time; the rest are missing or damaged in it.
    pub not_given: u64,
    /// Entries that came back and belong to somebody else than they did.
    pub foreign: u64,
    /// Those among them whose set-user-id or set-group-id bits or capabilities were left off for that.
    pub bared: u64,
    /// All that failed, by cause.
    pub failures: Vec<Lack>,
    /// What of the store was missing or damaged.
    pub damage: Damage,
}

impl Restored {
    /// All that came back.
    pub fn entries(&self) -> u64 {
        self.files + self.directories + self.symlinks + self.hard_links
    }
}

/// The same while it is counted.
#[derive(Default)]
pub struct Tally {
    pub files: AtomicU64,
    pub directories: AtomicU64,
    pub symlinks: AtomicU64,
    pub hard_links: AtomicU64,
    pub bytes: AtomicU64,
    /// Files and links that stood there already, byte for byte.
    pub kept: AtomicU64,
    foreign: AtomicU64,
    bared: AtomicU64,
    lacks: Mutex<Lacks>,
    /// Who is told of each entry that fails, as it fails.
    each: Option<Each>,
    /// Files without their content, by the hash of their path, and on whose side that lies: no other name is given to what stands
    /// there instead. Kept where the backup has hard links.
    without: Option<Mutex<HashMap<Digest, Side>>>,
    /// Packs that were missing or damaged, by number, with the first reason.
    packs: Mutex<BTreeMap<u32, Lost>>,
    /// Where the index contradicts itself, the first time.
    torn: OnceLock<String>,
    /// Where nothing more could be restored, and why.
    last: OnceLock<(Vec<u8>, String)>,
}

/// Hears of each entry that is not as it was asked for: its path and the reason.
pub type Each = Arc<dyn Fn(&[u8], &str) + Send + Sync>;

impl Tally {
    pub fn new(has_links: bool, each: Option<Each>) -> Self {
        Self { without: has_links.then(Mutex::default), each, ..Self::default() }
    }

    pub fn count(counter: &AtomicU64, add: u64) {
        counter.fetch_add(add, Ordering::Relaxed);
    }

    /// A file whose content did not come out of a pack.
    pub fn lacks(&self, path: &[u8], pack: u32, why: &Lost) {
        let (side, cause) = match why {
            Lost::NotGiven(_) => (Side::Silence, Cause::Silence),
            Lost::Missing(_) | Lost::Damaged(_) => (Side::Damage, Cause::Pack(pack)),
        };
        self.is_without(path, side);
        self.tell(side, cause, path, why.to_string());
    }

    /// A file of which the index says what cannot be.
    pub fn torn(&self, path: &[u8], why: &impl ToString) {
        let why = why.to_string();
        _ = self.torn.set(format!("the index: `{}` {why}", shown(path)));
        self.is_without(path, Side::Damage);
        self.tell(Side::Damage, Cause::Words(why.clone()), path, why);
    }

    fn is_without(&self, path: &[u8], side: Side) {
        if let Some(without) = &self.without {
            without.lock().unwrap_or_else(PoisonError::into_inner).insert(Digest::blake3(path), side);
        }
    }

    /// Whether another name of a file fails because the file did.
    pub fn fails_with(&self, path: &[u8], first: &[u8]) -> bool {
        let without = self.without.as_ref().map(|without| without.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(side) = without.and_then(|without| without.get(&Digest::blake3(first)).copied()) else { return false };
        self.tell(side, Cause::OtherName, path, format!("could not be restored: it is another name of /{}", shown(first)));
        true
    }

    fn tell(&self, side: Side, cause: Cause, path: &[u8], why: String) {
        self.each.iter().for_each(|each| each(path, &why));
        self.lacks.lock().unwrap_or_else(PoisonError::into_inner).add(side, cause, path, why);
    }

    /// Notes that a pack did not give what was written.
    pub fn lost(&self, pack: u32, why: &Lost) {
        if !matches!(why, Lost::NotGiven(_)) {
            self.packs().entry(pack).or_insert_with(|| why.clone());
        }
    }

    /// The destination did not take an entry.
    pub fn trouble(&self, path: &[u8], trouble: &Trouble) {
        self.is_without(path, Side::Target);
        self.refuse(path, trouble);
    }

    fn refuse(&self, path: &[u8], trouble: &Trouble) {
        if trouble.last {
            _ = self.last.set((path.to_vec(), trouble.detail.clone()));
        }
        let why = trouble.to_string();
        self.tell(Side::Target, Cause::Words(why.clone()), path, why);
    }

    /// An entry is back, with or without its owner and attributes.
    pub fn settled(&self, path: &[u8], settled: &Settled) {
        Self::count(&self.foreign, u64::from(settled.foreign));
        Self::count(&self.bared, u64::from(settled.bared));
        if let Some(trouble) = &settled.trouble {
            self.refuse(path, trouble);
        }
    }

    /// # Errors
    /// Once nothing more can be restored.
    pub fn go_on(&self) -> Result<(), TreeError> {
        if self.last.get().is_some() { Err(TreeError::Stopped) } else { Ok(()) }
    }

    /// How far it got, once nothing more can be restored. `of`: entries and bytes that were asked for.
    pub fn ended(&self, of: Option<(u64, u64)>) -> Option<TreeError> {
        let (path, why) = self.last.get()?;
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let entries = [&self.files, &self.directories, &self.symlinks, &self.hard_links].into_iter().map(get).sum();
        Some(TreeError::Target { path: format!("/{}", shown(path)), why: why.clone(), done: (entries, get(&self.bytes)), of })
    }

    pub fn restored(&self, table: &Table) -> Restored {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let lacks = self.lacks.lock().unwrap_or_else(PoisonError::into_inner);
        Restored {
            files: get(&self.files),
            directories: get(&self.directories),
            symlinks: get(&self.symlinks),
            hard_links: get(&self.hard_links),
            bytes: get(&self.bytes),
            kept: get(&self.kept),
            failed: lacks.count(|_| true),
            refused: lacks.count(|side| side == Side::Target),
            not_given: lacks.count(|side| side == Side::Silence),
            foreign: get(&self.foreign),
            bared: get(&self.bared),
            failures: lacks.told(|number| self.lost_pack(number, table)),
            damage: self.damage(table),
        }
    }

    fn packs(&self) -> MutexGuard<'_, BTreeMap<u32, Lost>> {
        self.packs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of a pack, in words.
    fn lost_pack(&self, number: u32, table: &Table) -> Option<String> {
        let key = table.get(number)?.key();
        Some(match self.packs().get(&number)? {
            Lost::Missing(_) => format!("pack {key} is missing"),
            why => format!("pack {key} is damaged: {why}"),
        })
    }

    fn damage(&self, table: &Table) -> Damage {
        let mut damage = Damage { parts: self.torn.get().cloned().into_iter().collect(), ..Damage::default() };
        for (number, why) in &*self.packs() {
            match (table.get(*number), why) {
                (None, why) => damage.parts.push(format!("pack {number}: {why}")),
                (Some(pack), Lost::Missing(_)) => damage.missing.push(pack),
                (Some(pack), why) => damage.packs.push((pack, why.to_string())),
            }
        }
        damage
    }
}
