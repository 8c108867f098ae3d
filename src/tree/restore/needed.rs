//! Which packs the wanted part of a backup lies in.

use std::collections::BTreeSet;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::catalog::entry::Line;
use crate::catalog::manifest::Manifest;
use crate::tree::TreeError;
use crate::tree::lines::read_index;
use crate::tree::restore::select::Paths;
use crate::tree::shelf::Shelf;

/// The numbers of the packs that hold the wanted files, those among them that wanted entries are hard links to.
///
/// # Errors
/// When the index cannot be read.
pub async fn needed(shelf: &Shelf, manifest: &Manifest, paths: &Paths) -> Result<BTreeSet<u32>, TreeError> {
    let (shelf, index, paths) = (shelf.clone(), manifest.index.clone(), paths.clone());
    let (runtime, links) = (Handle::current(), manifest.counts.hard_links > 0);
    let look = move || {
        let mut linked = BTreeSet::new();
        if links {
            read_index(&shelf, &index, &runtime, &mut |line| {
                if let Line::Entry(entry) = line
                    && let Some(link) = entry.link
                    && paths.wants(&entry.path)
                {
                    linked.insert(link);
                }
                Ok(true)
            })?;
        }
        let (mut packs, mut wanted) = (BTreeSet::new(), false);
        read_index(&shelf, &index, &runtime, &mut |line| {
            // A line without a path goes on with the file before it.
            if let Line::Entry(entry) = &line {
                wanted = paths.wants(&entry.path) || linked.contains(&entry.path);
            }
            packs.extend(line.content().blocks.iter().filter(|_| wanted).map(|block| block.pack));
            Ok(true)
        })?;
        Ok(packs)
    };
    spawn_blocking(look).await.unwrap_or(Err(TreeError::Stopped))
}
