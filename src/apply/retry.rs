//! Trying again: with growing pauses, jitter, and an end.

use std::time::Duration;

/// The pauses between attempts, with full jitter (AWS Architecture Blog, "Exponential Backoff and Jitter").
#[derive(Debug)]
pub struct Backoff {
    random: fastrand::Rng,
    attempt: u32,
}

/// Most attempts for one operation: with the pauses below, some two minutes at the longest.
const ATTEMPTS: u32 = 8;
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(20);

impl Backoff {
    pub fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), attempt: 0 }
    }

    /// The number of the attempt that failed last, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How long to pause before the next attempt; `None`: give up.
    pub fn next(&mut self) -> Option<Duration> {
        self.attempt += 1;
        if self.attempt >= ATTEMPTS {
            return None;
        }
        let ceiling = FIRST.saturating_mul(1 << self.attempt.min(16)).min(LONGEST);
        Some(FIRST + ceiling.mul_f64(self.random.f64()))
    }
}
