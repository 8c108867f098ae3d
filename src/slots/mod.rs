//! Slots: each scheduled moment of a job is claimed by one object in the store, so that twice started runs once, and a moment
//! without an object is a run that did not happen.
//!
//! `<policy>/_slots/<component>/<protection>/<moment>.<attempt>.json` is created once and never changed; its outcome is a second object beside
//! it, `….succeeded.json` or `….failed.json`. Attempts count from 1; another one is made only after the last one failed or its process certainly ended.
//!
//! A store without create-only writes cannot decide between two claimers. There a claim is written, and after a pause read back:
//! the last writer has the slot. That holds as long as two claimers' writes are closer together than the pause, and is weaker;
//! [`Claim::Claimed`] says which of the two it was.

mod record;
mod seen;

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::apply::Owner;
use crate::catalog::layout::Series;
use crate::store::{ErrorKind, Put, Store, StoreError};

pub use record::{ClaimRecord, Ending, ResultRecord};
pub use seen::{Old, SlotState};

/// Attempts at one slot: a job that failed nine times is not helped by a tenth.
const MOST_ATTEMPTS: u8 = 9;
/// How long a claim lies in a store without create-only writes before it is read back.
const PAUSE: Duration = Duration::from_secs(5);

/// The slots of one job in one store.
pub struct Slots<'a> {
    store: &'a dyn Store,
    series: Series,
    pause: Duration,
}

/// What came of trying to claim a slot.
#[derive(Debug)]
pub enum Claim {
    /// It is ours to run. `exclusive`: the store itself decided; otherwise reading back did.
    Claimed { ticket: Ticket, exclusive: bool },
    /// Somebody else runs or ran it.
    TakenBy { claim: Box<ClaimRecord>, result: Option<ResultRecord> },
}

/// The right to run one slot, and the duty to say how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub moment: Timestamp,
    pub attempt: u8,
}

impl<'a> Slots<'a> {
    pub fn new(store: &'a dyn Store, series: Series) -> Self {
        Self { store, series, pause: PAUSE }
    }

    /// With another pause for stores without create-only writes.
    #[must_use]
    pub fn with_pause(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Tries to claim the slot of a scheduled moment.
    ///
    /// # Errors
    /// When the store does not answer, or holds something that is no claim; nothing may be run then.
    pub async fn claim(&self, moment: Timestamp, owner: &Owner, now: Timestamp) -> Result<Claim, StoreError> {
        let create_only = self.store.capabilities().await?.create_only;
        for attempt in 1..=MOST_ATTEMPTS {
            let key = self.key(moment, attempt, "json");
            let record = ClaimRecord::new(&self.series.policy, owner, now);
            let won = if create_only { self.create(&key, &record).await? } else { self.write_and_look(&key, &record).await? };
            let Some(other) = won else {
                return Ok(Claim::Claimed { ticket: Ticket { moment, attempt }, exclusive: create_only });
            };
            let result = self.outcome(moment, attempt).await?;
            let failed = result.as_ref().is_some_and(|result| result.ending == Ending::Failed);
            let gone = result.is_none() && other.owner.is_certainly_gone();
            if attempt == MOST_ATTEMPTS || !(failed || gone) {
                return Ok(Claim::TakenBy { claim: Box::new(other), result });
            }
        }
        Err(self.strange(&self.key(moment, MOST_ATTEMPTS, "json"), "no attempt is left"))
    }

    /// Says how the run of a slot ended. Without it the slot counts as running until its process has certainly ended.
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn finish(&self, ticket: &Ticket, ending: Ending, reason: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
        let key = self.key(ticket.moment, ticket.attempt, &format!("{}.json", ending.as_str()));
        let body = record::body(&ResultRecord::new(ending, reason, now));
        let if_absent = self.store.capabilities().await?.create_only;
        match self.store.put(&key, body, Put { if_absent, ..Put::default() }).await {
            // Only the claimer writes it, so one that is there is ours, written by an attempt whose answer was lost.
            Err(error) if error.kind != ErrorKind::Exists => Err(error),
            _ => Ok(()),
        }
    }

    async fn outcome(&self, moment: Timestamp, attempt: u8) -> Result<Option<ResultRecord>, StoreError> {
        for ending in [Ending::Succeeded, Ending::Failed] {
            if let Some(found) = self.read(&self.key(moment, attempt, &format!("{}.json", ending.as_str()))).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// `None`: won. Otherwise who was first.
    async fn create(&self, key: &str, record: &ClaimRecord) -> Result<Option<ClaimRecord>, StoreError> {
        let how = Put { if_absent: true, ..Put::default() };
        match self.store.put(key, record::body(record), how).await {
            Ok(_) => return Ok(None),
            Err(error) if error.kind == ErrorKind::Exists => {}
            Err(error) => return Err(error),
        }
        match self.read(key).await? {
            // A first try whose answer was lost on the way.
            Some(found) if found == *record => Ok(None),
            Some(found) => Ok(Some(found)),
            None => Err(self.strange(key, "it was there and then was not")),
        }
    }

    async fn write_and_look(&self, key: &str, record: &ClaimRecord) -> Result<Option<ClaimRecord>, StoreError> {
        if let Some(found) = self.read(key).await? {
            return Ok(Some(found));
        }
        self.store.put(key, record::body(record), Put::default()).await?;
        tokio::time::sleep(self.pause).await;
        match self.read(key).await? {
            Some(found) if found == *record => Ok(None),
            Some(found) => Ok(Some(found)),
            None => Err(self.strange(key, "it was written and then was not there")),
        }
    }

    async fn read<T: record::Versioned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let bytes: Bytes = match self.store.get(key, None).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        record::read(&bytes).map(Some).map_err(|reason| self.strange(key, &reason))
    }

    fn strange(&self, key: &str, reason: &str) -> StoreError {
        let subject = format!("{}/{key}", self.store.describe().trim_end_matches('/'));
        StoreError::new("read the slot", subject, ErrorKind::Other, crate::store::Retry::Never, reason)
    }

    fn folder(&self) -> String {
        self.series.slots()
    }

    fn key(&self, moment: Timestamp, attempt: u8, tail: &str) -> String {
        format!("{}.{attempt}.{tail}", self.stem(moment))
    }

    fn stem(&self, moment: Timestamp) -> String {
        format!("{}{}", self.folder(), moment.strftime("%Y%m%dT%H%M%SZ"))
    }
}
