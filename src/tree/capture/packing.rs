//! Packs being filled, and everything that is sent to the store on the way.

use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::catalog::digest::Digest;
use crate::catalog::entry::Block;
use crate::catalog::index::{PackRef, write_pack};
use crate::catalog::layout::Place;
use crate::catalog::pack::{Builder, Inside};
use crate::catalog::part::{self, Part, Sealed};
use crate::store::{Lock, Put, Store};
use crate::tree::TreeError;
use crate::tree::capture::flow::Frame;
use crate::tree::capture::known::Known;
use crate::tree::progress::Progress;
use crate::units::storage_class::StorageClass;

/// A pack is sealed before it would grow over this many bytes; only a frame that is larger alone makes a larger one.
const PACK_BYTES: usize = 16 << 20;
/// Room for the list at the end of a pack of ordinary frames.
const LIST_ROOM: usize = 512 << 10;
/// Objects on their way at a time; with the pack being filled they bound the memory for packs.
pub const IN_FLIGHT: usize = 2;

/// An object to write.
pub struct Upload {
    key: String,
    body: Bytes,
    class: StorageClass,
    lock: Option<Lock>,
    /// Freed when the object is in the store.
    permit: OwnedSemaphorePermit,
}

/// Writes objects as they come, several at a time.
///
/// # Errors
/// At the first object that the store does not take.
pub async fn upload(store: Arc<dyn Store>, mut from: mpsc::Receiver<Upload>, progress: Arc<Progress>) -> Result<(), TreeError> {
    let mut running = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            next = from.recv() => match next {
                None => break,
                Some(next) => {
                    let (store, progress) = (Arc::clone(&store), Arc::clone(&progress));
                    running.spawn(async move {
                        let length = next.body.len() as u64;
                        // Keys hold the digest of the content, so writing one again writes the same.
                        let how = Put { class: next.class, if_absent: false, lock: next.lock };
                        store.put(&next.key, next.body, how).await?;
                        progress.add_moved(length);
                        drop(next.permit);
                        Ok::<_, TreeError>(())
                    });
                }
            },
            Some(done) = running.join_next() => done.map_err(|_| TreeError::Stopped)??,
        }
    }
    while let Some(done) = running.join_next().await {
        done.map_err(|_| TreeError::Stopped)??;
    }
    Ok(())
}

/// Where a backup's objects go.
pub struct Packing {
    place: Place,
    /// Prefix of the series.
    prefix: String,
    class: StorageClass,
    lock: Option<Lock>,
    to: mpsc::Sender<Upload>,
    permits: Arc<Semaphore>,
    runtime: Handle,
    builder: Builder,
    number: u32,
    table: part::Writer,
    parts: Vec<Part>,
    stored_bytes: u64,
    new_packs: u64,
}

impl Packing {
    /// `first` is the number of the first new pack.
    ///
    /// # Errors
    /// When zstd refuses to start.
    pub fn new(
        place: Place,
        prefix: String,
        (class, lock): (StorageClass, Option<Lock>),
        to: mpsc::Sender<Upload>,
        runtime: Handle,
        first: u32,
    ) -> Result<Self, TreeError> {
        Ok(Self {
            place,
            prefix,
            class,
            lock,
            to,
            permits: Arc::new(Semaphore::new(IN_FLIGHT)),
            runtime,
            builder: Builder::default(),
            number: first,
            table: part::Writer::new()?,
            parts: Vec::new(),
            stored_bytes: 0,
            new_packs: 0,
        })
    }

    /// Puts a frame into the pack being filled; returns the pack's number and where the frame lies.
    ///
    /// # Errors
    /// When a full pack cannot be handed over.
    pub fn push(&mut self, frame: &Frame, known: &Known) -> Result<(u32, u32), TreeError> {
        if !self.builder.is_empty() && self.builder.len() + frame.stored.len() > PACK_BYTES {
            self.seal()?;
        }
        if self.builder.is_empty() {
            // All at once, since growing by doubling would take up to three times as much.
            self.builder = Builder::with_room(PACK_BYTES.max(frame.stored.len()) + LIST_ROOM);
        }
        let stored = u32::try_from(frame.stored.len()).unwrap_or(u32::MAX);
        let offset = self.builder.push(&frame.stored, frame.plain, frame.inside.clone());
        for Inside(at, size, hash) in &frame.inside {
            let block = Block { pack: self.number, offset, stored, at: *at, size: *size, hash: *hash };
            known.insert(&block);
        }
        Ok((self.number, offset))
    }

    fn send(&self, below: &str, body: Bytes, class: StorageClass) -> Result<(), TreeError> {
        let permits = Arc::clone(&self.permits);
        let permit = self.runtime.block_on(permits.acquire_owned()).map_err(|_| TreeError::Stopped)?;
        let upload = Upload { key: format!("{}{below}", self.prefix), body, class, lock: self.lock, permit };
        self.to.blocking_send(upload).map_err(|_| TreeError::Stopped)
    }

    /// Hands the pack being filled over.
    ///
    /// # Errors
    /// When the store no longer takes anything.
    fn seal(&mut self) -> Result<(), TreeError> {
        if self.builder.is_empty() {
            return Ok(());
        }
        let body = std::mem::take(&mut self.builder).seal()?;
        let pack = PackRef { place: self.place.clone(), sha256: Digest::sha256(&body), size: body.len() as u64 };
        self.list(self.number, &pack)?;
        self.stored_bytes += pack.size;
        self.new_packs += 1;
        self.number += 1;
        self.send(&pack.key(), body, self.class)
    }

    /// Writes a line of the table.
    ///
    /// # Errors
    /// When the store no longer takes anything.
    pub fn list(&mut self, number: u32, pack: &PackRef) -> Result<(), TreeError> {
        let mut line = Vec::new();
        write_pack(number, pack, &mut line)?;
        match self.table.write(&line, 1)? {
            Some(sealed) => self.table_part(sealed),
            None => Ok(()),
        }
    }

    fn table_part(&mut self, sealed: Sealed) -> Result<(), TreeError> {
        let key = self.place.table_part(sealed.number, &sealed.sha256);
        self.parts.push(self.part(key, sealed)?);
        Ok(())
    }

    /// Sends a part of the index.
    ///
    /// # Errors
    /// When the store no longer takes anything.
    pub fn index_part(&self, sealed: Sealed) -> Result<Part, TreeError> {
        self.part(self.place.index_part(sealed.number, &sealed.sha256), sealed)
    }

    fn part(&self, key: String, sealed: Sealed) -> Result<Part, TreeError> {
        let part = Part { key, size: sealed.body.len() as u64, sha256: sealed.sha256, lines: sealed.lines };
        // Whatever the class of the packs: what a restore is planned from can always be read at once.
        self.send(&part.key, sealed.body, StorageClass::Standard)?;
        Ok(part)
    }

    /// Hands over what is left and returns the parts of the table.
    ///
    /// # Errors
    /// When the store no longer takes anything.
    pub fn finish(mut self) -> Result<Finished, TreeError> {
        self.seal()?;
        let table = std::mem::replace(&mut self.table, part::Writer::new()?);
        if let Some(sealed) = table.finish()? {
            self.table_part(sealed)?;
        }
        Ok(Finished { table: self.parts, stored_bytes: self.stored_bytes, new_packs: self.new_packs })
    }
}

/// What packing came to.
pub struct Finished {
    pub table: Vec<Part>,
    pub stored_bytes: u64,
    pub new_packs: u64,
}
