//! A whole cluster of PostgreSQL: the stream of a base backup as a source, and a data directory as a destination.
//!
//! The tree has the data directory at `data`, and in it the files of each tablespace at `data/tablespaces/<oid>`. Where they lay on
//! the server is told by `data/tablespace_map`, and there are no links to them.

mod incoming;
mod log;
mod place;
mod recovery;
mod tar;
mod taking;

pub use place::{Place, Placed};
pub use recovery::{Recovery, Until};
pub use taking::Taking;

/// Where the data directory is in the tree.
pub const DATA: &str = "data";
/// Where the tablespaces are in the tree, each by its OID.
const TABLESPACES: &str = "data/tablespaces";
/// What a server cannot start without, and so comes back last; below the data directory.
const CONTROL: &str = "global/pg_control";
