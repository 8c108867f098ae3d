//! Handing a file over: into every store, or not at all as far as PostgreSQL is told.
//!
//! Why a crash at any moment is safe: the object is created whole or not at all, and PostgreSQL keeps the file until it was told that
//! all is well. It then hands the same file over again, whose object is there already and is compared with it.

use bytes::Bytes;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Serialize;

use crate::archiving::{Archive, ArchiveError, Failed, File};
use crate::catalog::digest::Digest;
use crate::catalog::log::{self, Cluster, Header};
use crate::store::ErrorKind;
use crate::wal::{FileName, History};

/// What became of a file in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    New,
    /// It was there, the same to the last byte.
    Already,
}

/// A file as it is written.
struct Packed {
    header: Header,
    object: Bytes,
}

/// What is kept of a file that was refused, so that whoever asks for the archive's state learns of it.
#[derive(Serialize)]
struct Refusal<'a> {
    version: u32,
    at: Timestamp,
    name: &'a str,
    archived: &'a Digest,
    refused: &'a Digest,
}

/// Hands a file over to all stores at once; it is packed while these are asked whether they take it.
///
/// # Errors
/// All that failed: then PostgreSQL has to keep the file, and hand it over again.
pub async fn push(archives: &[Archive], file: &File, now: Timestamp) -> Result<Vec<Pushed>, Vec<Failed>> {
    let packing = pack(file.clone());
    let asked = join_all(archives.iter().map(|archive| archive.takes(file, now)));
    let (packed, asked) = tokio::join!(packing, asked);
    let packed = packed.map_err(|error| vec![Failed { store: None, error }])?;
    let writes = archives.iter().zip(asked).map(|(archive, taken)| {
        let packed = &packed;
        async move {
            let cluster = taken?;
            archive.write(&cluster, file, packed, now).await
        }
    });
    let outcomes = join_all(writes).await.into_iter().zip(archives);
    let (mut pushed, mut failed) = (Vec::new(), Vec::new());
    for (outcome, archive) in outcomes {
        match outcome {
            Ok(done) => pushed.push(done),
            Err(error) => failed.push(archive.failed(error)),
        }
    }
    if failed.is_empty() { Ok(pushed) } else { Err(failed) }
}

async fn pack(file: File) -> Result<Packed, ArchiveError> {
    let work = move || {
        let header = Header::of(file.name, file.size, file.system, &file.bytes);
        let object = log::pack(&header, &file.bytes)?;
        Ok(Packed { header, object: object.into() })
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|lost| Err(ArchiveError::Refused(format!("the work was broken off: {lost}"))))
}

impl Archive {
    /// Whether a file belongs here; an archive that has not begun begins with it.
    async fn takes(&self, file: &File, now: Timestamp) -> Result<Cluster, ArchiveError> {
        let (cluster, history) = tokio::join!(self.known(file, now), self.archived_history(file));
        let cluster = cluster?;
        if cluster.system_identifier != file.system {
            let (archived, found) = (cluster.system_identifier, file.system);
            return Err(ArchiveError::Cluster { place: self.describe(), archived, found });
        }
        if cluster.segment_size != file.size.bytes() {
            let (archived, found) = (cluster.segment_size, file.size.bytes());
            return Err(ArchiveError::SegmentSize { place: self.describe(), archived, found });
        }
        self.continues(&cluster, file, history?, now).await?;
        Ok(cluster)
    }

    /// Whose log is archived here, once that is settled.
    async fn known(&self, file: &File, now: Timestamp) -> Result<Cluster, ArchiveError> {
        // A folder whose disk is not mounted takes everything, and has nothing.
        self.shelf.check_mark().await?;
        if let Some(cluster) = self.cluster().await? {
            return Ok(cluster);
        }
        let create_only = self.shelf.store.capabilities().await?.create_only;
        let cluster = Cluster {
            version: log::VERSION,
            system_identifier: file.system,
            segment_size: file.size.bytes(),
            create_only,
            since: now,
        };
        let key = self.key(Cluster::KEY);
        let begun = self.shelf.store.put(&key, cluster.to_bytes()?.into(), self.how(create_only)).await;
        match begun {
            Err(error) if error.kind != ErrorKind::Exists => return Err(error.into()),
            Ok(_) | Err(_) => {}
        }
        // Of two that began at once, what is there counts.
        self.cluster().await?.ok_or_else(|| ArchiveError::Lost { name: Cluster::KEY.to_owned(), place: self.describe() })
    }

