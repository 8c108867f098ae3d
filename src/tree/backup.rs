//! One backup from claim to commit.
//!
//! Why a crash at each point is safe: before the manifest is written nobody lists the backup, and what lies in its folder is
//! either gone on with by the next run or swept after a grace; the manifest is one create-only put, so it is there whole or
//! not at all; after it only leftovers are removed, which nothing refers to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use crate::apply::Owner;
use crate::catalog::digest::Digest;
use crate::catalog::layout::Place;
use crate::catalog::manifest::{Issue, Kind, Manifest, Origin};
use crate::diag::shown;
use crate::source::Source;
use crate::store::{ErrorKind, Lock, Put, Retry};
use crate::tree::TreeError;
use crate::tree::attempt::Attempt;
use crate::tree::capture::{self, Request, Sequenced};
use crate::tree::claim::{Claim, Wish};
use crate::tree::less::less;
use crate::tree::progress::{Progress, Total};
use crate::tree::shelf::Shelf;
use crate::tree::table::Table;
use crate::units::count::count;

/// What to back up, and as what.
pub struct Job {
    pub shelf: Shelf,
    pub wish: Wish,
    /// `files`, `postgresql`.
    pub kind: &'static str,
    pub roots: Vec<String>,
    /// Whether somebody asks for it, and no schedule.
    pub by_hand: bool,
    /// What the backup is compared with; `None`: a full backup.
    pub parent: Option<Manifest>,
    /// The newest good backup before this one: a path that held much then and holds next to nothing now is told.
    pub before: Option<Manifest>,
    /// The committed backups of the catalogue that `parent` was chosen from; `None`: it is built upon whatever else is there.
    pub seen: Option<BTreeSet<Place>>,
    /// Somebody said that what is missing against it is missing on purpose.
    pub less_is_right: bool,
    /// zstd level.
    pub level: i32,
    /// Threads that read and compress.
    pub threads: usize,
    /// Of everything that the backup is made of; `None`: as the store sees fit.
    pub lock: Option<Lock>,
    pub policy_digest: String,
    pub owner: Owner,
    pub clock: Clock,
}

/// Tells the present moment.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Makes the source anew for each try.
pub type Make<'a> = &'a (dyn Fn() -> Box<dyn Source> + Send + Sync);

const EMPTY: &str = "no files in the source";
const FULL_INSTEAD: &str = "the parent could not be read, so everything was stored again";

/// Makes one backup. Cancelling it (by dropping) leaves an attempt that the next run goes on with.
///
/// # Errors
/// When it was not committed; [`TreeError::Locked`] when another one is being written, [`TreeError::Overtaken`] when another one
/// was committed since the catalogue was read: what it stored would be stored again.
pub async fn backup(job: &Job, source: Make<'_>, progress: Arc<Progress>) -> Result<Manifest, TreeError> {
    let claim = job.shelf.claim(&job.wish, &job.owner, (job.clock)()).await?;
    let result = match overtaken(job).await {
        Ok(()) => write(job, &claim, source, progress).await,
        Err(error) => Err(error),
    };
    let said = match &result {
        Ok(_) => return result,
        // Nothing was written, not even by whom it was adopted from.
        Err(TreeError::Overtaken { .. }) if claim.attempt.generation == 0 => job.shelf.release(&claim.attempt).await,
        // So that the next run goes on at once; without it, it would wait for silence.
        Err(_) => job.shelf.put_attempt(&claim.attempt.over()).await,
    };
    let _waits_for_silence = said;
    result
}

/// Once the right to write is ours nobody else commits, so that one look is enough.
async fn overtaken(job: &Job) -> Result<(), TreeError> {
    let Some(seen) = &job.seen else { return Ok(()) };
    match job.shelf.committed_beside(seen).await? {
        Some(place) => Err(TreeError::Overtaken { by: place.id }),
        None => Ok(()),
    }
}

