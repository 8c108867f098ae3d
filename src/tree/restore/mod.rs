//! Restoring a backup, or a part of it, into a destination. Every block is checked before its file gets a name.
//!
//! ```text
//! index ─▶ reader (folders, links to nowhere; which blocks) ─batches─▶ fetches (async, several at a time) ─▶ workers
//! index ─▶ again, when all files are there: hard links, then owners and times of folders
//! ```

mod damage;
mod elsewhere;
mod extra;
mod foretold;
mod lack;
mod last;
mod leftover;
mod missed;
mod needed;
mod reader;
mod removed;
mod select;
mod tally;
mod work;
mod worker;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};

use crate::catalog::entry::Line;
use crate::catalog::manifest::Manifest;
use crate::source::Destination;
use crate::store::ErrorKind;
use crate::tree::TreeError;
use crate::tree::frames::{Fetched, Lost};
use crate::tree::lines::read_index;
use crate::tree::progress::{Progress, Total};
use crate::tree::restore::last::Last;
use crate::tree::restore::reader::Reader;
use crate::tree::restore::removed::{is_removed, or_removed};
use crate::tree::restore::tally::Tally;
use crate::tree::restore::work::{Batch, Loaded};
use crate::tree::shelf::Shelf;
use crate::tree::table::Table;

pub use damage::Damage;
pub use elsewhere::held;
pub use extra::{Extra, extra};
pub use foretold::{Foretold, foretell};
pub use lack::{Lack, Side};
pub use leftover::leftovers;
pub use missed::{Missed, missed};
pub use needed::needed;
pub use select::{Paths, literal};
pub use tally::{Each, Restored};

/// What to restore.
pub struct Restore {
    pub shelf: Shelf,
    pub manifest: Manifest,
    pub paths: Paths,
    /// Whether something may already stand at the destination, so that it is compared first.
    pub compare: bool,
    /// Threads that decompress and write.
    pub threads: usize,
    /// Hears of each entry that is not as it was asked for; the result names only the first.
    pub each: Option<Each>,
}

/// Batches being fetched at a time.
const FETCHES: usize = 3;

/// Restores. An entry that fails is told in the result, and all others go on.
///
/// # Errors
/// When the index or the table of packs cannot be read: then nothing can be known to be whole. [`TreeError::Removed`] where
/// something is missing because the backup was removed meanwhile.
pub async fn restore(job: Restore, destination: Arc<dyn Destination>, progress: Arc<Progress>) -> Result<Restored, TreeError> {
    let job = Arc::new(job);
    let ended = or_removed(&job.shelf, &job.manifest, run(Arc::clone(&job), destination, progress).await).await?;
    if ended.refused < ended.failed && is_removed(&job.shelf, &job.manifest).await {
        return Err(TreeError::Removed { id: job.manifest.id.to_string() });
    }
    Ok(ended)
}

async fn run(job: Arc<Restore>, destination: Arc<dyn Destination>, progress: Arc<Progress>) -> Result<Restored, TreeError> {
    let table = Arc::new(Table::load(&job.shelf, &job.manifest).await?);
    if job.paths.is_all() {
        progress.expect(Total::Bytes(job.manifest.counts.bytes));
    }
    let tally = Arc::new(Tally::new(job.manifest.counts.hard_links > 0, job.each.clone()));
    let stand_ins = Arc::new(stand_ins(&job).await?);
    let (batch_to, batches) = mpsc::channel(1);
    let (load_to, loads) = mpsc::channel(1);
    let loads = worker::shared(loads);

    let reading = {
        let (job, destination, tally) = (Arc::clone(&job), Arc::clone(&destination), Arc::clone(&tally));
        let (progress, stand_ins, runtime) = (Arc::clone(&progress), Arc::clone(&stand_ins), Handle::current());
        spawn_blocking(move || {
            let mut reader = Reader {
                destination: &*destination,
                paths: &job.paths,
                compare: job.compare,
                tally: &tally,
                progress: &progress,
                to: batch_to,
                batch: Batch::default(),
                large: None,
                stand_ins: &stand_ins,
                buffer: Vec::new(),
            };
            read_index(&job.shelf, &job.manifest.index, &runtime, &mut |line| reader.line(line))?;
            reader.finish()
        })
    };
    let fetching = tokio::spawn(fetch(Arc::clone(&job), Arc::clone(&table), batches, load_to, Arc::clone(&progress)));
    let workers: Vec<_> = (0..job.threads.max(1))
        .map(|_| {
            let (loads, destination) = (Arc::clone(&loads), Arc::clone(&destination));
            let (tally, progress) = (Arc::clone(&tally), Arc::clone(&progress));
            spawn_blocking(move || worker::work(&loads, &*destination, &tally, &progress))
        })
        .collect();
    drop(loads);
    let read = reading.await.unwrap_or(Err(TreeError::Stopped));
    let fetched = fetching.await.unwrap_or(Err(TreeError::Stopped));
    let mut written = Ok(());
    for worker in workers {
        written = written.and(worker.await.unwrap_or(Err(TreeError::Stopped)));
    }
    let counts = &job.manifest.counts;
    let of = job.paths.is_all().then_some((counts.entries, counts.bytes));
    tally.ended(of).map_or(Ok(()), Err)?;
    fetched.and(written).and(read)?;
    finish(job, destination, Arc::clone(&tally), stand_ins).await?;
    tally.ended(of).map_or(Ok(()), Err)?;
    Ok(tally.restored(&table))
}

