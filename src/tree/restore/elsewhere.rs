//! Whether another backup holds what did not come back, as far as can be known without reading it.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::catalog::entry::{Kind, Line};
use crate::catalog::index::PackRef;
use crate::catalog::manifest::Manifest;
use crate::tree::TreeError;
use crate::tree::lines::read_index;
use crate::tree::shelf::Shelf;
use crate::tree::table::Table;

/// Packs asked about at a time.
const AT_ONCE: usize = 16;

/// Those of the wanted paths that a backup holds in packs that are there, as large as they were written, and not among those
/// known to be bad (by their keys below the series).
///
/// # Errors
/// When the table of packs or the index cannot be read.
pub async fn held(
    shelf: &Shelf,
    manifest: &Manifest,
    wanted: &BTreeSet<Vec<u8>>,
    bad: &BTreeSet<String>,
) -> Result<Vec<Vec<u8>>, TreeError> {
    let table = Table::load(shelf, manifest).await?;
    let (from, of, paths, runtime) = (shelf.clone(), manifest.clone(), wanted.clone(), Handle::current());
    let found = spawn_blocking(move || find(&from, &of, &paths, &runtime)).await.unwrap_or(Err(TreeError::Stopped))?;
    let numbers: BTreeSet<u32> = found.values().flatten().copied().collect();
    let whole = stream::iter(numbers).map(|number| {
        let pack = table.get(number).filter(|pack| !bad.contains(&pack.key()));
        async move {
            match pack {
                Some(pack) if is_there(shelf, &pack).await => Some(number),
                _ => None,
            }
        }
    });
    let whole: BTreeSet<u32> = whole.buffer_unordered(AT_ONCE).filter_map(|number| async move { number }).collect().await;
    Ok(found.into_iter().filter(|(_, packs)| packs.is_subset(&whole)).map(|(path, _)| path).collect())
}

async fn is_there(shelf: &Shelf, pack: &PackRef) -> bool {
    shelf.store.head(&shelf.key(&pack.key())).await.is_ok_and(|there| there.size == pack.size)
}

/// The wanted paths that the index names, each with the packs that hold it.
fn find(
    shelf: &Shelf,
    manifest: &Manifest,
    wanted: &BTreeSet<Vec<u8>>,
    runtime: &Handle,
) -> Result<BTreeMap<Vec<u8>, BTreeSet<u32>>, TreeError> {
    // Content stands with the first name of a file; the others come later.
    let mut names: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
    if manifest.counts.hard_links > 0 {
        read_index(shelf, &manifest.index, runtime, &mut |line| {
            if let Line::Entry(entry) = line
                && let Some(first) = entry.link
                && wanted.contains(&entry.path)
            {
                names.entry(first).or_default().push(entry.path);
            }
            Ok(true)
        })?;
    }
    let mut found: BTreeMap<Vec<u8>, BTreeSet<u32>> = BTreeMap::new();
    let mut of_file: Vec<Vec<u8>> = Vec::new();
    read_index(shelf, &manifest.index, runtime, &mut |line| {
        // A line without a path goes on with the file before it.
        if let Line::Entry(entry) = &line {
            let own = wanted.contains(&entry.path) && entry.link.is_none() && entry.kind != Kind::Skipped;
            of_file = own.then(|| entry.path.clone()).into_iter().chain(names.remove(&entry.path).unwrap_or_default()).collect();
        }
        for path in &of_file {
            found.entry(path.clone()).or_default().extend(line.content().blocks.iter().map(|block| block.pack));
        }
        Ok(true)
    })?;
    Ok(found)
}
