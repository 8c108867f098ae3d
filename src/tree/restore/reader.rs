//! The reader of a restore: goes through the index once, makes folders and links, and says which blocks are wanted.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use tokio::sync::mpsc;

use crate::catalog::digest::Digest;
use crate::catalog::entry::{Content, Entry, Kind, Line, More};
use crate::source::{Destination, ReadAt, Standing};
use crate::tree::TreeError;
use crate::tree::progress::Progress;
use crate::tree::restore::select::Paths;
use crate::tree::restore::tally::Tally;
use crate::tree::restore::work::{Batch, Large, Owner, Piece, is_small, lay_out};

pub struct Reader<'a> {
    pub destination: &'a dyn Destination,
    pub paths: &'a Paths,
    /// Whether something may already stand there.
    pub compare: bool,
    pub tally: &'a Tally,
    pub progress: &'a Progress,
    pub to: mpsc::Sender<Batch>,
    pub batch: Batch,
    /// The large file whose further stretches come next.
    pub large: Option<Begun>,
    /// Paths of files that others are hard links to and that are not wanted themselves, with the first one that is.
    pub stand_ins: &'a HashMap<Vec<u8>, Vec<u8>>,
    pub buffer: Vec<u8>,
}

/// A large file of which not all stretches have come.
pub struct Begun {
    large: Arc<Large>,
    /// Where the next one begins.
    at: u64,
    /// What stands there has held every block and hole so far.
    same: bool,
}

