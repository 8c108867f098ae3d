//! The workers of a restore: decompress frames, check every block, and write files.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::source::Destination;
use crate::tree::TreeError;
use crate::tree::frames::{ByPack, Fetched, Frames, Lost};
use crate::tree::progress::Progress;
use crate::tree::restore::tally::Tally;
use crate::tree::restore::work::{Loaded, Owner, Piece, finish};
use tokio::sync::mpsc;

/// Takes loaded batches until there are no more.
pub fn work(
    from: &Mutex<mpsc::Receiver<Loaded>>,
    destination: &dyn Destination,
    tally: &Tally,
    progress: &Progress,
) -> Result<(), TreeError> {
    let mut frames = Frames::new()?;
    loop {
        let loaded = from.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(Loaded { batch, fetched }) = loaded else { return Ok(()) };
        let mut pieces = batch.pieces;
        // In the order of their frames, so that each frame is decompressed once.
        pieces.sort_by_key(|piece| piece.block.map(|block| (block.pack, block.offset)));
        let by_pack = by_pack(fetched);
        for piece in pieces {
            let Piece { owner, block, at } = piece;
            let bytes = match &block {
                Some(block) => frames.block(block, &by_pack).map_err(|why| (block.pack, why)),
                None => Ok(&[] as &[u8]),
            };
            if let Err((pack, why)) = &bytes {
                tally.lost(*pack, why);
            }
            progress.add_bytes(block.map_or(0, |block| u64::from(block.size)));
            deliver(owner, at, bytes, destination, tally);
        }
    }
}

fn deliver(owner: Owner, at: u64, bytes: Result<&[u8], (u32, Lost)>, destination: &dyn Destination, tally: &Tally) {
    match (owner, bytes) {
        (Owner::Small(entry), Ok(bytes)) => {
            let written = destination.file(&entry).and_then(|sink| {
                if !bytes.is_empty() {
                    sink.write_at(at, bytes)?;
                }
                Ok(sink)
            });
            match written {
                Ok(sink) => finish(&*sink, &entry, bytes.len() as u64, entry.size, tally),
                Err(trouble) => tally.trouble(&entry.path, &trouble),
            }
        }
        (Owner::Small(entry), Err((pack, why))) => tally.lacks(&entry.path, pack, &why),
        (Owner::Large(large), Ok(bytes)) => {
            large.write(at, bytes, tally);
            large.done(tally);
        }
        (Owner::Large(large), Err((pack, why))) => {
            if large.breaks() {
                tally.lacks(&large.entry.path, pack, &why);
            }
            large.done(tally);
        }
    }
}

fn by_pack(fetched: Vec<Fetched>) -> ByPack {
    let mut map: ByPack = HashMap::new();
    for one in fetched {
        map.entry(one.0.pack).or_default().push(one);
    }
    map
}

/// Shared ends for several workers.
pub fn shared(from: mpsc::Receiver<Loaded>) -> Arc<Mutex<mpsc::Receiver<Loaded>>> {
    Arc::new(Mutex::new(from))
}
