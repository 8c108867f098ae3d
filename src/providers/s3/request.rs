//! Documents are read and written whole, as trees.
//!
//! The SDK signs, sends and names the operations; the bodies go around its types (see [`super::element`]).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::types as t;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use futures_util::FutureExt;

use crate::providers::s3::document::{Answer, Document, Found};
use crate::providers::s3::element::Element;
use crate::providers::s3::owner_object;
use crate::providers::s3::place::Place;
use crate::store::{ErrorKind, Retry};
use crate::stores::s3::Refusal;

const ANSWER: Duration = Duration::from_secs(30);
/// Which small objects transitions leave out. S3 resets it where a write does not say it (S3 API reference,
/// `PutBucketLifecycleConfiguration`).
const MINIMUM_SIZE: &str = "x-amz-transition-default-minimum-object-size";

#[derive(Debug, Default)]
struct Received {
    body: Option<Vec<u8>>,
    minimum_size: Option<String>,
}

/// Keeps the body of an answer.
#[derive(Debug, Clone, Default)]
struct Receive(Arc<Mutex<Received>>);

impl Intercept for Receive {
    fn name(&self) -> &'static str {
        "bdr-receive"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let mut received = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        received.body = response.status().is_success().then(|| response.body().bytes().unwrap_or_default().to_vec());
        received.minimum_size = response.headers().get(MINIMUM_SIZE).map(str::to_owned);
        Ok(())
    }
}

/// Replaces the body of a request before checksum and signature are made.
#[derive(Debug, Clone)]
struct Send {
    body: String,
    minimum_size: Option<String>,
}

impl Intercept for Send {
    fn name(&self) -> &'static str {
        "bdr-send"
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        request.headers_mut().insert("content-length", self.body.len().to_string());
        if let Some(minimum_size) = &self.minimum_size {
            request.headers_mut().insert(MINIMUM_SIZE, minimum_size.clone());
        }
        *request.body_mut() = SdkBody::from(self.body.as_bytes());
        Ok(())
    }
}

macro_rules! get {
    ($place:expr, $receive:expr, $operation:ident) => {{
        let request = $place.connection.client.$operation().bucket(&$place.bucket);
        let request = request.set_expected_bucket_owner($place.owner.clone());
        $place.connection.ask(ANSWER, request.customize().interceptor($receive.clone()).send()).await.map(drop)
    }};
}

/// One document, repeated while that can help.
///
/// # Errors
/// What the endpoint refused for another reason than that the document or the bucket is not there.
pub(super) async fn read(place: &Place, document: Document) -> Result<Answer, Refusal> {
    match place.look(|| get(place, document)).await? {
        Answer::Unsupported(why) if document == Document::Tagging => instead(place, why).boxed().await,
        answer => Ok(answer),
    }
}

/// Who may not read objects there is no worse off than before.
async fn instead(place: &Place, why: String) -> Result<Answer, Refusal> {
    match owner_object::read(place).await {
        Ok(found) => Ok(Answer::Found(found)),
        Err(refusal) if refusal.code == "NoSuchBucket" => Ok(Answer::NoBucket),
        Err(refusal) if refusal.kind == ErrorKind::Denied => Ok(Answer::Unsupported(why)),
        Err(refusal) => Err(refusal),
    }
}

async fn get(place: &Place, document: Document) -> Result<Answer, Refusal> {
    let receive = Receive::default();
    let outcome = match document {
        Document::Versioning => get!(place, receive, get_bucket_versioning),
        Document::Encryption => get!(place, receive, get_bucket_encryption),
        Document::PublicAccessBlock => get!(place, receive, get_public_access_block),
        Document::OwnershipControls => get!(place, receive, get_bucket_ownership_controls),
        Document::Tagging => get!(place, receive, get_bucket_tagging),
        Document::Lifecycle => get!(place, receive, get_bucket_lifecycle_configuration),
    };
    let received = std::mem::take(&mut *receive.0.lock().unwrap_or_else(PoisonError::into_inner));
    match (received.body, outcome) {
        // The body counts, not whether the SDK could make sense of it.
        (Some(body), _) => understand(document, &body, received.minimum_size),
        (None, Err(refusal)) => not_there(refusal),
        (None, Ok(())) => Ok(Answer::Unsupported("it answers with nothing".to_owned())),
    }
}

