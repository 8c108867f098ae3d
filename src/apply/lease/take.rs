//! Taking the lease: where it is free, where its holder is certainly gone, or where it was watched for its whole time to live.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Claim, FORMAT_VERSION, Holder, Lease, LeaseError, LeaseRecord, key};
use crate::store::{ErrorKind, Put, Store, StoreError};

/// A lease that was taken, and from whom.
pub struct Taken {
    pub lease: Lease,
    /// The holder before, where it did not give the lease back itself.
    pub from: Option<Holder>,
}

/// What stands in the store.
enum Seen {
    Nothing,
    Object { etag: String, record: Option<Box<LeaseRecord>> },
}

/// Most looks at an object that changes under us between two requests, before saying that somebody else was faster.
const RACES: u32 = 8;

/// How often a store may refuse to replace an object that is still what was seen. SeaweedFS 4.48 does, for good, in a bucket whose
/// versioning was suspended.
const REFUSALS: u32 = 4;
const AFTER_REFUSAL: Duration = Duration::from_millis(250);

/// Takes the lease, or says who holds it. `watching` is told once who is being watched and for how long at most.
///
/// # Errors
/// [`LeaseError::Held`] as soon as the holder renews it; [`LeaseError::Own`] where this run holds it already; [`LeaseError::Outrun`] where others always were faster;
/// [`LeaseError::Stuck`] where the store refuses and nobody was; and the store's own.
pub async fn take(store: Arc<dyn Store>, claim: &Claim, mut watching: impl FnMut(&Holder)) -> Result<Taken, LeaseError> {
    let mut watched: Option<(String, Instant)> = None;
    let mut races = 0;
    let mut refused = (String::new(), 0);
    while races < RACES {
        let (etag, record) = match look(store.as_ref(), &claim.policy).await? {
            Seen::Nothing => match create(&store, claim).await? {
                Some(lease) => return Ok(Taken { lease, from: None }),
                None => {
                    races += 1;
                    continue;
                }
            },
            Seen::Object { etag, record } => (etag, record),
        };
        // Whoever takes a lease in one store takes it in the next: one that it holds already is that of the same place.
        if record.as_ref().and_then(|record| record.holder.as_ref()).is_some_and(|holder| holder.run == claim.run) {
            return Err(LeaseError::Own { policy: claim.policy.clone(), place: store.describe() });
        }
        let generation = record.as_ref().map_or(0, |record| record.generation);
        let places = record.as_ref().map(|record| record.places.clone()).unwrap_or_default();
        let held = record.is_none() || record.as_ref().is_some_and(|record| record.holder.is_some());
        let holder = record.and_then(|record| record.holder);
        let ttl = holder.as_ref().map_or(claim.ttl, Holder::ttl);
        let gone = holder.as_ref().is_some_and(|holder| holder.owner.is_certainly_gone());
        let expired = watched.as_ref().is_some_and(|(seen, since)| *seen == etag && since.elapsed() >= ttl);
        if !held || gone || expired {
            let claim = Claim { places: claim.places.union(&places).cloned().collect(), ..claim.clone() };
            if let Some(lease) = replace(&store, &claim, generation + 1, &etag).await? {
                return Ok(Taken { lease, from: holder.filter(|_| held) });
            }
            // Where it changed, somebody was faster; a moment tells.
            refused = if refused.0 == etag { (etag, refused.1 + 1) } else { (etag, 1) };
            if refused.1 == REFUSALS {
                return Err(LeaseError::Stuck { policy: claim.policy.clone(), place: store.describe() });
            }
            tokio::time::sleep(AFTER_REFUSAL).await;
            races += 1;
            continue;
        }
        match &watched {
            Some((seen, _)) if *seen != etag => {
                return Err(alive(claim.policy.clone(), holder));
            }
            Some(_) => {}
            None => {
                watched = Some((etag, Instant::now()));
                holder.iter().for_each(&mut watching);
            }
        }
        tokio::time::sleep((ttl / 12).max(Duration::from_millis(20))).await;
    }
    Err(LeaseError::Outrun { policy: claim.policy.clone() })
}

