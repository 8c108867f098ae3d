//! What a restore left that was killed, swept before the next one into the same place begins.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::catalog::entry::{Kind, Line};
use crate::catalog::manifest::Manifest;
use crate::source::Destination;
use crate::tree::TreeError;
use crate::tree::lines::read_index;
use crate::tree::progress::Progress;
use crate::tree::restore::extra::Extra;
use crate::tree::restore::removed::or_removed;
use crate::tree::restore::select::Paths;
use crate::tree::shelf::Shelf;

/// Names that are told; all are counted.
const NAMED: usize = 10;

/// Finds, and with `remove` removes, what a restore left that runs no more, in the folders that the wanted entries go into.
///
/// # Errors
/// When the index cannot be read, or it is asked to stop.
pub async fn leftovers(
    (shelf, manifest): (Shelf, Manifest),
    paths: Paths,
    destination: Arc<dyn Destination>,
    remove: bool,
    progress: Arc<Progress>,
) -> Result<Extra, TreeError> {
    let runtime = Handle::current();
    let (from, of) = (shelf.clone(), manifest.clone());
    let looking = move || {
        let (mut found, mut last) = (Extra::default(), None);
        read_index(&shelf, &manifest.index, &runtime, &mut |line| {
            progress.go_on()?;
            let Line::Entry(entry) = line else { return Ok(true) };
            if entry.kind == Kind::Skipped || !paths.wants(&entry.path) {
                return Ok(true);
            }
            progress.add_entries(1);
            let below = destination.below(&entry)?;
            let folder = below.iter().rposition(|byte| *byte == b'/').map_or(&[] as &[u8], |at| &below[..at]);
            if last.as_deref() != Some(folder) {
                for path in destination.leftovers(folder, remove) {
                    found.count += 1;
                    if found.named.len() < NAMED {
                        found.named.push(path);
                    }
                }
                last = Some(folder.to_vec());
            }
            Ok(true)
        })?;
        Ok(found)
    };
    or_removed(&from, &of, spawn_blocking(looking).await.unwrap_or(Err(TreeError::Stopped))).await
}
