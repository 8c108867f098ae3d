//! What a set of stored segments can be replayed for: runs without a hole, and what it means that one is not there.

use std::collections::BTreeMap;

use crate::wal::{History, Segment, SegmentSize, Timeline};

/// Segments of one timeline without a hole between them, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub timeline: Timeline,
    pub first: u64,
    pub last: u64,
}

/// Segments of a timeline that are not there, both ends included, though what comes after them is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hole {
    pub timeline: Timeline,
    pub first: u64,
    pub last: u64,
}

/// What an archive holds of one cluster.
#[derive(Debug, Clone)]
pub struct Archive {
    size: SegmentSize,
    /// In order of timeline, then of place; no two touch.
    spans: Vec<Span>,
    histories: BTreeMap<Timeline, History>,
}

/// Why a segment is not in the archive. PostgreSQL ends recovery, and promotes, where it is told that a file does not exist; so only what is
/// proven may be told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Nothing that was archived comes after it: recovery has all there is.
    End,
    /// It lies before its timeline begins, on this one: the server asks there next.
    Before(Timeline),
    /// It is lost, or not there yet: this one, after it, is there.
    Gap(Segment),
    /// The timeline has segments and no history, so nothing tells where it begins.
    NoHistory,
}

impl Archive {
    /// `segments` in any order.
    pub fn new(
        size: SegmentSize,
        segments: impl IntoIterator<Item = Segment>,
        histories: impl IntoIterator<Item = History>,
    ) -> Self {
        let mut all: Vec<Segment> = segments.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        let mut spans: Vec<Span> = Vec::new();
        for segment in all {
            match spans.last_mut() {
                Some(span) if span.timeline == segment.timeline && span.last + 1 == segment.number => span.last = segment.number,
                _ => spans.push(Span { timeline: segment.timeline, first: segment.number, last: segment.number }),
            }
        }
        Self { size, spans, histories: histories.into_iter().map(|history| (history.of, history)).collect() }
    }

    pub fn size(&self) -> SegmentSize {
        self.size
    }

    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Of a timeline that needs one, whether its history is there.
    pub fn history(&self, timeline: Timeline) -> Option<&History> {
        self.histories.get(&timeline)
    }

    pub fn segments(&self) -> impl Iterator<Item = Segment> {
        self.spans.iter().flat_map(|span| (span.first..=span.last).map(|number| Segment { timeline: span.timeline, number }))
    }

    /// In order of timeline.
    pub fn histories(&self) -> impl Iterator<Item = &History> {
        self.histories.values()
    }

    pub fn holds(&self, segment: Segment) -> bool {
        let at = self.spans.partition_point(|span| (span.timeline, span.last) < (segment.timeline, segment.number));
        self.spans.get(at).is_some_and(|span| span.timeline == segment.timeline && span.first <= segment.number)
    }

