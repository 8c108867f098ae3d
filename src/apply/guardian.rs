//! What stands between a run and its beginning: the lease, also where the store that will hold it is not there yet.

use std::sync::Arc;
use std::time::Duration;

use crate::address::{StoreName, Subject};
use crate::apply::lease::{Claim, Lease, LeaseError, take};
use crate::apply::teller::Teller;
use crate::apply::{Guardian, Request};
use crate::journal::{Event, RunRecord, record_key};
use crate::resource::{Action, Op, Work};
use crate::store::{ErrorKind, Put, Store};

const RECORD_LIMIT: Duration = Duration::from_secs(30);

/// How a run is guarded.
pub enum Gate {
    /// By a lease.
    Held { lease: Box<Lease>, store: Arc<dyn Store> },
    /// The store that is to hold the lease does not exist: only what creates it may begin. Of two runs that both create it, one gets
    /// the lease then.
    Ahead { store: StoreName },
    /// By nothing, as was told.
    Open { store: Option<Arc<dyn Store>> },
}

impl Gate {
    /// Takes the lease, or finds out that its store has to be made first.
    ///
    /// # Errors
    /// When somebody else holds it, no store can hold one, or the store does not answer.
    pub async fn open(request: &Request<'_>, teller: &mut Teller<'_>) -> Result<Self, LeaseError> {
        let stores = match &request.guardian {
            Guardian::Stores(stores) => stores,
            Guardian::Nobody { reason, store } => {
                teller.tell(Event::Unguarded { reason: reason.clone() });
                return Ok(Self::Open { store: store.clone() });
            }
        };
        let mut unable = Vec::new();
        for (name, store) in stores {
            match store.capabilities().await {
                Ok(able) if able.create_only && able.replace_if_match => {
                    return match Self::hold(Arc::clone(store), request, teller).await {
                        // What a folder can do is known before it exists.
                        Err(LeaseError::Store(error)) if error.kind == ErrorKind::NotFound => {
                            Ok(Self::Ahead { store: name.clone() })
                        }
                        held => held,
                    };
                }
                Ok(_) => unable.push(format!("`{name}` ({}) does not honour conditional writes", store.describe())),
                Err(error) if error.kind == ErrorKind::NotFound => return Ok(Self::Ahead { store: name.clone() }),
                Err(error) => return Err(error.into()),
            }
        }
        Err(LeaseError::NoStore(unable))
    }

    async fn hold(store: Arc<dyn Store>, request: &Request<'_>, teller: &mut Teller<'_>) -> Result<Self, LeaseError> {
        let claim = Claim {
            policy: request.guarded.plan().policy.name.clone(),
            owner: request.options.owner.clone(),
            run: request.options.run.clone(),
            ttl: request.options.lease_ttl,
            now: (request.now)(),
        };
        let watched = |holder: &crate::apply::lease::Holder| {
            let up_to_ms = u64::try_from(holder.ttl().as_millis()).unwrap_or(u64::MAX);
            teller.tell(Event::LeaseWatched { holder: holder.owner.to_string(), up_to_ms });
        };
        let taken = take(Arc::clone(&store), &claim, watched).await?;
        teller.tell(Event::LeaseTaken {
            store: taken.lease.place(),
            generation: taken.lease.generation(),
            from: taken.from.map(|holder| holder.owner.to_string()),
        });
        Ok(Self::Held { lease: Box::new(taken.lease), store })
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
            Self::Held { .. } | Self::Open { .. } => true,
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
            Self::Held { lease, .. } => lease.holds(),
            Self::Ahead { .. } | Self::Open { .. } => true,
        }
    }

    /// Returns once the lease is lost.
    pub async fn lost(&self) -> String {
        match self {
            Self::Held { lease, .. } => lease.lost().await,
            Self::Ahead { .. } | Self::Open { .. } => std::future::pending().await,
        }
    }

    /// Why nothing more can begin, where that is so.
    pub fn shut_for_good(&self) -> Option<String> {
        match self {
            Self::Ahead { store } => {
                Some(format!("store `{store}`, which is to hold the lease, does not exist, and this plan did not make it"))
            }
            Self::Held { lease, .. } if !lease.holds() => Some("the lease was not renewed in time".to_owned()),
            Self::Held { .. } | Self::Open { .. } => None,
        }
    }

    /// Keeps the record, and gives the lease back. Neither can fail the run any more: what it did is done, and was told. Returns why
    /// the record was not kept.
    pub async fn close(self, policy: &str, record: &RunRecord) -> Option<String> {
        let (lease, store) = match self {
            Self::Held { lease, store } => (Some(lease), Some(store)),
            Self::Open { store } => (None, store),
            Self::Ahead { .. } => (None, None),
        };
        let kept = match store {
            Some(store) => keep(store.as_ref(), policy, record, lease.is_some()).await,
            None => Ok(()),
        };
        if let Some(lease) = lease {
            lease.give_back().await;
        }
        kept.err()
    }
}

async fn keep(store: &dyn Store, policy: &str, record: &RunRecord, if_absent: bool) -> Result<(), String> {
    let body = serde_json::to_vec_pretty(record).map_err(|error| error.to_string())?;
    let key = record_key(policy, &record.run);
    let put = store.put(&key, body.into(), Put { if_absent, ..Put::default() });
    match tokio::time::timeout(RECORD_LIMIT, put).await {
        Ok(put) => put.map(|_| ()).map_err(|error| error.to_string()),
        Err(_) => Err(format!("`{}` did not answer within {} s", store.describe(), RECORD_LIMIT.as_secs())),
    }
}
