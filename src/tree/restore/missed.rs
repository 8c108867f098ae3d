//! What was asked for by name and is not in a backup, with what may have been meant.

use std::collections::BTreeSet;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::catalog::entry::{Entry, Kind, Line};
use crate::catalog::manifest::Manifest;
use crate::tree::TreeError;
use crate::tree::lines::read_index;
use crate::tree::restore::removed::or_removed;
use crate::tree::restore::select::{Paths, names};
use crate::tree::shelf::Shelf;

/// A path or glob that names nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    pub glob: String,
    /// The path in the backup that is most like it.
    pub near: Option<Vec<u8>>,
    /// The first names at the top of the backup.
    pub top: Vec<Vec<u8>>,
}

/// From this likeness on (1.0: equal) a path may have been meant.
const LIKE: f64 = 0.6;
const TOP: usize = 8;

/// The named paths that match no entry, in the order in which they were named.
///
/// # Errors
/// When the index cannot be read.
pub async fn missed(shelf: &Shelf, manifest: &Manifest, paths: &Paths) -> Result<Vec<Missed>, TreeError> {
    let (from, of) = (shelf, manifest);
    let (shelf, manifest, named) = (shelf.clone(), manifest.clone(), paths.named.clone());
    let runtime = Handle::current();
    let look = move || {
        let mut left = named;
        each(&shelf, &manifest, &runtime, &mut |entry| {
            left.retain(|(_, globs)| !names(globs, &entry.path));
            !left.is_empty()
        })?;
        if left.is_empty() {
            return Ok(Vec::new());
        }
        let roots: Vec<&[u8]> = manifest.origin.roots.iter().map(|root| root.trim_matches('/').as_bytes()).collect();
        let mut best: Vec<(f64, Option<Vec<u8>>)> = vec![(LIKE, None); left.len()];
        let mut top = BTreeSet::new();
        each(&shelf, &manifest, &runtime, &mut |entry| {
            let below = below(&entry, &roots);
            for ((glob, _), (likeness, near)) in left.iter().zip(&mut best) {
                let found = likeness_of(glob.trim_matches('/'), &String::from_utf8_lossy(&below));
                if found > *likeness && !below.is_empty() {
                    (*likeness, *near) = (found, Some(below.clone()));
                }
            }
            if top.len() < TOP && !below.is_empty() && !below[1..].contains(&b'/') {
                top.insert(below);
            }
            true
        })?;
        let top: Vec<Vec<u8>> = top.into_iter().collect();
        let told = |((glob, _), (_, near))| Missed { glob, near, top: top.clone() };
        Ok(left.into_iter().zip(best).map(told).collect())
    };
    or_removed(from, of, spawn_blocking(look).await.unwrap_or(Err(TreeError::Stopped))).await
}

fn each(shelf: &Shelf, manifest: &Manifest, runtime: &Handle, see: &mut dyn FnMut(Entry) -> bool) -> Result<(), TreeError> {
    read_index(shelf, &manifest.index, runtime, &mut |line| match line {
        Line::Entry(entry) if entry.kind != Kind::Skipped => Ok(see(entry)),
        _ => Ok(true),
    })
}

/// A path as it is told: from the backup's root on. A root that is itself a file is told from the root of the machine.
fn below(entry: &Entry, roots: &[&[u8]]) -> Vec<u8> {
    let path = entry.path.as_slice();
    let rest =
        roots.iter().find_map(|root| path.strip_prefix(*root).filter(|rest| rest.first().is_none_or(|byte| *byte == b'/')));
    match rest.unwrap_or(path) {
        [] if entry.kind != Kind::Directory => [b"/", path].concat(),
        [b'/', rest @ ..] | rest => rest.to_vec(),
    }
}

/// The same name in another folder is more like it than any other name in the same.
fn likeness_of(wanted: &str, path: &str) -> f64 {
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let same = if !path.is_empty() && name(wanted) == name(path) { 1.0 } else { 0.0 };
    same + strsim::normalized_damerau_levenshtein(wanted, path)
}