/// An endpoint that does not know a sub-resource often answers 200 with an empty body (Ceph 16: encryption, ownership), or with
/// the listing of the bucket.
fn understand(document: Document, body: &[u8], minimum_size: Option<String>) -> Result<Answer, Refusal> {
    let text = String::from_utf8_lossy(body);
    if text.trim().is_empty() {
        return Ok(Answer::Unsupported("it answers with an empty document".to_owned()));
    }
    let tree = Element::parse(&text).map_err(|reason| Refusal {
        kind: ErrorKind::Other,
        retry: Retry::Never,
        code: String::new(),
        status: Some(200),
        region: None,
        reason,
    })?;
    // moto calls it `GetBucketVersioningResponse`.
    if tree.name == document.root() || (tree.name.starts_with("Get") && tree.name.ends_with("Response")) {
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

macro_rules! put {
    ($place:expr, $send:expr, $operation:ident, $set:ident, $value:expr) => {{
        let request = $place.connection.client.$operation().bucket(&$place.bucket).$set($value);
        let request = request.set_expected_bucket_owner($place.owner.clone());
        $place.connection.ask(ANSWER, request.customize().interceptor($send).send()).await.map(drop)
    }};
}

/// Replaces a whole document; one request. The typed values are only there because the SDK demands some.
///
/// # Errors
/// What the endpoint refused.
pub(super) async fn put(place: &Place, document: Document, content: &Found) -> Result<(), Refusal> {
    if let Some(kept) = &content.kept {
        return owner_object::write(place, &content.tree, kept).boxed().await;
    }
    let send = Send { body: content.tree.to_xml(), minimum_size: content.minimum_size.clone() };
    let unbuilt = |what: &dyn std::fmt::Display| Refusal {
        kind: ErrorKind::Other,
        retry: Retry::Never,
        code: String::new(),
        status: None,
        region: None,
        reason: format!("the request could not be made: {what}"),
    };
    match document {
        Document::Versioning => {
            let value = t::VersioningConfiguration::builder().build();
            put!(place, send, put_bucket_versioning, versioning_configuration, value)
        }
        Document::Encryption => {
            let value = t::ServerSideEncryptionConfiguration::builder().set_rules(Some(Vec::new())).build();
            let value = value.map_err(|error| unbuilt(&error))?;
            put!(place, send, put_bucket_encryption, server_side_encryption_configuration, value)
        }
        Document::PublicAccessBlock => {
            let value = t::PublicAccessBlockConfiguration::builder().build();
            put!(place, send, put_public_access_block, public_access_block_configuration, value)
        }
        Document::OwnershipControls => {
            let value = t::OwnershipControls::builder().set_rules(Some(Vec::new())).build();
            let value = value.map_err(|error| unbuilt(&error))?;
            put!(place, send, put_bucket_ownership_controls, ownership_controls, value)
        }
        Document::Tagging => {
            let value = t::Tagging::builder().set_tag_set(Some(Vec::new())).build().map_err(|error| unbuilt(&error))?;
            put!(place, send, put_bucket_tagging, tagging, value)
        }
        Document::Lifecycle => {
            let value = t::BucketLifecycleConfiguration::builder().set_rules(Some(Vec::new())).build();
            let value = value.map_err(|error| unbuilt(&error))?;
            put!(place, send, put_bucket_lifecycle_configuration, lifecycle_configuration, value)
        }
    }
}

/// Removes the lifecycle document; one request. An endpoint that does not know the sub-resource takes this for the removal of
/// the *bucket* (Ceph 16 and SeaweedFS do so for others), so only [`super::lifecycle`] calls it, where that cannot be.
///
/// # Errors
/// What the endpoint refused.
pub(super) async fn delete_lifecycle(place: &Place) -> Result<(), Refusal> {
    let request = place.connection.client.delete_bucket_lifecycle().bucket(&place.bucket);
    let request = request.set_expected_bucket_owner(place.owner.clone());
    place.connection.ask(ANSWER, request.send()).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_foreign_answer_means_that_the_endpoint_does_not_know_the_document() {
        for body in ["", "  \n", "<ListBucketResult/>", "<Error/>"] {
            let answer = understand(Document::Encryption, body.as_bytes(), None);
            assert!(matches!(answer, Ok(Answer::Unsupported(_))), "{body:?}: {answer:?}");
        }
        assert!(understand(Document::Encryption, b"not xml", None).is_err());
        let found = understand(Document::Versioning, b"<VersioningConfiguration/>", None);
        assert!(matches!(found, Ok(Answer::Found(_))), "{found:?}");
    }
}
