//! Reading packs whole: their digest, every frame, every block.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use tokio::task::spawn_blocking;

use crate::catalog::digest::Digest;
use crate::catalog::index::PackRef;
use crate::catalog::pack::{self, Frame, Inside};
use crate::store::{ErrorKind, StoreError};
use crate::tree::TreeError;
use crate::tree::frames::Frames;
use crate::tree::progress::Progress;
use crate::tree::shelf::Shelf;
use crate::units::count::counted;

/// Packs in memory at a time.
const AT_ONCE: usize = 2;

/// What came of looking at a pack.
pub enum Looked {
    /// So many bytes are what was written.
    Good(u64),
    /// Something else is there than was written; so many bytes of it were read.
    Damaged(String, u64),
    Missing,
    Archived,
    /// The store answers, and does not give this one.
    Withheld(String),
}

/// Looks at packs, and hands on what came of each.
///
/// # Errors
/// When the store does not answer any more, or the work is to stop.
pub async fn read(
    shelf: &Shelf,
    chosen: &[&PackRef],
    progress: &Arc<Progress>,
    mut note: impl FnMut(&PackRef, Looked),
) -> Result<(), TreeError> {
    let read = |pack: &&PackRef| {
        let (shelf, pack, progress) = (shelf.clone(), PackRef::clone(pack), Arc::clone(progress));
        async move { (pack.clone(), one(&shelf, pack, &progress).await) }
    };
    let mut all = stream::iter(chosen).map(read).buffered(AT_ONCE);
    while let Some((pack, looked)) = all.next().await {
        note(&pack, looked?);
    }
    Ok(())
}

async fn one(shelf: &Shelf, pack: PackRef, progress: &Arc<Progress>) -> Result<Looked, TreeError> {
    progress.go_on()?;
    let key = shelf.key(&pack.key());
    let body = match shelf.counted(&key, None, progress).await {
        Ok(body) => body,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Looked::Missing),
        Err(error) if error.kind == ErrorKind::NoObject => {
            return Ok(Looked::Damaged(format!("is damaged: {}", error.reason), 0));
        }
        Err(error) if error.kind == ErrorKind::Archived => return Ok(Looked::Archived),
        Err(error) => return withheld(shelf, &key, error).await,
    };
    let progress = Arc::clone(progress);
    let size = body.len() as u64;
    match spawn_blocking(move || check(&body, &pack, &progress)).await {
        Ok(Ok(())) => Ok(Looked::Good(size)),
        Ok(Err(why)) => Ok(Looked::Damaged(why, size)),
        Err(_) => Err(TreeError::Stopped),
    }
}

/// A store that still tells of the pack keeps back only this one: a bad place on a disk, or a right. Otherwise it is the store that
/// fails, and so would all others.
async fn withheld(shelf: &Shelf, key: &str, error: StoreError) -> Result<Looked, TreeError> {
    match shelf.store.head(key).await {
        Ok(_) => Ok(Looked::Withheld(error.reason)),
        Err(_) => Err(error.into()),
    }
}

fn check(body: &Bytes, pack: &PackRef, progress: &Progress) -> Result<(), String> {
    if body.len() as u64 != pack.size {
        return Err(format!("has {} where {} were written", counted(body.len(), "byte"), pack.size));
    }
    if Digest::sha256(body) != pack.sha256 {
        return Err("is damaged: it has another digest than was written".to_owned());
    }
    // The digest says that nothing moved since it was written; this says that what was written was right.
    let mut frames = Frames::new().map_err(|error| error.to_string())?;
    for Frame { offset, stored, plain, blocks } in list(body)? {
        let (from, length) = (offset as usize, stored as usize);
        let stored = body.get(from..from.saturating_add(length)).ok_or("is damaged: a frame lies beyond its end")?;
        let bytes = frames.plain(stored).map_err(|why| format!("is damaged: {why}"))?;
        if bytes.len() != plain as usize {
            return Err(format!("is damaged: a frame holds {} bytes where {plain} were written", bytes.len()));
        }
        for Inside(at, size, hash) in blocks {
            let (at, size) = (at as usize, size as usize);
            let block = bytes.get(at..at.saturating_add(size)).ok_or("is damaged: a block lies beyond its frame")?;
            if Digest::blake3(block) != hash {
                return Err("is damaged: a block has another digest than was written".to_owned());
            }
        }
        progress.add_bytes(u64::from(plain));
    }
    Ok(())
}

fn list(body: &Bytes) -> Result<Vec<Frame>, String> {
    let short = || "is damaged: it is shorter than a pack can be".to_owned();
    let tail = usize::try_from(pack::TAIL).unwrap_or(usize::MAX);
    let (front, tail) = body.split_at_checked(body.len().checked_sub(tail).ok_or_else(short)?).ok_or_else(short)?;
    let length = pack::list_length(tail).map_err(|error| error.to_string())?;
    let at = usize::try_from(length).ok().and_then(|length| front.len().checked_sub(length)).ok_or_else(short)?;
    pack::read_list(&front[at..]).map_err(|error| error.to_string())
}
