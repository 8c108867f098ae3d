//! A series in a store: reading and writing the small objects of its catalogue.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::catalog::FormatError;
use crate::catalog::index::PackRef;
use crate::catalog::layout::{Place, Series};
use crate::catalog::manifest::Manifest;
use crate::catalog::pack;
use crate::catalog::part::Part;
use crate::store::{Arrival, ErrorKind, ObjectMeta, Put, Retry, Store, StoreError};
use crate::tree::TreeError;
use crate::tree::progress::Progress;

/// Objects asked for in one listing call (the most that S3 gives, `ListObjectsV2`).
const PAGE: usize = 1_000;
/// Small objects read at a time.
const AT_ONCE: usize = 16;

/// Why a place without its mark is not read.
pub const UNMARKED: &str = "its mark is missing: the disk may not be mounted";

/// One series in one store.
#[derive(Clone)]
pub struct Shelf {
    pub store: Arc<dyn Store>,
    pub series: Series,
    /// Key of what the place carries since it was set up; `None`: nothing there could be looked for.
    mark: Option<String>,
}

/// What a store holds of a series: backups by the moment that they bring back, and folders without a manifest.
#[derive(Debug, Default)]
pub struct Backups {
    /// Oldest first.
    pub good: Vec<Manifest>,
    /// Manifests that cannot be read or are lost, with the reason. They keep their packs.
    pub damaged: Vec<(Place, FormatError)>,
    /// Folders that have no manifest yet, or any more: being written, left behind, or let go.
    pub unfinished: Vec<Place>,
}

impl Shelf {
    pub fn new(store: Arc<dyn Store>, series: Series) -> Self {
        Self { store, series, mark: None }
    }

    /// The same in a place that carries a mark once it was set up.
    #[must_use]
    pub fn marked_by(self, mark: Option<String>) -> Self {
        Self { mark, ..self }
    }

    /// Whether the place was set up: the mount point of a disk that is away looks like a place that holds nothing.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where it was not, or is not there, and the store's own.
    pub async fn check_mark(&self) -> Result<(), StoreError> {
        if self.is_marked().await? { Ok(()) } else { Err(self.unmarked()) }
    }

    /// The same for whoever only reads. A place without its mark that holds the policy's backups is no empty mount point: it was released,
    /// or somebody removed the mark. `false`: so it is, and it is to be said.
    ///
    /// # Errors
    /// As [`Shelf::check_mark`], where nothing of the policy's lies there.
    pub async fn check_readable(&self) -> Result<bool, StoreError> {
        if self.is_marked().await? {
            return Ok(true);
        }
        let of_policy = format!("{}/", self.series.policy);
        let folders = self.store.list_folders(&of_policy).await?;
        // What an apply notes of itself is no backup.
        let holds = folders.iter().any(|folder| !folder.starts_with('.'));
        if holds { Ok(false) } else { Err(self.unmarked()) }
    }

    async fn is_marked(&self) -> Result<bool, StoreError> {
        let Some(mark) = &self.mark else { return Ok(true) };
        match self.store.head(mark).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind == ErrorKind::NotFound => {
                // A place that is not there at all says so itself.
                self.store.capabilities().await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn unmarked(&self) -> StoreError {
        let error = StoreError::new("read the backups in", self.store.describe(), ErrorKind::NotFound, Retry::Never, UNMARKED);
        error.with_help("Mount it and run the command again. Where the store is new, `bdr apply` sets it up.")
    }

    /// The full key of an object of the series.
    pub fn key(&self, below: &str) -> String {
        self.series.prefix() + below
    }

    /// Every object below a prefix, page by page.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>, StoreError> {
        let mut all: Vec<ObjectMeta> = Vec::new();
        loop {
            let after = all.last().map(|last| last.key.clone());
            let page = self.store.list(prefix, after.as_deref(), PAGE).await?;
            let last = page.len() < PAGE;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }

    /// The folders of all backups, finished or not.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn places(&self) -> Result<Vec<Place>, StoreError> {
        let mut places = Vec::new();
        for tier in self.store.list_folders(&self.series.prefix()).await? {
            if !Series::is_tier(&tier) {
                continue;
            }
            let folders = self.store.list_folders(&self.key(&tier)).await?;
            places.extend(folders.iter().filter_map(|folder| Place::parse(&format!("{tier}{folder}"))));
        }
        Ok(places)
    }

    /// All backups of the series.
    ///
    /// # Errors
    /// When the store fails; a manifest that is damaged is told among the others.
    pub async fn backups(&self) -> Result<Backups, StoreError> {
        let mut backups = Backups::default();
        self.read(self.places().await?, &mut backups).await?;
        if !backups.unfinished.is_empty() {
            self.look_for_lost(&mut backups).await?;
        }
        backups.good.sort_by_key(|manifest| (manifest.snapshot, manifest.id));
        Ok(backups)
    }

    /// Reads manifests, and adds what became of each.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn read(&self, places: Vec<Place>, backups: &mut Backups) -> Result<(), StoreError> {
        let mut read =
            stream::iter(places).map(|place| async move { (place.clone(), self.manifest(&place).await) }).buffered(AT_ONCE);
        while let Some((place, result)) = read.next().await {
            match result {
                Ok(manifest) => backups.good.push(manifest),
                Err(TreeError::Format(error)) => backups.damaged.push((place, error)),
                Err(TreeError::Store(error)) if error.kind == ErrorKind::NotFound => backups.unfinished.push(place),
                Err(TreeError::Store(error)) if error.kind == ErrorKind::NoObject => {
                    backups.damaged.push((place, FormatError::damaged("the manifest", error.reason)));
                }
                Err(TreeError::Store(error)) => return Err(error),
                Err(other) => backups.damaged.push((place, FormatError::damaged("a manifest", other.to_string()))),
            }
        }
        Ok(())
    }

