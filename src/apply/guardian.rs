//! What stands between a run and its beginning: the lease, also where the store that will hold it is not there yet.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::select_all;
use futures_util::stream::{self, StreamExt};

use crate::address::{StoreName, Subject};
use crate::apply::lease::{Claim, GivenBack, Holder, Lease, LeaseError, forget, take};
use crate::apply::teller::Teller;
use crate::apply::{Guardian, Request, records};
use crate::journal::{Event, RunRecord};
use crate::resource::{Action, Op, Work};
use crate::store::{ErrorKind, Store};

/// Leases that are given back at the same time.
const AT_ONCE: usize = 16;
/// Longest that one store is asked for the lease after everything is done.
const JOINING: Duration = Duration::from_secs(10);

/// A lease, and the same in every other store that can hold it: two forms of a policy whose first stores differ meet in any store
/// that both name.
pub struct Held {
    leases: Vec<Lease>,
    /// The first of these stores; the record of the run goes there.
    store: Arc<dyn Store>,
    /// Stores that were not there when it was taken.
    missing: Vec<StoreName>,
}

/// What came of one store.
enum Try {
    Taken(Box<Lease>),
    /// The store itself is not there.
    Missing,
    /// It cannot hold a lease, and why.
    Unable(String),
}

/// How a run is guarded.
pub enum Gate {
    /// By a lease.
    Held(Held),
    /// The store that is to hold the lease does not exist: only what creates it may begin. Of two runs that both create it, one gets
    /// the lease then.
    Ahead { store: StoreName },
    /// By nothing, as was told.
    Open { store: Option<Arc<dyn Store>> },
}

impl Gate {
    /// Takes the lease in every store that can hold it, or finds out that a store has to be made first. In the first such store
    /// it must be had; in the others, in which only another form of the policy can begin, one that does not answer is told.
    ///
    /// # Errors
    /// When somebody else holds it, no store can hold one, or the first store does not answer.
    pub async fn open(request: &Request<'_>, teller: &mut Teller<'_>) -> Result<Self, LeaseError> {
        let stores = match &request.guardian {
            Guardian::Stores(stores) => stores,
            Guardian::Nobody { reason, store } => {
                teller.tell(Event::Unguarded { reason: reason.clone() });
                return Ok(Self::Open { store: store.clone() });
            }
        };
        let teller = Mutex::new(teller);
        let (mut unable, mut missing) = (Vec::new(), Vec::new());
        let mut left = stores.iter();
        for (name, store) in left.by_ref() {
            match in_one(store, request, &teller).await {
                Ok(Try::Taken(lease)) => {
                    let held = Held { leases: vec![*lease], store: Arc::clone(store), missing };
                    return rest(left.collect(), held, request, &teller).await;
                }
                Ok(Try::Unable(reason)) => unable.push(format!("`{name}` {reason}")),
                Ok(Try::Missing) => missing.push(name.clone()),
                // Where the first store is still to be made, making it does not wait for another one that is down.
                Err(LeaseError::Store(_)) if !missing.is_empty() => {}
                Err(error) => return Err(error),
            }
        }
        missing.into_iter().next().map(|store| Self::Ahead { store }).ok_or(LeaseError::NoStore(unable))
    }

    /// After something ended: tries for the lease where its store may have come into being.
    ///
    /// # Errors
    /// As [`Gate::open`].
    pub async fn advance(&mut self, request: &Request<'_>, teller: &mut Teller<'_>) -> Result<(), LeaseError> {
        if matches!(self, Self::Ahead { .. }) {
            *self = Self::open(request, teller).await?;
        }
        Ok(())
    }

    /// Whether an action may begin as things stand.
    pub fn lets(&self, action: &Action) -> bool {
        match self {
            Self::Held(_) | Self::Open { .. } => true,
            Self::Ahead { store } => {
                let creates = |changes: &[crate::resource::Change]| changes.iter().all(|change| change.op == Op::Create);
                let of_store = |changes: &[crate::resource::Change]| {
                    changes.iter().all(|change| change.id.subject == Subject::Store(store.clone()))
                };
                action.after.is_empty()
                    && matches!(&action.work, Work::Change { changes } if creates(changes) && of_store(changes))
            }
        }
    }

    /// Whether the guard still stands. Where the process slept through its renewals it does not, whatever the store says.
    pub fn holds(&self) -> bool {
        match self {
            Self::Held(held) => held.leases.iter().all(Lease::holds),
            Self::Ahead { .. } | Self::Open { .. } => true,
        }
    }

    /// Returns once the lease is lost.
    pub async fn lost(&self) -> String {
        match self {
            Self::Held(held) => select_all(held.leases.iter().map(|lease| Box::pin(lease.lost()))).await.0,
            Self::Ahead { .. } | Self::Open { .. } => std::future::pending().await,
        }
    }

    /// Why nothing more can begin, where that is so.
    pub fn shut_for_good(&self) -> Option<String> {
        match self {
            Self::Ahead { store } => {
                Some(format!("store `{store}`, which is to hold the lease, does not exist, and this plan did not make it"))
            }
            Self::Held(_) if !self.holds() => Some("the lease was not renewed in time".to_owned()),
            Self::Held(_) | Self::Open { .. } => None,
        }
    }

