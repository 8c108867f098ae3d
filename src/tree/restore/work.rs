//! What flows between the stages of a restore: pieces of files, gathered into batches that are fetched at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::catalog::entry::{Block, Entry};
use crate::source::{ReadAt, Sink, Trouble};
use crate::tree::frames::{Fetched, Stretch};
use crate::tree::restore::tally::Tally;

/// Stored bytes of a batch, and its pieces: they bound the memory for what was fetched.
pub const BATCH_BYTES: u64 = 4 << 20;
pub const BATCH_PIECES: usize = 512;
/// Bytes between two frames that are rather fetched than asked for separately.
const GAP: u64 = 64 << 10;

/// A file that is written in several pieces, by whoever has one of them.
pub struct Large {
    pub entry: Entry,
    pub sink: Box<dyn Sink>,
    /// What stood there before; blocks that are the same come from it.
    pub before: Option<Box<dyn ReadAt>>,
    /// Pieces on their way, and one for the reader of the index until it has named them all.
    pub left: AtomicUsize,
    pub broken: AtomicBool,
    /// End of what was written.
    pub written: AtomicU64,
    pub size: AtomicU64,
}

impl Large {
    /// Whether it breaks now: that is told once, however many of its pieces fail.
    pub fn breaks(&self) -> bool {
        !self.broken.swap(true, Ordering::AcqRel)
    }

    pub fn write(&self, at: u64, bytes: &[u8], tally: &Tally) {
        match self.sink.write_at(at, bytes) {
            Ok(()) => {
                self.written.fetch_max(at + bytes.len() as u64, Ordering::AcqRel);
            }
            Err(trouble) => {
                if self.breaks() {
                    tally.trouble(&self.entry.path, &trouble);
                }
            }
        }
    }

    /// One piece less to wait for; after the last one the file gets its name.
    pub fn done(&self, tally: &Tally) {
        if self.left.fetch_sub(1, Ordering::AcqRel) > 1 || self.broken.load(Ordering::Acquire) {
            return;
        }
        let size = self.size.load(Ordering::Acquire);
        finish(&*self.sink, &self.entry, self.written.load(Ordering::Acquire), size, tally);
    }
}

/// Gives a whole file its name.
pub fn finish(sink: &dyn Sink, entry: &Entry, written: u64, size: u64, tally: &Tally) {
    match sink.finish(written, size) {
        Ok(settled) => {
            Tally::count(&tally.files, 1);
            Tally::count(&tally.bytes, size);
            tally.settled(&entry.path, &settled);
        }
        Err(trouble) => tally.trouble(&entry.path, &trouble),
    }
}

/// Whose piece it is.
pub enum Owner {
    /// A file of one block, or of none.
    Small(Box<Entry>),
    Large(Arc<Large>),
}

/// A block to write.
pub struct Piece {
    pub owner: Owner,
    /// `None`: an empty file.
    pub block: Option<Block>,
    /// Where in the file, bytes.
    pub at: u64,
}

/// Pieces that are fetched together.
#[derive(Default)]
pub struct Batch {
    pub pieces: Vec<Piece>,
    /// Frames by pack and offset, with their lengths.
    frames: BTreeMap<(u32, u32), u32>,
    stored: u64,
}

impl Batch {
    pub fn push(&mut self, piece: Piece) {
        if let Some(block) = &piece.block
            && self.frames.insert((block.pack, block.offset), block.stored).is_none()
        {
            self.stored += u64::from(block.stored);
        }
        self.pieces.push(piece);
    }

    pub fn is_full(&self) -> bool {
        self.stored >= BATCH_BYTES || self.pieces.len() >= BATCH_PIECES
    }

