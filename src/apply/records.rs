//! Records of runs in a store: kept beside the backups, read back, and let go of by the journal's rule.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use crate::journal::{RunRecord, outlived, record_key, runs_prefix};
use crate::store::{ErrorKind, Put, Store, StoreError};

const LIMIT: Duration = Duration::from_secs(30);
const PAGE: usize = 1_000;
/// Records that one run lets go of at most; the next one goes on.
const MOST: usize = 200;
/// Records that are read at the same time.
const AT_ONCE: usize = 8;

/// Writes the record of a run. `if_absent`: the store honours that, so that no run can replace another one's.
///
/// # Errors
/// Why it was not kept, in words: a run that is over cannot fail by it any more.
pub async fn keep(store: &dyn Store, policy: &str, record: &RunRecord, if_absent: bool) -> Result<(), String> {
    let body = serde_json::to_vec_pretty(record).map_err(|error| error.to_string())?;
    let key = record_key(policy, &record.run);
    within(store, store.put(&key, body.into(), Put { if_absent, ..Put::default() })).await.map(|_| ())
}

/// Removes the records that have outlived their use. A crash between two of them leaves the younger ones, which go next time.
///
/// # Errors
/// Why they stay, in words.
pub async fn let_go(store: &dyn Store, policy: &str, now: jiff::Timestamp) -> Result<(), String> {
    let runs = within(store, runs(store, policy)).await?;
    for run in outlived(&runs, now).iter().take(MOST) {
        within(store, store.delete(&record_key(policy, run))).await?;
    }
    Ok(())
}

/// The records of these runs, in their order. One that cannot be understood is left out: another version of bdr may have written it.
///
/// # Errors
/// The store's own.
pub async fn read(store: &dyn Store, policy: &str, runs: impl IntoIterator<Item = String>) -> Result<Vec<RunRecord>, StoreError> {
    let reads = stream::iter(runs).map(|run| async move {
        match store.get(&record_key(policy, &run), None).await {
            Ok(body) => Ok(serde_json::from_slice::<RunRecord>(&body).ok()),
            // Another apply let go of it just now.
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    });
    let read: Vec<Result<Option<RunRecord>, StoreError>> = reads.buffered(AT_ONCE).collect().await;
    read.into_iter().filter_map(Result::transpose).collect()
}

/// All runs that have a record, oldest first.
///
/// # Errors
/// The store's own; a store that is not there has none.
pub async fn recorded(store: &dyn Store, policy: &str) -> Result<Vec<String>, StoreError> {
    match runs(store, policy).await {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Vec::new()),
        runs => runs,
    }
}

async fn runs(store: &dyn Store, policy: &str) -> Result<Vec<String>, StoreError> {
    let prefix = runs_prefix(policy);
    let mut runs = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.list(&prefix, after.as_deref(), PAGE).await?;
        let name = |key: &str| Some(key.strip_prefix(&prefix)?.strip_suffix(".json")?.to_owned());
        runs.extend(page.iter().filter_map(|object| name(&object.key)));
        match page.last() {
            Some(last) if page.len() >= PAGE => after = Some(last.key.clone()),
            _ => return Ok(runs),
        }
    }
}

async fn within<T>(store: &dyn Store, request: impl Future<Output = Result<T, StoreError>>) -> Result<T, String> {
    match tokio::time::timeout(LIMIT, request).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("`{}` did not answer within {} s", store.describe(), LIMIT.as_secs())),
    }
}
