//! JSON lines in zstd frames of whole lines, cut into parts, so that neither writing nor reading them needs more memory than one
//! part, and so that frames in which nothing changed go from one backup to the next as they are.

use std::io::BufRead as _;
use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{self, CParameter};

use crate::catalog::FormatError;
use crate::catalog::digest::Digest;

/// A part as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Part {
    /// Object key below the series' prefix.
    pub key: String,
    /// Bytes of the object.
    pub size: u64,
    #[schemars(with = "String")]
    pub sha256: Digest,
    pub lines: u64,
}

impl Part {
    /// # Errors
    /// When the object is not the one that was written.
    pub fn check(&self, object: &[u8]) -> Result<(), FormatError> {
        if object.len() as u64 != self.size {
            let (found, expected) = (object.len() as u64, self.size);
            return Err(FormatError::Size { what: self.key.clone(), found, expected });
        }
        let found = Digest::sha256(object);
        if found != self.sha256 {
            return Err(FormatError::Digest { what: self.key.clone(), found, expected: self.sha256 });
        }
        Ok(())
    }
}

/// A finished part, to be put under a key made of its number and digest.
#[derive(Debug, Clone)]
pub struct Sealed {
    pub number: usize,
    pub body: Bytes,
    pub sha256: Digest,
    pub lines: u64,
}

/// A part is sealed when its compressed bytes reach this many.
const PART_BYTES: usize = 4 << 20;
/// Lines are compressed, each frame for itself, when they reach this many bytes.
const FRAME_BYTES: usize = 256 << 10;
/// Frames of less text are written anew instead of copied, so that changes don't leave ever smaller ones.
const COPIED_BYTES: usize = FRAME_BYTES / 2;
/// Lines repeat their keys and most of their values, so the fastest level already takes most of it.
const LEVEL: i32 = 1;
/// No frame that bdr writes comes near it; one with more text is damage, and not read into memory.
const LARGEST_FRAME: usize = 16 << 20;

/// Gathers lines into frames, and frames into parts.
pub struct Writer {
    compressor: Compressor<'static>,
    text: Vec<u8>,
    body: Vec<u8>,
    number: usize,
    lines: u64,
}

fn unwritten(error: std::io::Error) -> FormatError {
    FormatError::damaged("a part being written", error.to_string())
}

impl Writer {
    /// # Errors
    /// When zstd refuses to start.
    pub fn new() -> Result<Self, FormatError> {
        let mut compressor = Compressor::new(LEVEL).map_err(unwritten)?;
        compressor.set_parameter(CParameter::ChecksumFlag(true)).map_err(unwritten)?;
        Ok(Self { compressor, text: Vec::new(), body: Vec::new(), number: 0, lines: 0 })
    }

    /// Adds whole lines, newlines included. A part that became full comes back.
    ///
    /// # Errors
    /// When zstd fails.
    pub fn write(&mut self, text: &[u8], lines: u64) -> Result<Option<Sealed>, FormatError> {
        self.text.extend_from_slice(text);
        self.lines += lines;
        if self.text.len() >= FRAME_BYTES {
            self.compress()?;
        }
        self.seal_if_full()
    }

    /// Adds some lines of a frame of another part; the whole of a frame is not compressed again. A part that became full comes back.
    ///
    /// # Errors
    /// When zstd fails.
    pub fn copy(&mut self, frame: &Frame, lines: Range<usize>) -> Result<Option<Sealed>, FormatError> {
        let count = lines.len() as u64;
        if lines != (0..frame.len()) || frame.text.len() < COPIED_BYTES {
            return self.write(frame.text(lines), count);
        }
        self.compress()?;
        self.body.extend_from_slice(&frame.stored);
        self.lines += count;
        self.seal_if_full()
    }

    /// The last part; there is always at least one, so that an empty list is told from a missing one.
    ///
    /// # Errors
    /// When zstd fails.
    pub fn finish(mut self) -> Result<Option<Sealed>, FormatError> {
        self.compress()?;
        if self.lines > 0 || self.number == 0 { self.seal().map(Some) } else { Ok(None) }
    }

