//! The in-memory world: a live system behind the contracts, with shared documents, foreign parts, lag, faults by seed and crashes.

pub mod faulty_store;
pub mod kinds;
pub mod memory_store;
pub mod model;
mod provider;
pub mod scene;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bdr::address::ResourceId;
use bdr::attrs::Attrs;
use bdr::provider::ProviderError;
use bdr::store::{ErrorKind, Retry};
use tokio::sync::Notify;
use tokio::time::Instant;

pub use provider::WorldProvider;

/// A value that readers see some time after it was written.
#[derive(Debug, Clone)]
pub struct Lagging<T> {
    now: T,
    before: Option<(T, Instant)>,
}

impl<T: Clone + Default> Default for Lagging<T> {
    fn default() -> Self {
        Self { now: T::default(), before: None }
    }
}

impl<T: Clone> Lagging<T> {
    pub fn of(now: T) -> Self {
        Self { now, before: None }
    }

    /// What a reader sees at this moment.
    pub fn seen(&self) -> &T {
        match &self.before {
            Some((before, until)) if Instant::now() < *until => before,
            _ => &self.now,
        }
    }

    pub fn truth(&self) -> &T {
        &self.now
    }

    fn write(&mut self, now: T, lag: Duration) {
        let before = self.seen().clone();
        self.before = (!lag.is_zero()).then(|| (before, Instant::now() + lag));
        self.now = now;
    }
}

/// What exists under an address: whose it is, and its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    pub owner: Option<String>,
    pub attrs: Attrs,
}

/// A rule of a shared document, in the document's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    pub attrs: Attrs,
}

/// How the world misbehaves.
#[derive(Debug, Clone, Default)]
pub struct Weather {
    pub seed: u64,
    /// Of 100 operations, how many fail in a way that trying again can help; half of them after they took effect.
    pub faults: u8,
    /// Longest time until a write is seen, in milliseconds.
    pub lag_ms: u64,
    /// The operation at which the process dies.
    pub crash_at: Option<u64>,
    /// Places that do not answer.
    pub down: BTreeSet<String>,
}

#[derive(Default)]
pub struct State {
    pub things: BTreeMap<ResourceId, Lagging<Option<Thing>>>,
    /// By the name of their store.
    pub documents: BTreeMap<String, Lagging<Vec<Rule>>>,
    weather: Weather,
    random: Option<fastrand::Rng>,
    pub operations: u64,
    pub writes: u64,
    writing: BTreeMap<String, u32>,
    /// Two writers at one place at the same time, and the like.
    pub violations: Vec<String>,
}

/// A world that several sessions and stores share.
#[derive(Clone, Default)]
pub struct World {
    state: Arc<Mutex<State>>,
    crash: Arc<Notify>,
}

/// When an operation fails.
enum Fault {
    Before,
    After,
}

impl World {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the world")
    }

    pub fn set_weather(&self, weather: Weather) {
        let mut state = self.state();
        state.random = Some(fastrand::Rng::with_seed(weather.seed));
        state.weather = weather;
        state.operations = 0;
    }

    /// Returns when the world wants the process dead.
    pub async fn crashed(&self) {
        self.crash.notified().await;
    }

    /// Every operation passes here once before it does something, and a writing one once more afterwards.
    async fn operation(&self) {
        let crash = {
            let mut state = self.state();
            state.operations += 1;
            state.weather.crash_at == Some(state.operations)
        };
        if crash {
            self.crash.notify_one();
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    fn fault(&self) -> Option<Fault> {
        let mut state = self.state();
        let faults = state.weather.faults;
        let random = state.random.as_mut()?;
        (random.u8(0..100) < faults).then(|| if random.bool() { Fault::Before } else { Fault::After })
    }

    fn lag(&self) -> Duration {
        let mut state = self.state();
        let longest = state.weather.lag_ms;
        state.random.as_mut().map_or(Duration::ZERO, |random| Duration::from_millis(random.u64(0..=longest)))
    }

    /// # Errors
    /// By the weather.
    async fn reading(&self, place: &str) -> Result<(), ProviderError> {
        self.operation().await;
        if self.state().weather.down.contains(place) {
            return Err(failure(place, ErrorKind::Unavailable, Retry::Never, "connection refused"));
        }
        match self.fault() {
            Some(_) => Err(failure(place, ErrorKind::Unavailable, Retry::Later, "slow down")),
            None => Ok(()),
        }
    }

    /// Writes at a place: alone, and failing before or after by the weather.
    async fn writing(&self, place: &str, write: impl FnOnce(&mut State, Duration)) -> Result<(), ProviderError> {
        self.operation().await;
        let fault = self.fault();
        if matches!(fault, Some(Fault::Before)) {
            return Err(failure(place, ErrorKind::Unavailable, Retry::Later, "slow down"));
        }
        self.enter(place);
        tokio::time::sleep(Duration::from_millis(5)).await;
        let lag = self.lag();
        {
            let mut state = self.state();
            state.writes += 1;
            write(&mut state, lag);
            *state.writing.entry(place.to_owned()).or_default() -= 1;
        }
        self.operation().await;
        match fault {
            Some(_) => Err(failure(place, ErrorKind::Unavailable, Retry::Unknown, "connection reset")),
            None => Ok(()),
        }
    }

    fn enter(&self, place: &str) {
        let mut state = self.state();
        let writers = state.writing.entry(place.to_owned()).or_default();
        *writers += 1;
        if *writers > 1 {
            state.violations.push(format!("two writers at {place}"));
        }
    }

    /// After a crash: whoever was writing is gone.
    pub fn forget_writers(&self) {
        self.state().writing.clear();
    }
}

pub fn failure(place: &str, kind: ErrorKind, retry: Retry, reason: &str) -> ProviderError {
    ProviderError {
        operation: "reach".into(),
        subject: place.to_owned(),
        kind,
        retry,
        reason: reason.to_owned(),
        help: Some("Try again later.".to_owned()),
        source: None,
    }
}
