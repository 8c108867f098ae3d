//! What it means that a file is not in the archive, found out by as few listings as prove it.

use std::collections::BTreeSet;

use crate::archiving::{Archive, ArchiveError, Failed};
use crate::catalog::log::{self, Cluster};
use crate::store::StoreError;
use crate::wal::{self, Absent, History, Segment, SegmentSize, Timeline};

/// Objects of one listing when the first segment behind a key is looked for: beside segments lie few others.
const FEW: usize = 20;

/// What of a store tells why a segment is not there.
struct Seen {
    size: SegmentSize,
    timelines: BTreeSet<Timeline>,
    segments: Vec<Segment>,
    histories: Vec<History>,
}

/// Proves that nothing that was archived comes after a segment. The stores together count: what only one of them has is there.
///
/// # Errors
/// Wherever anything is left to doubt.
pub async fn segment(archives: &[Archive], system: u64, name: &str) -> Result<(), Vec<Failed>> {
    let seen = each(archives, |archive| archive.seen(system, Some(name))).await?;
    let Some(size) = seen.first().map(|seen| seen.size) else { return Ok(()) };
    let asked = size.parse(name).ok_or_else(|| refused(format!("no segment of {} bytes is called {name}", size.bytes())))?;
    let segments = seen.iter().flat_map(|seen| seen.segments.iter().copied());
    let histories = seen.iter().flat_map(|seen| seen.histories.iter().cloned());
    let error = match wal::Archive::new(size, segments, histories).why_absent(asked) {
        // Whatever the timeline before has is asked for next, and judged then.
        Absent::End | Absent::Before(_) => return Ok(()),
        Absent::Gap(there) => ArchiveError::Gap { asked: name.to_owned(), there: size.name(there) },
        Absent::NoHistory => ArchiveError::Unfounded { asked: name.to_owned() },
    };
    Err(vec![Failed { store: None, error }])
}

/// Proves that a timeline was never archived, nor any that was begun after it. PostgreSQL asks for one after the other and takes the
/// first that is not there for the end, so that a hole among them would make it forget all that come behind.
///
/// # Errors
/// As [`segment`].
pub async fn history(archives: &[Archive], system: u64, asked: Timeline) -> Result<(), Vec<Failed>> {
    let seen = each(archives, |archive| archive.seen(system, None)).await?;
    // The first timeline comes from nowhere, and has none.
    if asked.0.get() == 1 {
        return Ok(());
    }
    let later = seen.iter().flat_map(|seen| &seen.timelines).filter(|timeline| **timeline >= asked).min();
    let Some(later) = later else { return Ok(()) };
    let what = if *later == asked { "what was written on it".to_owned() } else { format!("timeline {later}") };
    Err(vec![Failed { store: None, error: ArchiveError::LostHistory { asked, what } }])
}

fn refused(why: String) -> Vec<Failed> {
    vec![Failed { store: None, error: ArchiveError::Refused(why) }]
}

/// Asks each store; one that fails leaves a doubt.
async fn each<'a, F: Future<Output = Result<Seen, ArchiveError>>>(
    archives: &'a [Archive],
    ask: impl Fn(&'a Archive) -> F,
) -> Result<Vec<Seen>, Vec<Failed>> {
    let (mut all, mut failed) = (Vec::new(), Vec::new());
    for archive in archives {
        match ask(archive).await {
            Ok(seen) => all.push(seen),
            Err(error) => failed.push(archive.failed(error)),
        }
    }
    if failed.is_empty() { Ok(all) } else { Err(failed) }
}

impl Archive {
    /// What tells why a segment is not here: the next one of its own timeline and the first one of each, and where these come from.
    async fn seen(&self, system: u64, name: Option<&str>) -> Result<Seen, ArchiveError> {
        // The folder of a disk that is not mounted has nothing in it either.
        self.shelf.check_mark().await?;
        let nothing = || ArchiveError::Nothing { place: self.describe() };
        let cluster = self.cluster().await?.ok_or_else(nothing)?;
        if cluster.system_identifier != system {
            let (archived, found) = (cluster.system_identifier, system);
            return Err(ArchiveError::Cluster { place: self.describe(), archived, found });
        }
        let size = cluster.size().ok_or_else(nothing)?;
        let timelines = self.timelines(system).await?;
        if timelines.is_empty() {
            return Err(nothing());
        }
        let mut seen = Seen { size, timelines, segments: Vec::new(), histories: Vec::new() };
        let Some(asked) = name.and_then(|name| size.parse(name)) else { return Ok(seen) };
        seen.segments.extend(self.first_after(&cluster, asked.timeline, name).await?);
        // Older ones do not go on from it, and the first comes from nowhere.
        let tells = |timeline: &Timeline| *timeline >= asked.timeline && timeline.0.get() > 1;
        for timeline in seen.timelines.iter().copied().filter(tells).collect::<Vec<_>>() {
            seen.segments.extend(self.first_after(&cluster, timeline, None).await?);
            seen.histories.extend(self.history(system, timeline).await?.map(|(_, history)| history));
        }
        Ok(seen)
    }

    /// The timelines of which anything is archived.
    async fn timelines(&self, system: u64) -> Result<BTreeSet<Timeline>, StoreError> {
        let folders = self.shelf.store.list_folders(&self.key_of(system, "")).await?;
        Ok(folders.iter().filter_map(|folder| log::timeline_of(folder)).collect())
    }

    /// The first segment of a timeline, or the first behind one of it: names are in the order of the log.
    async fn first_after(
        &self,
        cluster: &Cluster,
        timeline: Timeline,
        name: Option<&str>,
    ) -> Result<Option<Segment>, StoreError> {
        let folder = self.key_of(cluster.system_identifier, &log::timeline_folder(timeline));
        let Some(size) = cluster.size() else { return Ok(None) };
        let mut after = name.map(|name| format!("{folder}{name}"));
        loop {
            let page = self.shelf.store.list(&folder, after.as_deref(), FEW).await?;
            let below = page.iter().filter_map(|object| object.key.strip_prefix(&folder));
            if let Some(segment) = below.filter_map(|last| log::segment_of(last, size)).next() {
                return Ok(Some(segment));
            }
            match page.last() {
                Some(last) if page.len() == FEW => after = Some(last.key.clone()),
                _ => return Ok(None),
            }
        }
    }
}
