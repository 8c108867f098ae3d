//! Reads the catalogues of many series at once: a store that does not answer hides no other, and is not asked again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::Semaphore;

use crate::address::{ComponentName, ProtectionName, StoreName};
use crate::cli::chosen::Chosen;
use crate::cli::{Context, Failure, hint, working};
use crate::store::{ErrorKind, Retry, StoreError};
use crate::tree::{Known, Shelf};
use crate::units::count::count;

/// The catalogue of one series, or why it could not be read; the reason is shared by all series of a store that is down.
pub type Catalogue = Result<Known, Arc<StoreError>>;

/// A component's protection in one store.
pub type Held = (ComponentName, ProtectionName, StoreName);

/// Longest that one store's catalogue may take to read, where somebody waits for all of them.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long the series that answered wait for those before them in order.
const ORDER: Duration = Duration::from_secs(2);

/// Reads that run, and go on while what has come is being worked on.
pub struct Catalogues(FuturesUnordered<BoxFuture<'static, (usize, Catalogue)>>);

/// What the reads of one store share.
struct Shared {
    width: Semaphore,
    down: OnceLock<Arc<StoreError>>,
}

impl Catalogues {
    /// Begins to read, in each store `at_once` series at a time; one of them at most for `limit`.
    pub fn read(series: impl IntoIterator<Item = (StoreName, Shelf)>, at_once: usize, limit: Option<Duration>) -> Self {
        let mut stores: BTreeMap<StoreName, Arc<Shared>> = BTreeMap::new();
        let shared = || Arc::new(Shared { width: Semaphore::new(at_once.max(1)), down: OnceLock::new() });
        let begun = series.into_iter().enumerate().map(|(at, (store, shelf))| {
            let subject = shelf.store.describe();
            let task = tokio::spawn(one(shelf, Arc::clone(stores.entry(store).or_insert_with(shared)), limit));
            let ended = async move { (at, task.await.unwrap_or_else(|error| Err(Arc::new(broken(subject, &error))))) };
            Box::pin(ended) as BoxFuture<'static, _>
        });
        Self(begun.collect())
    }

    /// The next one that came to an end, by the place of its series in the order given.
    pub async fn next(&mut self) -> Option<(usize, Catalogue)> {
        self.0.next().await
    }
}

/// A store whose first reads ended without an answer is not waited for by the others.
async fn one(shelf: Shelf, shared: Arc<Shared>, limit: Option<Duration>) -> Catalogue {
    let _turn = shared.width.acquire().await;
    if let Some(error) = shared.down.get() {
        return Err(Arc::clone(error));
    }
    let known = match tokio::time::timeout(limit.unwrap_or(Duration::MAX), shelf.known()).await {
        Ok(known) => known,
        Err(_) => Err(late(&shelf, limit.unwrap_or_default())),
    };
    known.map_err(|error| {
        let error = Arc::new(error);
        if error.kind == ErrorKind::Unavailable {
            return Arc::clone(shared.down.get_or_init(|| error));
        }
        error
    })
}

fn late(shelf: &Shelf, limit: Duration) -> StoreError {
    let reason = format!("nothing came within {} s", limit.as_secs());
    StoreError::new("read the catalogue in", shelf.store.describe(), ErrorKind::Unavailable, Retry::Later, reason)
}

fn broken(subject: String, error: &tokio::task::JoinError) -> StoreError {
    StoreError::new("read the catalogue in", subject, ErrorKind::Other, Retry::Never, error.to_string())
}

/// The catalogues of what was chosen as they come: in order, but nobody waits for long for one that does not answer.
pub struct InOrder<'a> {
    context: &'a Context,
    chosen: &'a [Chosen<'a>],
    reads: Catalogues,
    come: Vec<Option<Catalogue>>,
    waiting: Vec<usize>,
    order: Pin<Box<tokio::time::Sleep>>,
    told: bool,
    unmarked: Unmarked,
}

/// Stores that were said to carry no mark.
#[derive(Default)]
pub struct Unmarked(BTreeSet<StoreName>);

impl Unmarked {
    /// Says once of a store that it is read though it does not carry the policy's mark.
    pub fn tell(&mut self, context: &Context, chosen: &Chosen<'_>, known: &Known) {
        if known.unmarked && self.0.insert(chosen.store.clone()) {
            let (place, policy) = (chosen.shelf.store.describe(), &chosen.shelf.series.policy);
            context.warn(&format!(
                "note: {place} (store `{}`) holds backups of `{policy}` and does not carry its mark: it was released, or the mark was removed. \
                 It is read; no backup is made or removed there before `bdr apply` marks it again.",
                chosen.store
            ));
        }
    }
}