fn alive(policy: String, holder: Option<Holder>) -> LeaseError {
    match holder {
        Some(holder) => LeaseError::Held { policy, holder },
        None => LeaseError::Outrun { policy },
    }
}

/// The tag first, then the content: where the content is newer than the tag, replacing by the tag fails, which is safe.
async fn look(store: &dyn Store, policy: &str) -> Result<Seen, StoreError> {
    let key = key(policy);
    let meta = match store.head(&key).await {
        Ok(meta) => meta,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Seen::Nothing),
        Err(error) => return Err(error),
    };
    match store.get(&key, None).await {
        Ok(body) => Ok(Seen::Object { etag: meta.etag, record: serde_json::from_slice(&body).ok() }),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Seen::Nothing),
        Err(error) => Err(error),
    }
}

/// What the store holds of a policy's lease with its tag, for `bdr unlock`; `None` also where it cannot be understood.
///
/// # Errors
/// The store's own.
pub async fn read(store: &dyn Store, policy: &str) -> Result<Option<(LeaseRecord, String)>, StoreError> {
    Ok(match look(store, policy).await? {
        Seen::Object { etag, record: Some(record) } => Some((*record, etag)),
        Seen::Nothing | Seen::Object { .. } => None,
    })
}

/// Takes places out of a lease that nobody holds. Where that fails, they are remembered for longer than need be.
pub async fn forget(store: &dyn Store, policy: &str, places: &BTreeSet<String>) {
    if places.is_empty() {
        return;
    }
    if let Ok(Some((mut record, etag))) = read(store, policy).await
        && record.holder.is_none()
    {
        record.places.retain(|place| !places.contains(place));
        _ = store.replace(&key(policy), body(&record), &etag).await;
    }
}

pub fn record(claim: &Claim, generation: u64, renewals: u64) -> LeaseRecord {
    LeaseRecord {
        format_version: FORMAT_VERSION,
        policy: claim.policy.clone(),
        generation,
        holder: Some(Holder {
            owner: claim.owner.clone(),
            run: claim.run.clone(),
            since: claim.now,
            ttl_seconds: claim.ttl.as_secs().max(1),
            renewals,
        }),
        places: claim.places.clone(),
    }
}

/// A record as the object's content.
pub fn body(record: &LeaseRecord) -> Bytes {
    // A record has only string keys and plain values, for which serialising cannot fail.
    Bytes::from(serde_json::to_vec_pretty(record).unwrap_or_default())
}

/// `None`: somebody was faster. Where the answer was lost, the object tells whether it is ours.
async fn create(store: &Arc<dyn Store>, claim: &Claim) -> Result<Option<Lease>, StoreError> {
    let sent = Instant::now();
    let new = body(&record(claim, 1, 0));
    let put = store.put(&key(&claim.policy), new, Put { if_absent: true, ..Put::default() }).await;
    ours(store, claim, 1, sent, put).await
}

async fn replace(store: &Arc<dyn Store>, claim: &Claim, generation: u64, etag: &str) -> Result<Option<Lease>, StoreError> {
    let sent = Instant::now();
    let new = body(&record(claim, generation, 0));
    let put = store.replace(&key(&claim.policy), new, etag).await;
    ours(store, claim, generation, sent, put).await
}

async fn ours(
    store: &Arc<dyn Store>,
    claim: &Claim,
    generation: u64,
    sent: Instant,
    put: Result<String, StoreError>,
) -> Result<Option<Lease>, StoreError> {
    let etag = match put {
        Ok(etag) => etag,
        Err(error) if error.kind == ErrorKind::Exists || error.retry == crate::store::Retry::Unknown => {
            let mine = |record: &LeaseRecord| {
                record.generation == generation && record.holder.as_ref().is_some_and(|holder| holder.run == claim.run)
            };
            match look(store.as_ref(), &claim.policy).await? {
                Seen::Object { etag, record: Some(record) } if mine(&record) => etag,
                _ if error.kind == ErrorKind::Exists => return Ok(None),
                _ => return Err(error),
            }
        }
        Err(error) => return Err(error),
    };
    Ok(Some(Lease::keep(Arc::clone(store), claim.clone(), generation, etag, sent)))
}
