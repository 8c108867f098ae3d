//! Blocks by hash in a temporary file: buckets of slots, read and written in place, so that they take next to no memory however many
//! they are.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::catalog::digest::Digest;
use crate::catalog::entry::Block;

/// Bytes of a slot: whether it is taken, numbers of a block, its hash.
const SLOT: usize = 64;
const SLOTS: usize = 64;
/// As much as the system reads at a time anyway.
const BUCKET: usize = SLOT * SLOTS;
const FIRST: u64 = 1 << 10;

/// A table that grows. The first of equal hashes stays.
pub struct Spilled {
    file: File,
    buckets: u64,
    held: u64,
}

impl Spilled {
    /// # Errors
    /// When no temporary file can be made.
    pub fn new() -> io::Result<Self> {
        Self::with(FIRST)
    }

    fn with(buckets: u64) -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        // What was never written are zeros, and takes no room.
        file.set_len(buckets * BUCKET as u64)?;
        Ok(Self { file, buckets, held: 0 })
    }

    /// # Errors
    /// When the file cannot be read or written.
    pub fn insert(&mut self, block: &Block) -> io::Result<()> {
        // Buckets that are too full run over into their neighbours, and so take longer.
        if self.held * 10 > self.buckets * SLOTS as u64 * 6 {
            self.grow()?;
        }
        self.put(block)
    }

    fn put(&mut self, block: &Block) -> io::Result<()> {
        let (at, found) = self.look(&block.hash)?;
        if found.is_none() {
            self.file.write_all_at(&write(block), at)?;
            self.held += 1;
        }
        Ok(())
    }

    /// # Errors
    /// When the file cannot be read.
    pub fn find(&self, hash: &Digest) -> io::Result<Option<Block>> {
        self.look(hash).map(|(_, found)| found)
    }

    /// The block, or the slot in which it would stand.
    fn look(&self, hash: &Digest) -> io::Result<(u64, Option<Block>)> {
        let mut bucket = hash.0.first_chunk().map_or(0, |begin| u64::from_le_bytes(*begin)) % self.buckets;
        let mut bytes = [0; BUCKET];
        loop {
            let from = bucket * BUCKET as u64;
            self.file.read_exact_at(&mut bytes, from)?;
            for (at, slot) in bytes.chunks_exact(SLOT).enumerate() {
                let found = read(slot);
                if found.as_ref().is_none_or(|found| found.hash == *hash) {
                    return Ok((from + (at * SLOT) as u64, found));
                }
            }
            bucket = (bucket + 1) % self.buckets;
        }
    }

    fn grow(&mut self) -> io::Result<()> {
        let mut larger = Self::with(self.buckets * 4)?;
        let mut bytes = [0; BUCKET];
        for bucket in 0..self.buckets {
            self.file.read_exact_at(&mut bytes, bucket * BUCKET as u64)?;
            bytes.chunks_exact(SLOT).filter_map(read).try_for_each(|block| larger.put(&block))?;
        }
        *self = larger;
        Ok(())
    }
}

fn write(block: &Block) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    slot[0] = 1;
    let numbers = [block.pack, block.offset, block.stored, block.at, block.size];
    for (at, number) in numbers.into_iter().enumerate() {
        slot[4 + at * 4..8 + at * 4].copy_from_slice(&number.to_le_bytes());
    }
    slot[32..].copy_from_slice(&block.hash.0);
    slot
}

/// `None`: the slot is free.
fn read(slot: &[u8]) -> Option<Block> {
    let number = |at: usize| Some(u32::from_le_bytes(*slot.get(4 + at * 4..)?.first_chunk()?));
    let hash = Digest(*slot.get(32..)?.first_chunk()?);
    let taken = *slot.first()? == 1;
    let block = Block { pack: number(0)?, offset: number(1)?, stored: number(2)?, at: number(3)?, size: number(4)?, hash };
    taken.then_some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_however_much_there_is() {
        let block =
            |n: u32| Block { pack: n, offset: n ^ 7, stored: 1, at: 2, size: n + 1, hash: Digest::blake3(&n.to_le_bytes()) };
        // Two buckets, so that it grows and runs over many times.
        let mut spilled = Spilled::with(2).expect("a file");
        for n in 0..20_000 {
            spilled.insert(&block(n)).expect("written");
        }
        spilled.insert(&Block { pack: 9, ..block(3) }).expect("written");
        for n in 0..20_000 {
            assert_eq!(spilled.find(&block(n).hash).expect("read"), Some(block(n)));
        }
        assert_eq!((spilled.held, spilled.find(&Digest::blake3(b"other")).expect("read")), (20_000, None));
    }
}