    /// At the end: takes the lease in the stores that the run has made as well. Each store tells by its lease what the run set up, so
    /// that it is known when another one is gone. A store that cannot be asked only does not know.
    pub async fn join(&mut self, request: &Request<'_>, teller: &mut Teller<'_>) {
        let (Self::Held(held), Guardian::Stores(stores)) = (self, &request.guardian) else { return };
        let teller = Mutex::new(teller);
        for store in held.missing.iter().filter_map(|name| stores.get(name)) {
            if let Ok(Ok(Try::Taken(lease))) = tokio::time::timeout(JOINING, in_one(store, request, &teller)).await {
                held.leases.push(*lease);
            }
        }
    }

    /// Keeps the record, lets go of those that outlived their use, and gives the lease back. None of it can fail the run any more:
    /// what it did is done, and was told. Returns what is to be told.
    /// `released` are places that are to be remembered no more.
    pub async fn close(
        self,
        policy: &str,
        record: &RunRecord,
        released: &BTreeSet<String>,
        now: jiff::Timestamp,
        ttl: Duration,
    ) -> Vec<Event> {
        let (leases, store) = match self {
            Self::Held(Held { leases, store, .. }) => (leases, Some(store)),
            Self::Open { store } => (Vec::new(), store),
            Self::Ahead { .. } => (Vec::new(), None),
        };
        let mut failed = Vec::new();
        if let Some(store) = &store {
            let kept = records::keep(store.as_ref(), policy, record, !leases.is_empty()).await;
            failed.extend(kept.err().map(|reason| Event::RecordNotKept { reason }));
            if failed.is_empty() {
                let pruned = records::let_go(store.as_ref(), policy, now).await;
                failed.extend(pruned.err().map(|reason| Event::RecordsNotPruned { reason }));
            }
        }
        match store {
            // Who takes no lease leaves it as it is, but for what it says of places that are nobody's any more.
            Some(store) if leases.is_empty() => forget(store.as_ref(), policy, released).await,
            _ => failed.extend(give_back(leases, ttl, (&record.places, released)).await),
        }
        failed
    }
}

/// Tries to take the lease in one store.
async fn in_one(store: &Arc<dyn Store>, request: &Request<'_>, teller: &Mutex<&mut Teller<'_>>) -> Result<Try, LeaseError> {
    match store.capabilities().await {
        Ok(able) if able.create_only && able.replace_if_match => {}
        Ok(_) => return Ok(Try::Unable(format!("({}) does not honour conditional writes", store.describe()))),
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Try::Missing),
        Err(error) => return Err(error.into()),
    }
    let claim = Claim {
        policy: request.guarded.plan().policy.name.clone(),
        owner: request.options.owner.clone(),
        run: request.options.run.clone(),
        ttl: request.options.lease_ttl,
        now: (request.now)(),
        places: request.options.places.clone(),
    };
    let tell = |event: Event| _ = teller.lock().map(|mut teller| teller.tell(event));
    let watched = |holder: &Holder| {
        let up_to_ms = u64::try_from(holder.ttl().as_millis()).unwrap_or(u64::MAX);
        tell(Event::LeaseWatched { holder: holder.owner.to_string(), up_to_ms });
    };
    let taken = match take(Arc::clone(store), &claim, watched).await {
        // What a folder can do is known before it exists.
        Err(LeaseError::Store(error)) if error.kind == ErrorKind::NotFound => return Ok(Try::Missing),
        taken => taken?,
    };
    tell(Event::LeaseTaken {
        store: taken.lease.place(),
        generation: taken.lease.generation(),
        from: taken.from.map(|holder| holder.owner.to_string()),
    });
    Ok(Try::Taken(Box::new(taken.lease)))
}

/// Takes it in the other stores too, several at a time: the first one has decided between equal policies already.
async fn rest(
    stores: Vec<(&StoreName, &Arc<dyn Store>)>,
    mut held: Held,
    request: &Request<'_>,
    teller: &Mutex<&mut Teller<'_>>,
) -> Result<Gate, LeaseError> {
    let tries = stores.into_iter().map(|(name, store)| async move { (name, in_one(store, request, teller).await) });
    let tries: Vec<_> = stream::iter(tries).buffered(request.options.parallelism.max(1)).collect().await;
    let mut failed = None;
    for (name, tried) in tries {
        match tried {
            Ok(Try::Taken(lease)) => held.leases.push(*lease),
            Ok(Try::Missing) => held.missing.push(name.clone()),
            Ok(Try::Unable(_)) => {}
            Err(LeaseError::Store(error)) => {
                let event = Event::LeaseNotTaken { store: name.to_string(), reason: error.to_string() };
                _ = teller.lock().map(|mut teller| teller.tell(event));
            }
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        Some(error) => {
            give_back(held.leases, request.options.lease_ttl, (&BTreeSet::new(), &BTreeSet::new())).await;
            Err(error)
        }
        None => Ok(Gate::Held(held)),
    }
}

/// Returns what is told of it; nothing where there is no lease.
async fn give_back(
    leases: Vec<Lease>,
    ttl: Duration,
    (places, released): (&BTreeSet<String>, &BTreeSet<String>),
) -> Option<Event> {
    let given: Vec<GivenBack> =
        stream::iter(leases).map(|lease| lease.give_back(places, released)).buffer_unordered(AT_ONCE).collect().await;
    let lost = given.iter().find_map(|given| match given {
        GivenBack::Lost(reason) => Some(Event::LeaseLost { reason: reason.clone() }),
        GivenBack::Yes | GivenBack::Left => None,
    });
    let left = given.contains(&GivenBack::Left).then_some(Event::LeaseLeft { for_at_most_seconds: ttl.as_secs() });
    lost.or(left).or((!given.is_empty()).then_some(Event::LeaseGivenBack))
}
