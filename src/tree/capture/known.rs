//! The blocks that need not be stored again, in memory of a fixed size.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::catalog::digest::Digest;
use crate::catalog::entry::Block;
use crate::tree::TreeError;
use crate::tree::capture::spilled::Spilled;
use crate::tree::table::Table;

/// Where a block lies; a [`Block`] without its hash.
#[derive(Clone, Copy)]
struct Location {
    pack: u32,
    offset: u32,
    stored: u32,
    at: u32,
    size: u32,
}

/// Blocks in one generation. Two of them take some 50 MB when full.
const GENERATION: usize = 224_000;

#[derive(Default)]
struct Maps {
    young: HashMap<Digest, Location>,
    old: HashMap<Digest, Location>,
}

pub type Loader = Box<dyn FnOnce(&mut dyn FnMut(&Block)) -> Result<(), TreeError> + Send>;

/// Blocks that the store already holds, by hash: those of the parent, and those that were met since. Of the latter the older half is
/// forgotten when they are too many: one that is met again after that is stored again, which costs room and nothing else.
pub struct Known {
    maps: Mutex<Maps>,
    /// The parent's, where they are too many for memory.
    spilled: OnceLock<Spilled>,
    /// Reads the parent's blocks when the first block is asked for: an unchanged tree never asks.
    loader: Mutex<Option<Loader>>,
    packs: Packs,
}

/// The packs that were there before: the parent's, and those of an interrupted attempt.
pub struct Packs {
    pub table: Table,
    used: Vec<AtomicBool>,
}

impl Packs {
    pub fn new(table: Table) -> Self {
        let used = (0..table.next_number()).map(|_| AtomicBool::new(false)).collect();
        Self { table, used }
    }

    /// Notes that the backup refers to a pack; numbers of new packs are none of its business.
    pub fn mark(&self, number: u32) {
        if let Some(used) = self.used.get(number as usize) {
            used.store(true, Ordering::Relaxed);
        }
    }

    pub fn is_used(&self, number: u32) -> bool {
        self.used.get(number as usize).is_some_and(|used| used.load(Ordering::Relaxed))
    }
}

impl Known {
    pub fn new(packs: Packs, loader: Option<Loader>) -> Self {
        Self { maps: Mutex::default(), spilled: OnceLock::new(), loader: Mutex::new(loader), packs }
    }

    pub fn packs(&self) -> &Packs {
        &self.packs
    }

    /// The block with this hash and size, if it is stored; its pack counts as used from then on.
    ///
    /// # Errors
    /// When the parent's index cannot be read.
    pub fn find(&self, hash: &Digest, size: u32) -> Result<Option<Block>, TreeError> {
        self.load()?;
        let mut maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match maps.young.get(hash) {
            Some(found) => Some(*found),
            None => {
                // What is asked for again stays in the younger half.
                let old = maps.old.get(hash).copied();
                if let Some(old) = old {
                    maps.insert(*hash, old);
                }
                old
            }
        };
        drop(maps);
        let block = |found: Location| Block {
            pack: found.pack,
            offset: found.offset,
            stored: found.stored,
            at: found.at,
            size: found.size,
            hash: *hash,
        };
        let found = match (found, self.spilled.get()) {
            (None, Some(spilled)) => spilled.find(hash).map_err(failed)?,
            (found, _) => found.map(block),
        };
        let found = found.filter(|found| found.size == size);
        found.iter().for_each(|found| self.packs.mark(found.pack));
        Ok(found)
    }

    pub fn insert(&self, block: &Block) {
        self.maps.lock().unwrap_or_else(PoisonError::into_inner).insert(block.hash, Location::of(block));
    }

    fn load(&self) -> Result<(), TreeError> {
        // The lock is held while loading, so that whoever asks meanwhile waits for the answer.
        let mut loader = self.loader.lock().unwrap_or_else(PoisonError::into_inner);
        match loader.take() {
            None => Ok(()),
            Some(load) => self.take(load),
        }
    }

    fn take(&self, load: Loader) -> Result<(), TreeError> {
        let (mut few, mut spilled, mut wrong) = (Vec::<Block>::new(), None::<Spilled>, None);
        load(&mut |block| {
            let put = match &mut spilled {
                Some(spilled) => spilled.insert(block),
                None if few.len() < GENERATION => {
                    few.push(*block);
                    Ok(())
                }
                None => Spilled::new().and_then(|mut all| {
                    few.drain(..).chain([*block]).try_for_each(|block| all.insert(&block))?;
                    spilled = Some(all);
                    Ok(())
                }),
            };
            wrong = wrong.take().or(put.err());
        })?;
        few.iter().for_each(|block| self.insert(block));
        spilled.into_iter().for_each(|spilled| _ = self.spilled.set(spilled));
        wrong.map_or(Ok(()), |error| Err(failed(error)))
    }
}

fn failed(error: std::io::Error) -> TreeError {
    TreeError::machine("remember the parent's blocks in a temporary file", error)
}

impl Location {
    fn of(block: &Block) -> Self {
        Self { pack: block.pack, offset: block.offset, stored: block.stored, at: block.at, size: block.size }
    }
}

impl Maps {
    fn insert(&mut self, hash: Digest, location: Location) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, location);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_again_outlives_what_is_not() {
        let known = Known::new(Packs::new(Table::default()), None);
        let block = |n: usize| Block { pack: 0, offset: 0, stored: 1, at: 0, size: 1, hash: Digest::blake3(&n.to_le_bytes()) };
        for n in 0..GENERATION * 2 {
            known.insert(&block(n));
            assert!(known.find(&block(0).hash, 1).expect("found").is_some());
        }
        assert!(known.find(&block(1).hash, 1).expect("looked").is_none());
        assert!(known.find(&block(GENERATION * 2 - 1).hash, 2).expect("looked").is_none(), "another size is another block");
    }

    #[test]
    fn no_block_of_the_parent_is_forgotten() {
        let block = |n: usize| Block { pack: 0, offset: 0, stored: 1, at: 0, size: 1, hash: Digest::blake3(&n.to_le_bytes()) };
        for most in [GENERATION, GENERATION + 1, GENERATION * 3] {
            let load: Loader = Box::new(move |give| {
                (0..most).for_each(|n| give(&block(n)));
                Ok(())
            });
            let known = Known::new(Packs::new(Table::default()), Some(load));
            for n in (0..most).step_by(997).chain([most - 1]) {
                assert_eq!(known.find(&block(n).hash, 1).expect("looked"), Some(block(n)));
            }
            assert!(known.find(&block(most).hash, 1).expect("looked").is_none());
            assert!(known.find(&block(0).hash, 2).expect("looked").is_none(), "another size is another block");
        }
    }
}
