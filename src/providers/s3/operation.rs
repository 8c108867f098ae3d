//! The SDK's operation for a document, as a kind declares it: the SDK signs, sends and names the operation; the body goes around its
//! types (see [`super::element`]).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;

use crate::store::{ErrorKind, Retry};
use crate::stores::s3::Refusal;

pub(super) const ANSWER: Duration = Duration::from_secs(30);
/// Which small objects transitions leave out. S3 resets it where a write does not say it (S3 API reference,
/// `PutBucketLifecycleConfiguration`).
const MINIMUM_SIZE: &str = "x-amz-transition-default-minimum-object-size";

#[derive(Debug, Default)]
pub(super) struct Received {
    pub body: Option<Vec<u8>>,
    pub minimum_size: Option<String>,
}

/// Keeps the body of an answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Receive(Arc<Mutex<Received>>);

impl Receive {
    pub fn take(&self) -> Received {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

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
pub(super) struct Send {
    pub body: String,
    pub minimum_size: Option<String>,
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

/// How a kind declares the operation that reads its document: `get!(get_bucket_versioning)`.
macro_rules! get {
    ($operation:ident) => {
        |place, receive| {
            Box::pin(async move {
                let request = place.connection.client.$operation().bucket(&place.bucket);
                let request = request.set_expected_bucket_owner(place.owner.clone());
                let request = request.customize().interceptor(receive);
                place.connection.ask($crate::stores::s3::METADATA, request.send()).await.map(drop)
            })
        }
    };
}

/// How a kind declares the operation that replaces its document. The value (a `Result`) is only there because the SDK demands one of
/// its types: what is sent is the tree.
macro_rules! put {
    ($operation:ident, $set:ident, $value:expr) => {
        |place, send| {
            Box::pin(async move {
                let value = $value.map_err($crate::providers::s3::operation::unbuilt)?;
                let request = place.connection.client.$operation().bucket(&place.bucket).$set(value);
                let request = request.set_expected_bucket_owner(place.owner.clone());
                let request = request.customize().interceptor(send);
                place.connection.ask($crate::providers::s3::operation::ANSWER, request.send()).await.map(drop)
            })
        }
    };
}

pub(super) use {get, put};

/// A request that the SDK does not make.
pub(super) fn unbuilt(what: aws_smithy_types::error::operation::BuildError) -> Refusal {
    Refusal {
        kind: ErrorKind::Other,
        retry: Retry::Never,
        code: String::new(),
        status: None,
        region: None,
        reason: format!("the request could not be made: {what}"),
        help: None,
    }
}
