//! Keeping the lease: renewed several times within its time to live, so that whoever breaks it is soon noticed, and known to be lost before anybody else may take it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::take::{body, record};
use super::{Claim, LeaseRecord, key};
use crate::store::{ErrorKind, Store, StoreError};

/// Renewals within the time to live: with the usual minute, a broken lease is noticed within five seconds.
const RENEWALS: u32 = 12;

const TAKEN: &str = "somebody else took it, or broke it with `bdr unlock`";

/// What became of a lease at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenBack {
    Yes,
    /// It was no longer ours, and why.
    Lost(String),
    /// That failed: it is left to run out.
    Left,
}

/// How the lease stands.
#[derive(Debug, Clone)]
struct Standing {
    etag: String,
    /// When the request was sent that renewed it last: until its time to live from then on, nobody else takes it.
    renewed: Instant,
    lost: Option<String>,
}

/// A held lease. Dropping it stops renewing it, and leaves it to run out; [`Lease::give_back`] frees it at once.
pub struct Lease {
    store: Arc<dyn Store>,
    claim: Claim,
    generation: u64,
    standing: watch::Receiver<Standing>,
    keeper: JoinHandle<()>,
}

impl Lease {
    pub(super) fn keep(store: Arc<dyn Store>, claim: Claim, generation: u64, etag: String, sent: Instant) -> Self {
        let (sender, standing) = watch::channel(Standing { etag, renewed: sent, lost: None });
        let keeper = tokio::spawn(renew(Arc::clone(&store), claim.clone(), generation, sender));
        Self { store, claim, generation, standing, keeper }
    }

    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// For people: where it lies.
    pub fn place(&self) -> String {
        format!("{}/{}", self.store.describe().trim_end_matches('/'), key(&self.claim.policy))
    }

    /// Whether it certainly still is ours; also false where this process slept through a renewal.
    pub fn holds(&self) -> bool {
        let standing = self.standing.borrow();
        standing.lost.is_none() && standing.renewed.elapsed() < self.claim.ttl.mul_f32(0.9)
    }

    /// Returns once it is lost, with the reason.
    pub async fn lost(&self) -> String {
        let mut standing = self.standing.clone();
        let lost = standing.wait_for(|standing| standing.lost.is_some()).await;
        lost.ok().and_then(|standing| standing.lost.clone()).unwrap_or_else(|| "it is no longer renewed".to_owned())
    }

    /// Marks it as nobody's, where it still is ours.
    /// What `places` adds to where the policy's things are is known to the next holder then, whatever becomes of the record, and
    /// what is `released` no more.
    pub async fn give_back(mut self, places: &BTreeSet<String>, released: &BTreeSet<String>) -> GivenBack {
        self.keeper.abort();
        let etag = self.standing.borrow().etag.clone();
        self.claim.places.extend(places.iter().cloned());
        self.claim.places.retain(|place| !released.contains(place));
        let free = LeaseRecord { holder: None, ..record(&self.claim, self.generation, 0) };
        let freeing = async {
            let put = self.store.replace(&key(&self.claim.policy), body(&free), &etag).await;
            let changed = match put {
                Ok(_) => return GivenBack::Yes,
                Err(error) => error.kind == ErrorKind::Exists || error.kind == ErrorKind::NotFound,
            };
            if !changed {
                return GivenBack::Left;
            }
            // A renewal that was cut off may have taken effect.
            match still_ours(self.store.as_ref(), &self.claim, self.generation).await {
                Ok(Some(etag)) if self.store.replace(&key(&self.claim.policy), body(&free), &etag).await.is_ok() => {
                    GivenBack::Yes
                }
                Ok(None) => GivenBack::Lost(TAKEN.to_owned()),
                _ => GivenBack::Left,
            }
        };
        tokio::time::timeout(Duration::from_secs(10), freeing).await.unwrap_or(GivenBack::Left)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

async fn renew(store: Arc<dyn Store>, claim: Claim, generation: u64, sender: watch::Sender<Standing>) {
    let key = key(&claim.policy);
    let mut renewals = 0;
    let mut pause = claim.ttl / RENEWALS;
    loop {
        tokio::time::sleep(pause).await;
        renewals += 1;
        let (etag, renewed) = {
            let standing = sender.borrow();
            (standing.etag.clone(), standing.renewed)
        };
        let left = claim.ttl.mul_f32(0.9).saturating_sub(renewed.elapsed());
        if left.is_zero() {
            return lose(&sender, "it could not be renewed in time".to_owned());
        }
        let sent = Instant::now();
        let put = store.replace(&key, body(&record(&claim, generation, renewals)), &etag);
        match tokio::time::timeout(left, put).await {
            Ok(Ok(etag)) => {
                sender.send_modify(|standing| (standing.etag, standing.renewed) = (etag, sent));
                pause = claim.ttl / RENEWALS;
            }
            // Either somebody took it, or an earlier renewal took effect without an answer.
            Ok(Err(error)) if error.kind == ErrorKind::Exists || error.kind == ErrorKind::NotFound => {
                match still_ours(store.as_ref(), &claim, generation).await {
                    Ok(Some(etag)) => {
                        sender.send_modify(|standing| standing.etag = etag);
                        pause = Duration::from_millis(20);
                    }
                    Ok(None) => return lose(&sender, TAKEN.to_owned()),
                    Err(_) => pause = claim.ttl / RENEWALS,
                }
            }
            Ok(Err(_)) | Err(_) => pause = claim.ttl / RENEWALS,
        }
    }
}

/// The object's tag, where it still is this run's.
async fn still_ours(store: &dyn Store, claim: &Claim, generation: u64) -> Result<Option<String>, StoreError> {
    let found = super::take::read(store, &claim.policy).await?;
    let ours = |record: &LeaseRecord| {
        record.generation == generation && record.holder.as_ref().is_some_and(|holder| holder.run == claim.run)
    };
    Ok(found.filter(|(record, _)| ours(record)).map(|(_, etag)| etag))
}

fn lose(sender: &watch::Sender<Standing>, reason: String) {
    sender.send_modify(|standing| standing.lost = Some(reason));
}
