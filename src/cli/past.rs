//! What the records of past applies tell: where schedules were written, and who set what.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::apply::lease::{self, LeaseRecord};
use crate::apply::records;
use crate::cli::{Context, LogLevel};
use crate::journal::RunRecord;
use crate::policy::Policy;
use crate::provider::Env;
use crate::store::ErrorKind;
use crate::stores::{self, Patience};

/// Records are a help and not a need: a store that is slower than this is told by those who need it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Stores that are looked at: the lease, and with it the record, is in the first that can hold one.
const LOOKED_AT: usize = 8;

/// What earlier applies say of where they wrote.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// Where schedules were written, and where folders were set up ([`crate::providers::folder::note`]).
    pub places: BTreeSet<String>,
    /// A store has a lease or a record of the policy, so `places` is all that there is.
    pub found: bool,
}

/// Asks the lease and the newest record, whichever there is.
pub async fn past(policy: &Policy, env: &Env, context: &Context) -> Past {
    let (records, lease) = tokio::join!(records(policy, env, 1, context), leases(policy, env));
    let found = !records.is_empty() || lease.is_some();
    let places = records.into_iter().flat_map(|record| record.places).chain(lease.into_iter().flat_map(|lease| lease.places));
    Past { places: places.collect(), found }
}

/// The lease of the first store that has one; a store that does not answer is told elsewhere.
async fn leases(policy: &Policy, env: &Env) -> Option<LeaseRecord> {
    for spec in policy.stores.values().take(LOOKED_AT) {
        let reading = async { lease::read(stores::open_with(spec, env, TRIES).await?.as_ref(), policy.name.as_str()).await };
        match tokio::time::timeout(PATIENCE, reading).await {
            Ok(Ok(Some((lease, _)))) => return Some(lease),
            Ok(Ok(None)) => {}
            Ok(Err(error)) if error.kind == ErrorKind::NotFound => {}
            Ok(Err(_)) | Err(_) => return None,
        }
    }
    None
}

/// A second try for a cut connection; one that is down is told soon by the reads that need it.
const TRIES: Patience = Patience { attempts: 2, total: Duration::from_secs(2) };

/// The newest records of the policy's applies, newest first, from the first store that has any.
pub async fn records(policy: &Policy, env: &Env, most: usize, context: &Context) -> Vec<RunRecord> {
    for (name, spec) in policy.stores.iter().take(LOOKED_AT) {
        let reading = async {
            let store = stores::open_with(spec, env, TRIES).await?;
            records::newest(store.as_ref(), policy.name.as_str(), most).await
        };
        let reason = match tokio::time::timeout(PATIENCE, reading).await {
            Ok(Ok(found)) if found.is_empty() => continue,
            Ok(Ok(found)) => return found,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        context.log(LogLevel::Info, &format!("the records of past applies in {name} could not be read: {reason}"));
        return Vec::new();
    }
    Vec::new()
}
