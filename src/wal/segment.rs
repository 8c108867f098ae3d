//! Segments: the files of equal size that the log is cut into, on a timeline each.

use std::fmt;
use std::num::NonZeroU32;

use crate::wal::Lsn;

/// One line of history of a cluster; each promotion begins another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeline(pub NonZeroU32);

impl Timeline {
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Bytes of a segment, a power of two from 1 MiB to 1 GiB (`initdb --wal-segsize`); 16 MiB unless it was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentSize(u64);

impl Default for SegmentSize {
    fn default() -> Self {
        Self(16 << 20)
    }
}

impl SegmentSize {
    pub fn new(bytes: u64) -> Option<Self> {
        (bytes.is_power_of_two() && (1 << 20..=1 << 30).contains(&bytes)).then_some(Self(bytes))
    }

    pub fn bytes(self) -> u64 {
        self.0
    }

    /// Segments for each step of the middle part of a name.
    fn of_each_log(self) -> u64 {
        (1 << 32) / self.0
    }

    /// The segment in which a position lies.
    pub fn segment_of(self, timeline: Timeline, at: Lsn) -> Segment {
        Segment { timeline, number: at.0 / self.0 }
    }

    /// Where a segment begins.
    pub fn start(self, segment: Segment) -> Lsn {
        Lsn(segment.number.saturating_mul(self.0))
    }

    /// Where the one after it begins.
    pub fn end(self, segment: Segment) -> Lsn {
        Lsn((segment.number + 1).saturating_mul(self.0))
    }

    /// The 24 digits by which PostgreSQL calls a segment.
    pub fn name(self, segment: Segment) -> String {
        let (log, within) = (segment.number / self.of_each_log(), segment.number % self.of_each_log());
        format!("{:08X}{log:08X}{within:08X}", segment.timeline.0)
    }

    /// The segment of a name; `None` where it is none of this size.
    pub fn parse(self, name: &str) -> Option<Segment> {
        let digits = name.len() == 24 && name.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte));
        let part = |at: usize| u32::from_str_radix(name.get(at..at + 8)?, 16).ok().filter(|_| digits);
        let within = u64::from(part(16)?);
        let number = u64::from(part(8)?) * self.of_each_log() + within;
        (within < self.of_each_log()).then_some(Segment { timeline: Timeline::new(part(0)?)?, number })
    }
}

/// One segment, counted from the beginning of the log in segments of the cluster's size. Ordered by timeline, then by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Segment {
    pub timeline: Timeline,
    pub number: u64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(shift: u32) -> SegmentSize {
        SegmentSize::new(1 << shift).expect("a size")
    }

    /// As `SELECT pg_walfile_name(…)` of PostgreSQL 15 answers.
    #[test]
    fn names_are_those_of_the_server() {
        let one = Timeline::new(1).expect("not 0");
        assert_eq!(size(24).name(size(24).segment_of(one, Lsn(0x16_B374_D848))), "0000000100000016000000B3");
        assert_eq!(size(24).name(size(24).segment_of(one, Lsn(0x0100_0000))), "000000010000000000000001");
        assert_eq!(size(20).name(size(20).segment_of(one, Lsn(0x16_B374_D848))), "000000010000001600000B37");
        for name in
            ["0000000100000016000001B3", "000000000000001600000000", "00000001000000160000000g", "0000000100000016000000b3", "x"]
        {
            assert_eq!(size(24).parse(name), None, "{name}");
        }
        assert_eq!([0, 1 << 19, (1 << 24) + 1, 1 << 31].map(SegmentSize::new), [None; 4]);
    }

    proptest! {
        #[test]
        fn a_name_is_read_as_it_is_written(shift in 20u32..=30, timeline in 1u32.., at: u64) {
            let (size, timeline) = (size(shift), Timeline::new(timeline).expect("not 0"));
            let segment = size.segment_of(timeline, Lsn(at));
            prop_assert_eq!(size.parse(&size.name(segment)), Some(segment));
            prop_assert!(size.start(segment) <= Lsn(at) && (Lsn(at) < size.end(segment) || size.end(segment) == Lsn(u64::MAX)));
        }
    }
}
