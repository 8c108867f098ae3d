//! Looking back: which scheduled moments were claimed, which were not, and which claims may go.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};

use super::{Ending, Slots, record};
use crate::store::StoreError;
use crate::units::cadence::Runs;
use crate::units::duration::Duration;

/// Objects that are asked for at once.
const PAGE: usize = 1_000;
/// Moments that are told one by one; a job that missed more is told by its last ones.
const MOST_UNRUN: usize = 1_000;
/// For how long it can be seen what ran and what did not; longer than any grace.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Slots that stay however old they are: the last run, and the one before for a machine whose clock is behind.
const NEWEST: usize = 2;
/// Objects that are removed at the same time.
const AT_ONCE: usize = 16;

/// What a listing tells of the last attempt at a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotState {
    /// Without an outcome: running, or cut off.
    Claimed,
    Ended(Ending),
}

/// Slots that nobody asks for any more.
#[derive(Debug, Clone, Default)]
pub struct Old {
    pub slots: u64,
    /// Their objects.
    keys: Vec<String>,
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

    /// What a prune may remove: slots of more than [`KEPT`] ago. The newest ones stay however old they are, so that the last run of a
    /// schedule that seldom runs is still known, and so does what is claimed for a moment to come.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn old(&self, now: Timestamp) -> Result<Old, StoreError> {
        let before = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        let mut old: BTreeMap<Timestamp, Vec<String>> = BTreeMap::new();
        let mut young = BTreeSet::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.store.list(&self.folder(), after.as_deref(), PAGE).await?;
            for object in &page {
                match self.parse(&object.key) {
                    Some((moment, ..)) if moment < before => old.entry(moment).or_default().push(object.key.clone()),
                    Some((moment, ..)) if moment <= now => _ = young.insert(moment),
                    _ => {}
                }
            }
            // Keys are in order of time: what follows a younger one is younger.
            match page.last() {
                Some(last) if page.len() >= PAGE && young.len() < NEWEST => after = Some(last.key.clone()),
                _ => break,
            }
        }
        for _ in young.len()..NEWEST {
            old.pop_last();
        }
        Ok(Old { slots: old.len() as u64, keys: old.into_values().flatten().collect() })
    }

    /// Removes them. What a failure leaves is old the next time too.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn forget(&self, old: &Old) -> Result<(), StoreError> {
        stream::iter(&old.keys).map(Ok).try_for_each_concurrent(AT_ONCE, |key| self.store.delete(key)).await
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