    /// What recovery cannot go past: between spans of a timeline, and where one goes on from another.
    pub fn holes(&self) -> Vec<Hole> {
        let within = self.spans.windows(2).filter(|pair| pair[0].timeline == pair[1].timeline);
        let within = within.map(|pair| Hole { timeline: pair[0].timeline, first: pair[0].last + 1, last: pair[1].first - 1 });
        let mut all: Vec<Hole> = within.chain(self.histories.values().flat_map(|history| self.holes_at_fork(history))).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What is missing before and after the last fork of a timeline of which there is something. Where nothing is there of the one before
    /// it up to the fork, the archive begins after it.
    fn holes_at_fork(&self, history: &History) -> Vec<Hole> {
        let of = |timeline: Timeline| self.spans.iter().filter(move |span| span.timeline == timeline);
        let (Some(fork), Some(begins)) = (history.forks.last(), of(history.of).next()) else { return Vec::new() };
        let forked = self.size.segment_of(fork.from, fork.at).number;
        let Some(before) = of(fork.from).rfind(|span| span.first <= forked) else { return Vec::new() };
        let left = Hole { timeline: fork.from, first: before.last + 1, last: forked.saturating_sub(1) };
        let begun = Hole { timeline: history.of, first: forked, last: begins.first.saturating_sub(1) };
        [left, begun].into_iter().filter(|hole| hole.first <= hole.last).collect()
    }

    /// What it means that a segment is not there.
    pub fn why_absent(&self, segment: Segment) -> Absent {
        let Segment { timeline, number } = segment;
        let own = self.spans.iter().filter(|span| span.timeline == timeline);
        let later = own.clone().find(|span| span.first > number);
        match self.histories.get(&timeline) {
            Some(history) if number < self.size.segment_of(timeline, history.begin()).number => {
                return Absent::Before(history.timeline_at(self.size.start(segment)));
            }
            None if timeline.0.get() > 1 && later.is_some() && own.clone().all(|span| span.first > number) => {
                return Absent::NoHistory;
            }
            _ => {}
        }
        if let Some(span) = later {
            return Absent::Gap(Segment { timeline, number: span.first });
        }
        self.after_fork(segment).map_or(Absent::End, Absent::Gap)
    }

    /// The first segment of another timeline that is there and goes on from this one, after the segment. The one in which a timeline forks is
    /// of the new one: the old one's may never have been archived.
    fn after_fork(&self, segment: Segment) -> Option<Segment> {
        let goes_on = |history: &&History| {
            let fork = history.forks.iter().find(|fork| fork.from == segment.timeline);
            fork.is_some_and(|fork| segment.number < self.size.segment_of(segment.timeline, fork.at).number)
        };
        let there = |history: &History| self.spans.iter().find(|span| span.timeline == history.of);
        let span = self.histories.values().filter(goes_on).find_map(there)?;
        Some(Segment { timeline: span.timeline, number: span.first })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::wal::{Fork, Lsn};

    fn timeline(number: u32) -> Timeline {
        Timeline::new(number).expect("not 0")
    }

    fn segment(on: u32, number: u64) -> Segment {
        Segment { timeline: timeline(on), number }
    }

    fn at(number: u64) -> Lsn {
        Lsn(number * SegmentSize::default().bytes() + 0x158)
    }

    /// Timeline 1 up to segment 9, left within it for timeline 2, which has 9 to 12 without 11.
    fn archive() -> Archive {
        let first = (1..=9).filter(|number| *number != 4).map(|number| segment(1, number));
        let second = [9, 10, 12].map(|number| segment(2, number));
        let history = History { of: timeline(2), forks: vec![Fork { from: timeline(1), at: at(9) }] };
        Archive::new(SegmentSize::default(), first.chain(second), [history])
    }

    #[test]
    fn only_what_is_proven_to_be_the_end_is_called_the_end() {
        let archive = archive();
        let why = |on, number| archive.why_absent(segment(on, number));
        assert_eq!(why(1, 4), Absent::Gap(segment(1, 5)));
        assert_eq!(why(2, 11), Absent::Gap(segment(2, 12)));
        assert_eq!(why(2, 13), Absent::End);
        assert_eq!(why(2, 8), Absent::Before(timeline(1)));
        assert_eq!(why(1, 10), Absent::End);
        assert_eq!(why(3, 13), Absent::End);
    }

    #[test]
    fn holes_are_told_within_timelines_and_between_them() {
        let hole = |on, first, last| Hole { timeline: timeline(on), first, last };
        assert_eq!(archive().holes(), [hole(1, 4, 4), hole(2, 11, 11)]);
        let history = || History { of: timeline(2), forks: vec![Fork { from: timeline(1), at: at(9) }] };
        let of = |all: &[Segment]| Archive::new(SegmentSize::default(), all.iter().copied(), [history()]).holes();
        assert_eq!(of(&[segment(1, 5), segment(1, 6), segment(2, 10)]), [hole(1, 7, 8), hole(2, 9, 9)]);
        assert_eq!(of(&[segment(1, 8), segment(2, 9)]), []);
        assert_eq!(of(&[segment(1, 12), segment(2, 9)]), [], "the old timeline went on by itself");
        assert_eq!(of(&[segment(2, 10)]), [], "it begins there");
        assert_eq!(of(&[segment(1, 5)]), [], "nothing was archived of the new one");
    }

    #[test]
    fn what_another_timeline_goes_on_from_is_no_end() {
        let history = History { of: timeline(2), forks: vec![Fork { from: timeline(1), at: at(9) }] };
        let all = [segment(1, 6), segment(2, 9)];
        let archive = Archive::new(SegmentSize::default(), all, [history]);
        assert_eq!(archive.why_absent(segment(1, 7)), Absent::Gap(segment(2, 9)));
        // The segment of the fork itself is timeline 2's.
        assert_eq!(archive.why_absent(segment(1, 9)), Absent::End);
    }

    #[test]
    fn a_timeline_without_its_history_tells_nothing_of_its_beginning() {
        let archive = Archive::new(SegmentSize::default(), [segment(2, 9)], []);
        assert_eq!(archive.why_absent(segment(2, 8)), Absent::NoHistory);
        assert_eq!(archive.why_absent(segment(2, 10)), Absent::End);
        assert_eq!(
            Archive::new(SegmentSize::default(), [segment(1, 9)], []).why_absent(segment(1, 8)),
            Absent::Gap(segment(1, 9))
        );
    }

    proptest! {
        #[test]
        fn spans_hold_what_was_given_and_no_end_has_anything_after_it(numbers: BTreeSet<u8>, asked: u8) {
            let all = numbers.iter().map(|number| segment(1, u64::from(*number)));
            let archive = Archive::new(SegmentSize::default(), all, []);
            let held: Vec<u64> = archive.spans().iter().flat_map(|span| span.first..=span.last).collect();
            prop_assert_eq!(&held, &numbers.iter().map(|number| u64::from(*number)).collect::<Vec<_>>());
            prop_assert!(archive.spans().windows(2).all(|pair| pair[0].last + 1 < pair[1].first));
            let asked = segment(1, u64::from(asked));
            prop_assert_eq!(archive.holds(asked), held.contains(&asked.number));
            if !archive.holds(asked) {
                let later = held.iter().any(|number| *number > asked.number);
                prop_assert_eq!(archive.why_absent(asked) != Absent::End, later);
            }
            let lost: Vec<u64> = archive.holes().iter().flat_map(|hole| hole.first..=hole.last).collect();
            let ends = held.first().copied().unwrap_or(0)..=held.last().copied().unwrap_or(0);
            prop_assert_eq!(lost, ends.filter(|number| !held.is_empty() && !held.contains(number)).collect::<Vec<_>>());
        }
    }
}
