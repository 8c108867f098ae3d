//! Packs: zstd frames one after the other, and at the end, in a frame that `zstd -d` skips, a list of the blocks inside.
//!
//! The list lets an interrupted backup go on from the packs that are already in the store. Its frame is a skippable frame of
//! RFC 8878, section 3.1.2: magic number, length, then the list (JSON, zstd), its length and the word `BDRP`.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::catalog::FormatError;
use crate::catalog::digest::Digest;
use crate::catalog::entry::Block;

/// The skippable frame's magic number (RFC 8878: 0x184D2A50 to 0x184D2A5F), little-endian.
const SKIPPABLE: [u8; 4] = 0x184D_2A5B_u32.to_le_bytes();
const WORD: &[u8; 4] = b"BDRP";
/// Bytes at the very end: the list's length and the word.
pub const TAIL: u64 = 8;
const VERSION: u32 = 1;

/// A block in a frame: `[at, size, hash]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside(pub u32, pub u32, pub Digest);

/// A frame of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Where it begins, bytes.
    pub offset: u32,
    /// Its length in the pack, bytes.
    pub stored: u32,
    /// Its length when decompressed, bytes.
    pub plain: u32,
    pub blocks: Vec<Inside>,
}

impl Frame {
    /// One of its blocks, where `pack` is the number of the frame's pack.
    pub fn block(&self, pack: u32, inside: &Inside) -> Block {
        let Inside(at, size, hash) = *inside;
        Block { pack, offset: self.offset, stored: self.stored, at, size, hash }
    }
}

#[derive(Serialize, Deserialize)]
struct List {
    version: u32,
    frames: Vec<Frame>,
}

/// A pack begins in memory where this many bytes divide the address: a store may then write it without copying it.
const ALIGNED: usize = 4096;

/// A pack being filled.
#[derive(Debug, Default)]
pub struct Builder {
    /// Behind the bytes that are skipped so that it begins at a good address.
    body: Vec<u8>,
    skipped: usize,
    frames: Vec<Frame>,
}

impl Builder {
    /// `bytes` is how large it will become; memory that is never written to costs nothing.
    pub fn with_room(bytes: usize) -> Self {
        let mut body = Vec::<u8>::with_capacity(bytes + ALIGNED);
        let skipped = body.as_ptr().align_offset(ALIGNED).min(ALIGNED);
        body.resize(skipped, 0);
        Self { body, skipped, frames: Vec::new() }
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.body.len() - self.skipped
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends one zstd frame and returns where it begins.
    pub fn push(&mut self, stored: &[u8], plain: u32, blocks: Vec<Inside>) -> u32 {
        let small = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let offset = small(self.len());
        self.body.extend_from_slice(stored);
        self.frames.push(Frame { offset, stored: small(stored.len()), plain, blocks });
        offset
    }

    /// Appends the list and returns the whole pack.
    ///
    /// # Errors
    /// When zstd fails.
    pub fn seal(self) -> Result<Bytes, FormatError> {
        let damaged = |why: String| FormatError::damaged("a pack being written", why);
        let list = serde_json::to_vec(&List { version: VERSION, frames: self.frames }).map_err(|e| damaged(e.to_string()))?;
        let list = zstd::bulk::compress(&list, 1).map_err(|error| damaged(error.to_string()))?;
        let length = u32::try_from(list.len()).map_err(|_| damaged("a list of more than 4 GiB".to_owned()))?;
        let mut body = self.body;
        body.extend_from_slice(&SKIPPABLE);
        body.extend_from_slice(&length.saturating_add(8).to_le_bytes());
        body.extend_from_slice(&list);
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(WORD);
        Ok(Bytes::from(body).slice(self.skipped..))
    }
}

/// How many bytes before the tail the list takes, from the last [`TAIL`] bytes of a pack.
///
/// # Errors
/// When they are not the end of a pack.
pub fn list_length(tail: &[u8]) -> Result<u64, FormatError> {
    match tail {
        [a, b, c, d, word @ ..] if word == WORD => Ok(u64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
        _ => Err(FormatError::damaged("a pack", "its end is missing")),
    }
}

/// A list that is decompressed into more than this is damage: a pack of 32 MiB of empty frames would not reach it.
const LARGEST_LIST: usize = 256 << 20;

/// Reads the list from the bytes before the tail.
///
/// # Errors
/// When it is damaged or of an unknown version.
pub fn read_list(list: &[u8]) -> Result<Vec<Frame>, FormatError> {
    let damaged = |why: String| FormatError::damaged("the list at the end of a pack", why);
    let plain =
        zstd::bulk::decompress(list, LARGEST_LIST.min(list.len().saturating_mul(2_000))).map_err(|e| damaged(e.to_string()))?;
    let list: List = serde_json::from_slice(&plain).map_err(|error| damaged(error.to_string()))?;
    if list.version != VERSION {
        return Err(FormatError::Version { what: "a pack".to_owned(), found: list.version, known: VERSION });
    }
    Ok(list.frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(blocks: &[&[u8]]) -> Vec<u8> {
        let mut builder = Builder::default();
        for block in blocks {
            let stored = zstd::bulk::compress(block, 3).expect("compressed");
            let size = u32::try_from(block.len()).expect("small");
            builder.push(&stored, size, vec![Inside(0, size, Digest::blake3(block))]);
        }
        builder.seal().expect("sealed").to_vec()
    }

    #[test]
    fn a_pack_lies_in_memory_where_a_store_may_write_it_from() {
        let mut builder = Builder::with_room(100_000);
        builder.push(&[1; 60_000], 60_000, Vec::new());
        assert_eq!(builder.push(&[2; 9], 9, Vec::new()), 60_000);
        let body = builder.seal().expect("sealed");
        assert_eq!((body.as_ptr().align_offset(ALIGNED), body[0], body[60_000]), (0, 1, 2));
    }

    #[test]
    fn a_pack_lists_its_frames_and_plain_zstd_reads_it() {
        let body = pack(&[b"one", b"two", &[7; 100_000]]);
        let (front, tail) = body.split_at(body.len() - 8);
        let length = usize::try_from(list_length(tail).expect("tail")).expect("small");
        let frames = read_list(&front[front.len() - length..]).expect("list");
        assert_eq!(frames.len(), 3);
        assert_eq!(frames[1].blocks, [Inside(0, 3, Digest::blake3(b"two"))]);
        let plain = zstd::stream::decode_all(&body[..]).expect("plain");
        assert_eq!(plain.len(), 100_006);
        assert_eq!(&plain[..6], b"onetwo");
    }

    #[test]
    fn an_empty_pack_and_a_cut_one_are_told_apart() {
        let body = pack(&[]);
        assert!(list_length(&body[body.len() - 8..]).is_ok());
        assert!(list_length(&body[body.len() - 9..body.len() - 1]).is_err());
        assert!(read_list(b"nonsense").is_err());
    }
}
