//! Whether what a replication rule is about has arrived, judged by a sample of it. Pure.

use jiff::Timestamp;

/// Failed objects that are named.
const NAMED: usize = 5;

/// What the source says of an object's copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Completed,
    Pending,
    Failed,
    /// It is a copy itself.
    Replica,
    /// No rule took it up, or the endpoint tells nothing.
    Nothing,
}

/// What is known of an object's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Copied,
    /// Not there yet.
    Waiting,
    Failed,
    /// Neither side tells.
    Unknown,
}

impl State {
    /// Where the source tells nothing, the destination is looked at: `there` says whether the same lies there, as far as it was looked.
    pub fn of(told: Told, there: Option<bool>) -> Self {
        match (told, there) {
            (Told::Completed | Told::Replica, _) | (Told::Nothing, Some(true)) => Self::Copied,
            (Told::Pending, _) | (Told::Nothing, Some(false)) => Self::Waiting,
            (Told::Failed, _) => Self::Failed,
            (Told::Nothing, None) => Self::Unknown,
        }
    }
}

/// An object that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sampled {
    pub key: String,
    pub written: Timestamp,
    pub state: State,
}

/// What a sample comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Copied {
    pub sampled: u64,
    pub copied: u64,
    pub waiting: u64,
    pub failed: u64,
    pub unknown: u64,
    /// Those that wait for longer than the rule allows.
    pub late: u64,
    /// The first few that failed, newest first.
    pub named: Vec<String>,
    /// When the newest was written.
    pub newest: Option<Timestamp>,
    /// For how many seconds the oldest that is not there has waited; 0: all are there. `None`: nothing is known of any.
    pub behind: Option<u64>,
}

impl Copied {
    /// `within`: seconds in which the rule's copies are promised.
    pub fn of(mut sample: Vec<Sampled>, within: Option<u64>, now: Timestamp) -> Self {
        sample.sort_by(|a, b| b.written.cmp(&a.written).then_with(|| a.key.cmp(&b.key)));
        let mut found = Self { newest: sample.first().map(|one| one.written), ..Self::default() };
        for one in sample {
            let age = now.duration_since(one.written).as_secs().max(0).cast_unsigned();
            found.sampled += 1;
            match one.state {
                State::Copied => found.copied += 1,
                State::Unknown => found.unknown += 1,
                State::Waiting => {
                    found.waiting += 1;
                    found.late += u64::from(within.is_some_and(|within| age > within));
                }
                State::Failed => {
                    found.failed += 1;
                    if found.named.len() < NAMED {
                        found.named.push(one.key);
                    }
                }
            }
            let waited = match one.state {
                State::Waiting | State::Failed => age,
                State::Copied => 0,
                State::Unknown => continue,
            };
            found.behind = found.behind.max(Some(waited));
        }
        found
    }

    /// Whether all that was looked at is there, or on its way in time.
    pub fn is_well(&self) -> bool {
        self.failed == 0 && self.late == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-27T12:00:00Z".parse().expect("a time")
    }

    fn sampled(key: &str, minutes: i64, state: State) -> Sampled {
        Sampled { key: key.to_owned(), written: now() - jiff::SignedDuration::from_mins(minutes), state }
    }

    #[test]
    fn the_source_is_believed_and_where_it_says_nothing_the_destination() {
        for (told, there, state) in [
            (Told::Completed, None, State::Copied),
            (Told::Replica, None, State::Copied),
            (Told::Pending, None, State::Waiting),
            (Told::Failed, Some(true), State::Failed),
            (Told::Nothing, Some(true), State::Copied),
            (Told::Nothing, Some(false), State::Waiting),
            (Told::Nothing, None, State::Unknown),
        ] {
            assert_eq!(State::of(told, there), state, "{told:?} {there:?}");
        }
    }

    #[test]
    fn what_waits_for_longer_than_promised_is_late() {
        let sample =
            || vec![sampled("old", 16, State::Waiting), sampled("new", 1, State::Waiting), sampled("b", 30, State::Copied)];
        let found = Copied::of(sample(), Some(15 * 60), now());
        assert_eq!((found.sampled, found.copied, found.waiting, found.late), (3, 1, 2, 1));
        assert_eq!((found.behind, found.newest), (Some(16 * 60), Some(now() - jiff::SignedDuration::from_mins(1))));
        assert!(!found.is_well());
        let promised_nothing = Copied::of(sample(), None, now());
        assert!(promised_nothing.is_well() && promised_nothing.behind == Some(16 * 60));
        assert!(Copied::of(sample(), Some(16 * 60), now()).is_well(), "to the second");
    }

    #[test]
    fn the_newest_that_failed_are_named_and_all_are_counted() {
        let sample = (0..9).map(|n| sampled(&format!("k{n}"), 100 - n, State::Failed)).collect();
        let found = Copied::of(sample, None, now());
        assert_eq!((found.failed, found.named), (9, ["k8", "k7", "k6", "k5", "k4"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn nothing_known_is_no_lag_of_nothing() {
        assert_eq!(Copied::of(Vec::new(), Some(1), now()).behind, None);
        assert_eq!(Copied::of(vec![sampled("a", 9, State::Unknown)], Some(1), now()).behind, None);
        assert_eq!(Copied::of(vec![sampled("a", 9, State::Copied)], Some(1), now()).behind, Some(0));
    }
}