async fn write(job: &Job, claim: &Claim, source: Make<'_>, progress: Arc<Progress>) -> Result<Manifest, TreeError> {
    let attempt = &claim.attempt;
    // The attempt is in the store before the parent is looked at again: from here on no prune takes the parent's packs.
    let mut parent = match &job.parent {
        Some(parent) if job.shelf.exists(&job.shelf.key(&parent.place().manifest())).await? => Some(parent.clone()),
        _ => None,
    };
    let mut instead = match &parent {
        Some(parent) => lost(&job.shelf, parent).await?,
        None => None,
    };
    if instead.is_some() {
        parent = None;
    }
    let request = |parent: Option<Manifest>| Request {
        shelf: job.shelf.clone(),
        place: attempt.place(),
        class: job.wish.class,
        lock: job.lock,
        level: job.level,
        parent,
        roots: job.roots.iter().map(|root| root.trim_matches('/').as_bytes().to_vec()).collect(),
        left: claim.left.clone(),
        threads: job.threads.max(1),
    };
    if let Some(before) = &job.before {
        progress.expect(Total::About(before.counts.bytes));
    }
    let (snapshot, begun) = ((job.clock)(), Instant::now());
    let first = guarded(job, attempt, capture::capture(request(parent.clone()), source(), Arc::clone(&progress))).await;
    let captured = match first {
        Err(error) if parent.is_some() => {
            instead = Some(error.damage("the parent's index")?);
            parent = None;
            guarded(job, attempt, capture::capture(request(None), source(), progress)).await?
        }
        result => result?,
    };
    if captured.counts.entries == 0 {
        let seen: Vec<String> = captured.issues.iter().flat_map(|issue| issue.examples.iter().take(3).map(shown)).collect();
        return Err(TreeError::Nothing(if seen.is_empty() {
            "the paths are empty, or nothing in them matches `include`".to_owned()
        } else {
            seen.join("; ")
        }));
    }
    // A base backup comes back as its end found the cluster.
    let snapshot = if captured.cluster.is_some() { (job.clock)() } else { snapshot };
    let manifest = manifest(job, attempt, captured, parent.as_ref(), (snapshot, begun, instead));
    commit(&job.shelf, attempt, &manifest, job.lock).await?;
    let leftovers = attempt.generation > 0 || (parent.is_none() && job.parent.is_some());
    tidy(&job.shelf, attempt, &manifest, leftovers).await;
    Ok(manifest)
}

/// Why a backup cannot be built upon this one: a pack or a part of the table that is missing or damaged. Its index is read as the
/// backup is made.
async fn lost(shelf: &Shelf, parent: &Manifest) -> Result<Option<String>, TreeError> {
    match missing(shelf, parent).await {
        Ok(missing) => Ok(missing),
        Err(error) => error.damage("the parent's table of packs").map(Some),
    }
}

/// The first pack that a backup refers to and that is not there as it was written.
async fn missing(shelf: &Shelf, manifest: &Manifest) -> Result<Option<String>, TreeError> {
    let table = Table::load(shelf, manifest).await?;
    Ok(shelf.missing_packs(&table, &mut Listed::default()).await?.into_iter().next())
}

/// Runs the work as long as the attempt is ours.
async fn guarded<T>(job: &Job, attempt: &Attempt, work: impl Future<Output = Result<T, TreeError>>) -> Result<T, TreeError> {
    tokio::select! {
        result = work => result,
        lost = job.shelf.beat(attempt) => Err(lost),
    }
}

fn manifest(
    job: &Job,
    attempt: &Attempt,
    captured: Sequenced,
    parent: Option<&Manifest>,
    (snapshot, begun, instead): (Timestamp, Instant, Option<String>),
) -> Manifest {
    let mut issues = captured.issues;
    let counts = captured.counts;
    let issue =
        |what: &str, example: String, suspect| Issue { what: what.to_owned(), count: 1, examples: vec![example], suspect };
    if counts.files + counts.symlinks + counts.hard_links == 0 {
        issues.push(issue(EMPTY, job.roots.join(", "), true));
    }
    let origin = Origin {
        kind: job.kind.to_owned(),
        host: job.owner.host.clone(),
        roots: job.roots.clone(),
        held: captured.held,
        bytes: captured.bytes,
        cluster: captured.cluster,
    };
    issues.extend(job.before.iter().flat_map(|before| less(&before.origin, &origin, job.less_is_right)));
    if let Some(error) = instead {
        issues.push(issue(FULL_INSTEAD, error, false));
    }
    let mut measured = captured.measured;
    measured.elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or_default();
    let folder = |place: &Place| place.folder().trim_end_matches('/').to_owned();
    let series = &job.shelf.series;
    Manifest {
        version: origin.version(),
        id: attempt.id,
        policy: series.policy.clone(),
        component: series.component.clone(),
        protection: series.protection.clone(),
        shelf: attempt.shelf.clone(),
        tiers: attempt.tiers.clone(),
        by_hand: job.by_hand,
        class: attempt.class,
        // Nothing in common with the parent: then it stands on its own, whatever was meant.
        kind: if captured.needs.is_empty() { Kind::Full } else { Kind::Incremental },
        parent: parent.map(|parent| folder(&parent.place())),
        needs: captured.needs.iter().map(folder).collect(),
        origin,
        started: attempt.started,
        snapshot,
        committed: (job.clock)(),
        counts,
        issues,
        index: captured.index,
        table: captured.table,
        measured,
        tool: concat!("bdr ", env!("CARGO_PKG_VERSION")).to_owned(),
        policy_digest: job.policy_digest.clone(),
    }
}

