//! The files that PostgreSQL hands to an archive, by their names.

use crate::wal::{Segment, SegmentSize, Timeline};

/// What a name of a file is the name of (PostgreSQL's `xlog_internal.h`, "XLogFileName" and its neighbours).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileName {
    /// Where a timeline comes from. First, since no segment of a timeline is of use without it.
    History(Timeline),
    Segment(Segment),
    /// The last segment of a timeline that a promotion ended, as far as it had come. Recovery never asks for it.
    Partial(Segment),
    /// What a base backup left: the segment in which it began, and where in that.
    Backup(Segment, u32),
}

impl FileName {
    /// `None`: PostgreSQL calls nothing that an archive takes so.
    pub fn parse(name: &str, size: SegmentSize) -> Option<Self> {
        if let Some(timeline) = name.strip_suffix(".history") {
            return number(timeline).and_then(Timeline::new).map(Self::History);
        }
        if let Some(segment) = name.strip_suffix(".partial") {
            return size.parse(segment).map(Self::Partial);
        }
        if let Some((segment, offset)) = name.strip_suffix(".backup").and_then(|begin| begin.split_once('.')) {
            return Some(Self::Backup(size.parse(segment)?, number(offset)?));
        }
        size.parse(name).map(Self::Segment)
    }

    pub fn text(self, size: SegmentSize) -> String {
        match self {
            Self::History(timeline) => format!("{:08X}.history", timeline.0),
            Self::Segment(segment) => size.name(segment),
            Self::Partial(segment) => format!("{}.partial", size.name(segment)),
            Self::Backup(segment, offset) => format!("{}.{offset:08X}.backup", size.name(segment)),
        }
    }

    pub fn timeline(self) -> Timeline {
        match self {
            Self::History(timeline) => timeline,
            Self::Segment(segment) | Self::Partial(segment) | Self::Backup(segment, _) => segment.timeline,
        }
    }
}

fn number(digits: &str) -> Option<u32> {
    let fits = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte));
    u32::from_str_radix(digits, 16).ok().filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_known_by_its_name_and_nothing_else_is() {
        let size = SegmentSize::default();
        let segment = size.parse("0000000200000016000000B3").expect("a segment");
        let all = [
            ("00000002.history", FileName::History(segment.timeline)),
            ("0000000200000016000000B3", FileName::Segment(segment)),
            ("0000000200000016000000B3.partial", FileName::Partial(segment)),
            ("0000000200000016000000B3.00000028.backup", FileName::Backup(segment, 0x28)),
        ];
        for (text, name) in all {
            assert_eq!(FileName::parse(text, size), Some(name));
            assert_eq!((name.text(size).as_str(), name.timeline()), (text, segment.timeline));
        }
        let others = ["2.history", "00000000.history", "0000000200000016000000B3.gz", "../0000000200000016000000B3", ".backup"];
        assert_eq!(others.map(|text| FileName::parse(text, size)), [None; 5]);
    }
}