impl Reader<'_> {
    /// Takes one line of the index. `false`: nobody fetches any more.
    pub fn line(&mut self, line: Line) -> Result<bool, TreeError> {
        self.progress.go_on()?;
        self.tally.go_on()?;
        match line {
            Line::Entry(entry) => {
                self.end_large(None);
                self.entry(entry)?;
            }
            Line::More(More { content, size, .. }) => {
                let last = !content.more;
                self.stretch(&content)?;
                if last {
                    self.end_large(size);
                }
            }
        }
        Ok(!self.to.is_closed())
    }

    pub fn finish(mut self) -> Result<(), TreeError> {
        self.end_large(None);
        self.send()
    }

    fn send(&mut self) -> Result<(), TreeError> {
        if self.batch.pieces.is_empty() {
            return Ok(());
        }
        self.to.blocking_send(std::mem::take(&mut self.batch)).map_err(|_| TreeError::Stopped)
    }

    fn entry(&mut self, mut entry: Entry) -> Result<(), TreeError> {
        if !self.paths.wants(&entry.path) {
            let Some(stand_in) = self.stand_ins.get(&entry.path) else { return Ok(()) };
            entry.path.clone_from(stand_in);
        }
        self.progress.add_entries(1);
        let tally = self.tally;
        let done = match entry.kind {
            Kind::Skipped => return Ok(()),
            Kind::Directory => self.destination.directory(&entry).map(|()| Tally::count(&tally.directories, 1)),
            Kind::Symlink => {
                let kept = self.compare && self.destination.standing(&entry) == Standing::Alike;
                self.destination.symlink(&entry).map(|settled| {
                    Tally::count(&tally.symlinks, 1);
                    Tally::count(&tally.kept, u64::from(kept));
                    tally.settled(&entry.path, &settled);
                })
            }
            // Made when all files are there.
            Kind::File if entry.link.is_some() => return Ok(()),
            Kind::File => return self.file(entry),
        };
        if let Err(trouble) = done {
            tally.trouble(&entry.path, &trouble);
        }
        Ok(())
    }

    fn file(&mut self, entry: Entry) -> Result<(), TreeError> {
        let before = if self.compare { self.destination.existing(&entry) } else { None };
        if before.is_none() && is_small(&entry) {
            let block = entry.content.blocks.first().copied();
            return self.push(Piece { owner: Owner::Small(Box::new(entry)), block, at: 0 });
        }
        if let Some(before) = &before
            && self.is_same(&**before, &entry)
        {
            self.progress.add_bytes(entry.size);
            self.keep(&entry);
            return Ok(());
        }
        let sink = match self.destination.file(&entry) {
            Ok(sink) => sink,
            Err(trouble) => {
                self.tally.trouble(&entry.path, &trouble);
                return Ok(());
            }
        };
        let content = entry.content.clone();
        let large = Large {
            size: AtomicU64::new(entry.size),
            entry: Entry { content: Content::default(), ..entry },
            sink,
            before,
            left: AtomicUsize::new(1),
            broken: AtomicBool::new(false),
            written: AtomicU64::new(0),
        };
        self.large = Some(Begun { same: large.before.is_some(), large: Arc::new(large), at: 0 });
        self.stretch(&content)?;
        if !content.more {
            self.end_large(None);
        }
        Ok(())
    }

    /// What stands there is the file already: only its owner, permissions and times may differ.
    fn keep(&self, entry: &Entry) {
        let tally = self.tally;
        match self.destination.finish(entry) {
            Ok(settled) => {
                Tally::count(&tally.files, 1);
                Tally::count(&tally.kept, 1);
                Tally::count(&tally.bytes, entry.size);
                tally.settled(&entry.path, &settled);
            }
            Err(trouble) => tally.trouble(&entry.path, &trouble),
        }
    }

    /// Whether a file holds exactly the entry's bytes. A file told in several lines is compared block by block later.
    fn is_same(&mut self, before: &dyn ReadAt, entry: &Entry) -> bool {
        let content = &entry.content;
        if content.more || before.size() != entry.size {
            return false;
        }
        holds(before, content, 0, &mut self.buffer) == Some(entry.size)
    }

    fn stretch(&mut self, content: &Content) -> Result<(), TreeError> {
        let Some(Begun { large, at: from, mut same }) = self.large.take() else { return Ok(()) };
        let (places, end) = match lay_out(&content.blocks, &content.holes, from) {
            Ok(laid) => laid,
            Err(trouble) => {
                if large.breaks() {
                    self.tally.torn(&large.entry.path, &trouble);
                }
                self.large = Some(Begun { large, at: from, same: false });
                return Ok(());
            }
        };
        self.progress.add_bytes(content.holes.iter().map(|hole| hole.1).sum());
        if let Some(before) = &large.before {
            same = same && content.holes.iter().all(|hole| is_zero(&**before, hole.0, hole.1, &mut self.buffer));
        }
        for (block, at) in content.blocks.iter().zip(places) {
            if let Some(before) = &large.before {
                self.buffer.resize(block.size as usize, 0);
                if before.read_at(at, &mut self.buffer) && Digest::blake3(&self.buffer) == block.hash {
                    large.write(at, &self.buffer, self.tally);
                    self.progress.add_bytes(u64::from(block.size));
                    continue;
                }
            }
            same = false;
            large.left.fetch_add(1, Ordering::AcqRel);
            self.push(Piece { owner: Owner::Large(Arc::clone(&large)), block: Some(*block), at })?;
        }
        self.large = Some(Begun { large, at: end, same });
        Ok(())
    }

    /// No further stretch comes: checks that what was told adds up to the whole file.
    fn end_large(&mut self, size: Option<u64>) {
        let Some(Begun { large, at: end, same }) = self.large.take() else { return };
        if let Some(size) = size {
            large.size.store(size, Ordering::Release);
        }
        let size = large.size.load(Ordering::Acquire);
        if end != size && large.breaks() {
            self.tally.torn(&large.entry.path, &format!("is damaged in the index: {end} of {size} bytes are told"));
        }
        // No piece of it is on its way. What was written of it goes, and what stands there stays.
        let is_whole = !large.broken.load(Ordering::Acquire) && large.before.as_ref().is_some_and(|before| before.size() == size);
        if same && is_whole {
            let entry = Entry { size, ..large.entry.clone() };
            drop(large);
            self.keep(&entry);
        } else {
            large.done(self.tally);
        }
    }

    fn push(&mut self, piece: Piece) -> Result<(), TreeError> {
        self.batch.push(piece);
        if self.batch.is_full() { self.send() } else { Ok(()) }
    }
}

/// Where a stretch of content that begins at `from` ends, if a file holds it byte for byte.
pub fn holds(file: &dyn ReadAt, content: &Content, from: u64, buffer: &mut Vec<u8>) -> Option<u64> {
    let (places, end) = lay_out(&content.blocks, &content.holes, from).ok()?;
    let blocks = content.blocks.iter().zip(places).all(|(block, at)| {
        buffer.resize(block.size as usize, 0);
        file.read_at(at, buffer) && Digest::blake3(buffer) == block.hash
    });
    let same = blocks && content.holes.iter().all(|hole| is_zero(file, hole.0, hole.1, buffer));
    same.then_some(end)
}

fn is_zero(file: &dyn ReadAt, from: u64, length: u64, buffer: &mut Vec<u8>) -> bool {
    const STEP: u64 = 1 << 20;
    let mut at = from;
    while at < from + length {
        let step = STEP.min(from + length - at);
        buffer.resize(usize::try_from(step).unwrap_or_default(), 0);
        if !file.read_at(at, buffer) || buffer.iter().any(|byte| *byte != 0) {
            return false;
        }
        at += step;
    }
    true
}
