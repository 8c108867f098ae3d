//! Applying: carries out exactly what a guarded plan says, in its order, and tells what came of it.

mod causes;
mod dispatch;
mod guardian;
pub mod lease;
mod owner;
pub mod records;
mod retry;
mod sessions;
mod settle;
mod state;
mod step;
mod stop;
mod survey;
mod teller;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::address::{ResourceId, StoreName};
use crate::compile::Compiled;
use crate::plan::guard::Guarded;
use crate::resource::Job;
use crate::store::Store;

pub use dispatch::{ASKED, apply};
pub use lease::{Lease, LeaseError, LeaseRecord};
pub use owner::Owner;
pub use sessions::Sessions;
pub use stop::Stop;
pub use survey::survey;

/// Runs what is not configuration: first backups.
#[async_trait]
pub trait Runner: Send + Sync {
    /// Runs a job to its end; `progress` takes a line whenever there is something to tell.
    async fn run(&self, job: &Job, progress: &(dyn for<'a> Fn(&'a str) + Send + Sync)) -> Result<Ran, JobError>;
}

/// A job that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// One line on what was made.
    pub told: String,
    /// What was wanted was there before: nothing was made.
    pub already: bool,
}

/// A job that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct JobError {
    pub reason: String,
    /// A full sentence with the next step.
    pub help: Option<String>,
}

/// What an apply is made of.
pub struct Request<'a> {
    pub guarded: &'a Guarded<'a>,
    /// What the policy wants, compiled anew: the plan holds no secrets, this does.
    pub compiled: &'a Compiled,
    pub sessions: &'a Sessions,
    /// Runs jobs; `None`: an action that holds one fails.
    pub runner: Option<&'a dyn Runner>,
    pub guardian: Guardian,
    pub options: Options,
    /// The wall clock, for records.
    pub now: &'a (dyn Fn() -> jiff::Timestamp + Sync),
}

/// What keeps a second apply of the same policy away.
pub enum Guardian {
    /// Each of these stores that can hold a lease.
    Stores(BTreeMap<StoreName, Arc<dyn Store>>),
    /// Nothing, and why. The run's record goes to the store, where there is one.
    Nobody { reason: String, store: Option<Arc<dyn Store>> },
}

/// Bounds of an apply.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most actions at the same time.
    pub parallelism: usize,
    /// Identity of the run, unique: its record bears it.
    pub run: String,
    pub owner: Owner,
    /// How long a lease holds without being renewed.
    pub lease_ttl: Duration,
    /// One request or document write at the longest.
    pub timeout: Duration,
    /// Why it runs in spite of a change freeze: kept in the record.
    pub overridden: Option<String>,
    /// Seeds the jitter of retries.
    pub seed: u64,
    /// Where the policy's schedules are written and its folders stand, now and by earlier runs: kept in the record.
    pub places: BTreeSet<String>,
    /// What joins these places once its resource was set, and leaves them once it was released.
    pub made: BTreeMap<ResourceId, String>,
}
