//! What a store holds of a log, listed whole: for whoever asks how the archive stands.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::archiving::{Archive, ArchiveError};
use crate::catalog::log::{self, Cluster};
use crate::wal::{self, FileName, Segment, Timeline};

/// A segment in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub segment: Segment,
    /// Bytes as they are stored.
    pub bytes: u64,
    /// When it was written, by the store's clock.
    pub at: Timestamp,
}

/// The archive of a cluster.
#[derive(Debug)]
pub struct Survey {
    pub cluster: Cluster,
    /// In the order of timeline and place.
    pub segments: Vec<Stored>,
    /// What they can be replayed for.
    pub archive: wal::Archive,
    /// Timelines after the first of which there is something, and no history.
    pub unfounded: BTreeSet<Timeline>,
    /// Names of files of which another version was refused.
    pub refused: Vec<String>,
}

/// Lists an archive; `None`: nothing was ever archived.
///
/// # Errors
/// When the store fails, or a history is damaged.
pub async fn survey(archive: &Archive) -> Result<Option<Survey>, ArchiveError> {
    archive.shelf.check_mark().await?;
    let Some(cluster) = archive.cluster().await? else { return Ok(None) };
    let nothing = || ArchiveError::Nothing { place: archive.describe() };
    let size = cluster.size().ok_or_else(nothing)?;
    let system = cluster.system_identifier;
    let below = archive.key_of(system, "");
    let (mut segments, mut timelines, mut refused) = (Vec::new(), BTreeSet::new(), Vec::new());
    for object in archive.shelf.list(&below).await? {
        let Some(place) = object.key.strip_prefix(&below) else { continue };
        if let Some(note) = place.strip_prefix(log::REFUSED) {
            refused.extend(log::name_of_refused(note).map(str::to_owned));
            continue;
        }
        let Some(last) = place.rsplit('/').next() else { continue };
        if let Some(segment) = log::segment_of(last, size) {
            segments.push(Stored { segment, bytes: object.size, at: object.modified });
        }
        let name = FileName::parse(last, size);
        timelines.extend(name.map(FileName::timeline));
    }
    segments.sort_unstable_by_key(|stored| stored.segment);
    let mut histories = Vec::new();
    let mut unfounded = BTreeSet::new();
    for timeline in timelines.into_iter().filter(|timeline| timeline.0.get() > 1) {
        match archive.history(system, timeline).await? {
            Some((_, history)) => histories.push(history),
            None => _ = unfounded.insert(timeline),
        }
    }
    let archived = wal::Archive::new(size, segments.iter().map(|stored| stored.segment), histories);
    Ok(Some(Survey { cluster, segments, archive: archived, unfounded, refused }))
}
