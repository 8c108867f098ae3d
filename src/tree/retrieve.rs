//! Bringing the packs of a backup out of the archive classes before a restore can read them: hours, and paid for.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::catalog::manifest::Manifest;
use crate::store::{Retrieval, Retrieve};
use crate::tree::TreeError;
use crate::tree::restore::{Paths, needed};
use crate::tree::shelf::Shelf;
use crate::tree::table::Table;
use crate::units::storage_class::StorageClass;

/// Packs asked about at a time.
const AT_ONCE: usize = 16;

/// What a restore has to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    pub packs: u64,
    pub bytes: u64,
    /// Of `packs`: asked for just now; the others were before.
    pub asked: u64,
    /// The slowest class among them.
    pub class: StorageClass,
}

/// Asks for every pack that the wanted part of a backup lies in, those of backups that it refers to among them, that an archive
/// class holds. Those that were asked for before are not asked for again, so it may be called until nothing is waited for.
///
/// # Errors
/// When the table of packs or the index cannot be read, or the store refuses.
pub async fn retrieve(shelf: &Shelf, manifest: &Manifest, paths: &Paths, how: Retrieve) -> Result<Waiting, TreeError> {
    let table = Table::load(shelf, manifest).await?;
    let places: BTreeSet<_> = table.iter().map(|(_, pack)| pack.place).collect();
    let mut archived = Vec::new();
    // A listing tells the class of a thousand objects at once; only what is archived is asked about one by one.
    for place in places {
        for object in shelf.list(&shelf.key(&place.packs())).await? {
            let class = object.class.filter(|class| !class.is_immediate());
            archived.extend(class.map(|class| (object.key, class)));
        }
    }
    archived.sort();
    // Most stores have no such class, and then the index need not be read.
    let only = if paths.is_all() || archived.is_empty() { None } else { Some(needed(shelf, manifest, paths).await?) };
    let class_of = |key: &String| archived.binary_search_by(|(other, _)| other.cmp(key)).ok().and_then(|at| archived.get(at));
    let wanted = table.iter().filter(|(number, _)| only.as_ref().is_none_or(|only| only.contains(number)));
    let wanted = wanted.filter_map(|(_, pack)| {
        let (key, class) = class_of(&shelf.key(&pack.place.pack(&pack.sha256)))?;
        Some((key, *class, pack.size))
    });
    let asked = stream::iter(wanted).map(|(key, class, bytes)| async move {
        let asked = match shelf.store.retrieval(key).await? {
            Retrieval::Ready => return Ok::<_, TreeError>(Waiting::default()),
            Retrieval::UnderWay => 0,
            Retrieval::Archived => {
                shelf.store.retrieve(key, how).await?;
                1
            }
        };
        Ok(Waiting { packs: 1, bytes, asked, class })
    });
    asked.buffer_unordered(AT_ONCE).try_fold(Waiting::default(), |all, one| async move { Ok(all.and(one)) }).await
}

impl Waiting {
    fn and(self, other: Self) -> Self {
        Self {
            packs: self.packs + other.packs,
            bytes: self.bytes + other.bytes,
            asked: self.asked + other.asked,
            class: self.class.max(other.class),
        }
    }
}
