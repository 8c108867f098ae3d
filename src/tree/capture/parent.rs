//! The parent's index, read alongside the walk: both are in path order, so neither is ever held whole.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::runtime::Handle;

use crate::catalog::FormatError;
use crate::catalog::entry::{Entry, Kind, Line, cmp_paths};
use crate::catalog::index::{content_behind, read_line, write_entry, write_head};
use crate::catalog::part::{Frame, Part};
use crate::tree::TreeError;
use crate::tree::lines::read_frames;
use crate::tree::shelf::Shelf;

/// Reads the index on a thread of its own and sends it in frames. Ends when nobody listens any more.
pub fn send_index(shelf: &Shelf, parts: &[Part], runtime: &Handle, to: &SyncSender<Result<Frame, TreeError>>) {
    let result = read_frames(shelf, parts, runtime, &mut |frame| Ok(to.send(Ok(frame)).is_ok()));
    if let Err(error) = result {
        // Whoever listened may be gone because it needs no more: that is no failure.
        let last = to.send(Err(error));
        drop(last);
    }
}

/// A place in the parent's index that only moves forward. A line is read only where its text does not tell enough.
pub struct Cursor {
    from: Receiver<Result<Frame, TreeError>>,
    frame: Arc<Frame>,
    at: usize,
    /// The line at the cursor, once it was read.
    line: Option<Line>,
    /// What an entry would be written as.
    written: Vec<u8>,
}

/// A line that is taken over as it is.
pub struct Taken {
    pub frame: Arc<Frame>,
    /// Which line of the frame.
    pub at: usize,
    /// The packs that its blocks lie in.
    pub packs: Vec<u32>,
    /// The file goes on in the next line.
    pub more: bool,
}

impl Cursor {
    /// The cursor, and where [`send_index`] sends to.
    pub fn new() -> (SyncSender<Result<Frame, TreeError>>, Self) {
        let (to, from) = sync_channel(2);
        (to, Self { from, frame: Arc::default(), at: 0, line: None, written: Vec::new() })
    }

    /// The text of the line at the cursor; empty at the end.
    fn text(&mut self) -> Result<&[u8], TreeError> {
        while self.at >= self.frame.len() {
            match self.from.recv() {
                Ok(frame) => (self.frame, self.at) = (Arc::new(frame?), 0),
                Err(_) => return Ok(&[]),
            }
        }
        Ok(self.frame.text(self.at..self.at + 1))
    }

    /// The line at the cursor.
    fn line(&mut self) -> Result<Option<&Line>, TreeError> {
        if self.line.is_none() {
            let text = self.text()?;
            self.line = if text.is_empty() { None } else { Some(read_line(text)?) };
        }
        Ok(self.line.as_ref())
    }

    fn advance(&mut self) {
        self.at += 1;
        self.line = None;
    }

    /// The line at the cursor, which moves on.
    fn take(&mut self, packs: Vec<u32>, more: bool) -> Taken {
        let taken = Taken { frame: Arc::clone(&self.frame), at: self.at, packs, more };
        self.advance();
        taken
    }

    /// The parent's line of something without content, if it is the one that would be written now.
    ///
    /// # Errors
    /// When the parent's index is damaged.
    pub fn same(&mut self, entry: &Entry) -> Result<Option<Taken>, TreeError> {
        let mut written = std::mem::take(&mut self.written);
        written.clear();
        write_entry(entry, &mut written)?;
        let same = self.text()? == written;
        self.written = written;
        Ok(same.then(|| self.take(Vec::new(), false)))
    }

    /// The parent's line of a file that is, as far as can be told without reading, the one that the parent read. The paths asked
    /// for must ascend.
    ///
    /// # Errors
    /// When the parent's index is damaged.
    pub fn same_file(&mut self, entry: &Entry) -> Result<Option<Taken>, TreeError> {
        let mut written = std::mem::take(&mut self.written);
        written.clear();
        write_head(entry, &mut written)?;
        // Neighbours that did not change follow each other in both, so that most lines are known by how they begin.
        let behind = content_behind(&written, self.text()?);
        self.written = written;
        if let Some(behind) = behind {
            return Ok(Some(self.take(behind.packs().collect(), behind.more)));
        }
        let Some(old) = self.find(&entry.path)?.filter(|old| is_same(old, entry)) else { return Ok(None) };
        let packs = old.content.blocks.iter().map(|block| block.pack).collect();
        let more = old.content.more;
        Ok(Some(self.take(packs, more)))
    }

    /// The next line of a file that goes on.
    ///
    /// # Errors
    /// When the parent's index is damaged.
    pub fn rest(&mut self) -> Result<Taken, TreeError> {
        let Some(Line::More(next)) = self.line()? else {
            return Err(FormatError::damaged("the parent's index", "a file without its end").into());
        };
        let packs = next.content.blocks.iter().map(|block| block.pack).collect();
        let more = next.content.more;
        Ok(self.take(packs, more))
    }

    /// Moves to the entry with this path, or to where it would stand.
    fn find(&mut self, path: &[u8]) -> Result<Option<&Entry>, TreeError> {
        loop {
            match self.line()? {
                None => return Ok(None),
                Some(Line::Entry(entry)) if cmp_paths(&entry.path, path).is_ge() => break,
                Some(_) => self.advance(),
            }
        }
        Ok(match &self.line {
            Some(Line::Entry(entry)) if entry.path == path => Some(entry),
            _ => None,
        })
    }
}

/// Whether neither status nor times nor size of a file moved since the parent read it, whole.
fn is_same(old: &Entry, new: &Entry) -> bool {
    let same = old.identity == new.identity && old.size == new.size && old.meta.mtime == new.meta.mtime;
    old.kind == Kind::File && old.link.is_none() && !old.changed && same
}
