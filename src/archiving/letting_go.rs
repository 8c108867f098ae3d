//! Letting go of a log: the oldest first, after it was noted where what stays begins.
//!
//! Why a crash at any moment is safe: nothing that stays is touched, so that it has no hole that it had not before. From the note on
//! whatever lies before that beginning is taken for gone, however much of it a crash left; the next prune decides anew, from base
//! backups and segments alone and not from the note, and removes it. What was handed over since the archive was listed is not on the
//! list of what goes.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::archiving::{Archive, Survey};
use crate::catalog::log::{self, LetGo};
use crate::catalog::log_retention::Decision;
use crate::tree::{Progress, TreeError};
use crate::units::duration::Duration;
use crate::wal::{Segment, Span, Timeline};

/// Objects removed at a time.
const AT_ONCE: usize = 16;

/// What goes of a log in a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Going {
    /// The segments, of each timeline without a hole between them.
    pub spans: Vec<Span>,
    pub segments: u64,
    /// All bytes, of parts of segments and the like too.
    pub bytes: u64,
    /// The keys with their bytes, the oldest first, and whether it is a segment.
    objects: Vec<(String, u64, bool)>,
    /// Of each timeline of which something goes or went, the first segment that stays.
    first: BTreeMap<Timeline, u64>,
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gone {
    pub segments: u64,
    pub bytes: u64,
}

impl Going {
    /// What a decision lets go of what a store holds. What base backups left beside the segments in which those began that stay, stays.
    pub fn of(archive: &Archive, survey: &Survey, decision: &Decision, begun: &BTreeSet<Segment>) -> Self {
        let (size, system) = (survey.archive.size(), survey.cluster.system_identifier);
        let goes = |segment: Segment| !decision.stays(segment);
        let key = |segment: Segment| {
            let name = crate::wal::FileName::Segment(segment);
            archive.key_of(system, &log::place(name, size, &Default::default()))
        };
        let segments = survey.segments.iter().filter(|stored| goes(stored.segment));
        // What was not full of a timeline that was left is behind the last that was.
        let last = |segment: Segment| {
            let later = Segment { number: u64::MAX, ..segment };
            let is_behind = survey.segments.iter().any(|stored| (segment..=later).contains(&stored.segment));
            !is_behind && decision.floors.get(&segment.timeline) == Some(&segment.number)
        };
        let beside = survey.beside.iter().filter(|beside| goes(beside.segment) || (!beside.of_backup && last(beside.segment)));
        let beside = beside.filter(|beside| !(beside.of_backup && begun.contains(&beside.segment)));
        let mut all: Vec<(Segment, (String, u64, bool))> =
            segments.clone().map(|stored| (stored.segment, (key(stored.segment), stored.bytes, true))).collect();
        all.extend(beside.map(|beside| (beside.segment, (archive.key_of(system, &beside.place), beside.bytes, false))));
        all.sort_by(|(one, of_one), (other, of_other)| {
            (one.number, one.timeline, &of_one.0).cmp(&(other.number, other.timeline, &of_other.0))
        });
        let mut first = survey.floors();
        let touched: BTreeSet<Timeline> = all.iter().map(|(segment, _)| segment.timeline).collect();
        first.extend(decision.floors.iter().filter(|(timeline, _)| touched.contains(timeline)));
        let objects: Vec<(String, u64, bool)> = all.into_iter().map(|(_, object)| object).collect();
        Self {
            spans: crate::wal::Archive::new(size, segments.map(|stored| stored.segment), []).spans().to_vec(),
            segments: objects.iter().filter(|(.., is_segment)| *is_segment).count() as u64,
            bytes: objects.iter().map(|(_, bytes, _)| bytes).sum(),
            objects,
            first,
        }
    }

    pub fn is_nothing(&self) -> bool {
        self.objects.is_empty()
    }
}

/// Removes what goes. `keep` is how far back the log was to reach.
///
/// # Errors
/// When the store fails or it is asked to stop; what was not done yet is done by the next prune.
pub async fn let_go(
    archive: &Archive,
    survey: &Survey,
    going: &Going,
    (keep, now): (Option<Duration>, Timestamp),
    progress: &Progress,
) -> Result<Gone, TreeError> {
    let mut gone = Gone::default();
    if going.is_nothing() {
        return Ok(gone);
    }
    let size = survey.archive.size();
    let first = going.first.iter().map(|(timeline, number)| size.name(Segment { timeline: *timeline, number: *number }));
    let keep_seconds = keep.map(|keep| keep.as_secs());
    let (name, note) = LetGo { version: log::VERSION, at: now, keep_seconds, first: first.collect() }.object()?;
    let noted = archive.let_go(survey.cluster.system_identifier) + &name;
    match archive.shelf.put_small(&noted, note, survey.cluster.create_only).await {
        Err(error) if error.kind == crate::store::ErrorKind::Exists => {}
        other => other?,
    }
    let mut removals = stream::iter(&going.objects)
        .map(|(key, bytes, is_segment)| async move {
            progress.go_on()?;
            archive.shelf.store.delete(key).await?;
            Ok::<_, TreeError>((*bytes, *is_segment))
        })
        .buffered(AT_ONCE);
    while let Some(removed) = removals.next().await {
        let (bytes, is_segment) = removed?;
        progress.add_entries(1);
        gone.bytes += bytes;
        gone.segments += u64::from(is_segment);
    }
    // The new note says all that these say.
    let before: Vec<String> = survey.notes.iter().filter(|key| **key != noted).cloned().collect();
    archive.shelf.delete_all(&before).await?;
    Ok(gone)
}
