//! The header of a segment's first page: whose log it is, and which part of it.

use crate::wal::{Lsn, Segment, SegmentSize, Timeline};

/// Bytes of a long page header (PostgreSQL's `XLogLongPageHeaderData`).
const LENGTH: usize = 40;
/// The page has a long header (`XLP_LONG_HEADER`).
const LONG: u16 = 0x0002;

/// What the first page of a segment tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The cluster's identity, as `pg_control_system()` tells it.
    pub system: u64,
    /// At most that of the segment's name: after a promotion the first one is a copy, up to where the timeline forks.
    pub timeline: Timeline,
    pub start: Lsn,
    pub size: SegmentSize,
}

/// Bytes that are no segment of a write-ahead log, or not the one that their name says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    #[error("it is no segment of a write-ahead log")]
    NoLog,
    #[error("it is of {found} bytes, and a segment of this cluster has {wanted}")]
    Length { found: u64, wanted: u64 },
    #[error("it begins at {found}, and its name says {wanted}")]
    Start { found: Lsn, wanted: Lsn },
    #[error("it is of timeline {found}, and its name says {wanted}")]
    Timeline { found: Timeline, wanted: Timeline },
    #[error("it is of the cluster with system identifier {found}, and not of {wanted}")]
    System { found: u64, wanted: u64 },
}

impl Stamp {
    /// Reads the first bytes of a segment. Integers are the server's own: little-endian on every platform that bdr runs on.
    ///
    /// # Errors
    /// Where they are no long page header.
    pub fn read(bytes: &[u8]) -> Result<Self, PageError> {
        let header: &[u8; LENGTH] = bytes.first_chunk().ok_or(PageError::NoLog)?;
        let short = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let long = |at: usize| u64::from(word(at)) | (u64::from(word(at + 4)) << 32);
        // All versions since 9.3 have 0xD0 or 0xD1 above, and count below.
        let is_log = matches!(short(0) >> 8, 0xD0 | 0xD1) && short(2) & LONG != 0;
        let timeline = Timeline::new(word(4)).filter(|_| is_log).ok_or(PageError::NoLog)?;
        let size = SegmentSize::new(u64::from(word(32))).ok_or(PageError::NoLog)?;
        Ok(Self { system: long(24), timeline, start: Lsn(long(8)), size })
    }

    /// Checks that it is what a name says, of the cluster that it is to be of.
    ///
    /// # Errors
    /// Names the first thing that is not so.
    pub fn check(&self, segment: Segment, length: u64, system: Option<u64>) -> Result<(), PageError> {
        let wanted = self.size.start(segment);
        if length != self.size.bytes() {
            return Err(PageError::Length { found: length, wanted: self.size.bytes() });
        }
        if self.start != wanted {
            return Err(PageError::Start { found: self.start, wanted });
        }
        if self.timeline > segment.timeline {
            return Err(PageError::Timeline { found: self.timeline, wanted: segment.timeline });
        }
        match system.filter(|system| *system != self.system) {
            Some(wanted) => Err(PageError::System { found: self.system, wanted }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(timeline: u32, start: u64, system: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(0xD110u16.to_le_bytes());
        bytes.extend(2u16.to_le_bytes());
        bytes.extend(timeline.to_le_bytes());
        bytes.extend(start.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend(system.to_le_bytes());
        bytes.extend((16u32 << 20).to_le_bytes());
        bytes.extend(8192u32.to_le_bytes());
        bytes
    }

    #[test]
    fn what_is_not_what_its_name_says_is_told() {
        let size = SegmentSize::default();
        let segment = size.parse("000000020000000000000003").expect("a name");
        let check = |bytes: &[u8], length| Stamp::read(bytes)?.check(segment, length, Some(7));
        let whole = size.bytes();
        assert_eq!(check(&header(2, 0x0300_0000, 7), whole), Ok(()));
        assert_eq!(check(&header(1, 0x0300_0000, 7), whole), Ok(()));
        assert!(matches!(check(&header(3, 0x0300_0000, 7), whole), Err(PageError::Timeline { .. })));
        assert!(matches!(check(&header(2, 0x0400_0000, 7), whole), Err(PageError::Start { .. })));
        assert!(matches!(check(&header(2, 0x0300_0000, 8), whole), Err(PageError::System { found: 8, wanted: 7 })));
        assert!(matches!(check(&header(2, 0x0300_0000, 7), whole - 1), Err(PageError::Length { .. })));
        assert_eq!(check(&[0; 40], whole), Err(PageError::NoLog));
        assert_eq!(check(&header(2, 0x0300_0000, 7)[..39], whole), Err(PageError::NoLog));
    }
}
