//! Reading packs whole: their digest, every frame, every block.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use tokio::task::spawn_blocking;

use crate::catalog::digest::Digest;
use crate::catalog::index::PackRef;
use crate::catalog::pack::{self, Frame, Inside};
use crate::store::ErrorKind;
use crate::tree::TreeError;
use crate::tree::frames::Frames;
use crate::tree::progress::Progress;
use crate::tree::shelf::Shelf;
use crate::tree::verify::{Packs, Verified};

/// Packs in memory at a time.
const AT_ONCE: usize = 2;

enum Outcome {
    Good(u64),
    Damaged(String),
    Archived,
}

/// Reads packs and notes what is damaged with every backup that refers to it. Returns those that are good.
pub async fn read(
    shelf: &Shelf,
    chosen: &[PackRef],
    packs: &Packs,
    verified: &mut Verified,
    progress: &Arc<Progress>,
) -> Result<BTreeSet<String>, TreeError> {
    let mut good = BTreeSet::new();
    let read = |pack: &PackRef| {
        let (shelf, pack, progress) = (shelf.clone(), pack.clone(), Arc::clone(progress));
        async move { (pack.clone(), one(&shelf, pack, &progress).await) }
    };
    let mut outcomes = stream::iter(chosen).map(read).buffered(AT_ONCE);
    while let Some((pack, outcome)) = outcomes.next().await {
        match outcome? {
            Outcome::Good(bytes) => {
                verified.packs_read += 1;
                verified.bytes_read += bytes;
                good.insert(pack.key());
            }
            Outcome::Archived => verified.archived += 1,
            Outcome::Damaged(why) => packs.damaged(&pack, &why, &mut verified.verification),
        }
    }
    Ok(good)
}

async fn one(shelf: &Shelf, pack: PackRef, progress: &Arc<Progress>) -> Result<Outcome, TreeError> {
    progress.go_on()?;
    let body = match shelf.counted(&shelf.key(&pack.key()), None, progress).await {
        Ok(body) => body,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Outcome::Damaged("is missing".to_owned())),
        Err(error) if error.kind == ErrorKind::NoObject => return Ok(Outcome::Damaged(format!("is damaged: {}", error.reason))),
        Err(error) if error.kind == ErrorKind::Archived => return Ok(Outcome::Archived),
        Err(error) => return Err(error.into()),
    };
    let progress = Arc::clone(progress);
    let check = spawn_blocking(move || check(&body, &pack, &progress).map(|()| body.len() as u64));
    match check.await {
        Ok(Ok(bytes)) => Ok(Outcome::Good(bytes)),
        Ok(Err(why)) => Ok(Outcome::Damaged(why)),
        Err(_) => Err(TreeError::Stopped),
    }
}

fn check(body: &Bytes, pack: &PackRef, progress: &Progress) -> Result<(), String> {
    if body.len() as u64 != pack.size {
        return Err(format!("has {} bytes where {} were written", body.len(), pack.size));
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
