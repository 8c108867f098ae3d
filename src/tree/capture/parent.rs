//! The parent's index, read alongside the walk: both are in path order, so neither is ever held whole.

use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::runtime::Handle;

use crate::catalog::entry::{Entry, Line, cmp_paths};
use crate::catalog::part::Part;
use crate::tree::TreeError;
use crate::tree::lines::read_index;
use crate::tree::shelf::Shelf;

/// Some lines with their text.
#[derive(Default)]
pub struct Batch {
    text: Vec<u8>,
    lines: Vec<(Line, Range<usize>)>,
}

const LINES: usize = 512;
const TEXT: usize = 256 << 10;

/// Reads the index on a thread of its own and sends it in batches. Ends when nobody listens any more.
pub fn send_index(shelf: &Shelf, parts: &[Part], runtime: &Handle, to: &SyncSender<Result<Batch, TreeError>>) {
    let mut batch = Batch::default();
    let result = read_index(shelf, parts, runtime, &mut |line, text| {
        let begin = batch.text.len();
        batch.text.extend_from_slice(text);
        batch.lines.push((line, begin..batch.text.len()));
        let full = batch.lines.len() >= LINES || batch.text.len() >= TEXT;
        Ok(!full || to.send(Ok(std::mem::take(&mut batch))).is_ok())
    });
    // Whoever listened may be gone because it needs no more: that is no failure.
    let last = to.send(result.map(|()| batch));
    drop(last);
}

/// A place in the parent's index that only moves forward.
pub struct Cursor {
    from: Receiver<Result<Batch, TreeError>>,
    batch: Batch,
    at: usize,
}

impl Cursor {
    /// The cursor, and where [`send_index`] sends to.
    pub fn new() -> (SyncSender<Result<Batch, TreeError>>, Self) {
        let (to, from) = sync_channel(2);
        (to, Self { from, batch: Batch::default(), at: 0 })
    }

    /// The line at the cursor.
    pub fn peek(&mut self) -> Result<Option<(&Line, &[u8])>, TreeError> {
        while self.at >= self.batch.lines.len() {
            match self.from.recv() {
                Ok(batch) => self.batch = batch?,
                Err(_) => return Ok(None),
            }
            self.at = 0;
        }
        Ok(self.batch.lines.get(self.at).map(|(line, text)| (line, &self.batch.text[text.clone()])))
    }

    pub fn advance(&mut self) {
        self.at += 1;
    }

    /// Moves to the entry with this path, or to where it would stand; the paths asked for must ascend.
    pub fn find(&mut self, path: &[u8]) -> Result<Option<(&Entry, &[u8])>, TreeError> {
        loop {
            match self.peek()? {
                None => return Ok(None),
                Some((Line::Entry(entry), _)) if cmp_paths(&entry.path, path).is_ge() => break,
                Some(_) => self.advance(),
            }
        }
        Ok(match self.peek()? {
            Some((Line::Entry(entry), text)) if entry.path == path => Some((entry, text)),
            _ => None,
        })
    }
}
