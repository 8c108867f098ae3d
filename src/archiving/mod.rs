//! The write-ahead log of a cluster, into stores and out of them: one object for each file, written once, and checked before it is
//! handed out.
//!
//! PostgreSQL keeps a segment until it is told that the archive has it, and ends recovery, and promotes, where it is told that the
//! archive has it not. So `push` says yes only to what is durable in every store, and `fetch` says no only to what is proven.

mod error;
mod local;
mod absent;
mod fetch;
mod push;
mod survey;
mod letting_go;

pub use error::ArchiveError;
pub use fetch::{Carried, Fetched, fetch};
pub use letting_go::{Going, Gone, let_go};
pub use local::{File, system_beside};
pub use push::{Pushed, push};
pub use survey::{Beside, Stored, Survey, survey};

use bytes::Bytes;

use crate::address::StoreName;
use crate::catalog::log::{self, Cluster};
use crate::store::{ErrorKind, Lock, Put, StoreError};
use crate::tree::Shelf;
use crate::wal::{FileName, History, SegmentSize, Timeline};

/// The log of one protection in one store.
pub struct Archive {
    pub store: StoreName,
    shelf: Shelf,
    /// Under which everything is written, where the store locks.
    lock: Option<Lock>,
}

/// Something that failed of one store; `None`: of none in particular.
#[derive(Debug)]
pub struct Failed {
    pub store: Option<StoreName>,
    pub error: ArchiveError,
}

impl Archive {
    pub fn new(store: StoreName, shelf: Shelf, lock: Option<Lock>) -> Self {
        Self { store, shelf, lock }
    }

    /// For people.
    pub fn describe(&self) -> String {
        self.shelf.store.describe()
    }

    fn failed(&self, error: impl Into<ArchiveError>) -> Failed {
        Failed { store: Some(self.store.clone()), error: error.into() }
    }

    /// The full key of what lies below the log.
    fn key(&self, below: &str) -> String {
        self.shelf.series.log() + below
    }

    /// The full key of what lies below the log of a cluster.
    fn key_of(&self, system: u64, below: &str) -> String {
        self.key(&format!("{system}/{below}"))
    }

    /// The folder of notes of what was let go of the log of a cluster.
    fn let_go(&self, system: u64) -> String {
        format!("{}{system}/", self.shelf.series.let_go())
    }

    /// An object, where it is there.
    async fn get(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        match self.shelf.store.get(key, None).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whose log it is; `None`: nothing was ever archived here.
    ///
    /// # Errors
    /// When the store fails, or what says so is damaged.
    pub async fn cluster(&self) -> Result<Option<Cluster>, ArchiveError> {
        let key = self.key(Cluster::KEY);
        match self.get(&key).await? {
            Some(bytes) => Ok(Some(Cluster::read(&key, &bytes)?)),
            None => Ok(None),
        }
    }

    /// Where a timeline comes from, as it was archived.
    async fn history(&self, system: u64, of: Timeline) -> Result<Option<(Vec<u8>, History)>, ArchiveError> {
        let name = FileName::History(of);
        // Of a history, neither depends on them.
        let (size, digest) = (SegmentSize::default(), Default::default());
        let key = self.key_of(system, &log::place(name, size, &digest));
        let Some(object) = self.get(&key).await? else { return Ok(None) };
        let (_, plain) = log::unpack(&key, &name.text(size), &object)?;
        let history = local::history(of, &plain).map_err(ArchiveError::Refused)?;
        Ok(Some((plain, history)))
    }

    fn how(&self, if_absent: bool) -> Put {
        Put { if_absent, lock: self.lock, ..Put::default() }
    }
}
