//! What a restore came to, and the same while it is counted.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::catalog::digest::Digest;
use crate::source::{Settled, Trouble};
use crate::tree::TreeError;
use crate::tree::frames::Lost;
use crate::tree::restore::damage::Damage;
use crate::tree::table::Table;

/// What was restored, and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restored {
    pub files: u64,
    pub directories: u64,
    pub symlinks: u64,
    pub hard_links: u64,
    pub bytes: u64,
    /// Files that stood there already, byte for byte.
    pub kept: u64,
    /// Entries that are not as they were asked for, those among them whose content is back and only an attribute is not.
    pub failed: u64,
    /// Those among them that the destination did not take; the others are missing or damaged in the store.
    pub refused: u64,
    /// Entries that came back and belong to somebody else than they did.
    pub foreign: u64,
    /// Those among them whose set-user-id or set-group-id bits or capabilities were left off for that.
    pub bared: u64,
    /// The first of them: path and reason.
    pub failures: Vec<(String, String)>,
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
#[derive(Debug, Default)]
pub struct Tally {
    pub files: AtomicU64,
    pub directories: AtomicU64,
    pub symlinks: AtomicU64,
    pub hard_links: AtomicU64,
    pub bytes: AtomicU64,
    /// Files that stood there already, byte for byte.
    pub kept: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    foreign: AtomicU64,
    bared: AtomicU64,
    failures: Mutex<Vec<(String, String)>>,
    /// Files without their content, by the hash of their path, and whether the destination refused them: no other name is given
    /// to what stands there instead. Kept where the backup has hard links.
    without: Option<Mutex<HashMap<Digest, bool>>>,
    /// Packs that were missing or damaged, by number, with the first reason.
    packs: Mutex<BTreeMap<u32, Lost>>,
    /// Where the index contradicts itself, the first time.
    torn: OnceLock<String>,
    /// The trouble after which nothing more can be restored.
    last: OnceLock<Trouble>,
}

/// Failures told by name; all are counted.
const NAMED: usize = 200;

impl Tally {
    pub fn new(has_links: bool) -> Self {
        Self { without: has_links.then(Mutex::default), ..Self::default() }
    }

    pub fn count(counter: &AtomicU64, add: u64) {
        counter.fetch_add(add, Ordering::Relaxed);
    }

    pub fn fail(&self, path: &[u8], why: &impl ToString) {
        self.is_without(path, false);
        self.tell(path, why);
    }

    fn is_without(&self, path: &[u8], refused: bool) {
        if let Some(without) = &self.without {
            without.lock().unwrap_or_else(PoisonError::into_inner).insert(Digest::blake3(path), refused);
        }
    }

    /// Whether another name of a file fails because the file did.
    pub fn fails_with(&self, path: &[u8], first: &[u8]) -> bool {
        let without = self.without.as_ref().map(|without| without.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(refused) = without.and_then(|without| without.get(&Digest::blake3(first)).copied()) else { return false };
        Self::count(&self.refused, u64::from(refused));
        let first = String::from_utf8_lossy(first).escape_debug().to_string();
        self.tell(path, &format!("could not be restored: it is another name of /{first}"));
        true
    }

    fn tell(&self, path: &[u8], why: &impl ToString) {
        Self::count(&self.failed, 1);
        let mut named = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if named.len() < NAMED {
            named.push((String::from_utf8_lossy(path).into_owned(), why.to_string()));
        }
    }

    /// Notes that a pack did not give what was written.
    pub fn lost(&self, pack: u32, why: &Lost) {
        if !matches!(why, Lost::NotGiven(_)) {
            self.packs.lock().unwrap_or_else(PoisonError::into_inner).entry(pack).or_insert_with(|| why.clone());
        }
    }

    /// Notes that the index says of a file what cannot be.
    pub fn torn(&self, path: &[u8], why: &impl ToString) {
        _ = self.torn.set(format!("the index: `{}` {}", String::from_utf8_lossy(path).escape_debug(), why.to_string()));
    }

    /// The destination did not take an entry.
    pub fn trouble(&self, path: &[u8], trouble: &Trouble) {
        self.is_without(path, true);
        self.refuse(path, trouble);
    }

    fn refuse(&self, path: &[u8], trouble: &Trouble) {
        if trouble.last {
            _ = self.last.set(trouble.clone());
        }
        Self::count(&self.refused, 1);
        self.tell(path, trouble);
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
        self.last.get().map_or(Ok(()), |trouble| Err(TreeError::Target(trouble.clone())))
    }

    pub fn restored(&self, table: &Table) -> Restored {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Restored {
            files: get(&self.files),
            directories: get(&self.directories),
            symlinks: get(&self.symlinks),
            hard_links: get(&self.hard_links),
            bytes: get(&self.bytes),
            kept: get(&self.kept),
            failed: get(&self.failed),
            refused: get(&self.refused),
            foreign: get(&self.foreign),
            bared: get(&self.bared),
            failures: self.failures(),
            damage: self.damage(table),
        }
    }

    fn damage(&self, table: &Table) -> Damage {
        let mut damage = Damage { parts: self.torn.get().cloned().into_iter().collect(), ..Damage::default() };
        for (number, why) in &*self.packs.lock().unwrap_or_else(PoisonError::into_inner) {
            match (table.get(*number), why) {
                (None, why) => damage.parts.push(format!("pack {number}: {why}")),
                (Some(pack), Lost::Missing(_)) => damage.missing.push(pack),
                (Some(pack), why) => damage.packs.push((pack, why.to_string())),
            }
        }
        damage
    }

    /// The first failures, sorted by path: path and reason.
    fn failures(&self) -> Vec<(String, String)> {
        let mut named = self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone();
        named.sort();
        named
    }
}
