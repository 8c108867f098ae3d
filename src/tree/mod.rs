//! The engine behind every backup: captures, verifies, restores and prunes trees of entries in a store.
//!
//! Threads do what costs time (reading, cutting, hashing, compressing); only the edge to the store is async. Every queue is
//! bounded, so that memory depends on settings and never on the data.

mod error;
mod progress;
mod shelf;
mod table;
mod lines;
mod frames;
mod attempt;
mod claim;
mod capture;
mod less;
mod backup;
mod restore;
mod retrieve;
mod lost;
mod known;
mod verify;
mod prune;

pub use backup::{Job, backup};
pub use claim::Wish;
pub use error::TreeError;
pub use known::{Known, Round};
pub use less::{EMPTIED, SHRUNK};
pub use progress::{Progress, Total};
pub use prune::{PrunePlan, Pruned};
pub use restore::{
    Damage, Each, Extra, Foretold, Lack, Missed, Paths, Restore, Restored, Side, extra, foretell, held, leftovers, literal,
    missed, needed, restore,
};
pub use retrieve::{Waiting, retrieve};
pub use shelf::{Backups, Shelf, UNMARKED};
pub use verify::{Read, Verified, remember, verify};
