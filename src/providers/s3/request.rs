//! Documents are read and written whole, as trees.
//!
//! The SDK signs, sends and names the operations; the bodies go around its types (see [`super::element`]).

use futures_util::FutureExt;

use crate::providers::s3::document::{Answer, Document, Found};
use crate::providers::s3::operation::{Receive, Send};
use crate::providers::s3::owner_object;
use crate::providers::s3::place::Place;
use crate::store::{ErrorKind, Retry};
use crate::stores::s3::Refusal;

/// One document, repeated while that can help.
///
/// # Errors
/// What the endpoint refused for another reason than that the document or the bucket is not there.
pub(super) async fn read(place: &Place, document: &Document) -> Result<Answer, Refusal> {
    match (place.look(|| get_once(place, document)).await?, document.elsewhere) {
        (Answer::Unsupported(why), Some(elsewhere)) => instead(elsewhere(place).await, why),
        (Answer::Absent | Answer::NoBucket, _) if is_unknown(place, document) => {
            Ok(Answer::Unsupported("it answers as though there were none, and takes none".to_owned()))
        }
        (answer, _) => Ok(answer),
    }
}

fn is_unknown(place: &Place, document: &Document) -> bool {
    place.connection.server().is_some_and(|server| document.unknown_to.iter().any(|name| server.starts_with(name)))
}

/// Who may not read objects there is no worse off than before.
fn instead(kept: Result<Found, Refusal>, why: String) -> Result<Answer, Refusal> {
    match kept {
        Ok(found) => Ok(Answer::Found(found)),
        Err(refusal) if refusal.code == "NoSuchBucket" => Ok(Answer::NoBucket),
        Err(refusal) if refusal.kind == ErrorKind::Denied => Ok(Answer::Unsupported(why)),
        Err(refusal) => Err(refusal),
    }
}

async fn get_once(place: &Place, document: &Document) -> Result<Answer, Refusal> {
    let receive = Receive::default();
    let outcome = (document.get)(place, receive.clone()).await;
    let received = receive.take();
    match (received.body, outcome) {
        // The body counts, not whether the SDK could make sense of it.
        (Some(body), _) => understand(document, &body, received.minimum_size),
        (None, Err(refusal)) => not_there(refusal),
        (None, Ok(())) => Ok(Answer::Unsupported("it answers with nothing".to_owned())),
    }
}

/// An endpoint that does not know a sub-resource often answers 200 with an empty body (Ceph 16: encryption, ownership), or with
/// the listing of the bucket.
fn understand(document: &Document, body: &[u8], minimum_size: Option<String>) -> Result<Answer, Refusal> {
    let text = String::from_utf8_lossy(body);
    if text.trim().is_empty() {
        return Ok(Answer::Unsupported("it answers with an empty document".to_owned()));
    }
    let tree = (document.format.parse)(&text).map_err(|reason| Refusal {
        kind: ErrorKind::Other,
        retry: Retry::Never,
        code: String::new(),
        status: Some(200),
        region: None,
        reason,
        help: None,
    })?;
    if (document.is_hollow)(&tree) {
        return Ok(Answer::Unsupported("it answers with an empty document".to_owned()));
    }
    // moto calls it `GetBucketVersioningResponse`.
    if tree.name == document.root || (tree.name.starts_with("Get") && tree.name.ends_with("Response")) {
        Ok(Answer::Found(Found { tree, minimum_size, kept: None }))
    } else {
        Ok(Answer::Unsupported(format!("it answers with a document of another kind (`{}`)", tree.name)))
    }
}

fn not_there(refusal: Refusal) -> Result<Answer, Refusal> {
    match (refusal.kind, refusal.code.as_str()) {
        (ErrorKind::Unsupported, _) => Ok(Answer::Unsupported(format!("it answers: {}", refusal.reason))),
        (ErrorKind::NotFound, "NoSuchBucket") => Ok(Answer::NoBucket),
        (ErrorKind::NotFound, _) => Ok(Answer::Absent),
        _ => Err(refusal),
    }
}

/// Replaces a whole document; one request.
///
/// # Errors
/// What the endpoint refused.
pub(super) async fn write(place: &Place, document: &Document, content: &Found) -> Result<(), Refusal> {
    if let Some(kept) = &content.kept {
        return owner_object::write(place, &content.tree, kept).boxed().await;
    }
    let send = Send { body: (document.format.write)(&content.tree), minimum_size: content.minimum_size.clone() };
    (document.put)(place, send).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::s3::{encryption, versioning};

    #[test]
    fn an_empty_or_foreign_answer_means_that_the_endpoint_does_not_know_the_document() {
        for body in ["", "  \n", "<ListBucketResult/>", "<Error/>"] {
            let answer = understand(&encryption::DOCUMENT, body.as_bytes(), None);
            assert!(matches!(answer, Ok(Answer::Unsupported(_))), "{body:?}: {answer:?}");
        }
        assert!(understand(&encryption::DOCUMENT, b"not xml", None).is_err());
        let found = understand(&versioning::DOCUMENT, b"<VersioningConfiguration/>", None);
        assert!(matches!(found, Ok(Answer::Found(_))), "{found:?}");
    }
}