    fn compress(&mut self) -> Result<(), FormatError> {
        if !self.text.is_empty() {
            self.body.extend_from_slice(&self.compressor.compress(&self.text).map_err(unwritten)?);
            self.text.clear();
        }
        Ok(())
    }

    fn seal_if_full(&mut self) -> Result<Option<Sealed>, FormatError> {
        if self.body.len() < PART_BYTES {
            return Ok(None);
        }
        self.compress()?;
        self.seal().map(Some)
    }

    fn seal(&mut self) -> Result<Sealed, FormatError> {
        if self.body.is_empty() {
            // No lines at all: a frame that holds nothing, because an object of no bytes is none of zstd's.
            self.body = self.compressor.compress(&[]).map_err(unwritten)?;
        }
        let body = Bytes::from(std::mem::take(&mut self.body));
        let sealed = Sealed { number: self.number, sha256: Digest::sha256(&body), body, lines: self.lines };
        self.number += 1;
        self.lines = 0;
        Ok(sealed)
    }
}

/// Some whole lines, as they are stored and as they read.
#[derive(Debug, Default)]
pub struct Frame {
    stored: Bytes,
    text: Vec<u8>,
    /// Where each line ends, behind its newline.
    ends: Vec<usize>,
}

impl Frame {
    /// How many lines.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Some of its lines, newlines included; none where there are not so many.
    pub fn text(&self, lines: Range<usize>) -> &[u8] {
        let end = |lines: usize| lines.checked_sub(1).map_or(Some(0), |last| self.ends.get(last).copied());
        let text = || self.text.get(end(lines.start)?..end(lines.end)?);
        text().unwrap_or_default()
    }
}

/// The frames of one part.
pub struct Frames {
    body: Bytes,
    what: String,
    decompressor: Decompressor<'static>,
}

impl Frames {
    /// # Errors
    /// When zstd refuses to start.
    pub fn new(body: Bytes, what: &str) -> Result<Self, FormatError> {
        let decompressor = Decompressor::new().map_err(|error| FormatError::damaged(what, error.to_string()))?;
        Ok(Self { body, what: what.to_owned(), decompressor })
    }

    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// When the part is damaged, or a frame is larger than any that bdr writes.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FormatError> {
        if self.body.is_empty() {
            return Ok(None);
        }
        let damaged = |why: &str| FormatError::damaged(&self.what, why);
        let length =
            zstd_safe::find_frame_compressed_size(&self.body).map_err(|code| damaged(zstd_safe::get_error_name(code)))?;
        if length > self.body.len() {
            return Err(damaged("a frame is cut"));
        }
        let stored = self.body.split_to(length);
        let room = Decompressor::upper_bound(&stored).unwrap_or(LARGEST_FRAME).min(LARGEST_FRAME);
        let text = self.decompressor.decompress(&stored, room).map_err(|error| damaged(&error.to_string()))?;
        let (mut ends, mut rest) = (Vec::new(), &text[..]);
        while rest.skip_until(b'\n').is_ok_and(|skipped| skipped > 0) {
            ends.push(text.len() - rest.len());
        }
        if text.last().is_some_and(|last| *last != b'\n') {
            return Err(damaged("a line without an end"));
        }
        Ok(Some(Frame { stored, text, ends }))
    }
}

/// The lines of one part.
pub struct Reader {
    frames: Frames,
    frame: Frame,
    at: usize,
}

impl Reader {
    /// # Errors
    /// When zstd refuses to start.
    pub fn new(body: Bytes, what: &str) -> Result<Self, FormatError> {
        Ok(Self { frames: Frames::new(body, what)?, frame: Frame::default(), at: 0 })
    }

