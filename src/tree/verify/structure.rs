//! Whether a backup's parts are all there and fit together.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::catalog::entry::{Kind, Line};
use crate::catalog::manifest::Manifest;
use crate::tree::TreeError;
use crate::tree::backup::Listed;
use crate::tree::lines::read_index;
use crate::tree::progress::Progress;
use crate::tree::shelf::Shelf;
use crate::tree::table::Table;

/// Each damage in a sentence, and the table of packs if it could be read.
pub async fn check(
    shelf: &Shelf,
    manifest: &Manifest,
    listed: &mut Listed,
    progress: &Arc<Progress>,
) -> Result<(Vec<String>, Option<Table>), TreeError> {
    let mut damages = Vec::new();
    let table = match Table::load(shelf, manifest).await {
        Ok(table) => Arc::new(table),
        Err(error) => {
            damages.push(error.damage("the table of packs")?);
            return Ok((damages, None));
        }
    };
    damages.extend(shelf.missing_packs(&table, listed).await?);
    let (shelf, manifest, progress) = (shelf.clone(), manifest.clone(), Arc::clone(progress));
    let (runtime, looked_up) = (Handle::current(), Arc::clone(&table));
    let read = spawn_blocking(move || index(&shelf, &manifest, &looked_up, &runtime, &progress));
    match read.await.unwrap_or(Err(TreeError::Stopped)) {
        Ok(found) => damages.extend(found),
        Err(error) => damages.push(error.damage("the index")?),
    }
    Ok((damages, Arc::into_inner(table)))
}

/// Damages of one kind that are told one by one.
const TOLD: usize = 5;

/// Reads the whole index: every line must read, every block lie in a pack, and the sums be those of the manifest.
fn index(
    shelf: &Shelf,
    manifest: &Manifest,
    table: &Table,
    runtime: &Handle,
    progress: &Progress,
) -> Result<Vec<String>, TreeError> {
    let (mut entries, mut files) = (0_u64, 0_u64);
    let mut outside = Vec::new();
    read_index(shelf, &manifest.index, runtime, &mut |line| {
        progress.go_on()?;
        for block in &line.content().blocks {
            let end = u64::from(block.offset) + u64::from(block.stored);
            if table.get(block.pack).is_none_or(|pack| end > pack.size) && outside.len() < TOLD {
                outside.push(format!("the index names bytes of pack {} that it does not have", block.pack));
            }
        }
        if let Line::Entry(entry) = line {
            entries += u64::from(entry.kind != Kind::Skipped);
            files += u64::from(entry.kind == Kind::File && entry.link.is_none());
            progress.add_entries(1);
        }
        Ok(true)
    })?;
    for (what, found, expected) in [("entries", entries, manifest.counts.entries), ("files", files, manifest.counts.files)] {
        if found != expected {
            outside.push(format!("the index tells {found} {what} where the manifest promises {expected}"));
        }
    }
    Ok(outside)
}
