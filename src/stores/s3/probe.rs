//! Finds out whether an endpoint keeps the promises of conditional writes before anything trusts them.
//!
//! Some endpoints ignore the conditions (Ceph 16 overwrites), and some honour them only while nobody else writes (s3s-fs 0.14
//! let 4 of 8 parallel writers win), so both are tried.

use bytes::Bytes;
use futures_util::future::join_all;

use crate::store::{Capabilities, ErrorKind, PROBES, Put, Store, StoreError};

/// Writers that race for one key.
const WRITERS: u8 = 8;

/// Writes below [`PROBES`] and removes what it wrote. Who may remove nothing leaves it: a few bytes, and nothing reads them.
pub(super) async fn probe(store: &impl Store) -> Result<Capabilities, StoreError> {
    // Some endpoints make a bucket by the first write to it (SeaweedFS, for an administrator): where there is none nothing is written.
    // Another error of this look says nothing that the writes won't say.
    if let Err(error) = store.list(PROBES, None, 1).await
        && error.kind == ErrorKind::NotFound
    {
        return Err(error);
    }
    let key = format!("{PROBES}{:016x}", fastrand::u64(..));
    let outcome = attempt(store, &key).await.map_err(named);
    let removed = store.delete(&key).await.map_err(named);
    let capabilities = outcome?;
    match removed {
        Err(error) if error.kind != ErrorKind::Denied => Err(error),
        _ => Ok(capabilities),
    }
}

/// Who may not write there is told what for, and not by a name that is different the next time.
fn named(error: StoreError) -> StoreError {
    match error.subject.split_once(PROBES) {
        Some((place, _)) if error.kind == ErrorKind::Denied => {
            let subject = format!("{place}{PROBES}");
            StoreError { operation: "try whether conditional writes are honoured below", subject, ..error }
        }
        _ => error,
    }
}

async fn attempt(store: &impl Store, key: &str) -> Result<Capabilities, StoreError> {
    let create_only = one_wins(store, key).await? && refuses_a_second(store, key).await?;
    Ok(Capabilities { create_only, replace_if_match: replaces_only_the_known(store, key).await? })
}

/// Whether the condition was honoured: the write went through or was refused for what lies there. Other errors are handed on.
fn honoured<T>(outcome: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind, ErrorKind::Exists | ErrorKind::Unsupported) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn one_wins(store: &impl Store, key: &str) -> Result<bool, StoreError> {
    let create = Put { if_absent: true, ..Put::default() };
    let racing = join_all((0..WRITERS).map(|writer| store.put(key, Bytes::from(vec![writer]), create))).await;
    let mut winners = Vec::new();
    for (writer, outcome) in (0..WRITERS).zip(racing) {
        if honoured(outcome)?.is_some() {
            winners.push(writer);
        }
    }
    let [winner] = winners[..] else { return Ok(false) };
    Ok(*store.get(key, None).await? == [winner])
}

async fn refuses_a_second(store: &impl Store, key: &str) -> Result<bool, StoreError> {
    let create = Put { if_absent: true, ..Put::default() };
    Ok(honoured(store.put(key, Bytes::from_static(b"second"), create).await)?.is_none())
}

async fn replaces_only_the_known(store: &impl Store, key: &str) -> Result<bool, StoreError> {
    let first = store.put(key, Bytes::from_static(b"first"), Put::default()).await?;
    if first.is_empty() {
        return Ok(false);
    }
    let Some(second) = honoured(store.replace(key, Bytes::from_static(b"second"), &first).await)? else { return Ok(false) };
    let stale = honoured(store.replace(key, Bytes::from_static(b"third"), &first).await)?;
    Ok(stale.is_none() && second != first && *store.get(key, None).await? == *b"second")
}
