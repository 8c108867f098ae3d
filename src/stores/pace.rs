//! How fast to ask one endpoint: a token bucket that slows down when the endpoint says so, and a bound on what is in flight.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Requests a second at full speed; S3 takes 3,500 writes and 5,500 reads a second and prefix (S3 user guide, "Optimizing performance").
/// What is in flight at once bounds it before: only an endpoint near by answers so fast.
const FASTEST: f64 = 3500.0;
const SLOWEST: f64 = 1.0;
/// Requests that may start at once after a pause.
const BURST: f64 = 350.0;
/// One throttled answer halves the rate; those to requests that were already on their way do not halve it again.
const DEAF: Duration = Duration::from_millis(200);
/// Share of the full rate that each good answer gives back.
const RECOVERY: f64 = 0.005;

#[derive(Debug)]
struct State {
    tokens: f64,
    rate: f64,
    counted: Instant,
    slowed: Option<Instant>,
}

/// The pace of one endpoint, shared by all who ask it.
#[derive(Debug)]
pub struct Pace {
    state: Mutex<State>,
    in_flight: Semaphore,
}

impl Pace {
    /// At most `width` requests at the same time.
    pub fn new(width: usize) -> Self {
        let state = State { tokens: BURST, rate: FASTEST, counted: Instant::now(), slowed: None };
        Self { state: Mutex::new(state), in_flight: Semaphore::new(width) }
    }

    /// Waits for a turn. The request is in flight until the permit is dropped.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed, so there always is a permit.
        let permit = self.in_flight.acquire().await.ok();
        let wait = self.reserve(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        permit
    }

    /// Takes a token, on credit where there is none: the debt is the time to wait.
    fn reserve(&self, now: Instant) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let earned = now.saturating_duration_since(state.counted).as_secs_f64() * state.rate;
        state.tokens = (state.tokens + earned).min(BURST) - 1.0;
        state.counted = now;
        if state.tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-state.tokens / state.rate) }
    }

    /// The endpoint asked for less, or did not keep up.
    pub fn slow_down(&self) {
        self.slow_down_at(Instant::now());
    }

    fn slow_down_at(&self, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.slowed.is_some_and(|then| now.saturating_duration_since(then) < DEAF) {
            return;
        }
        state.slowed = Some(now);
        state.rate = (state.rate / 2.0).max(SLOWEST);
        state.tokens = state.tokens.min(state.rate / 10.0);
    }

    /// The endpoint answered well.
    pub fn speed_up(&self) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.rate = (state.rate + FASTEST * RECOVERY).min(FASTEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(pace: &Pace) -> f64 {
        pace.state.lock().expect("no panic holds it").rate
    }

    #[test]
    fn one_storm_of_refusals_halves_the_rate_once_and_good_answers_give_it_back() {
        let pace = Pace::new(1);
        let now = Instant::now();
        for _ in 0..50 {
            pace.slow_down_at(now);
        }
        assert!((rate(&pace) - FASTEST / 2.0).abs() < 1e-9);
        for step in 1..100 {
            pace.slow_down_at(now + DEAF * step);
        }
        assert!((rate(&pace) - SLOWEST).abs() < 1e-9, "never to a standstill");
        for _ in 0..1000 {
            pace.speed_up();
        }
        assert!((rate(&pace) - FASTEST).abs() < 1e-9);
    }

    #[test]
    fn beyond_the_burst_requests_wait_as_the_rate_says() {
        let pace = Pace::new(1);
        let now = Instant::now();
        let waits: Vec<_> = (0..700).map(|_| pace.reserve(now)).collect();
        assert!(waits[..350].iter().all(Duration::is_zero));
        assert!((waits[699].as_secs_f64() - 0.1).abs() < 0.002, "{:?}", waits[699]);
    }
}
