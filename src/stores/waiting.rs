//! What is waited for just now, so that who sits before it can be told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A place that took longer than this is worth a word.
const LONG: Duration = Duration::from_secs(2);

static UNDER_WAY: Mutex<BTreeMap<u64, (String, Instant)>> = Mutex::new(BTreeMap::new());

/// One request that is under way; over when dropped.
pub struct Waiting(u64);

/// Notes that a place is asked now, by the name that people know it by.
pub fn begin(place: String) -> Waiting {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).insert(number, (place, Instant::now()));
    Waiting(number)
}

impl Drop for Waiting {
    fn drop(&mut self) {
        UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// The places that were asked a while ago and have not answered yet.
pub fn waited_for() -> Vec<String> {
    let under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
    let long = under_way.values().filter(|(_, since)| since.elapsed() > LONG).map(|(place, _)| place.clone());
    long.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_takes_long_is_told_and_only_until_it_is_over() {
        let told = || waited_for().into_iter().filter(|place| place.starts_with("waiting-test")).collect::<Vec<_>>();
        let first = begin("waiting-test-a".to_owned());
        let _second = begin("waiting-test-b".to_owned());
        assert!(told().is_empty());
        std::thread::sleep(LONG + Duration::from_millis(50));
        assert_eq!(told(), ["waiting-test-a", "waiting-test-b"]);
        drop(first);
        assert_eq!(told(), ["waiting-test-b"]);
    }
}