impl<'a> InOrder<'a> {
    /// Begins to read; `haste` says for how long a store that is down is asked again.
    pub fn read(context: &'a Context, chosen: &'a [Chosen<'a>], haste: Haste) -> Self {
        Self {
            context,
            chosen,
            reads: begin(context, chosen, haste),
            come: chosen.iter().map(|_| None).collect(),
            waiting: (0..chosen.len()).collect(),
            order: Box::pin(tokio::time::sleep(ORDER)),
            told: false,
            unmarked: Unmarked::default(),
        }
    }

    /// The next one; `None`: that was all.
    ///
    /// # Errors
    /// When a signal asked to stop.
    pub async fn next(&mut self) -> Result<Option<(&'a Chosen<'a>, Catalogue)>, Failure> {
        let mut stop = self.context.stop.clone();
        while !self.waiting.is_empty() {
            let come = self.waiting.iter().position(|at| self.come[*at].is_some());
            if let Some(place) = come.filter(|place| *place == 0 || self.order.is_elapsed()) {
                let at = self.waiting.remove(place);
                let (chosen, come) = (&self.chosen[at], self.come[at].take());
                if let Some(Ok(known)) = &come {
                    self.unmarked.tell(self.context, chosen, known);
                }
                return Ok(come.map(|catalogue| (chosen, catalogue)));
            }
            tokio::select! {
                Some((at, catalogue)) = self.reads.next() => self.come[at] = Some(catalogue),
                () = &mut self.order, if !self.told => {
                    self.told = true;
                    let silent = self.waiting.iter().filter(|at| self.come[**at].is_none()).map(|at| &self.chosen[*at]);
                    self.context.say(&format!("Waiting for {}{}.", stores(silent), working::trouble()));
                }
                () = stop.asked_times(1) => return Err(stopped()),
            }
        }
        Ok(None)
    }
}

/// Series that were read, with what they hold.
pub type Looked<'a> = Vec<(&'a Chosen<'a>, Known)>;

/// Series that could not be read, with the reason.
pub type Failed<'a> = Vec<(&'a Chosen<'a>, Arc<StoreError>)>;

/// Reads the catalogues of what was chosen, and hands each to `tell`. Returns those that could not be read.
///
/// # Errors
/// When `tell` fails, or a signal asked to stop.
pub async fn each<'a>(
    context: &'a Context,
    chosen: &'a [Chosen<'a>],
    mut tell: impl FnMut(&'a Chosen<'a>, Known) -> Result<(), Failure>,
) -> Result<Failed<'a>, Failure> {
    let mut reads = InOrder::read(context, chosen, Haste::Person);
    let mut failed = Vec::new();
    while let Some((chosen, catalogue)) = reads.next().await? {
        match catalogue {
            Ok(known) => tell(chosen, known)?,
            Err(error) => failed.push((chosen, error)),
        }
    }
    Ok(failed)
}

/// Who waits for a store that is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// A person, who wants to hear of it within seconds.
    Person,
    /// A job, which rather outlives the restart of a server.
    Job,
}

/// Begins to read the catalogues of what was chosen.
pub fn begin(context: &Context, chosen: &[Chosen<'_>], haste: Haste) -> Catalogues {
    let shelf = |chosen: &Chosen<'_>| match haste {
        Haste::Person => chosen.soon.clone(),
        Haste::Job => chosen.shelf.clone(),
    };
    let series = chosen.iter().map(|chosen| (chosen.store.clone(), shelf(chosen)));
    Catalogues::read(series, usize::from(context.global.parallelism), None)
}

/// A signal ended the reading.
pub fn stopped() -> Failure {
    hint::reading_stopped("the catalogues")
}

/// The stores of series, each named once: "store `a`", "stores `a`, `b`".
pub fn stores<'a>(series: impl Iterator<Item = &'a Chosen<'a>>) -> String {
    named(series.map(|chosen| chosen.store.clone()))
}

/// The same of their names.
pub fn named(stores: impl Iterator<Item = StoreName>) -> String {
    let names: BTreeSet<String> = stores.map(|store| format!("`{store}`")).collect();
    let word = if names.len() == 1 { "store" } else { "stores" };
    format!("{word} {}", names.into_iter().collect::<Vec<_>>().join(", "))
}

/// Says on stderr which stores could not be read: each reason once, with the number of series behind it. `None`: all were.
pub fn failure(failed: &[(&Chosen<'_>, Arc<StoreError>)]) -> Option<Failure> {
    let mut reasons: Vec<(&StoreName, &StoreError, Vec<&Chosen<'_>>)> = Vec::new();
    for (chosen, error) in failed {
        let same = |known: &&mut (&StoreName, &StoreError, Vec<&Chosen<'_>>)| {
            *known.0 == chosen.store && (known.1.reason == error.reason || known.1.kind == ErrorKind::Unavailable)
        };
        match reasons.iter_mut().find(same) {
            Some((.., behind)) => behind.push(chosen),
            None => reasons.push((&chosen.store, error, vec![chosen])),
        }
    }
    let (_, first, _) = reasons.first()?;
    let names = stores(failed.iter().map(|(chosen, _)| *chosen));
    let mut failure = Failure::new(format!("not everything could be read: {names}"));
    failure.help = Failure::from_store(first).help;
    for (store, error, behind) in &reasons {
        let what = match behind.as_slice() {
            [one] => format!("{}/{}", *one.component.name, *one.protection.name),
            many => count(many.len() as u64, "protection"),
        };
        failure = failure.cause(format!("{error} (store `{store}`; the backups of {what} were not seen)"));
    }
    Some(failure)
}
