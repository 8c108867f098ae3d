//! What the records of past applies tell: where schedules were written, and who set what.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use crate::address::StoreName;
use crate::apply::lease::{self, LeaseRecord};
use crate::apply::records;
use crate::cli::{Context, LogLevel};
use crate::journal::RunRecord;
use crate::plan::Note;
use crate::policy::{Policy, StoreSpec};
use crate::provider::Env;
use crate::resource::Desired;
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
    /// A store has a lease or a record of the policy, and none was passed over, so `places` is all that there is.
    pub found: bool,
    /// Every store was asked, and none has a lease or a record.
    pub nothing: bool,
    /// Stores that could not be asked, with the reason.
    passed_over: Vec<(StoreName, String)>,
}

/// Asks the lease and the newest record, whichever there is.
pub async fn past(policy: &Policy, env: &Env, context: &Context) -> Past {
    let Told { records, lease, passed_over } = ask(policy, env, 1, context).await;
    let found = passed_over.is_empty() && (!records.is_empty() || lease.is_some());
    let nothing = passed_over.is_empty() && !found;
    let places = records.into_iter().flat_map(|record| record.places).chain(lease.into_iter().flat_map(|lease| lease.places));
    Past { places: places.collect(), found, nothing, passed_over }
}

impl Past {
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

/// Records of past applies that are looked through for who set what.
const RECORDS: usize = 30;

/// The newest records of the policy's applies, newest first, from the first store that has any.
pub async fn records(policy: &Policy, env: &Env, context: &Context) -> Vec<RunRecord> {
    ask(policy, env, RECORDS, context).await.records
}

/// The records of the first store that has any, and the lease of the first that has one.
#[derive(Default)]
struct Told {
    records: Vec<RunRecord>,
    lease: Option<LeaseRecord>,
    passed_over: Vec<(StoreName, String)>,
}

/// All are asked at once, so that several that are down take no longer than one.
async fn ask(policy: &Policy, env: &Env, most: usize, context: &Context) -> Told {
    let asked = policy.stores.iter().take(LOOKED_AT).map(|(name, spec)| async move {
        let answer = tokio::time::timeout(PATIENCE, one(policy, spec, env, most)).await;
        (name, answer.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs()))))
    });
    let mut answers = stream::iter(asked).buffered(LOOKED_AT);
    let mut told = Told::default();
    while let Some((name, answer)) = answers.next().await {
        match answer {
            Ok((records, lease)) => {
                told.lease = told.lease.or(lease);
                if told.records.is_empty() {
                    told.records = records;
                }
            }
            Err(reason) => {
                context.log(LogLevel::Info, &format!("the records of past applies in {name} could not be read: {reason}"));
                told.passed_over.push((name.clone(), reason));
            }
        }
        if told.lease.is_some() && !told.records.is_empty() {
            break;
        }
    }
    told
}

/// A second try for a cut connection; one that is down is told soon by the reads that need it.
const TRIES: Patience = Patience { attempts: 2, total: Duration::from_secs(2) };

async fn one(policy: &Policy, spec: &StoreSpec, env: &Env, most: usize) -> Result<(Vec<RunRecord>, Option<LeaseRecord>), String> {
    let name = policy.name.as_str();
    let reading = async {
        let store = stores::open_with(spec, env, TRIES).await?;
        tokio::try_join!(records::newest(store.as_ref(), name, most), lease::read(store.as_ref(), name))
    };
    match reading.await {
        Ok((records, lease)) => Ok((records, lease.map(|(lease, _)| lease))),
        // What is not there yet has none.
        Err(error) if error.kind == ErrorKind::NotFound => Ok((Vec::new(), None)),
        // A plan tells it of everything there.
        Err(error) if error.kind == ErrorKind::Unauthenticated => Err("its credentials are not taken".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
