//! How fast to ask one endpoint: a token bucket that learns from refusals what the endpoint bears, and a bound on what is in flight.
//!
//! After a refusal the rate drops below what was answered until then, comes back to it within two seconds, stays there for a while and then
//! looks for more, ever faster: the curve of CUBIC (RFC 9438, 4.2), by which the SDKs of AWS pace themselves too ("adaptive" retries).

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Requests a second at full speed; S3 takes 3,500 writes and 5,500 reads a second and prefix (S3 user guide, "Optimizing performance").
/// What is in flight at once bounds it before: only an endpoint near by answers so fast.
const FASTEST: f64 = 3500.0;
const SLOWEST: f64 = 1.0;
/// What may start at once after a pause: what the rate gives in that time.
const BURST: f64 = 0.1;
/// One throttled answer lowers the rate; those to requests that were already on their way do not lower it again.
const DEAF: Duration = Duration::from_millis(200);
/// Share of what was answered that is asked for after a refusal.
const AFTER: f64 = 0.85;
/// Seconds until it is all asked for again.
const BACK: f64 = 2.0;
/// For how long answers are counted, to know what the endpoint bears.
const COUNTED: Duration = Duration::from_secs(1);
/// Where less than this share of the rate is answered, the rate is not what held it up: refusals then halve it.
const NEAR: f64 = 0.25;
/// An endpoint that answered something well so lately is slow, not gone.
const LATELY: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct State {
    tokens: f64,
    rate: f64,
    counted: Instant,
    /// The last refusal that lowered the rate, and what was thought bearable then.
    slowed: Option<(Instant, f64)>,
    /// When good answers came, of the last second; no more than fit a second at full speed.
    answered: VecDeque<Instant>,
}

/// The pace of one endpoint, shared by all who ask it.
#[derive(Debug)]
pub struct Pace {
    state: Mutex<State>,
    in_flight: Semaphore,
    /// Who comes first is served first, whatever becomes of the rate while they wait.
    gate: tokio::sync::Mutex<()>,
}

impl Pace {
    /// At most `width` requests at the same time.
    pub fn new(width: usize) -> Self {
        let state =
            State { tokens: FASTEST * BURST, rate: FASTEST, counted: Instant::now(), slowed: None, answered: VecDeque::new() };
        Self { state: Mutex::new(state), in_flight: Semaphore::new(width), gate: tokio::sync::Mutex::new(()) }
    }

    /// Waits for a turn. The request is in flight until the permit is dropped.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed, so there always is a permit.
        let permit = self.in_flight.acquire().await.ok();
        let _first = self.gate.lock().await;
        while let Some(wait) = self.take(Instant::now()) {
            tokio::time::sleep(wait).await;
        }
        permit
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a token, or tells how long it is until there is one.
    fn take(&self, now: Instant) -> Option<Duration> {
        let mut state = self.state();
        let earned = now.saturating_duration_since(state.counted).as_secs_f64() * state.rate;
        state.tokens = (state.tokens + earned).min((state.rate * BURST).max(1.0));
        state.counted = now;
        let lacking = 1.0 - state.tokens;
        if lacking > 0.0 {
            // A wait that rounds to nothing would never end.
            return Some(Duration::from_secs_f64(lacking / state.rate).max(Duration::from_micros(1)));
        }
        state.tokens -= 1.0;
        None
    }

    /// The endpoint asked for less, or did not keep up.
    pub fn slow_down(&self) {
        self.slow_down_at(Instant::now());
    }

    fn slow_down_at(&self, now: Instant) {
        let mut state = self.state();
        if state.slowed.is_some_and(|(then, _)| now.saturating_duration_since(then) < DEAF) {
            return;
        }
        let borne = state.borne(now);
        let bearable = if borne < state.rate * NEAR { state.rate / 2.0 / AFTER } else { borne };
        state.slowed = Some((now, bearable));
        state.rate = (bearable * AFTER).clamp(SLOWEST, FASTEST);
        state.tokens = state.tokens.min(state.rate * BURST);
    }

