//! The lease that lets one apply of a policy run at a time: an object that is created only where there is none, renewed while it is
//! held, and replaced only where it is still what was seen.
//!
//! No clocks are compared. Whoever meets a lease watches the object with its own monotonic clock: one that does not change for its
//! whole time to live belongs to nobody any more. Whether its owner runs on this very machine can be told at once.

mod keep;
mod take;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::apply::Owner;
use crate::store::StoreError;

pub use keep::{GivenBack, Lease};
pub use take::{Taken, body, forget, read, take};

/// Version of the object's layout.
pub const FORMAT_VERSION: u32 = 1;

/// Where the lease of a policy lies in its store.
pub fn key(policy: &str) -> String {
    format!("{policy}/.bdr/lease.json")
}

/// What the object says. It stays when nobody holds it, so that the generation never goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRecord {
    pub format_version: u32,
    pub policy: String,
    /// Fencing token: one more with every holder.
    pub generation: u64,
    /// `None`: nobody holds it.
    pub holder: Option<Holder>,
    /// Where the policy's schedules were written, by this and by earlier holders. Written before anything else is, so that also what a
    /// killed run left is found by a later plan.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub places: BTreeSet<String>,
}

/// Who holds the lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub owner: Owner,
    pub run: String,
    /// The holder's clock when it took the lease: for people, never compared.
    pub since: jiff::Timestamp,
    /// Seconds without a renewal after which it is nobody's.
    pub ttl_seconds: u64,
    /// Grows with each renewal, so that the object changes.
    pub renewals: u64,
}

impl Holder {
    pub fn ttl(&self) -> Duration {
        Duration::from_secs(self.ttl_seconds.clamp(1, 3_600))
    }
}

/// Who wants a lease, and how.
#[derive(Debug, Clone)]
pub struct Claim {
    pub policy: String,
    pub owner: Owner,
    pub run: String,
    pub ttl: Duration,
    pub now: jiff::Timestamp,
    /// Where the policy's schedules are written, now and before.
    pub places: BTreeSet<String>,
}

/// Why there is no lease.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    #[error("{} holds the lease of `{policy}` since {} and renewed it just now", .holder.owner, .holder.since)]
    Held { policy: String, holder: Holder },
    #[error("another run took the lease of `{policy}` at the same moment")]
    Outrun { policy: String },
    #[error("{place} refuses to replace the lease of `{policy}`, though nobody else changed it")]
    Stuck { policy: String, place: String },
    #[error("{place} is what another store of `{policy}` is too: the lease there is this run's own")]
    Own { policy: String, place: String },
    #[error("stopped while the lease of `{policy}` was waited for")]
    Stopped { policy: String },
    #[error("none of the stores can hold a lease: {}", .0.join("; "))]
    NoStore(Vec<String>),
    #[error(transparent)]
    Store(#[from] StoreError),
}
