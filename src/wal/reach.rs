//! How far an archive rolls a backup forward.

use crate::wal::{Absent, Archive, History, Lsn, Segment, Timeline};

/// Up to where a log can be replayed without a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// The end of the last segment that can be replayed; where it began, if none is there.
    pub until: Lsn,
    /// On which that is.
    pub timeline: Timeline,
    /// The newest timeline that goes on from where it began.
    pub towards: Timeline,
    /// The last segment that can be replayed; `None`: none is there.
    pub last: Option<Segment>,
    /// The first one that is missing, where later ones are there.
    pub missing: Option<Segment>,
}

impl Archive {
    /// From a position on a timeline, along the newest timeline that goes on from there: so PostgreSQL recovers unless it is told
    /// otherwise (`recovery_target_timeline = 'latest'`).
    pub fn reach(&self, timeline: Timeline, at: Lsn) -> Reach {
        let root = History::root(timeline);
        let history = self.newest_from(timeline, at).unwrap_or(&root);
        let size = self.size();
        // The segment in which a timeline forks is of the new one.
        let segment = |number: u64| {
            let end = size.end(Segment { timeline, number });
            Segment { timeline: history.timeline_at(Lsn(end.0 - 1)), number }
        };
        let first = size.segment_of(timeline, at).number;
        let end = (first..).find(|number| !self.holds(segment(*number))).unwrap_or(first);
        let last = (end > first).then(|| segment(end - 1));
        let until = last.map_or(at, |last| size.end(last));
        let missing = match self.why_absent(segment(end)) {
            Absent::Gap(_) | Absent::NoHistory => Some(segment(end)),
            Absent::End | Absent::Before(_) => None,
        };
        Reach { until, timeline: last.map_or(timeline, |last| last.timeline), towards: history.of, last, missing }
    }

    fn newest_from(&self, timeline: Timeline, at: Lsn) -> Option<&History> {
        let goes_on = |history: &&History| history.forks.iter().any(|fork| fork.from == timeline && fork.at >= at);
        self.histories().filter(goes_on).max_by_key(|history| history.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wal::{Fork, SegmentSize};

    fn timeline(number: u32) -> Timeline {
        Timeline::new(number).expect("not 0")
    }

    fn at(number: u64) -> Lsn {
        Lsn(number * SegmentSize::default().bytes() + 0x158)
    }

    fn archive(first: &[u64], second: &[u64]) -> Archive {
        let of = |on: u32, numbers: &[u64]| {
            numbers.iter().map(|number| Segment { timeline: timeline(on), number: *number }).collect::<Vec<_>>()
        };
        let history = History { of: timeline(2), forks: vec![Fork { from: timeline(1), at: at(5) }] };
        let histories = if second.is_empty() { vec![] } else { vec![history] };
        Archive::new(SegmentSize::default(), of(1, first).into_iter().chain(of(2, second)), histories)
    }

    fn reach(archive: &Archive, from: u64) -> (u64, u32, Option<u64>) {
        let reach = archive.reach(timeline(1), at(from));
        (reach.until.0 / SegmentSize::default().bytes(), reach.timeline.0.get(), reach.missing.map(|segment| segment.number))
    }

    #[test]
    fn it_ends_where_nothing_follows_and_stops_at_a_hole() {
        assert_eq!(reach(&archive(&[2, 3, 4], &[]), 2), (5, 1, None));
        assert_eq!(reach(&archive(&[2, 3, 5], &[]), 2), (4, 1, Some(4)));
        assert_eq!(reach(&archive(&[4], &[]), 2), (2, 1, Some(2)));
        let nothing = archive(&[], &[]).reach(timeline(1), at(2));
        assert_eq!((nothing.until, nothing.last, nothing.missing), (at(2), None, None));
    }

    #[test]
    fn it_follows_the_newest_timeline_that_goes_on_from_there() {
        // Segment 5 is of timeline 2, whatever timeline 1 wrote of it.
        assert_eq!(reach(&archive(&[2, 3, 4, 5, 6], &[5, 6, 7]), 2), (8, 2, None));
        assert_eq!(reach(&archive(&[2, 3, 4], &[6]), 2), (5, 1, Some(5)));
        // A backup that ended after the fork, on the old one, stays there.
        assert_eq!(reach(&archive(&[6, 7], &[5, 6]), 6), (8, 1, None));
    }
}