    /// The endpoint answered well.
    pub fn speed_up(&self) {
        self.speed_up_at(Instant::now());
    }

    fn speed_up_at(&self, now: Instant) {
        let mut state = self.state();
        state.answered.push_back(now);
        state.forget(now);
        let Some((then, bearable)) = state.slowed else { return };
        let since = (now.saturating_duration_since(then).as_secs_f64() - BACK) / BACK;
        let rate = bearable * (1.0 + (1.0 - AFTER) * since.powi(3));
        state.rate = rate.max(state.rate).min(FASTEST);
    }

    /// Whether the endpoint still answers: who is told to slow down there need not give up.
    pub fn is_moving(&self) -> bool {
        self.state().answered.back().is_some_and(|last| last.elapsed() < LATELY)
    }
}

impl State {
    /// Good answers a second, lately.
    fn borne(&mut self, now: Instant) -> f64 {
        self.forget(now);
        self.answered.len() as f64 / COUNTED.as_secs_f64()
    }

    /// The last one is kept, however long ago it came.
    fn forget(&mut self, now: Instant) {
        let is_old = |answered: &VecDeque<Instant>| {
            answered.len() > 1 && answered.front().is_some_and(|first| now.saturating_duration_since(*first) > COUNTED)
        };
        while is_old(&self.answered) {
            self.answered.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rate(pace: &Pace) -> f64 {
        pace.state.lock().expect("no panic holds it").rate
    }

    #[test]
    fn one_storm_of_refusals_halves_the_rate_once() {
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
    }

    #[test]
    fn a_single_refusal_is_soon_forgotten() {
        let pace = Pace::new(1);
        let now = Instant::now();
        pace.slow_down_at(now);
        pace.speed_up_at(now + SECOND * 2);
        assert!((rate(&pace) - FASTEST / 2.0 / AFTER).abs() < 1.0, "{}", rate(&pace));
        pace.speed_up_at(now + SECOND * 8);
        assert!((rate(&pace) - FASTEST).abs() < 1e-9, "{}", rate(&pace));
    }

    #[test]
    fn beyond_the_burst_requests_wait_as_the_rate_says() {
        let pace = Pace::new(1);
        let begun = pace.state.lock().expect("no panic holds it").counted;
        let (mut now, mut waited) = (begun, 0);
        for _ in 0..700 {
            while let Some(wait) = pace.take(now) {
                now += wait;
                waited += 1;
            }
        }
        let took = (now - begun).as_secs_f64();
        assert!((took - 0.1).abs() < 0.002 && waited >= 350, "{took} s, {waited} waits");
    }

    /// An endpoint that takes 20 requests a second and refuses the others, asked for two minutes by whoever has a turn: it is used to
    /// nine tenths, and refuses few.
    #[test]
    fn what_an_endpoint_bears_is_found_and_kept_to() {
        const BORNE: f64 = 20.0;
        let pace = Pace::new(64);
        let begun = pace.state.lock().expect("no panic holds it").counted;
        let (mut now, mut there, mut last) = (begun, BORNE, begun);
        let (mut good, mut refused) = (0_u32, 0_u32);
        while now - begun < SECOND * 120 {
            match pace.take(now) {
                Some(wait) => now += wait.max(Duration::from_millis(1)),
                None => {
                    there = (there + (now - last).as_secs_f64() * BORNE).min(BORNE);
                    last = now;
                    if there >= 1.0 {
                        there -= 1.0;
                        good += 1;
                        pace.speed_up_at(now);
                    } else {
                        refused += 1;
                        pace.slow_down_at(now);
                    }
                }
            }
        }
        let share = f64::from(good) / (BORNE * 121.0);
        assert!(share >= 0.9, "{good} answered, {refused} refused: {share}");
        assert!(refused < good / 2, "{good} answered, {refused} refused");
    }
}
