//! What the records of past applies tell: where schedules were written, and who set what.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use crate::address::{PolicyName, StoreName};
use crate::apply::lease::{self, LeaseRecord};
use crate::apply::records;
use crate::cli::{Context, LogLevel};
use crate::journal::RunRecord;
use crate::plan::Note;
use crate::policy::{Policy, StoreSpec};
use crate::provider::Env;
use crate::resource::Desired;
use crate::store::{ErrorKind, Store, StoreError};
use crate::stores::{self, Patience};

/// Records are a help and not a need: a store that is slower than this is told by those who need it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Records of past applies that are looked through for who set what.
const RECORDS: usize = 30;

/// Stores that are looked at: the lease, and with it the record, is in the first that can hold one.
const LOOKED_AT: usize = 8;

/// What earlier applies say of where they wrote.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// Where schedules were written, and where folders were set up ([`crate::providers::folder::note`]).
    pub places: BTreeSet<String>,
    /// A store has a lease or a record of the policy, and none was passed over, so `places` is all that there is.
    pub found: bool,
    /// Every store was asked, and none has a lease or a record.
    pub nothing: bool,
    /// Stores that could not be asked, with the reason.
    passed_over: Vec<(StoreName, String)>,
    runs: Option<Runs>,
}

/// The runs that a store has records of.
#[derive(Clone)]
struct Runs {
    store: Arc<dyn Store>,
    /// Before the newest one, newest first.
    before: Vec<String>,
    newest: Option<RunRecord>,
}

impl std::fmt::Debug for Runs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} runs in {}", self.before.len() + 1, self.store.describe())
    }
}

/// Asks the lease and the newest record, whichever there is.
pub async fn past(policy: &Policy, env: &Env, context: &Context) -> Past {
    let Told { runs, lease, passed_over } = ask(policy, env, context).await;
    let found = passed_over.is_empty() && (runs.is_some() || lease.is_some());
    let nothing = passed_over.is_empty() && !found;
    let newest = runs.iter().flat_map(|runs| &runs.newest).flat_map(|record| record.places.iter().cloned());
    let places = newest.chain(lease.into_iter().flat_map(|lease| lease.places)).collect();
    Past { places, found, nothing, passed_over, runs }
}

impl Past {
    /// The newest records of the policy's applies, newest first, from the first store that has any.
    pub async fn records(&self, policy: &PolicyName, context: &Context) -> Vec<RunRecord> {
        let Some(runs) = &self.runs else { return Vec::new() };
        let before = runs.before.iter().take(RECORDS - 1).cloned();
        let reading = tokio::time::timeout(PATIENCE, records::read(runs.store.as_ref(), policy.as_str(), before));
        let before = match reading.await {
            Ok(Ok(records)) => records,
            Ok(Err(error)) => untold(context, &error.to_string()),
            Err(_) => untold(context, &format!("`{}` did not answer within {} s", runs.store.describe(), PATIENCE.as_secs())),
        };
        runs.newest.iter().cloned().chain(before).collect()
    }

    /// What a plan says of stores that were passed over.
    pub fn notes(&self, desired: &Desired) -> Vec<Note> {
        let note = |(store, reason): &(StoreName, String)| {
            let text = format!(
                "where past applies wrote could not be looked up in this store, so something that they left elsewhere may be missing from \
                 this plan: {reason}"
            );
            Some(Note { of: desired.of_store(store)?.id.clone(), text })
        };
        self.passed_over.iter().filter_map(note).collect()
    }
}

fn untold(context: &Context, reason: &str) -> Vec<RunRecord> {
    context.log(LogLevel::Info, &format!("records of past applies could not be read: {reason}"));
    Vec::new()
}

/// The records of the first store that has any, and the lease of the first that has one.
#[derive(Default)]
struct Told {
    runs: Option<Runs>,
    lease: Option<LeaseRecord>,
    passed_over: Vec<(StoreName, String)>,
}

/// All are asked at once, so that several that are down take no longer than one.
async fn ask(policy: &Policy, env: &Env, context: &Context) -> Told {
    let asked = policy.stores.iter().take(LOOKED_AT).map(|(name, spec)| async move {
        let answer = tokio::time::timeout(PATIENCE, one(policy, spec, env)).await;
        (name, answer.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs()))))
    });
    let mut answers = stream::iter(asked).buffered(LOOKED_AT);
    let mut told = Told::default();
    while let Some((name, answer)) = answers.next().await {
        match answer {
            Ok((runs, lease)) => {
                told.lease = told.lease.or(lease);
                told.runs = told.runs.or(runs);
            }
            Err(reason) => {
                context.log(LogLevel::Info, &format!("the records of past applies in {name} could not be read: {reason}"));
                told.passed_over.push((name.clone(), reason));
            }
        }
        if told.lease.is_some() && told.runs.is_some() {
            break;
        }
    }
    told
}

/// A second try for a cut connection; one that is down is told soon by the reads that need it.
const TRIES: Patience = Patience { attempts: 2, total: Duration::from_secs(2) };

async fn one(policy: &Policy, spec: &StoreSpec, env: &Env) -> Result<(Option<Runs>, Option<LeaseRecord>), String> {
    let name = policy.name.as_str();
    let reading = async {
        let store = stores::open_with(spec, env, TRIES).await?;
        tokio::try_join!(runs(Arc::clone(&store), name), lease::read(store.as_ref(), name))
    };
    match reading.await {
        Ok((runs, lease)) => Ok((runs, lease.map(|(lease, _)| lease))),
        // What is not there yet has none.
        Err(error) if error.kind == ErrorKind::NotFound => Ok((None, None)),
        // A plan tells it of everything there.
        Err(error) if error.kind == ErrorKind::Unauthenticated => Err("its credentials are not taken".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// `None`: the store has no record.
async fn runs(store: Arc<dyn Store>, policy: &str) -> Result<Option<Runs>, StoreError> {
    let mut before = records::recorded(store.as_ref(), policy).await?;
    before.reverse();
    if before.is_empty() {
        return Ok(None);
    }
    let newest = records::read(store.as_ref(), policy, [before.remove(0)]).await?.pop();
    Ok(Some(Runs { store, before, newest }))
}
