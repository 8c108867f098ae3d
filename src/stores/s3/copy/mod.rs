//! Copies from one bucket to another what lies in the first and not in the second. Nothing at the destination is ever replaced or
//! removed: each object is created there only where its key holds none (`If-None-Match: *`).
//!
//! Within one endpoint and by one identity the store itself copies; otherwise the bytes go through bdr, a bounded part of them at a time.

mod comparison;
mod description;
mod object;
mod parts;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use comparison::{Comparison, Reach};
use description::Seen;
use tokio::sync::Semaphore;

use crate::policy::{Medium, S3Backend};
use crate::provider::Env;
use crate::store::{ErrorKind, ObjectMeta, StoreError};
use crate::stores::s3::{S3Store, connect};
use crate::units::storage_class::StorageClass;

/// What a rule says of its copies.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Keys that it is about, below the prefix of the source.
    pub below: String,
    /// Only objects with all of these tags.
    pub tags: BTreeMap<String, String>,
    /// Class of the copies; `None`: as at the source.
    pub class: Option<StorageClass>,
    /// Key of KMS that encrypts them; `None`: as the destination's bucket says.
    pub key: Option<String>,
    /// The destination locks what is written: a lock of the source's goes along.
    pub locks: bool,
}

/// How an object fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Copied,
    /// Another one was there when it came to that, and stays.
    ThereMeanwhile,
    /// It went since the listing.
    Gone,
    /// It lies in an archive class, and has not been retrieved.
    Archived,
    /// S3 says that it is about to copy it.
    UnderWay,
    /// It has not the tags of the rule.
    NotChosen,
}

/// Bytes that go through bdr at a time, in units of [`UNIT`].
const ROOM: u32 = 32;
const UNIT: u64 = 1 << 20;

/// From where to where, and how.
pub struct Copying {
    here: S3Store,
    there: S3Store,
    terms: Terms,
    within_store: bool,
    room: Arc<Semaphore>,
}

impl Copying {
    /// `there` is the destination with the prefix of the source: copies keep their keys.
    ///
    /// # Errors
    /// When the caller does not allow an endpoint that the policy names.
    pub async fn new(here: &S3Backend, there: &S3Backend, terms: Terms, env: &Env) -> Result<Self, StoreError> {
        let store =
            async |backend| Ok::<_, StoreError>(S3Store::new(connect(backend, env).await?, backend).used_for(env.purpose));
        let room = Arc::new(Semaphore::new(usize::try_from(ROOM).unwrap_or(1)));
        let within_store = is_within_store(here, there);
        Ok(Self { here: store(here).await?, there: store(there).await?, terms, within_store, room })
    }

    /// Whether the bytes pass by bdr.
    pub fn is_within_store(&self) -> bool {
        self.within_store
    }

    /// Walks both sides, from behind a key on; `reach`: how much of them.
    pub fn compare(&self, reach: Reach, after: Option<String>) -> Comparison<'_> {
        Comparison::new(self, reach, after)
    }

    /// Whether the object would be copied, and what becomes of it otherwise: asks for as little as that takes. `is_new`: S3 may be about to
    /// copy it, which only the object itself tells; who may not look at it takes that for so.
    ///
    /// # Errors
    /// When the source does not tell.
    pub async fn weigh(&self, object: &ObjectMeta, is_new: bool) -> Result<Ended, StoreError> {
        if is_new {
            match self.described(&object.key).await {
                Ok(Seen::Described(_)) => {}
                Ok(Seen::Gone) => return Ok(Ended::Gone),
                Ok(Seen::Archived) => return Ok(Ended::Archived),
                Ok(Seen::UnderWay) => return Ok(Ended::UnderWay),
                Err(error) if error.kind == ErrorKind::Denied => return Ok(Ended::UnderWay),
                Err(error) => return Err(error),
            }
        }
        if self.terms.tags.is_empty() {
            return Ok(Ended::Copied);
        }
        match self.tags(&object.key).await? {
            Some(tags) if self.chooses(&tags) => Ok(Ended::Copied),
            Some(_) => Ok(Ended::NotChosen),
            None => Ok(Ended::Gone),
        }
    }

    fn chooses(&self, tags: &BTreeMap<String, String>) -> bool {
        self.terms.tags.iter().all(|(name, value)| tags.get(name) == Some(value))
    }
}

/// Whether one endpoint holds both, and one identity acts on both.
pub fn is_within_store(here: &S3Backend, there: &S3Backend) -> bool {
    let cloud = |backend: &S3Backend| match Medium::of_bucket(backend) {
        Medium::Bucket { of, .. } => Some(of),
        Medium::Files => None,
    };
    here.by() == there.by() && cloud(here) == cloud(there)
}
