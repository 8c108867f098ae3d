//! The way back: what a write to a document with somebody else's rules replaces is kept as an object beside it.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;

use crate::providers::s3::document::Document;
use crate::providers::s3::element::Element;
use crate::providers::s3::place::Place;
use crate::store::ErrorKind;
use crate::stores::s3::Refusal;

const ANSWER: Duration = Duration::from_secs(30);

/// Below it, under the store's prefix, lie the copies.
pub(super) const BELOW: &str = ".bdr/undo/";

fn key(place: &Place, document: &Document, now: jiff::Timestamp) -> String {
    let time = now.strftime("%Y%m%dT%H%M%SZ");
    format!("{}{BELOW}{time}-{:08x}-{}.{}", place.prefix, fastrand::u32(..), document.root, document.format.suffix)
}

/// Keeps a document as it was read. Who may change settings but write no object goes without: that is a right to give or not.
///
/// # Errors
/// What the endpoint refused for another reason.
pub(super) async fn keep(place: &Place, document: &Document, tree: &Element) -> Result<(), Refusal> {
    let key = key(place, document, jiff::Timestamp::now());
    let text = (document.format.write)(tree);
    let write = || {
        let request = place.connection.client.put_object().bucket(&place.bucket).key(&key);
        let request = request.set_expected_bucket_owner(place.owner.clone()).content_type(document.format.content_type);
        place.connection.ask(ANSWER, request.body(ByteStream::from(text.clone().into_bytes())).send())
    };
    match place.look(write).await {
        Ok(_) => Ok(()),
        Err(refusal) if refusal.kind == ErrorKind::Denied => Ok(()),
        Err(refusal) => Err(refusal),
    }
}
