//! The write-ahead log of PostgreSQL as an archive sees it: positions, timelines, segments and their names, and what a set of
//! stored segments can be replayed for. Pure: names and bytes in, facts out.

mod archive;
mod history;
mod lsn;
mod name;
mod page;
mod reach;
mod segment;

pub use archive::{Absent, Archive, Hole, Span};
pub use history::{Fork, History, HistoryError};
pub use lsn::{Lsn, LsnError};
pub use name::FileName;
pub use page::{PageError, Stamp};
pub use reach::Reach;
pub use segment::{Segment, SegmentSize, Timeline};
