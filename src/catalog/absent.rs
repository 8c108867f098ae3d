//! What lies in one place and not in another, by two listings in order of their keys that are walked together. Pure.

use std::collections::{BTreeSet, VecDeque};

/// One of the two places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Here,
    There,
}

/// What comes next of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<T> {
    /// It lies here and not there.
    Absent(T),
    /// More of that listing is needed to know.
    Ask(Place),
    Over,
}

/// A key came that belongs before one that came earlier: nothing can be said by a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfOrder;

/// Two listings that are walked together; it holds no more than what was added and not yet passed.
#[derive(Debug)]
pub struct Walk<T> {
    here: Listing<T>,
    there: Listing<String>,
    key: fn(&T) -> &str,
}

#[derive(Debug)]
struct Listing<T> {
    left: VecDeque<T>,
    last: Option<String>,
    ended: bool,
}

impl<T> Listing<T> {
    fn new() -> Self {
        Self { left: VecDeque::new(), last: None, ended: false }
    }

    fn add(&mut self, page: Vec<T>, ended: bool, key: impl Fn(&T) -> &str) -> Result<(), OutOfOrder> {
        for one in page {
            if self.last.as_deref().is_some_and(|last| last >= key(&one)) {
                return Err(OutOfOrder);
            }
            self.last = Some(key(&one).to_owned());
            self.left.push_back(one);
        }
        self.ended = ended;
        Ok(())
    }

    fn needs_more(&self) -> bool {
        self.left.is_empty() && !self.ended
    }
}

impl<T> Walk<T> {
    pub fn new(key: fn(&T) -> &str) -> Self {
        Self { here: Listing::new(), there: Listing::new(), key }
    }

    /// A page of what lies here.
    ///
    /// # Errors
    /// When it is not in order.
    pub fn add_here(&mut self, page: Vec<T>, ended: bool) -> Result<(), OutOfOrder> {
        self.here.add(page, ended, self.key)
    }

    /// A page of keys that lie there.
    ///
    /// # Errors
    /// When it is not in order.
    pub fn add_there(&mut self, page: Vec<String>, ended: bool) -> Result<(), OutOfOrder> {
        self.there.add(page, ended, String::as_str)
    }

    pub fn step(&mut self) -> Step<T> {
        loop {
            let Some(one) = self.here.left.front() else {
                return if self.here.needs_more() { Step::Ask(Place::Here) } else { Step::Over };
            };
            let key = (self.key)(one);
            while self.there.left.front().is_some_and(|other| other.as_str() < key) {
                self.there.left.pop_front();
            }
            if self.there.needs_more() {
                return Step::Ask(Place::There);
            }
            let is_there = self.there.left.front().is_some_and(|other| other == key);
            match self.here.left.pop_front() {
                Some(one) if !is_there => return Step::Absent(one),
                _ => {}
            }
        }
    }
}

/// The manifest of a backup says that all of it is there: those of a series of which anything was left out stay away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Withheld(BTreeSet<String>);

impl Withheld {
    /// Whether an object commits a backup, so that it comes after all others.
    pub fn is_commit(key: &str) -> bool {
        key.ends_with("/manifest.json")
    }

    /// An object was left out.
    pub fn leave_out(&mut self, key: &str) {
        self.0.insert(series(key).to_owned());
    }

    pub fn holds_back(&self, key: &str) -> bool {
        self.0.contains(series(key))
    }
}

/// Policy, component and protection: backups of one refer to each other.
fn series(key: &str) -> &str {
    key.match_indices('/').nth(2).map_or(key, |(at, _)| &key[..at])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn walked(here: &[&str], there: &[&str], pages: [usize; 2]) -> Vec<String> {
        let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let (mut here, mut there) = (owned(here), owned(there));
        let mut walk = Walk::new(String::as_str);
        let mut found = Vec::new();
        loop {
            match walk.step() {
                Step::Absent(key) => found.push(key),
                Step::Ask(Place::Here) => {
                    let page: Vec<_> = here.drain(..pages[0].min(here.len())).collect();
                    walk.add_here(page, here.is_empty()).unwrap();
                }
                Step::Ask(Place::There) => {
                    let page: Vec<_> = there.drain(..pages[1].min(there.len())).collect();
                    walk.add_there(page, there.is_empty()).unwrap();
                }
                Step::Over => return found,
            }
            assert!(walk.here.left.len() <= pages[0] && walk.there.left.len() <= pages[1], "no more than a page of each");
        }
    }

    #[test]
    fn what_lies_here_and_not_there_is_found_whatever_the_pages() {
        let all = ["", " ", "a", "a/", "a/b", "a+b", "b", "c\n", "z", "å", "日本", "😀"];
        let mut all: Vec<&str> = all.to_vec();
        all.sort_unstable();
        for seed in 0..2_000_u64 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut some = || all.iter().copied().filter(|_| random.bool()).collect::<Vec<_>>();
            let (here, there) = (some(), some());
            let known: BTreeSet<&str> = there.iter().copied().collect();
            let wanted: Vec<&str> = here.iter().copied().filter(|key| !known.contains(key)).collect();
            for pages in [[1, 1], [2, 3], [5, 1], [100, 100]] {
                assert_eq!(walked(&here, &there, pages), wanted, "seed {seed}, pages {pages:?}");
            }
        }
    }

    #[test]
    fn what_comes_in_another_order_is_told() {
        let mut walk: Walk<String> = Walk::new(String::as_str);
        assert_eq!(walk.add_there(vec!["a/b".to_owned(), "a-b".to_owned()], false), Err(OutOfOrder));
        let mut walk: Walk<String> = Walk::new(String::as_str);
        walk.add_here(vec!["b".to_owned()], false).unwrap();
        assert_eq!(walk.add_here(vec!["a".to_owned()], true), Err(OutOfOrder));
        assert_eq!(walk.add_here(vec!["b".to_owned()], true), Err(OutOfOrder), "twice");
    }

    #[test]
    fn a_series_of_which_something_is_missing_gets_no_manifest() {
        let mut withheld = Withheld::default();
        withheld.leave_out("p/docs/nightly/monthly/20260101/packs/ab");
        for (key, held) in
            [("p/docs/nightly/daily/1/manifest.json", true), ("p/docs/weekly/daily/1/manifest.json", false), ("p", false)]
        {
            assert_eq!(withheld.holds_back(key), held, "{key}");
        }
        assert!(Withheld::is_commit("p/docs/nightly/daily/1/manifest.json") && !Withheld::is_commit("manifest.json"));
    }
}
