//! Whether the log that came with a base backup is all that makes it consistent.

use crate::postgres::{About, Ended};
use crate::wal::{Archive, FileName, Lsn, Segment, Stamp, Timeline};

/// Bytes of a segment's beginning that tell what it is.
pub const STAMP: usize = 40;

/// The segments that came.
#[derive(Debug, Default)]
pub struct Log(Vec<Segment>);

impl Log {
    /// Takes a file below `pg_wal` by its name and its first bytes.
    ///
    /// # Errors
    /// When it is a segment, and not the one that its name says.
    pub fn take(&mut self, about: &About, name: &str, size: u64, begins: &[u8]) -> Result<(), String> {
        let Some(FileName::Segment(segment)) = FileName::parse(name, about.segment) else { return Ok(()) };
        let checked = Stamp::read(begins).and_then(|stamp| stamp.check(segment, size, Some(about.system)));
        checked.map_err(|error| format!("the segment {name} of its log is of no use: {error}"))?;
        self.0.push(segment);
        Ok(())
    }

    /// Whether everything from where the copying began to where it ended came.
    ///
    /// # Errors
    /// With what is missing.
    pub fn complete(self, about: &About, (start, timeline): (Lsn, Timeline), ended: &Ended) -> Result<(), String> {
        if ended.timeline != timeline {
            let Ended { timeline: other, .. } = ended;
            return Err(format!("the server went from timeline {timeline} to {other} meanwhile"));
        }
        if ended.stop <= start {
            return Err(format!("the server says that it ends at {} and began at {start}", ended.stop));
        }
        let of = |at: Lsn| about.segment.segment_of(timeline, at).number;
        let archive = Archive::new(about.segment, self.0, []);
        let missing =
            (of(start)..=of(Lsn(ended.stop.0 - 1))).find(|number| !archive.holds(Segment { timeline, number: *number }));
        match missing {
            None => Ok(()),
            Some(number) => {
                let name = about.segment.name(Segment { timeline, number });
                Err(format!("the segment {name} of its log did not come, and {start} to {} is needed", ended.stop))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wal::SegmentSize;

    fn about() -> About {
        let timeline = Timeline::new(2).expect("not 0");
        let (version, segment) = ("15.8".to_owned(), SegmentSize::default());
        About { version, major: 15, system: 7, timeline, segment, mode: 0o700, checksums: true, outside: Vec::new() }
    }

    fn ended(stop: u64, timeline: u32) -> Ended {
        let timeline = Timeline::new(timeline).expect("not 0");
        Ended { stop: Lsn(stop), timeline, warnings: Vec::new(), warned: 0, corrupted: None }
    }

    fn complete(numbers: &[u64], start: u64, ended: &Ended) -> Result<(), String> {
        let about = about();
        let log = Log(numbers.iter().map(|number| Segment { timeline: about.timeline, number: *number }).collect());
        log.complete(&about, (Lsn(start), about.timeline), ended)
    }

    #[test]
    fn a_log_with_a_hole_or_without_an_end_is_none() {
        let segment = SegmentSize::default().bytes();
        assert_eq!(complete(&[3, 2, 4], segment * 2 + 40, &ended(segment * 4 + 1, 2)), Ok(()));
        // It ends right where a segment begins, of which nothing is needed.
        assert_eq!(complete(&[2, 3], segment * 2 + 40, &ended(segment * 4, 2)), Ok(()));
        let hole = complete(&[2, 4], segment * 2 + 40, &ended(segment * 4 + 1, 2)).expect_err("a hole");
        assert!(hole.contains("000000020000000000000003 of its log did not come"), "{hole}");
        assert!(complete(&[2, 3], segment * 2, &ended(segment * 4 + 1, 2)).is_err(), "its end is missing");
        assert!(complete(&[3, 4], segment * 2, &ended(segment * 4 + 1, 2)).is_err(), "its beginning is missing");
        assert!(complete(&[2], segment * 2 + 40, &ended(segment * 2 + 90, 3)).is_err(), "another timeline");
        assert!(complete(&[2], segment * 2 + 40, &ended(segment * 2 + 40, 2)).is_err(), "nothing");
    }

    #[test]
    fn a_segment_that_is_not_what_it_is_called_is_refused() {
        let mut log = Log::default();
        assert!(log.take(&about(), "000000020000000000000003", 16 << 20, &[0; STAMP]).is_err());
        for other in ["00000002.history", "000000020000000000000003.done", "x"] {
            assert_eq!(log.take(&about(), other, 0, &[]), Ok(()), "{other}");
        }
        assert!(log.0.is_empty());
    }
}
