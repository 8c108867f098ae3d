//! Whether what a replication rule is about has arrived, judged by a sample of it. Pure.

use jiff::Timestamp;

/// Failed objects that are named.
const NAMED: usize = 5;

/// What the source says of an object's copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Copied to each destination that the bucket had when it was written, which one, S3 does not say.
    Completed,
    /// Not yet at one of the destinations.
    Pending,
    /// Given up for one of the destinations.
    Failed,
    /// It is a copy itself, and none is made of it.
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
    /// S3 is done with it, and it is not there: it will not come by itself.
    Missing,
    Failed,
    /// Neither side tells.
    Unknown,
}

impl Told {
    /// Of several destinations S3 has one word, the worst. What lies in this one since it was written is copied here, whatever becomes of the
    /// others; what does not is what the word says.
    #[must_use]
    pub fn of_one(self, there: Option<bool>) -> Self {
        match (self, there) {
            (Self::Pending | Self::Failed, Some(true)) => Self::Completed,
            _ => self,
        }
    }
}

impl State {
    /// What the source says of all of its destinations in one word, with whether the same lies in this one, as far as it was looked: that S3
    /// is done with an object is true of the rules that stood when it was written, and of nothing that is younger.
    pub fn of(told: Told, there: Option<bool>) -> Self {
        match (told, there) {
            (Told::Failed, _) => Self::Failed,
            (Told::Pending, _) | (Told::Nothing, Some(false)) => Self::Waiting,
            (_, Some(true)) => Self::Copied,
            (Told::Completed | Told::Replica, Some(false)) => Self::Missing,
            (_, None) => Self::Unknown,
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
    pub missing: u64,
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
                State::Missing => found.missing += 1,
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
                State::Waiting | State::Missing | State::Failed => age,
                State::Copied => 0,
                State::Unknown => continue,
            };
            found.behind = found.behind.max(Some(waited));
        }
        found
    }

    /// Whether all that was looked at is there, or on its way in time.
    pub fn is_well(&self) -> bool {
        self.failed == 0 && self.late == 0 && self.missing == 0
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
    fn what_is_there_was_seen_there_and_what_failed_the_source_says() {
        for (told, there, state) in [
            (Told::Completed, Some(true), State::Copied),
            (Told::Completed, Some(false), State::Missing),
            (Told::Completed, None, State::Unknown),
            (Told::Replica, Some(true), State::Copied),
            (Told::Replica, Some(false), State::Missing),
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
    fn of_several_destinations_each_is_counted_for_itself() {
        for (told, there, state) in [
            (Told::Failed, Some(true), State::Copied),
            (Told::Pending, Some(true), State::Copied),
            (Told::Failed, Some(false), State::Failed),
            (Told::Pending, Some(false), State::Waiting),
            (Told::Failed, None, State::Failed),
            (Told::Completed, Some(false), State::Missing),
        ] {
            assert_eq!(State::of(told.of_one(there), there), state, "{told:?} {there:?}");
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
    fn what_will_not_come_by_itself_is_not_well() {
        let found = Copied::of(vec![sampled("a", 9, State::Missing), sampled("b", 1, State::Copied)], None, now());
        assert_eq!((found.copied, found.missing, found.waiting, found.behind), (1, 1, 0, Some(9 * 60)));
        assert!(!found.is_well());
    }

    #[test]
    fn nothing_known_is_no_lag_of_nothing() {
        assert_eq!(Copied::of(Vec::new(), Some(1), now()).behind, None);
        assert_eq!(Copied::of(vec![sampled("a", 9, State::Unknown)], Some(1), now()).behind, None);
        assert_eq!(Copied::of(vec![sampled("a", 9, State::Copied)], Some(1), now()).behind, Some(0));
    }
}
