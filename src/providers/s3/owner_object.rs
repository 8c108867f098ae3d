//! The mark where an endpoint keeps no tags of buckets: the document of the tags, as the object `.bdr/owner`.
//!
//! It is made only where there is none and replaced only where it is still what was read, so that of two policies which come at
//! once none loses its mark. It lies at the root of the bucket: a store with another prefix must find it.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;

use crate::providers::s3::document::{Found, Kept};
use crate::providers::s3::element::Element;
use crate::providers::s3::place::Place;
use crate::store::{ErrorKind, Retry};
use crate::stores::s3::{METADATA, Refusal};

pub(super) const KEY: &str = ".bdr/owner";

const ANSWER: Duration = Duration::from_secs(30);

/// The document; an empty one where there is no object.
///
/// # Errors
/// What the endpoint refused, `NoSuchBucket` among it.
pub(super) async fn read(place: &Place) -> Result<Found, Refusal> {
    let get = || async {
        let request = place.connection.client.get_object().bucket(&place.bucket).key(KEY);
        let answer = place.connection.ask(METADATA, request.set_expected_bucket_owner(place.owner.clone()).send()).await?;
        let body = tokio::time::timeout(ANSWER, answer.body.collect()).await.map_err(|_| Refusal::timeout(ANSWER))?;
        let body = body.map_err(|error| strange(Retry::Later, format!("`{KEY}` was cut: {error}")))?.into_bytes();
        Ok((String::from_utf8_lossy(&body).into_owned(), answer.e_tag))
    };
    let found = |tree, etag| Found { tree, minimum_size: None, kept: Some(Kept { etag }) };
    match place.look(get).await {
        Ok((text, etag)) => {
            let tree = Element::parse(&text).ok().filter(|tree| tree.name == "Tagging");
            let tree = tree.ok_or_else(|| strange(Retry::Never, format!("`{KEY}` is not what bdr writes there")))?;
            Ok(found(tree, etag))
        }
        Err(refusal) if refusal.kind == ErrorKind::NotFound && refusal.code != "NoSuchBucket" => {
            Ok(found(Element::new("Tagging"), None))
        }
        Err(refusal) => Err(refusal),
    }
}

fn strange(retry: Retry, reason: String) -> Refusal {
    Refusal { kind: ErrorKind::Other, retry, code: String::new(), status: None, region: None, reason, help: None }
}

/// Writes the document where it is still what was read; one without a mark is removed.
///
/// # Errors
/// What the endpoint refused; [`Retry::Later`] where somebody else was faster: read and merge again.
pub(super) async fn write(place: &Place, tree: &Element, read: &Kept) -> Result<(), Refusal> {
    let client = &place.connection.client;
    if tree.child("TagSet").is_none_or(|set| set.children.is_empty()) {
        let request = client.delete_object().bucket(&place.bucket).key(KEY).set_expected_bucket_owner(place.owner.clone());
        return place.connection.ask(ANSWER, request.send()).await.map(drop);
    }
    let request = client.put_object().bucket(&place.bucket).key(KEY).content_type("application/xml");
    let request = request.set_expected_bucket_owner(place.owner.clone()).body(ByteStream::from(tree.to_xml().into_bytes()));
    let request = match &read.etag {
        Some(etag) => request.if_match(etag),
        None => request.if_none_match("*"),
    };
    match place.connection.ask(ANSWER, request.send()).await {
        Err(refusal) if refusal.kind == ErrorKind::Exists => Err(Refusal { retry: Retry::Later, ..refusal }),
        outcome => outcome.map(drop),
    }
}
