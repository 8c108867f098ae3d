//! Looking back: which scheduled moments were claimed, which were not, and which claims may go.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Ending, Slots, record};
use crate::store::StoreError;
use crate::units::cadence::Runs;
use crate::units::duration::Duration;

/// Objects that are asked for at once.
const PAGE: usize = 1_000;
/// Moments that are told one by one; a job that missed more is told by its last ones.
const MOST_UNRUN: usize = 1_000;

/// What a listing tells of the last attempt at a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotState {
    /// Without an outcome: running, or cut off.
    Claimed,
    Ended(Ending),
}

impl Slots<'_> {
    /// The slots of the moments after `since`, oldest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn seen(&self, since: Timestamp) -> Result<BTreeMap<Timestamp, SlotState>, StoreError> {
        let mut found = BTreeMap::new();
        let mut attempts: BTreeMap<Timestamp, u8> = BTreeMap::new();
        let mut after = Some(format!("{}.~", self.stem(since)));
        loop {
            let page = self.store.list(&self.folder(), after.as_deref(), PAGE).await?;
            for object in &page {
                let Some((moment, attempt, state)) = self.parse(&object.key) else { continue };
                let latest = attempts.entry(moment).or_default();
                if attempt >= *latest {
                    *latest = attempt;
                    found.insert(moment, state);
                }
            }
            match page.last() {
                Some(last) if page.len() >= PAGE => after = Some(last.key.clone()),
                _ => return Ok(found),
            }
        }
    }

    /// The scheduled moments after `since` that nobody claimed within `grace`; at most the last thousand.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn missed(
        &self,
        runs: &Runs,
        since: Timestamp,
        now: Timestamp,
        grace: Duration,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let seen = self.seen(since).await?;
        let grace = SignedDuration::from_secs(i64::try_from(grace.as_secs()).unwrap_or(i64::MAX));
        let until = now.checked_sub(grace).unwrap_or(Timestamp::MIN);
        let mut unrun = std::collections::VecDeque::new();
        let after = since.checked_add(SignedDuration::from_nanos(1)).unwrap_or(since);
        for moment in runs.between(after, until).filter(|moment| !seen.contains_key(moment)) {
            if unrun.len() == MOST_UNRUN {
                unrun.pop_front();
            }
            unrun.push_back(moment);
        }
        Ok(unrun.into())
    }

    /// Removes the objects of slots before a moment; returns how many. Called where backups are pruned, long after any grace.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn forget_before(&self, moment: Timestamp) -> Result<usize, StoreError> {
        let mut removed = 0;
        loop {
            let page = self.store.list(&self.folder(), None, PAGE).await?;
            let old = |key: &str| self.parse(key).is_some_and(|(of, ..)| of < moment);
            // Keys are in order of time: what follows a younger one is younger.
            let go: Vec<&str> = page.iter().map(|object| object.key.as_str()).take_while(|key| old(key)).collect();
            for key in &go {
                self.store.delete(key).await?;
            }
            removed += go.len();
            if go.len() < PAGE {
                return Ok(removed);
            }
        }
    }

    fn parse(&self, key: &str) -> Option<(Timestamp, u8, SlotState)> {
        let mut parts = key.strip_prefix(&self.folder())?.strip_suffix(".json")?.split('.');
        let moment = record::moment(parts.next()?)?;
        let attempt = parts.next()?.parse().ok()?;
        let state = match parts.next() {
            None => SlotState::Claimed,
            Some(word) => {
                let ending = [Ending::Succeeded, Ending::Failed].into_iter().find(|ending| ending.as_str() == word)?;
                SlotState::Ended(ending)
            }
        };
        parts.next().is_none().then_some((moment, attempt, state))
    }
}
