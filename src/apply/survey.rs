//! Reading the live system for a plan: concurrently, and without one place that is down hiding the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::join;
use futures_util::{StreamExt, stream};

use crate::address::ResourceId;
use crate::apply::Sessions;
use crate::apply::causes::{Failure, merged};
use crate::apply::retry::Backoff;
use crate::compile::Compiled;
use crate::plan::{Known, Note, Unread};
use crate::provider::{Freshness, ProviderError};
use crate::resource::{Live, Resource};
use crate::store::Retry;

/// One read of one resource at the longest; the providers' own limits are shorter.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Attempts at one read: the drivers have tried again themselves, this is for what they give up on.
const TRIES: u32 = 3;

/// Reads everything that is wanted and everything that carries the policy's mark. The result is in order of address, whatever
/// answered first.
pub async fn survey(sessions: &Sessions, compiled: &Compiled, parallelism: usize) -> Known {
    let mut known = Known::default();
    let Searched { unsearched, unread } = owned(sessions, parallelism, &mut known).await;
    let gone = known.owned.values().filter(|resource| compiled.desired.get(&resource.id).is_none());
    let wanted = compiled.desired.iter().map(|resource| (&resource.id, Some(resource)));
    let all: Vec<(&ResourceId, Option<&Resource>)> = wanted.chain(gone.map(|resource| (&resource.id, None))).collect();
    let queue_of = |id: &ResourceId| {
        let resource = compiled.desired.get(id).or_else(|| known.owned.get(id));
        resource.and_then(|r| r.queue.clone()).unwrap_or_else(|| id.subject.to_string())
    };
    // Places that did not answer: what lies there too is not waited for again.
    let down: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let reads = stream::iter(all).map(|(id, resource)| {
        let (place, down) = (queue_of(id), &down);
        async move { (id, place.clone(), one(sessions, id, resource, &place, down).await) }
    });
    let mut reads = reads.buffer_unordered(parallelism.max(1));
    let mut live = BTreeMap::new();
    let mut failed: BTreeMap<String, Vec<(ResourceId, Failure)>> = BTreeMap::new();
    while let Some((id, place, read)) = reads.next().await {
        match read {
            Ok(seen) => _ = live.insert(id.clone(), seen),
            Err(failure) => failed.entry(place).or_default().push((id.clone(), failure)),
        }
    }
    drop(reads);
    // A plan that wants something of such a place has met the same there, and then it is one thing to tell.
    for (id, error) in unread {
        let place = compiled.desired.get(&id).map_or_else(|| error.subject.clone(), |_| queue_of(&id));
        failed.entry(place).or_default().push((id, error.into()));
    }
    // That a place is down was met in the search as well; once is enough.
    let is_down = failed.values().flatten().any(|(_, failure)| failure.down);
    known.unread.extend(unsearched.into_iter().filter(|(_, down)| !(*down && is_down)).map(|(unread, _)| unread));
    known.live = live;
    known.unread.extend(failed.into_iter().flat_map(|(place, failures)| merged(&place, failures)));
    known.unread.sort();
    known
}

/// What a search for marks left out.
#[derive(Default)]
struct Searched {
    /// Providers that could not be asked, each with whether a place was down.
    unsearched: Vec<(Unread, bool)>,
    /// Single places, each by what would carry the mark there.
    unread: Vec<(ResourceId, ProviderError)>,
}

/// Finds what carries the policy's mark, and what is foreign where nothing of ours stands yet.
async fn owned(sessions: &Sessions, parallelism: usize, known: &mut Known) -> Searched {
    let Searched { mut unsearched, mut unread } = Searched::default();
    let asked = stream::iter(sessions.iter()).map(|(name, session)| async move {
        let owned = tried("what carries the policy's mark", || session.owned());
        let (owned, foreign) = join(owned, tried("what is foreign", || session.foreign())).await;
        (name, owned, foreign)
    });
    let mut answers: Vec<_> = asked.buffer_unordered(parallelism.max(1)).collect().await;
    answers.sort_by_key(|(name, ..)| *name);
    for (name, owned, foreign) in answers {
        let owned = owned.map(|owned| {
            known.owned.extend(owned.resources.into_iter().map(|resource| (resource.id.clone(), resource)));
            unread.extend(owned.unread);
        });
        let foreign = foreign.map(|foreign| {
            known.foreign.extend(foreign.parts);
            known.notes.extend(foreign.unknown.into_iter().map(|(of, text)| Note { of, text }));
        });
        if let Err(failure) = owned.and(foreign) {
            let (reason, down) = (failure.told(), failure.down);
            unsearched.push((Unread { subject: name.to_owned(), reason, help: failure.help, resources: Vec::new() }, down));
        }
    }
    known.foreign.sort_by(|a, b| (&a.0, &a.1.name).cmp(&(&b.0, &b.1.name)));
    Searched { unsearched, unread }
}

/// Reads one resource, unless its place is known to be down.
async fn one(
    sessions: &Sessions,
    id: &ResourceId,
    resource: Option<&Resource>,
    place: &str,
    down: &Mutex<BTreeSet<String>>,
) -> Result<Live, Failure> {
    if down.lock().is_ok_and(|down| down.contains(place)) {
        return Err(Failure::unasked());
    }
    let Some(session) = sessions.of_kind(&id.kind) else {
        let (attempt, reason) = (format!("could not read {id}"), format!("no session for `{}`", id.kind));
        return Err(Failure { attempt, reason, help: None, down: false });
    };
    let read = tried("a resource", || session.read(id, resource, Freshness::Cached)).await;
    if read.as_ref().is_err_and(|failure| failure.down) {
        _ = down.lock().map(|mut down| down.insert(place.to_owned()));
    }
    read
}

/// Asks, and asks again where that can help. Reading has no effects, so a doubtful failure is as good as none.
async fn tried<T, F>(what: &str, mut ask: impl FnMut() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, ProviderError>>,
{
    let mut backoff = Backoff::new(0);
    loop {
        let error = match tokio::time::timeout(TIMEOUT, ask()).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(_) => {
                let reason = format!("no answer within {} s", TIMEOUT.as_secs());
                return Err(Failure { attempt: format!("could not read {what}"), reason, help: None, down: true });
            }
        };
        let pause = backoff.next().filter(|_| error.retry != Retry::Never && backoff.attempt() < TRIES);
        match pause {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(error.into()),
        }
    }
}