    /// The history of a segment's timeline that is archived; the first timeline has none.
    async fn archived_history(&self, file: &File) -> Result<Option<(Vec<u8>, History)>, ArchiveError> {
        match file.name {
            FileName::Segment(segment) if segment.timeline.0.get() > 1 => self.history(file.system, segment.timeline).await,
            _ => Ok(None),
        }
    }

    /// Whether a segment lies on the timeline that the archive knows by that number. PostgreSQL hands histories over first; where it
    /// did before there was an archive, the one beside the segment makes up for it.
    async fn continues(
        &self,
        cluster: &Cluster,
        file: &File,
        archived: Option<(Vec<u8>, History)>,
        now: Timestamp,
    ) -> Result<(), ArchiveError> {
        let FileName::Segment(segment) = file.name else { return Ok(()) };
        let timeline = segment.timeline;
        if timeline.0.get() == 1 {
            return Ok(());
        }
        let history = match (archived, &file.history) {
            (Some((there, _)), Some(here)) if there[..] != here[..] => {
                return Err(ArchiveError::OtherTimeline { place: self.describe(), timeline });
            }
            (Some((_, history)), _) => history,
            (None, Some(here)) => {
                let history = super::local::history(timeline, here).map_err(ArchiveError::Refused)?;
                let first = file.of_history().ok_or_else(|| ArchiveError::NoHistory { place: self.describe(), timeline })?;
                let packed = pack(first.clone()).await?;
                self.write(cluster, &first, &packed, now).await?;
                history
            }
            (None, None) => return Err(ArchiveError::NoHistory { place: self.describe(), timeline }),
        };
        if segment.number < file.size.segment_of(timeline, history.begin()).number {
            return Err(ArchiveError::BeforeTimeline { timeline, begin: history.begin().to_string() });
        }
        Ok(())
    }

    /// Creates the object, or finds it there.
    async fn write(&self, cluster: &Cluster, file: &File, packed: &Packed, now: Timestamp) -> Result<Pushed, ArchiveError> {
        let key = self.key_of(file.system, &log::place(file.name, file.size, &packed.header.sha256));
        let store = &self.shelf.store;
        if cluster.create_only {
            return match store.put(&key, packed.object.clone(), self.how(true)).await {
                Ok(_) => Ok(Pushed::New),
                Err(error) if error.kind == ErrorKind::Exists => self.same(file, packed, &key, now).await,
                Err(error) => Err(error.into()),
            };
        }
        // A store that overwrites is looked at before, and read back after: of two that write at the same moment both see what the later
        // one wrote, and the earlier one fails. What it cannot be kept from is to overwrite in the moment between.
        if self.get(&key).await?.is_some() {
            return self.same(file, packed, &key, now).await;
        }
        store.put(&key, packed.object.clone(), self.how(false)).await?;
        self.same(file, packed, &key, now).await.map(|_| Pushed::New)
    }

    /// What lies there is the same file, whole. Another one is noted where everybody finds it who asks for the archive's state.
    async fn same(&self, file: &File, packed: &Packed, key: &str, now: Timestamp) -> Result<Pushed, ArchiveError> {
        let name = &packed.header.name;
        let lost = || ArchiveError::Lost { name: name.clone(), place: self.describe() };
        let object = self.get(key).await?.ok_or_else(lost)?;
        let (there, _) = log::unpack(key, name, &object)?;
        let (there, here) = (there.sha256, packed.header.sha256);
        if there == here {
            return Ok(Pushed::Already);
        }
        let note = Refusal { version: log::VERSION, at: now, name, archived: &there, refused: &here };
        let note = serde_json::to_vec(&note).unwrap_or_default();
        let noted = self.key_of(file.system, &log::refused(name, &here));
        // What keeps the note from being written keeps nothing from being told: the command fails either way.
        _ = self.shelf.store.put(&noted, note.into(), self.how(true)).await;
        Err(ArchiveError::Conflict { name: name.clone(), place: self.describe(), there, here })
    }
}
