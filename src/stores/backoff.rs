//! When to try again: exponential backoff with full jitter, and an end.

use std::time::{Duration, Instant};

/// Longest wait before the first repetition; doubles with each.
const FIRST: Duration = Duration::from_millis(50);
/// Longest wait before any repetition.
const CAP: Duration = Duration::from_secs(4);

/// How long to go on. Both bounds hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    pub attempts: u32,
    pub total: Duration,
}

impl Patience {
    /// For a person who waits to hear of a store that is down.
    pub const PERSON: Self = Self { attempts: 8, total: Duration::from_secs(8) };
}

impl Patience {
    /// The shorter of both.
    #[must_use]
    pub fn at_most(self, other: Self) -> Self {
        Self { attempts: self.attempts.min(other.attempts), total: self.total.min(other.total) }
    }
}

impl Default for Patience {
    /// Outlives the restart of a server, not the patience of a person.
    fn default() -> Self {
        Self { attempts: 20, total: Duration::from_secs(30) }
    }
}

/// How often an endpoint may tell one operation to slow down, as long as it answers others.
const SLOWED: u32 = 40;

/// The waits of one operation.
#[derive(Debug)]
pub struct Backoff {
    patience: Patience,
    begun: Instant,
    failures: u32,
    slowed: u32,
}

impl Backoff {
    pub fn new(patience: Patience) -> Self {
        Self { patience, begun: Instant::now(), failures: 0, slowed: 0 }
    }

    /// Counts a failure and tells how long to wait before the next attempt; `None`: give up.
    pub fn next_wait(&mut self) -> Option<Duration> {
        self.failures += 1;
        if self.failures >= self.patience.attempts {
            return None;
        }
        let ceiling = FIRST.saturating_mul(1 << (self.failures - 1).min(16)).min(CAP);
        let wait = ceiling.mul_f64(fastrand::f64());
        (self.begun.elapsed() + wait < self.patience.total).then_some(wait)
    }

    /// The same after an endpoint that goes on answering asked for less: its pace says when to ask, so that waiting for a turn uses up
    /// no patience.
    pub fn next_turn(&mut self) -> Option<Duration> {
        self.slowed += 1;
        self.begun = Instant::now();
        let ceiling = FIRST.saturating_mul(1 << self.slowed.min(16)).min(CAP);
        (self.slowed < SLOWED).then(|| ceiling.mul_f64(fastrand::f64()))
    }

    pub fn failures(&self) -> u32 {
        self.failures + self.slowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_stay_under_their_cap_and_end() {
        let mut backoff = Backoff::new(Patience { attempts: 12, total: Duration::from_secs(3600) });
        let waits: Vec<_> = std::iter::from_fn(|| backoff.next_wait()).collect();
        assert_eq!(waits.len(), 11);
        for (at, wait) in waits.iter().enumerate() {
            assert!(*wait <= CAP && *wait <= FIRST * (1 << at), "wait {at}: {wait:?}");
        }
        assert_eq!(backoff.failures(), 12);
    }

    #[test]
    fn who_is_told_to_slow_down_loses_no_patience_and_comes_to_an_end() {
        let mut backoff = Backoff::new(Patience { attempts: 2, total: Duration::from_secs(60) });
        let waits: Vec<_> = std::iter::from_fn(|| backoff.next_turn()).collect();
        assert_eq!(waits.len(), SLOWED as usize - 1);
        assert!(waits.iter().all(|wait| *wait <= CAP));
        assert!(backoff.next_wait().is_some());
    }

    #[test]
    fn no_wait_goes_past_the_total() {
        let mut backoff = Backoff::new(Patience { attempts: 1000, total: Duration::ZERO });
        assert_eq!(backoff.next_wait(), None);
    }
}
