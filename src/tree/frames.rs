//! Frames of packs: fetched in stretches, decompressed one at a time, every block checked.

use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;
use zstd::bulk::Decompressor;

use crate::catalog::digest::Digest;
use crate::catalog::entry::Block;
use crate::tree::TreeError;

/// No frame that bdr writes is larger when decompressed.
const LARGEST_FRAME: usize = 8 << 20;

/// A stretch of a pack to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    pub pack: u32,
    pub range: Range<u64>,
}

/// Why a block could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// Its pack is not in the store.
    Missing(String),
    /// Something else is there than was written.
    Damaged(String),
    /// The store did not give it this time, which says nothing of what it holds.
    NotGiven(String),
}

impl Lost {
    fn damaged(why: impl Into<String>) -> Self {
        Self::Damaged(why.into())
    }
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Missing(why) | Self::Damaged(why) | Self::NotGiven(why)) = self;
        f.write_str(why)
    }
}

/// A stretch with what came of fetching it.
pub type Fetched = (Stretch, Result<Bytes, Lost>);

/// What was fetched, by the number of the pack.
pub type ByPack = HashMap<u32, Vec<Fetched>>;

/// Frames, the last of which is kept decompressed.
pub struct Frames {
    decompressor: Decompressor<'static>,
    plain: Vec<u8>,
    /// Pack and offset of the frame in `plain`.
    holds: Option<(u32, u32)>,
}

impl Frames {
    /// # Errors
    /// When zstd refuses to start.
    pub fn new() -> Result<Self, TreeError> {
        let decompressor = Decompressor::new().map_err(|error| TreeError::machine("decompress", error))?;
        Ok(Self { decompressor, plain: Vec::new(), holds: None })
    }

    /// The bytes of a block, checked against its hash.
    ///
    /// # Errors
    /// With the reason, when it is not there or not what was written.
    pub fn block(&mut self, block: &Block, fetched: &ByPack) -> Result<&[u8], Lost> {
        if self.holds != Some((block.pack, block.offset)) {
            self.holds = None;
            let range = u64::from(block.offset)..u64::from(block.offset) + u64::from(block.stored);
            let stretches = fetched.get(&block.pack).map(Vec::as_slice).unwrap_or_default();
            let (stretch, body) = stretches
                .iter()
                .find(|(stretch, _)| stretch.range.start <= range.start && range.end <= stretch.range.end)
                .ok_or_else(|| Lost::NotGiven("its block was not fetched".to_owned()))?;
            let body = body.as_ref().map_err(Clone::clone)?;
            let from = usize::try_from(range.start - stretch.range.start).unwrap_or(usize::MAX);
            let stored =
                body.get(from..from.saturating_add(block.stored as usize)).ok_or_else(|| Lost::damaged("its pack is cut"))?;
            self.load(stored).map_err(Lost::Damaged)?;
            self.holds = Some((block.pack, block.offset));
        }
        let (at, size) = (block.at as usize, block.size as usize);
        let bytes = self.plain.get(at..at.saturating_add(size)).ok_or_else(|| Lost::damaged("its block is not in the pack"))?;
        if Digest::blake3(bytes) == block.hash {
            Ok(bytes)
        } else {
            Err(Lost::damaged("its block has another digest than was written"))
        }
    }

    fn load(&mut self, stored: &[u8]) -> Result<(), String> {
        // The frame says how large it is; a damaged one must not make us take that much memory.
        let size = Decompressor::upper_bound(stored).unwrap_or(LARGEST_FRAME).min(LARGEST_FRAME);
        self.plain.clear();
        self.plain.reserve(size);
        let done = self.decompressor.decompress_to_buffer(stored, &mut self.plain);
        done.map(|_| ()).map_err(|error| format!("its block does not decompress: {error}"))
    }

    /// The plain bytes of a frame.
    ///
    /// # Errors
    /// When it does not decompress.
    pub fn plain(&mut self, stored: &[u8]) -> Result<&[u8], String> {
        self.holds = None;
        self.load(stored)?;
        Ok(&self.plain)
    }
}