    /// The next line with its newline; `None` at the end.
    ///
    /// # Errors
    /// When the part is damaged.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>, FormatError> {
        while self.at >= self.frame.len() {
            let Some(frame) = self.frames.next_frame()? else { return Ok(None) };
            (self.frame, self.at) = (frame, 0);
        }
        self.at += 1;
        Ok(Some(self.frame.text(self.at - 1..self.at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_in_order_over_several_parts() {
        let mut writer = Writer::new().expect("writer");
        let mut parts = Vec::new();
        let mut random = fastrand::Rng::with_seed(7);
        let lines: Vec<String> =
            (0..50_000).map(|n| format!("{n} {}\n", (0..150).map(|_| random.alphanumeric()).collect::<String>())).collect();
        for line in &lines {
            parts.extend(writer.write(line.as_bytes(), 1).expect("written"));
        }
        parts.extend(writer.finish().expect("finished"));
        assert!(parts.len() > 1, "{}", parts.len());
        let mut read = Vec::new();
        for part in &parts {
            let mut reader = Reader::new(part.body.clone(), "part").expect("reader");
            while let Some(line) = reader.next_line().expect("line") {
                read.push(String::from_utf8(line.to_vec()).expect("text"));
            }
        }
        assert_eq!(read, lines);
        assert_eq!(parts.iter().map(|part| part.lines).sum::<u64>(), lines.len() as u64);
    }

    fn frames(part: &Sealed) -> Vec<Frame> {
        let mut frames = Frames::new(part.body.clone(), "part").expect("frames");
        std::iter::from_fn(|| frames.next_frame().expect("a frame")).collect()
    }

    #[test]
    fn a_frame_goes_on_whole_as_it_is_and_its_lines_one_by_one() {
        let mut writer = Writer::new().expect("writer");
        for n in 0..60_000 {
            assert!(writer.write(format!("line {n} of sixty thousand\n").as_bytes(), 1).expect("written").is_none());
        }
        let first = writer.finish().expect("finished").expect("a part");
        let before = frames(&first);
        assert!(before.len() > 3, "{}", before.len());
        let mut writer = Writer::new().expect("writer");
        for frame in &before {
            writer.copy(frame, 0..frame.len()).expect("copied");
        }
        let second = writer.finish().expect("finished").expect("a part");
        assert_eq!(
            (&second.body, second.lines),
            (&first.body, first.lines),
            "the last frame is small, and written the same again"
        );

        let mut writer = Writer::new().expect("writer");
        writer.copy(&before[0], 1..before[0].len()).expect("copied");
        writer.write(b"new\n", 1).expect("written");
        writer.copy(&before[1], 0..before[1].len()).expect("copied");
        let third = writer.finish().expect("finished").expect("a part");
        let after = frames(&third);
        let text: Vec<u8> = after.iter().flat_map(|frame| frame.text(0..frame.len())).copied().collect();
        let expected = [before[0].text(1..before[0].len()), b"new\n", before[1].text(0..before[1].len())].concat();
        assert!(text == expected && third.lines == (before[0].len() + before[1].len()) as u64);
        assert_eq!(after.last().map(|frame| &frame.stored), Some(&before[1].stored));
        assert_eq!(before[0].text(0..before[0].len() + 1), b"", "more lines than there are");
    }

    #[test]
    fn a_cut_part_is_damage() {
        let mut writer = Writer::new().expect("writer");
        assert!(writer.write(b"one\ntwo\n", 2).expect("written").is_none());
        let part = writer.finish().expect("finished").expect("a part");
        for end in 0..part.body.len() {
            let mut reader = Reader::new(part.body.slice(..end), "part").expect("reader");
            let mut count = 0;
            let result = loop {
                match reader.next_line() {
                    Ok(Some(_)) => count += 1,
                    Ok(None) => break Ok(count),
                    Err(error) => break Err(error),
                }
            };
            // A cut at the very beginning reads as no lines; the manifest's size and digest catch that one.
            assert!(result.is_err() || (end == 0 && result == Ok(0)), "{end}: {result:?}");
        }
    }
}
