//! Kind `s3_bucket`: the bucket itself. Made where it is missing, never removed: it holds data.

use std::time::Duration;

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use futures_util::FutureExt;

use crate::attrs::{Attr, Attrs};
use crate::provider::ProviderError;
use crate::providers::s3::place::Place;
use crate::providers::s3::setting::{Wanted, Wish};
use crate::providers::s3::{BUCKET, request, tags};
use crate::resource::{Kind, Live, Removal};
use crate::store::{ErrorKind, Retry};
use crate::stores::s3::{METADATA, Refusal};

const ANSWER: Duration = Duration::from_secs(30);
/// The region that has no name in `LocationConstraint` (S3 API reference, `CreateBucket`).
const UNNAMED: &str = "us-east-1";

pub(super) static KIND: Kind = Kind {
    name: BUCKET,
    title: "bucket",
    summary: "A bucket for backups. Created where it is missing; owned by the tag `bdr:policy`; released, never deleted.",
    removal: Removal::Release,
    immutable: &["bucket", "region"],
    visible_within: 120,
    ..Kind::PLAIN
};

pub(super) fn wanted(wish: Wish<'_>) -> Wanted {
    let mut attrs = Attrs::from([("bucket".to_owned(), wish.backend.bucket.value.to_attr())]);
    attrs.extend(wish.backend.region.iter().map(|region| ("region".to_owned(), region.value.as_str().into())));
    Wanted { key: String::new(), attrs, span: wish.backend.bucket.span, after: Vec::new(), earlier: None }
}

/// Where the bucket lies is told even to those who may not read it (`x-amz-bucket-region` on 301 and 403).
pub(super) async fn live(place: &Place, desired: Option<&Attrs>) -> Result<Live, ProviderError> {
    let outcome = place.look(|| head(place)).await;
    let region = match outcome {
        Ok(region) => region,
        Err(refusal) if refusal.kind == ErrorKind::NotFound => return Ok(Live::absent()),
        // Another region: the bucket is there, and what differs is an attribute that cannot change.
        Err(refusal) if matches!(refusal.status, Some(301 | 400)) && moved(place, &refusal) => refusal.region,
        Err(refusal) => return Err(place.fault("look at", "s3:ListBucket", explained(place, refusal).boxed().await)),
    };
    let name = desired.and_then(|desired| desired.get("bucket")).cloned().unwrap_or_else(|| Attr::text(&place.shown));
    let mut attrs = Attrs::from([("bucket".to_owned(), name)]);
    // Compatible stores often do not tell; then what the policy says is not contradicted.
    let stated = desired.and_then(|desired| desired.get("region"));
    if let Some(stated) = stated {
        attrs.insert("region".to_owned(), region.map_or_else(|| stated.clone(), Attr::Text));
    }
    Ok(Live::present(attrs))
}

/// An answer to `HEAD` has no body, so that a refusal does not say whether it is the credentials: a `GET` does.
async fn explained(place: &Place, refusal: Refusal) -> Refusal {
    if refusal.kind != ErrorKind::Denied || !refusal.code.is_empty() {
        return refusal;
    }
    match request::read(place, &tags::DOCUMENT).await {
        Err(other) if other.kind == ErrorKind::Unauthenticated => other,
        _ => refusal,
    }
}

fn moved(place: &Place, refusal: &Refusal) -> bool {
    place.region.is_some() && refusal.region.is_some() && refusal.region != place.region
}

async fn head(place: &Place) -> Result<Option<String>, Refusal> {
    let request = place.connection.client.head_bucket().bucket(&place.bucket).set_expected_bucket_owner(place.owner.clone());
    Ok(place.connection.ask(METADATA, request.send()).await?.bucket_region)
}

/// What one look at a bucket tells.
pub struct Seen {
    /// Where it lies, if that is another region than it was asked for in.
    pub region: Option<String>,
    /// It answered. One that lies elsewhere may have said no more than that.
    pub is_there: bool,
}

/// Whether a bucket is there, and where, by one request.
///
/// # Errors
/// When it is not there, or cannot be looked at.
pub(super) async fn seen(place: &Place) -> Result<Seen, ProviderError> {
    let elsewhere = |region: Option<String>| region.filter(|region| Some(region) != place.region.as_ref());
    match place.look(|| head(place)).await {
        Ok(region) => Ok(Seen { region: elsewhere(region), is_there: true }),
        Err(refusal) => match elsewhere(refusal.region.clone()) {
            Some(region) => Ok(Seen { region: Some(region), is_there: false }),
            None if refusal.kind == ErrorKind::NotFound => Err(none(place)),
            None => Err(place.fault("look at", "s3:ListBucket", explained(place, refusal).boxed().await)),
        },
    }
}

fn none(place: &Place) -> ProviderError {
    ProviderError {
        operation: "look at".to_owned(),
        subject: place.subject(),
        kind: ErrorKind::NotFound,
        retry: Retry::Never,
        reason: "there is no such bucket".to_owned(),
        help: Some("Look at its name, at --region, and at whose credentials these are.".to_owned()),
        source: None,
    }
}

/// Where a bucket lies, as the endpoint says to whoever asks, allowed or not; `None`: it does not say.
pub(super) async fn region(place: &Place, bucket: &str) -> Option<String> {
    let request = || place.connection.ask(METADATA, place.connection.client.head_bucket().bucket(bucket).send());
    match place.look(request).await {
        Ok(answer) => answer.bucket_region,
        Err(refusal) => refusal.region,
    }
}

/// Makes the bucket; one that is there already and ours is as good. Nothing is set on it here: the settings are resources.
/// One that is to lock what is written must be made so: many endpoints lock nothing in a bucket that was made without.
pub(super) async fn create(place: &Place, locks: bool) -> Result<(), ProviderError> {
    let constraint = place.region.clone().filter(|region| region != UNNAMED);
    let outcome = match place.look(|| make(place, constraint.clone(), locks)).await {
        // A compatible store with a region of its own, whatever the policy calls it.
        Err(refusal) if refusal.code == "InvalidLocationConstraint" && !place.connection.is_aws() && constraint.is_some() => {
            place.look(|| make(place, None, locks)).await
        }
        outcome => outcome,
    };
    match outcome {
        Ok(()) => Ok(()),
        Err(refusal) if refusal.code == "BucketAlreadyOwnedByYou" => Ok(()),
        Err(refusal) => Err(place.fault("create", "s3:CreateBucket", refusal)),
    }
}

/// Repeating it is safe: the second one is answered with 200 or `BucketAlreadyOwnedByYou`.
async fn make(place: &Place, constraint: Option<String>, locks: bool) -> Result<(), Refusal> {
    let configuration = constraint.map(|region| {
        CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(region.as_str())).build()
    });
    let request = place.connection.client.create_bucket().bucket(&place.bucket);
    let request = request.set_create_bucket_configuration(configuration);
    let request = request.set_object_lock_enabled_for_bucket(locks.then_some(true));
    place.connection.ask(ANSWER, request.send()).await.map(drop)
}