    /// What to fetch: neighbouring frames in one stretch.
    pub fn stretches(&self) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for ((pack, offset), stored) in &self.frames {
            let range = u64::from(*offset)..u64::from(*offset) + u64::from(*stored);
            match stretches.last_mut() {
                Some(last) if last.pack == *pack && range.start <= last.range.end + GAP => {
                    last.range.end = last.range.end.max(range.end);
                }
                _ => stretches.push(Stretch { pack: *pack, range }),
            }
        }
        stretches
    }
}

/// A batch with what was fetched for it.
pub struct Loaded {
    pub batch: Batch,
    pub fetched: Vec<Fetched>,
}

/// Whether a file may be written in one go.
pub fn is_small(entry: &Entry) -> bool {
    let content = &entry.content;
    let whole: u64 = content.blocks.iter().map(|block| u64::from(block.size)).sum();
    !content.more && content.holes.is_empty() && content.blocks.len() <= 1 && whole == entry.size
}

/// Where each block of a stretch of a file goes: blocks fill what the holes leave open.
///
/// # Errors
/// When blocks and holes do not fit together.
pub fn lay_out(blocks: &[Block], holes: &[crate::catalog::entry::Hole], from: u64) -> Result<(Vec<u64>, u64), Trouble> {
    let torn = || Trouble::suspect("is damaged in the index", "its blocks and holes do not fit together");
    let mut holes = holes.iter().peekable();
    let mut at = from;
    let mut places = Vec::with_capacity(blocks.len());
    let mut skip = |at: &mut u64| {
        while let Some(hole) = holes.next_if(|hole| hole.0 == *at) {
            *at = at.checked_add(hole.1).filter(|end| *end > hole.0).ok_or_else(torn)?;
        }
        // A hole that begins inside of a block, or before it, belongs to no file that bdr wrote.
        Ok::<_, Trouble>(holes.peek().map(|hole| hole.0))
    };
    for block in blocks {
        let next = skip(&mut at)?;
        let end = at + u64::from(block.size);
        if next.is_some_and(|hole| hole < end) {
            return Err(torn());
        }
        places.push(at);
        at = end;
    }
    match skip(&mut at)? {
        None => Ok((places, at)),
        Some(_) => Err(torn()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::digest::Digest;
    use crate::catalog::entry::Hole;

    fn block(size: u32) -> Block {
        Block { pack: 0, offset: 0, stored: 1, at: 0, size, hash: Digest::blake3(b"") }
    }

    #[test]
    fn blocks_fill_what_the_holes_leave_open() {
        let lay = |blocks: &[u32], holes: &[(u64, u64)], from| {
            let blocks: Vec<Block> = blocks.iter().map(|size| block(*size)).collect();
            let holes: Vec<Hole> = holes.iter().map(|hole| Hole(hole.0, hole.1)).collect();
            lay_out(&blocks, &holes, from)
        };
        assert_eq!(lay(&[3, 4], &[(0, 10), (17, 3)], 0), Ok((vec![10, 13], 20)));
        assert_eq!(lay(&[3, 4], &[(13, 10)], 10), Ok((vec![10, 23], 27)));
        assert_eq!(lay(&[], &[(0, 5)], 0), Ok((vec![], 5)));
        for hole in [(1, 5), (9, 1), (3, 0), (3, u64::MAX)] {
            let holes = [hole];
            assert!(lay(&[3], &holes, 0).is_err(), "{holes:?}");
        }
    }

    #[test]
    fn neighbouring_frames_are_fetched_in_one_stretch() {
        let mut batch = Batch::default();
        for (pack, offset) in [(1, 500_000), (0, 100), (0, 0), (0, 0), (1, 0)] {
            let block = Block { pack, offset, stored: 100, ..block(1) };
            batch.push(Piece { owner: Owner::Small(Box::default()), block: Some(block), at: 0 });
        }
        let ranges: Vec<_> = batch.stretches().into_iter().map(|stretch| (stretch.pack, stretch.range)).collect();
        assert_eq!(ranges, [(0, 0..200), (1, 0..100), (1, 500_000..500_100)]);
    }
}