    /// # Errors
    /// When there is none, it is damaged, or it lies in another place than it says.
    pub async fn manifest(&self, place: &Place) -> Result<Manifest, TreeError> {
        let key = self.key(&place.manifest());
        let object = self.store.get(&key, None).await?;
        let manifest = Manifest::decode(&object, &key)?;
        if manifest.place() != *place || manifest.series() != self.series {
            return Err(FormatError::damaged(key, "it is the manifest of another backup").into());
        }
        Ok(manifest)
    }

    /// Reads a part and checks that it is the one that was written.
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub async fn part(&self, part: &Part) -> Result<Bytes, TreeError> {
        let object = self.store.get(&self.key(&part.key), None).await?;
        part.check(&object)?;
        Ok(object)
    }

    /// The list at the end of a pack.
    ///
    /// # Errors
    /// When the pack is missing, cut or damaged there.
    pub async fn pack_list(&self, pack: &PackRef) -> Result<Vec<pack::Frame>, TreeError> {
        let key = self.key(&pack.key());
        let cut = || FormatError::damaged(&key, "it is shorter than a pack can be");
        let tail_at = pack.size.checked_sub(pack::TAIL).ok_or_else(cut)?;
        let tail = self.store.get(&key, Some(tail_at..pack.size)).await?;
        let list_at = tail_at.checked_sub(pack::list_length(&tail)?).ok_or_else(cut)?;
        let list = self.store.get(&key, Some(list_at..tail_at)).await?;
        Ok(pack::read_list(&list)?)
    }

    /// Reads an object, or a stretch of it, and counts its bytes as they come.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn counted(&self, key: &str, range: Option<Range<u64>>, progress: &Arc<Progress>) -> Result<Bytes, StoreError> {
        let progress = Arc::clone(progress);
        let mut arrival = Arrival::telling(move |bytes| progress.add_moved(bytes));
        self.store.arrive(key, range, &mut arrival).await?;
        Ok(arrival.into_bytes())
    }

    /// Writes a small object in an immediate class.
    ///
    /// # Errors
    /// When the store fails, or the object exists and `if_absent` is set.
    pub async fn put_small(&self, key: &str, body: Vec<u8>, if_absent: bool) -> Result<(), StoreError> {
        self.put_locked(key, body, Put { if_absent, ..Put::default() }).await
    }

    /// Writes a small object as told.
    ///
    /// # Errors
    /// When the store fails, or the object exists and must not.
    pub async fn put_locked(&self, key: &str, body: Vec<u8>, how: Put) -> Result<(), StoreError> {
        self.store.put(key, Bytes::from(body), how).await.map(|_| ())
    }

    /// Whether an object is there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn exists(&self, key: &str) -> Result<bool, StoreError> {
        match self.store.head(key).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes objects, several at a time.
    ///
    /// # Errors
    /// At the first that the store does not remove.
    pub async fn delete_all(&self, keys: &[String]) -> Result<(), StoreError> {
        stream::iter(keys).map(Ok).try_for_each_concurrent(AT_ONCE, |key| self.store.delete(key)).await
    }
}