/// Hard links, and then owners and times of folders: nothing in a folder changes after its own times were set.
async fn finish(
    job: Arc<Restore>,
    destination: Arc<dyn Destination>,
    tally: Arc<Tally>,
    stand_ins: Arc<HashMap<Vec<u8>, Vec<u8>>>,
) -> Result<(), TreeError> {
    let runtime = Handle::current();
    let last = move || {
        let mut last = Last::new(&*destination, &job.paths, &tally, &stand_ins, job.compare);
        read_index(&job.shelf, &job.manifest.index, &runtime, &mut |line| {
            if let Line::Entry(entry) = line {
                last.entry(entry);
            }
            Ok(true)
        })?;
        last.finish();
        Ok(())
    };
    spawn_blocking(last).await.unwrap_or(Err(TreeError::Stopped))
}

/// For a part of a tree: the files that are not wanted but that wanted entries are hard links to, with the first such entry.
async fn stand_ins(job: &Arc<Restore>) -> Result<HashMap<Vec<u8>, Vec<u8>>, TreeError> {
    if job.paths.is_all() || job.manifest.counts.hard_links == 0 {
        return Ok(HashMap::new());
    }
    let (job, runtime) = (Arc::clone(job), Handle::current());
    let find = move || {
        let mut found = HashMap::new();
        read_index(&job.shelf, &job.manifest.index, &runtime, &mut |line| {
            if let Line::Entry(entry) = line
                && let Some(link) = entry.link
                && job.paths.wants(&entry.path)
                && !job.paths.wants(&link)
            {
                found.entry(link).or_insert(entry.path);
            }
            Ok(true)
        })?;
        Ok(found)
    };
    spawn_blocking(find).await.unwrap_or(Err(TreeError::Stopped))
}

/// Fetches batches, several at a time, and hands them on in the order in which they were asked for.
async fn fetch(
    job: Arc<Restore>,
    table: Arc<Table>,
    mut from: mpsc::Receiver<Batch>,
    to: mpsc::Sender<Loaded>,
    progress: Arc<Progress>,
) -> Result<(), TreeError> {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            Some(loaded) = running.join_next(), if !running.is_empty() => {
                to.send(loaded.unwrap_or(Err(TreeError::Stopped))?).await.map_err(|_| TreeError::Stopped)?;
            }
            next = from.recv(), if running.len() < FETCHES => match next {
                Some(batch) => {
                    let (job, table, progress) = (Arc::clone(&job), Arc::clone(&table), Arc::clone(&progress));
                    running.spawn(async move { load(&job, &table, batch, &progress).await });
                }
                None => break,
            },
        }
    }
    while let Some(loaded) = running.join_next().await {
        to.send(loaded.unwrap_or(Err(TreeError::Stopped))?).await.map_err(|_| TreeError::Stopped)?;
    }
    Ok(())
}

/// A pack that is not there fails what needs it; where the whole backup was removed nothing more is tried.
async fn load(job: &Restore, table: &Table, batch: Batch, progress: &Arc<Progress>) -> Result<Loaded, TreeError> {
    let mut fetched: Vec<Fetched> = Vec::new();
    for stretch in batch.stretches() {
        let body = match table.get(stretch.pack) {
            None => Err(Lost::Damaged("the table of packs does not name its pack".to_owned())),
            Some(pack) if stretch.range.end > pack.size => {
                Err(Lost::Damaged("its block lies beyond the end of its pack".to_owned()))
            }
            Some(pack) => {
                let key = job.shelf.key(&pack.key());
                match job.shelf.counted(&key, Some(stretch.range.clone()), progress).await {
                    Err(error) if error.kind == ErrorKind::NotFound && is_removed(&job.shelf, &job.manifest).await => {
                        return Err(TreeError::Removed { id: job.manifest.id.to_string() });
                    }
                    body => body.map_err(|error| match error.kind {
                        ErrorKind::NotFound => Lost::Missing(error.to_string()),
                        ErrorKind::NoObject => Lost::Damaged(error.to_string()),
                        _ => Lost::NotGiven(error.help.as_ref().map_or(error.to_string(), |help| format!("{error}. {help}"))),
                    }),
                }
            }
        };
        fetched.push((stretch, body));
    }
    Ok(Loaded { batch, fetched })
}
