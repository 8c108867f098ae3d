//! JSON lines in zstd, cut into parts, so that neither writing nor reading them needs more memory than one part.

use std::io::{BufRead, BufReader, Read, Write};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::catalog::FormatError;
use crate::catalog::digest::Digest;
use crate::units;

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
            let (found, expected) = (units::bytes::Bytes(object.len() as u64), units::bytes::Bytes(self.size));
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
/// Lines repeat their keys and most of their values, so the fastest level already takes most of it.
const LEVEL: i32 = 1;
/// No line that bdr writes comes near it; a longer one is damage, and not read into memory.
pub const LONGEST_LINE: usize = 8 << 20;

/// Gathers lines into parts.
pub struct Writer {
    encoder: zstd::stream::write::Encoder<'static, Vec<u8>>,
    number: usize,
    lines: u64,
}

fn encoder() -> Result<zstd::stream::write::Encoder<'static, Vec<u8>>, FormatError> {
    let make = || {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), LEVEL)?;
        encoder.include_checksum(true)?;
        Ok(encoder)
    };
    make().map_err(|error: std::io::Error| FormatError::damaged("a part being written", error.to_string()))
}

impl Writer {
    /// # Errors
    /// When zstd refuses to start.
    pub fn new() -> Result<Self, FormatError> {
        Ok(Self { encoder: encoder()?, number: 0, lines: 0 })
    }

    /// Adds whole lines, newlines included. A part that became full comes back.
    ///
    /// # Errors
    /// When zstd fails.
    pub fn write(&mut self, text: &[u8], lines: u64) -> Result<Option<Sealed>, FormatError> {
        self.encoder.write_all(text).map_err(|error| FormatError::damaged("a part being written", error.to_string()))?;
        self.lines += lines;
        if self.encoder.get_ref().len() >= PART_BYTES { self.seal() } else { Ok(None) }
    }

    /// The last part; there is always at least one, so that an empty list is told from a missing one.
    ///
    /// # Errors
    /// When zstd fails.
    pub fn finish(mut self) -> Result<Option<Sealed>, FormatError> {
        if self.lines > 0 || self.number == 0 { self.seal() } else { Ok(None) }
    }

    fn seal(&mut self) -> Result<Option<Sealed>, FormatError> {
        let full = std::mem::replace(&mut self.encoder, encoder()?);
        let body = full.finish().map_err(|error| FormatError::damaged("a part being written", error.to_string()))?;
        let sealed = Sealed { number: self.number, sha256: Digest::sha256(&body), body: Bytes::from(body), lines: self.lines };
        self.number += 1;
        self.lines = 0;
        Ok(Some(sealed))
    }
}

/// The lines of one part.
pub struct Reader<R: Read> {
    from: BufReader<zstd::stream::read::Decoder<'static, BufReader<R>>>,
    what: String,
    line: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// # Errors
    /// When zstd refuses to start.
    pub fn new(from: R, what: &str) -> Result<Self, FormatError> {
        let decoder = zstd::stream::read::Decoder::new(from).map_err(|error| FormatError::damaged(what, error.to_string()))?;
        Ok(Self { from: BufReader::with_capacity(128 << 10, decoder), what: what.to_owned(), line: Vec::new() })
    }

    /// The next line with its newline; `None` at the end.
    ///
    /// # Errors
    /// When the part is damaged, or a line is longer than any that bdr writes.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>, FormatError> {
        self.line.clear();
        let limited = &mut (&mut self.from).take(LONGEST_LINE as u64);
        let read =
            limited.read_until(b'\n', &mut self.line).map_err(|error| FormatError::damaged(&self.what, error.to_string()))?;
        match (read, self.line.last()) {
            (0, _) => Ok(None),
            (_, Some(b'\n')) => Ok(Some(&self.line)),
            _ => Err(FormatError::damaged(&self.what, "a line without an end")),
        }
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
            let mut reader = Reader::new(&part.body[..], "part").expect("reader");
            while let Some(line) = reader.next_line().expect("line") {
                read.push(String::from_utf8(line.to_vec()).expect("text"));
            }
        }
        assert_eq!(read, lines);
        assert_eq!(parts.iter().map(|part| part.lines).sum::<u64>(), lines.len() as u64);
    }

    #[test]
    fn a_cut_part_is_damage() {
        let mut writer = Writer::new().expect("writer");
        assert!(writer.write(b"one\ntwo\n", 2).expect("written").is_none());
        let part = writer.finish().expect("finished").expect("a part");
        for end in 0..part.body.len() {
            let mut reader = Reader::new(&part.body[..end], "part").expect("reader");
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
