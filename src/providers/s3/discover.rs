//! Finds buckets that carry the policy's mark and that the policy no longer names.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use crate::address::{AccountName, PolicyName};
use crate::diag::Spanned;
use crate::policy::{self, Policy, S3Backend};
use crate::provider::{Env, ProviderError};
use crate::providers::s3::document::Answer;
use crate::providers::s3::element::Element;
use crate::providers::s3::place::Place;
use crate::providers::s3::stood::noted;
use crate::providers::s3::{replication, request, tags};
use crate::store::ErrorKind;
use crate::stores::s3::{Connection, METADATA, Refusal, connect};

/// Most buckets of an account whose tags are read: a plan must not cost a request for each of thousands of others.
const MOST: usize = 500;
/// Buckets of one page (S3 API reference, `ListBuckets`).
const PAGE: i32 = 1000;

/// A bucket, and the document that says that something in it is ours.
pub(super) type Found = (Place, Answer);

/// An account that is looked through.
pub(super) struct Account {
    /// By which all of its buckets can be looked at.
    via: Place,
    backend: S3Backend,
    /// Nothing of the policy lies there: who may not look there misses nothing that the policy speaks of.
    is_empty: bool,
}

/// Each account of the policy: whoever asks an endpoint by one role sees one account, whatever the region. Where places of it belong to
/// different owners, none is demanded. One in which nothing of the policy lies (any more) is looked for where the policy's buckets are.
pub(super) async fn accounts(known: &[(&Place, &S3Backend)], policy: &Policy, env: &Env) -> Vec<Account> {
    let mut accounts: BTreeMap<_, Account> = BTreeMap::new();
    let mut endpoints: BTreeMap<Option<&str>, &S3Backend> = BTreeMap::new();
    for (place, backend) in known {
        let endpoint = backend.endpoint.as_ref().map(|endpoint| endpoint.expose());
        endpoints.entry(endpoint).or_insert(backend);
        let first = || Account { via: Place::clone(place), backend: S3Backend::clone(backend), is_empty: false };
        let owner = &mut accounts.entry((endpoint, backend.by())).or_insert_with(first).via.owner;
        *owner = owner.take().filter(|owner| place.owner.as_ref() == Some(owner));
    }
    let is_used = |name: &AccountName| accounts.keys().any(|(_, by)| *by == Some(name));
    let others = policy.accounts.iter().filter(|(name, _)| !is_used(name));
    let looks = others.flat_map(|(_, account)| endpoints.values().map(move |backend| of_nothing(account, backend, env)));
    let others = join_all(looks.collect::<Vec<_>>()).await;
    accounts.into_values().chain(others.into_iter().flatten()).collect()
}

/// `None`: the caller does not allow its endpoint.
async fn of_nothing(account: &policy::Account, near: &S3Backend, env: &Env) -> Option<Account> {
    let (id, through) = (Some(account.id.clone()), Some(Box::new(account.clone())));
    let backend = S3Backend { account: id, through, ..near.clone() };
    let via = Place::new(connect(&backend, env).await.ok()?, &backend, env.purpose);
    Some(Account { via, backend, is_empty: true })
}

/// Looks through an account: whatever region its buckets lie in, each is looked at once.
///
/// # Errors
/// Where the endpoint does not answer. Who may not list the account's buckets finds none.
pub(super) async fn strangers(
    Account { via, backend, is_empty }: &Account,
    known: &[&str],
    policy: &PolicyName,
    env: &Env,
) -> Result<Vec<Found>, ProviderError> {
    let listed = match buckets(via).await {
        Ok(listed) => listed,
        Err(refusal) if *is_empty || refusal.kind != ErrorKind::Unavailable => return Ok(Vec::new()),
        Err(refusal) => return Err(via.fault("list the buckets of the account of", "s3:ListAllMyBuckets", refusal)),
    };
    let others = listed.into_iter().filter(|(name, _)| !known.contains(&name.as_str())).take(MOST);
    let looks = others.map(|(name, region)| async move {
        let place = somewhere(via, backend, name, region, env).await?;
        match request::read(&place, &tags::DOCUMENT).await {
            Ok(Answer::Found(found)) if tags::is_marked(&found.tree, policy) => Some((place, Answer::Found(found))),
            // A bucket that does not show its tags is not known to be ours.
            _ => None,
        }
    });
    Ok(join_all(looks).await.into_iter().flatten().collect())
}

/// Buckets of the application's that earlier applies noted, in which rules of the policy still stand, or others by a role of it.
pub(super) async fn forsaken(vias: &[(&Place, &S3Backend)], known: &[&str], policy: &PolicyName, env: &Env) -> Vec<Found> {
    let noted = env.left_places.iter().filter_map(|place| noted(place)).filter(|noted| !known.contains(&noted.bucket));
    let looks = noted.map(|noted| async move {
        let at = |backend: &S3Backend| backend.endpoint.as_ref().map(|endpoint| endpoint.expose().to_owned());
        let (via, backend) = vias.iter().find(|(_, backend)| at(backend).as_deref() == noted.endpoint)?;
        let region = noted.region.map(str::to_owned);
        let there = S3Backend { region: region.clone().map(Spanned::bare), ..(*backend).clone() };
        let place = beside(via, connect(&there, env).await.ok()?, noted.bucket.to_owned(), region);
        match request::read(&place, &replication::DOCUMENT).await {
            Ok(Answer::Found(found)) if is_held(&found.tree, policy) => Some((place, Answer::Found(found))),
            _ => None,
        }
    });
    join_all(looks).await.into_iter().flatten().collect()
}

fn is_held(document: &Element, policy: &PolicyName) -> bool {
    replication::holds_ours(document, policy) || replication::works_by_ours(document, policy)
}

async fn buckets(via: &Place) -> Result<Vec<(String, Option<String>)>, Refusal> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let page = via
            .look(|| {
                let page = via.connection.client.list_buckets().max_buckets(PAGE).set_continuation_token(token.clone());
                via.connection.ask(METADATA, page.send())
            })
            .await?;
        let buckets = page.buckets.unwrap_or_default().into_iter();
        found.extend(buckets.filter_map(|bucket| Some((bucket.name?, bucket.bucket_region))));
        match page.continuation_token.filter(|next| !next.is_empty() && token.as_ref() != Some(next)) {
            Some(next) if found.len() < MOST => token = Some(next),
            _ => return Ok(found),
        }
    }
}

/// A bucket of the account, over a connection of its own region where that is another one.
async fn somewhere(via: &Place, backend: &S3Backend, bucket: String, region: Option<String>, env: &Env) -> Option<Place> {
    let connection = match &region {
        Some(region) if via.region.as_ref() != Some(region) => {
            let there = S3Backend { region: Some(Spanned::bare(region.clone())), ..backend.clone() };
            connect(&there, env).await.ok()?
        }
        _ => Arc::clone(&via.connection),
    };
    Some(beside(via, connection, bucket, region))
}

/// Another bucket of the same account.
fn beside(via: &Place, connection: Arc<Connection>, bucket: String, region: Option<String>) -> Place {
    let (owner, purpose) = (via.owner.clone(), via.purpose);
    Place { connection, shown: bucket.clone(), bucket, region, prefix: String::new(), owner, purpose }
}
