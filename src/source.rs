//! The contracts of a source, which yields the entries of a tree, and of a destination, which receives them.
//!
//! Both are plain blocking code: the tree engine calls them on threads of its own.

use crate::catalog::entry::{Entry, Xattr};
use crate::catalog::manifest::Cluster;

/// Why an entry is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {detail}")]
pub struct Trouble {
    /// The kind of trouble, by which the engine counts: `could not be read`.
    pub what: &'static str,
    /// The outside's own words.
    pub detail: String,
    /// Whether the backup is less than what was asked for.
    pub suspect: bool,
    /// Whether nothing that follows can succeed either: no room is left, nothing may be written at all, or what is read is worth
    /// nothing in part, as half of a dump.
    pub last: bool,
}

impl Trouble {
    pub fn suspect(what: &'static str, detail: impl ToString) -> Self {
        Self { what, detail: detail.to_string(), suspect: true, last: false }
    }

    /// What leaves no backup worth having.
    pub fn last(what: &'static str, detail: impl ToString) -> Self {
        Self { last: true, ..Self::suspect(what, detail) }
    }

    /// Something that is told, and takes nothing from the backup.
    pub fn note(what: &'static str, detail: impl ToString) -> Self {
        Self { suspect: false, ..Self::suspect(what, detail) }
    }
}

/// One thing that a source yields.
pub struct Item {
    /// A file's entry is without its content and extended attributes.
    pub entry: Entry,
    /// Files only. May be opened on another thread, and after later items were asked for.
    pub content: Option<Box<dyn Content>>,
    /// How many names the file has; 1 where the source knows no hard links.
    pub links: u64,
    pub trouble: Option<Trouble>,
}

/// What a source can tell only once all of it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Closing {
    /// Of which cluster of PostgreSQL it is a copy.
    pub cluster: Option<Cluster>,
    /// What is not as it should be, and belongs to no single entry.
    pub troubles: Vec<Trouble>,
}

/// Yields entries in the order of [`crate::catalog::entry::cmp_paths`], each path once. Only a skipped entry may come late
/// (something was asked for and never met).
pub trait Source: Send {
    /// # Errors
    /// When nothing more can be read at all; what fails for one entry is that item's trouble.
    fn next(&mut self) -> Result<Option<Item>, Trouble>;

    /// Whether its entries come as they come, each path once, from somewhere that cannot go back: then a content is read right
    /// when it comes, or never, and the index is sorted afterwards.
    fn is_stream(&self) -> bool {
        false
    }

    /// Asked once, after the last item.
    fn close(&mut self) -> Closing {
        Closing::default()
    }
}

/// A file that can be opened.
pub trait Content: Send {
    /// # Errors
    /// When the file is gone or cannot be read. One that is [`Trouble::last`] ends the backup, and none is made.
    fn open(self: Box<Self>) -> Result<Opened, Trouble>;

    /// Whether the item's entry tells how long it is. Otherwise that shows when all of it was read.
    fn is_measured(&self) -> bool {
        true
    }

    /// Whether it is changed in place, as the pages of a database are. Then it is cut at fixed places, so that a page that changed
    /// changes one small block; other files are cut where their content says, so that what moved is found again.
    fn is_paged(&self) -> bool {
        false
    }
}

/// A file that was opened.
pub struct Opened {
    pub xattrs: Vec<Xattr>,
    pub stream: Box<dyn Stream>,
}

/// What one read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// So many bytes lie at the front of the buffer; more than none.
    Data(usize),
    /// So many zeros that are not stored.
    Hole(u64),
    End,
}

/// The bytes of a file, in order.
pub trait Stream {
    /// # Errors
    /// When the file can no longer be read. One that is [`Trouble::last`] ends the backup, and none is made.
    fn read(&mut self, into: &mut [u8]) -> Result<Piece, Trouble>;

    /// Whether the file is still the one that the item told of: neither its bytes nor its times moved while it was read.
    fn settled(&mut self) -> bool;
}

/// What stands at a destination where an entry goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Nothing,
    /// The same by kind, size and time, or a link to the same.
    Alike,
    /// A file of another size or time, which may hold the same bytes.
    File,
    /// Something else that is replaced.
    Other,
    /// A folder in the place of something that is none: it stays.
    Folder,
}

/// What did not come back of an entry whose content did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    /// It belongs to somebody else than it did.
    pub foreign: bool,
    /// So set-user-id and set-group-id bits or capabilities were left off: nothing runs with the rights of another owner than it had.
    pub bared: bool,
    /// Why other attributes are not as they were.
    pub trouble: Option<Trouble>,
}

/// Where a restored tree goes. Entries come in path order, but files may be finished out of it.
pub trait Destination: Send + Sync {
    /// Makes a folder; its owner, permissions and times come later, with [`Destination::finish`].
    ///
    /// # Errors
    /// When it cannot be made.
    fn directory(&self, entry: &Entry) -> Result<(), Trouble>;

    /// What already stands where a file goes and could hold some of its bytes.
    fn existing(&self, entry: &Entry) -> Option<Box<dyn ReadAt>>;

    /// What stands where an entry goes. Nothing is made or changed to find out.
    fn standing(&self, entry: &Entry) -> Standing;

    /// Begins a file. Nothing is seen under its name before [`Sink::finish`].
    ///
    /// # Errors
    /// When it cannot be made, or something stands in its place that may not be replaced.
    fn file(&self, entry: &Entry) -> Result<Box<dyn Sink>, Trouble>;

    /// # Errors
    /// When it cannot be made, or something stands in its place that may not be replaced.
    fn symlink(&self, entry: &Entry) -> Result<Settled, Trouble>;

    /// Gives a restored file a second name.
    ///
    /// # Errors
    /// When it cannot be made, or something stands in its place that may not be replaced.
    fn link(&self, entry: &Entry, earlier: &[u8]) -> Result<(), Trouble>;

    /// Where an entry stands below the destination; empty: the destination itself.
    ///
    /// # Errors
    /// When it would stand outside.
    fn below(&self, entry: &Entry) -> Result<Vec<u8>, Trouble>;

    /// What a restore left that was killed, right in a folder below the destination: paths below it. With `remove` they go. What
    /// another restore is writing just now is none of it.
    fn leftovers(&self, folder: &[u8], remove: bool) -> Vec<Vec<u8>>;

    /// Removes what stands at a path below the destination, a folder with all in it.
    ///
    /// # Errors
    /// When it cannot be removed.
    fn remove(&self, below: &[u8]) -> Result<(), Trouble>;

    /// Sets owner, permissions, attributes and times of something that was left as it is or had to wait.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn finish(&self, entry: &Entry) -> Result<Settled, Trouble>;
}

/// Bytes that can be read anywhere.
pub trait ReadAt: Send + Sync {
    fn size(&self) -> u64;

    /// Fills the buffer; `false` where the bytes end before.
    fn read_at(&self, at: u64, into: &mut [u8]) -> bool;
}

/// A file being restored.
pub trait Sink: Send + Sync {
    /// # Errors
    /// When the bytes cannot be written.
    fn write_at(&self, at: u64, bytes: &[u8]) -> Result<(), Trouble>;

    /// Sets the length (what was not written are zeros), owner, permissions, attributes and times, and gives the file its name.
    /// `written` is the end of what was written.
    ///
    /// # Errors
    /// When the file does not appear.
    fn finish(&self, written: u64, size: u64) -> Result<Settled, Trouble>;
}
