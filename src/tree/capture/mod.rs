//! Capturing a source into packs, an index and a table of packs: everything of a backup but its manifest.
//!
//! ```text
//! source ─▶ ahead ─▶ driver ──jobs──▶ workers (read small files, hash, compress)
//! parent's index ──▶   │                │ answers
//!                      └────steps────▶ sequencer ──packs, parts──▶ uploads
//! ```
//! The driver and the sequencer keep the tree's order; the workers between them do not have to. A source that is a stream is not
//! walked ahead, has no place beside the parent's index, and its lines are sorted at the end.

mod ahead;
mod cut;
mod driver;
mod flow;
mod known;
mod packing;
mod parent;
mod sequence;
mod sort;
mod spilled;
mod worker;

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::catalog::index::PackRef;
use crate::catalog::layout::Place;
use crate::catalog::manifest::Manifest;
use crate::source::Source;
use crate::store::Lock;
use crate::tree::TreeError;
use crate::tree::capture::ahead::Ahead;
use crate::tree::capture::driver::{Before, Driver};
use crate::tree::capture::known::{Known, Packs};
use crate::tree::capture::packing::Packing;
use crate::tree::capture::parent::{Cursor, send_index};
use crate::tree::capture::sequence::Sequencer;
use crate::tree::lines::read_index;
use crate::tree::progress::Progress;
use crate::tree::shelf::Shelf;
use crate::tree::table::Table;
use crate::units::storage_class::StorageClass;

pub use sequence::Sequenced;

/// What to capture, and against what.
pub struct Request {
    pub shelf: Shelf,
    pub place: Place,
    pub class: StorageClass,
    /// Of every object that is written.
    pub lock: Option<Lock>,
    /// zstd level.
    pub level: i32,
    pub parent: Option<Manifest>,
    /// Of the source, as paths of entries.
    pub roots: Vec<Vec<u8>>,
    /// Packs that an interrupted attempt left.
    pub left: Vec<PackRef>,
    /// Threads that read and compress.
    pub threads: usize,
}

/// Steps between the driver and the sequencer: with the jobs in the workers' hands they bound the memory for blocks.
const STEPS: usize = 4;

/// Captures a source. Nothing is committed by it.
///
/// # Errors
/// When the source, the store or the parent's index fails.
pub async fn capture(request: Request, mut source: Box<dyn Source>, progress: Arc<Progress>) -> Result<Sequenced, TreeError> {
    let runtime = Handle::current();
    let known = Arc::new(known(&request, &runtime).await?);
    let (job_to, jobs) = sync_channel(request.threads);
    let (step_to, steps) = sync_channel(STEPS);
    let (upload_to, uploads) = mpsc::channel(1);
    let first = known.packs().table.next_number();
    let prefix = request.shelf.series.prefix();
    let packing = Packing::new(request.place.clone(), prefix, (request.class, request.lock), upload_to, runtime.clone(), first)?;
    let (own, is_stream) = (request.place.clone(), source.is_stream());
    let sequencer = Sequencer::new(packing, Arc::clone(&known), Arc::clone(&progress), own, is_stream)?;

    let counted = Arc::clone(&progress);
    let uploading = tokio::spawn(packing::upload(Arc::clone(&request.shelf.store), uploads, progress));
    let sequencing = spawn_blocking(move || sequencer.run(&steps));
    let jobs = Arc::new(Mutex::new(jobs));
    let working: Vec<_> = (0..request.threads)
        .map(|_| {
            let (jobs, known, level) = (Arc::clone(&jobs), Arc::clone(&known), request.level);
            spawn_blocking(move || worker::work(&jobs, &known, level))
        })
        .collect();
    // The workers hold the only ends, so that the driver notices when the last of them is gone.
    drop(jobs);
    let before = request.parent.filter(|_| !is_stream).map(|parent| {
        let (to, cursor) = Cursor::new();
        let (shelf, runtime) = (request.shelf.clone(), runtime.clone());
        spawn_blocking(move || send_index(&shelf, &parent.index, &runtime, &to));
        Before { cursor, snapshot: parent.snapshot }
    });
    if !is_stream {
        let (item_to, items) = Ahead::new();
        spawn_blocking(move || ahead::walk(&mut *source, &item_to));
        source = Box::new(items);
    }
    let reads = flow::reads(request.threads);
    let driving = spawn_blocking(move || {
        Driver::new(before, &known, &counted, (job_to, step_to), (request.roots, reads)).run(&mut *source)
    });

    let uploaded = uploading.await.unwrap_or(Err(TreeError::Stopped));
    let sequenced = sequencing.await.unwrap_or(Err(TreeError::Stopped));
    let mut results = vec![uploaded, driving.await.unwrap_or(Err(TreeError::Stopped))];
    for worker in working {
        results.push(worker.await.unwrap_or(Err(TreeError::Stopped)));
    }
    // A stage that stopped because another one failed says only that; the cause is what counts.
    let cause = results.into_iter().filter_map(Result::err).min_by_key(|error| matches!(error, TreeError::Stopped));
    match (cause, sequenced) {
        (None, sequenced) => sequenced,
        (Some(TreeError::Stopped), Err(error)) => Err(error),
        (Some(cause), _) => Err(cause),
    }
}

async fn known(request: &Request, runtime: &Handle) -> Result<Known, TreeError> {
    let mut table = match &request.parent {
        Some(parent) => Table::load(&request.shelf, parent).await?,
        None => Table::default(),
    };
    let first = table.next_number();
    for (number, pack) in (first..).zip(&request.left) {
        table.set(number, pack)?;
    }
    let (shelf, runtime, parent) = (request.shelf.clone(), runtime.clone(), request.parent.clone());
    let loader = parent.map(|parent| -> known::Loader {
        Box::new(move |give| {
            read_index(&shelf, &parent.index, &runtime, &mut |line| {
                line.content().blocks.iter().for_each(&mut *give);
                Ok(true)
            })
        })
    });
    let known = Known::new(Packs::new(table), loader);
    for (number, pack) in (first..).zip(&request.left) {
        // A pack whose list cannot be read is never referred to, and goes after the commit.
        let Ok(frames) = request.shelf.pack_list(pack).await else { continue };
        let blocks = frames.iter().flat_map(|frame| frame.blocks.iter().map(move |inside| frame.block(number, inside)));
        blocks.for_each(|block| known.insert(&block));
    }
    Ok(known)
}
