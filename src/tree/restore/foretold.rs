//! What a restore over something that exists would do to its files, counted before anything is written.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::catalog::digest::Digest;
use crate::catalog::entry::{Content, Entry, Kind, Line, More};
use crate::catalog::manifest::Manifest;
use crate::source::{Destination, ReadAt, Standing};
use crate::tree::TreeError;
use crate::tree::lines::read_index;
use crate::tree::progress::Progress;
use crate::tree::restore::reader::holds;
use crate::tree::restore::removed::or_removed;
use crate::tree::restore::select::Paths;
use crate::tree::shelf::Shelf;

/// How many files a restore would make, replace and leave. A link counts as a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Foretold {
    pub new: u64,
    pub changed: u64,
    /// By size and time; where only the time is another, by content.
    pub identical: u64,
    /// Where a folder stands, which no restore removes: these fail.
    pub in_the_way: u64,
    /// The first of these, below the destination.
    pub named: Vec<Vec<u8>>,
}

/// Things in the way that are told by name; all are counted.
const NAMED: usize = 10;

/// Compares what a destination holds with what is to be restored. Nothing is written.
///
/// # Errors
/// When the index cannot be read, or it is asked to stop.
pub async fn foretell(
    shelf: Shelf,
    manifest: Manifest,
    paths: Paths,
    destination: Arc<dyn Destination>,
    progress: Arc<Progress>,
) -> Result<Foretold, TreeError> {
    let runtime = Handle::current();
    let (from, of) = (shelf.clone(), manifest.clone());
    let looking = move || {
        let changed = (manifest.counts.hard_links > 0).then(HashSet::new);
        let mut look = Look { destination: &*destination, found: Foretold::default(), open: None, changed, buffer: Vec::new() };
        read_index(&shelf, &manifest.index, &runtime, &mut |line| {
            progress.go_on()?;
            match line {
                Line::Entry(entry) => {
                    look.end();
                    if paths.wants(&entry.path) {
                        progress.add_entries(1);
                        look.entry(&entry);
                    }
                }
                Line::More(More { content, .. }) => look.compare(&content),
            }
            Ok(true)
        })?;
        look.end();
        Ok(look.found)
    };
    or_removed(&from, &of, spawn_blocking(looking).await.unwrap_or(Err(TreeError::Stopped))).await
}

struct Look<'a> {
    destination: &'a dyn Destination,
    found: Foretold,
    /// A file whose bytes are being compared, by the hash of its path, and how far they are the same; `None`: they differ.
    open: Option<(Digest, Box<dyn ReadAt>, Option<u64>)>,
    /// Files that will be others than they are, by the hash of their paths: then so are their other names. Where the backup has hard links.
    changed: Option<HashSet<Digest>>,
    buffer: Vec<u8>,
}

impl Look<'_> {
    fn entry(&mut self, entry: &Entry) {
        if entry.kind == Kind::Skipped {
            return;
        }
        match self.destination.standing(entry) {
            // Folders hold the files, and are none.
            Standing::Nothing | Standing::Alike if entry.kind == Kind::Directory => {}
            Standing::Nothing => self.found.new += 1,
            Standing::Alike if self.goes_with(entry) => self.changes(&entry.path),
            Standing::Alike => self.found.identical += 1,
            Standing::Other => self.changes(&entry.path),
            Standing::Folder => {
                self.found.in_the_way += 1;
                if self.found.named.len() < NAMED {
                    self.found.named.extend(self.destination.below(entry));
                }
            }
            Standing::File => {
                match self.destination.existing(entry).filter(|file| entry.content.more || file.size() == entry.size) {
                    Some(file) => {
                        self.open = Some((Digest::blake3(&entry.path), file, Some(0)));
                        self.compare(&entry.content);
                    }
                    None => self.changes(&entry.path),
                }
            }
        }
    }

    fn compare(&mut self, content: &Content) {
        if let Some((_, file, same)) = &mut self.open {
            *same = same.and_then(|from| holds(&**file, content, from, &mut self.buffer));
        }
    }

    /// No more comes of the file that is open.
    fn end(&mut self) {
        match self.open.take() {
            Some((_, file, same)) if same == Some(file.size()) => self.found.identical += 1,
            Some((path, ..)) => self.change(path),
            None => {}
        }
    }

    fn changes(&mut self, path: &[u8]) {
        self.change(Digest::blake3(path));
    }

    fn change(&mut self, path: Digest) {
        self.found.changed += 1;
        self.changed.iter_mut().for_each(|changed| _ = changed.insert(path));
    }

    /// Whether it is another name of a file that gets another content: what is written is a new file.
    fn goes_with(&self, entry: &Entry) -> bool {
        let first = entry.link.as_ref().map(|link| Digest::blake3(link));
        first.zip(self.changed.as_ref()).is_some_and(|(first, changed)| changed.contains(&first))
    }
}
