//! What a folder holds and a backup does not.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::catalog::entry::{Line, cmp_paths};
use crate::catalog::manifest::Manifest;
use crate::source::{Destination, Source};
use crate::tree::TreeError;
use crate::tree::lines::read_index;
use crate::tree::progress::Progress;
use crate::tree::restore::removed::or_removed;
use crate::tree::shelf::Shelf;

/// Paths of the index on their way.
const QUEUE: usize = 1_024;

/// What a destination holds and the backup does not. A folder with all in it counts as one thing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extra {
    pub count: u64,
    /// The first of them, below the destination.
    pub named: Vec<Vec<u8>>,
}

/// Things that are told by name; all are counted.
const NAMED: usize = 20;

/// Finds, and with `remove` removes, what a destination holds and the backup does not. `walk` walks the destination, and names
/// its paths with the given prefix before them.
///
/// What the backup only names (a socket, an unreadable file) is not removed: it was there when the backup was made.
///
/// # Errors
/// When the index or the destination cannot be read, or something cannot be removed.
pub async fn extra(
    shelf: Shelf,
    manifest: Manifest,
    (mut walk, prefix): (Box<dyn Source>, Vec<u8>),
    destination: Arc<dyn Destination>,
    remove: bool,
    progress: Arc<Progress>,
) -> Result<Extra, TreeError> {
    let runtime = Handle::current();
    let (from, of) = (shelf.clone(), manifest.clone());
    let (to, mut held) = mpsc::channel::<Vec<u8>>(QUEUE);
    let named = Arc::clone(&destination);
    let reading = spawn_blocking(move || {
        read_index(&shelf, &manifest.index, &runtime, &mut |line| match line {
            Line::Entry(entry) => Ok(to.blocking_send(named.below(&entry)?).is_ok()),
            Line::More(_) => Ok(true),
        })
    });
    let comparing = spawn_blocking(move || {
        let mut next = held.blocking_recv();
        let mut gone: Option<Vec<u8>> = None;
        let mut found = Extra::default();
        while let Some(item) = walk.next()? {
            progress.go_on()?;
            let Some(path) = below(&item.entry.path, &prefix) else { continue };
            if gone.as_ref().is_some_and(|gone| below(path, gone).is_some()) {
                continue;
            }
            while next.as_ref().is_some_and(|next| cmp_paths(next, path).is_lt()) {
                next = held.blocking_recv();
            }
            // A folder above what the backup holds may have no entry of its own.
            let is_held = next.as_ref().is_some_and(|next| next == path || below(next, path).is_some());
            if !is_held {
                if remove {
                    destination.remove(path)?;
                }
                gone = Some(path.to_vec());
                found.count += 1;
                if found.named.len() < NAMED {
                    found.named.push(path.to_vec());
                }
            }
        }
        // So that the reader comes to its end, and an index that is damaged there is told.
        while held.blocking_recv().is_some() {}
        Ok::<Extra, TreeError>(found)
    });
    let found = comparing.await.unwrap_or(Err(TreeError::Stopped));
    or_removed(&from, &of, reading.await.unwrap_or(Err(TreeError::Stopped))).await?;
    found
}

/// The part of a path below a folder.
fn below<'a>(path: &'a [u8], folder: &[u8]) -> Option<&'a [u8]> {
    let rest = path.strip_prefix(folder)?.strip_prefix(b"/")?;
    (!rest.is_empty()).then_some(rest)
}
