//! What a store holds of a log, listed whole: for whoever asks how the archive stands.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::archiving::{Archive, ArchiveError};
use crate::catalog::log::{self, Cluster, LetGo};
use crate::wal::{self, FileName, Segment, SegmentSize, Timeline};

/// A segment in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub segment: Segment,
    /// Bytes as they are stored.
    pub bytes: u64,
    /// When it was written, by the store's clock.
    pub at: Timestamp,
}

/// A part of a segment, or what a base backup left beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    pub segment: Segment,
    /// Below the log of the cluster.
    pub place: String,
    pub bytes: u64,
    /// Left by a base backup that began in the segment.
    pub of_backup: bool,
}

/// The archive of a cluster.
#[derive(Debug)]
pub struct Survey {
    pub cluster: Cluster,
    /// In the order of timeline and place.
    pub segments: Vec<Stored>,
    /// What they can be replayed for.
    pub archive: wal::Archive,
    pub beside: Vec<Beside>,
    /// Timelines after the first of which there is something, and no history.
    pub unfounded: BTreeSet<Timeline>,
    /// Names of files of which another version was refused.
    pub refused: Vec<String>,
    /// What was let go last; those before say no more.
    pub let_go: Option<LetGo>,
    /// The keys of all such notes.
    pub(super) notes: Vec<String>,
}

impl Survey {
    /// Of each timeline, the number of the first segment that was to stay. What lies before is on its way out.
    pub fn floors(&self) -> BTreeMap<Timeline, u64> {
        let first = self.let_go.iter().flat_map(|note| &note.first);
        first.filter_map(|name| self.archive.size().parse(name)).map(|segment| (segment.timeline, segment.number)).collect()
    }

    /// The archive without what a prune that was cut off left of what it let go.
    pub fn standing(&self) -> wal::Archive {
        let floors = self.floors();
        let stands = |segment: &Segment| floors.get(&segment.timeline).is_none_or(|floor| segment.number >= *floor);
        let segments = self.archive.segments().filter(stands);
        wal::Archive::new(self.archive.size(), segments, self.archive.histories().cloned())
    }

    /// What is missing of what stands; what was let go of a timeline is not, though another one leads to where that began.
    pub fn gaps(&self) -> Vec<wal::Hole> {
        let (floors, mut holes) = (self.floors(), self.standing().holes());
        holes.retain(|hole| floors.get(&hole.timeline).is_none_or(|floor| hole.last >= *floor));
        holes
    }
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
    let (mut segments, mut beside, mut timelines, mut refused) = (Vec::new(), Vec::new(), BTreeSet::new(), Vec::new());
    for object in archive.shelf.list(&below).await? {
        let Some(place) = object.key.strip_prefix(&below) else { continue };
        if let Some(note) = place.strip_prefix(log::REFUSED) {
            refused.extend(log::name_of_refused(note).map(str::to_owned));
            continue;
        }
        let Some(name) = named(place, size) else { continue };
        timelines.insert(name.timeline());
        match name {
            FileName::Segment(segment) => segments.push(Stored { segment, bytes: object.size, at: object.modified }),
            FileName::Partial(segment) | FileName::Backup(segment, _) => {
                let of_backup = matches!(name, FileName::Backup(..));
                beside.push(Beside { segment, place: place.to_owned(), bytes: object.size, of_backup });
            }
            FileName::History(_) => {}
        }
    }
    segments.sort_unstable_by_key(|stored| stored.segment);
    let (histories, unfounded) = origins(archive, system, timelines).await?;
    let archived = wal::Archive::new(size, segments.iter().map(|stored| stored.segment), histories);
    let (notes, let_go) = let_go(archive, system, size).await?;
    Ok(Some(Survey { cluster, segments, archive: archived, beside, unfounded, refused, let_go, notes }))
}

/// What lies below the log of a cluster, where it lies where bdr puts it; of parts of a segment the name goes on.
fn named(place: &str, size: SegmentSize) -> Option<FileName> {
    let (folder, last) = place.split_at(place.find('/')? + 1);
    let part = last.rsplit_once('.').map(|(name, _)| name).and_then(|name| FileName::parse(name, size));
    let name = FileName::parse(last, size).or(part.filter(|name| matches!(name, FileName::Partial(_))))?;
    (log::timeline_of(folder) == Some(name.timeline())).then_some(name)
}

/// Where timelines come from, and those of which nobody knows.
async fn origins(
    archive: &Archive,
    system: u64,
    timelines: BTreeSet<Timeline>,
) -> Result<(Vec<wal::History>, BTreeSet<Timeline>), ArchiveError> {
    let (mut histories, mut unfounded) = (Vec::new(), BTreeSet::new());
    for timeline in timelines.into_iter().filter(|timeline| timeline.0.get() > 1) {
        match archive.history(system, timeline).await? {
            Some((_, history)) => histories.push(history),
            None => _ = unfounded.insert(timeline),
        }
    }
    Ok((histories, unfounded))
}

/// The notes of what was let go, and all that they say: each of a timeline the latest. One that cannot be read says nothing, which shows
/// what it is about as if it stayed.
async fn let_go(archive: &Archive, system: u64, size: SegmentSize) -> Result<(Vec<String>, Option<LetGo>), ArchiveError> {
    let below = archive.let_go(system);
    let (mut notes, mut newest, mut first): (_, Option<LetGo>, BTreeMap<Timeline, u64>) = (Vec::new(), None, BTreeMap::new());
    for object in archive.shelf.list(&below).await? {
        let note = archive.get(&object.key).await?.and_then(|bytes| LetGo::read(&object.key, &bytes).ok());
        notes.push(object.key);
        let Some(note) = note else { continue };
        for segment in note.first.iter().filter_map(|name| size.parse(name)) {
            let floor = first.entry(segment.timeline).or_default();
            *floor = segment.number.max(*floor);
        }
        newest = newest.filter(|newest| newest.at > note.at).or(Some(note));
    }
    let name = |(timeline, number): (&Timeline, &u64)| size.name(Segment { timeline: *timeline, number: *number });
    let newest = newest.map(|newest| LetGo { first: first.iter().map(name).collect(), ..newest });
    Ok((notes, newest))
}