/// Writes the manifest, after a last look that nothing is missing that it would promise.
async fn commit(shelf: &Shelf, attempt: &Attempt, manifest: &Manifest, lock: Option<Lock>) -> Result<(), TreeError> {
    let lost = |why: String| TreeError::Lost { id: attempt.id.to_string(), why };
    if let Some(missing) = missing(shelf, manifest).await? {
        return Err(lost(missing));
    }
    shelf.still_ours(attempt).await?;
    let key = shelf.key(&manifest.place().manifest());
    let body = manifest.encode()?;
    // A store that ignores the condition would overwrite, so it is asked first.
    if !shelf.store.capabilities().await?.create_only && shelf.exists(&key).await? {
        return Err(lost("it is already committed".to_owned()));
    }
    let how = Put { if_absent: true, lock, ..Put::default() };
    match shelf.put_locked(&key, body.clone(), how).await {
        Ok(()) => Ok(()),
        // The answer got lost: look whether what is there is what was written.
        Err(error) if error.kind == ErrorKind::Exists || error.retry == Retry::Unknown => {
            match shelf.store.get(&key, None).await {
                Ok(there) if there == body => Ok(()),
                Ok(_) => Err(lost("somebody else committed it".to_owned())),
                Err(_) => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Removes what the commit made useless. What stays because of a failure is swept by a later prune.
async fn tidy(shelf: &Shelf, attempt: &Attempt, manifest: &Manifest, leftovers: bool) {
    let work = async {
        if leftovers {
            let listed = shelf.listed_keys(manifest).await?;
            let folder = shelf.list(&shelf.key(&manifest.place().folder())).await?;
            let rest: Vec<String> = folder.into_iter().map(|object| object.key).filter(|key| !listed.contains(key)).collect();
            match shelf.delete_all(&rest).await {
                // Who may remove nothing leaves it in the backup's folder, and it goes with that.
                Err(error) if error.kind == ErrorKind::Denied => {}
                removed => removed?,
            }
        }
        shelf.release(attempt).await
    };
    let _swept_later = work.await;
}

/// The packs that lie in a store, by the folder of the backup that wrote them. Each folder is listed once, however many backups
/// refer to it.
#[derive(Default)]
pub struct Listed(HashMap<Place, HashMap<Digest, u64>>);

impl Listed {
    async fn packs(&mut self, shelf: &Shelf, place: &Place) -> Result<&HashMap<Digest, u64>, TreeError> {
        if !self.0.contains_key(place) {
            let packs = shelf.packs_of(place).await?;
            self.0.insert(place.clone(), packs.into_iter().map(|pack| (pack.sha256, pack.size)).collect());
        }
        Ok(self.0.entry(place.clone()).or_default())
    }
}

impl Shelf {
    /// What is missing, or of another size, of the packs that a backup refers to: a sentence for each.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn missing_packs(&self, table: &Table, listed: &mut Listed) -> Result<Vec<String>, TreeError> {
        let mut by_place: BTreeMap<Place, Vec<(Digest, u64)>> = BTreeMap::new();
        for (_, pack) in table.iter() {
            by_place.entry(pack.place).or_default().push((pack.sha256, pack.size));
        }
        let mut missing = Vec::new();
        for (place, packs) in by_place {
            let there = listed.packs(self, &place).await?;
            for (sha256, size) in packs {
                let key = place.pack(&sha256);
                match there.get(&sha256) {
                    None => missing.push(format!("pack {key} is missing")),
                    Some(found) if *found != size => {
                        missing.push(format!("pack {key} has {} where {size} were written", count(*found, "byte")));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(missing)
    }

    /// Every object of a backup's own folder that its manifest names, itself included.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn listed_keys(&self, manifest: &Manifest) -> Result<BTreeSet<String>, TreeError> {
        let own = manifest.place();
        let table = Table::load(self, manifest).await?;
        let packs = table.iter().filter(|(_, pack)| pack.place == own).map(|(_, pack)| pack.key());
        let parts = manifest.index.iter().chain(&manifest.table).map(|part| part.key.clone());
        Ok(packs.chain(parts).chain([own.manifest()]).map(|key| self.key(&key)).collect())
    }
}
