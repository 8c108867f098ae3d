//! Whether an endpoint answers: what one request waited for in vain is not waited for by each of the many others of a command.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::stores::s3::refusal::Refusal;

/// For so long an endpoint to which no connection was made is asked once at a time, not again and again …
const DOWN: Duration = Duration::from_secs(10);
/// … and one that took a request and never answered is not asked at all: longer than any command that only looks needs for the rest.
const CLOSED: Duration = Duration::from_secs(20);

/// What is known of an endpoint.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Whether it ever answered this process, be it with a refusal.
    answered: AtomicBool,
    /// When it was last found not to answer, with everything that was tried.
    down: Mutex<Option<Instant>>,
    /// The last request that nothing came back to, where nothing came back since.
    silent: Mutex<Option<Refusal>>,
}

impl Reach {
    pub fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Something came back.
    pub fn answers(&self) {
        self.answered.store(true, Ordering::Relaxed);
        *self.silent.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Nothing came back in time. An endpoint that never answered is given up with its first silence.
    pub fn is_silent_with(&self, refusal: &Refusal) {
        *self.silent.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal.clone());
        if !self.has_answered() {
            self.note_down(true);
        }
    }

    pub fn is_silent(&self) -> bool {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub fn note_down(&self, down: bool) {
        *self.down.lock().unwrap_or_else(PoisonError::into_inner) = down.then(Instant::now);
    }

    /// Whether somebody just tried in vain for as long as is sensible.
    pub fn is_down(&self) -> bool {
        self.since().is_some_and(|since| since < DOWN)
    }

    /// What every request is answered with here, without being sent.
    pub fn closed(&self) -> Option<Refusal> {
        self.since().filter(|since| *since < CLOSED)?;
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn since(&self) -> Option<Duration> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner).map(|since| since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_silence_closes_what_never_answered_and_an_answer_opens_it() {
        let reach = Reach::default();
        let refusal = Refusal::timeout(Duration::from_secs(6));
        assert_eq!(reach.closed(), None);
        reach.is_silent_with(&refusal);
        assert_eq!(reach.closed(), Some(refusal.clone()));
        reach.answers();
        reach.note_down(false);
        assert_eq!(reach.closed(), None);
        // One that answers is only slow, until somebody gives it up.
        reach.is_silent_with(&refusal);
        assert_eq!(reach.closed(), None);
        reach.note_down(true);
        assert_eq!(reach.closed(), Some(refusal));
    }

    #[test]
    fn one_to_which_no_connection_is_made_is_asked_again() {
        let reach = Reach::default();
        reach.note_down(true);
        assert!(reach.is_down() && reach.closed().is_none());
    }
}
