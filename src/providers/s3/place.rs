//! One bucket as a session reaches it, and what its refusals mean to a person.

use std::sync::Arc;

use crate::policy::S3Backend;
use crate::provider::ProviderError;
use crate::rights::Purpose;
use crate::store::ErrorKind;
use crate::stores::s3::{Connection, Refusal, arn, by_the_bucket, credentials, needed};

/// A bucket, and the connection that its region and account ask for.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub connection: Arc<Connection>,
    pub bucket: String,
    /// As people may see it: a name that came from a reference is shown as the reference.
    pub shown: String,
    /// As the policy states it.
    pub region: Option<String>,
    /// Everything of bdr's in it lies below; empty or ending in `/`.
    pub prefix: String,
    /// Twelve digits; sent with every request where stated.
    pub owner: Option<String>,
    /// What the command does that runs.
    pub purpose: Option<Purpose>,
}

impl Place {
    pub fn new(connection: Arc<Connection>, backend: &S3Backend, purpose: Option<Purpose>) -> Self {
        Self {
            connection,
            bucket: backend.bucket.expose().to_owned(),
            shown: backend.bucket.shown.clone(),
            region: backend.region.as_ref().map(|region| region.value.clone()),
            prefix: backend.prefix.value.clone(),
            owner: backend.account.as_ref().map(|account| account.value.clone()),
            purpose,
        }
    }

    pub fn subject(&self) -> String {
        format!("s3://{}", self.shown)
    }

    /// What is equal for two stores in one bucket.
    pub fn identity(&self) -> (usize, &str) {
        (Arc::as_ptr(&self.connection) as usize, &self.bucket)
    }

    /// A request at the endpoint's pace, repeated while that can help. Only for requests that may be
    /// done twice.
    pub async fn look<T, F: Future<Output = Result<T, Refusal>>>(&self, request: impl Fn() -> F) -> Result<T, Refusal> {
        self.connection.look(request).await
    }

    /// One request at the endpoint's pace.
    pub async fn once<T>(&self, request: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
        self.connection.once(request).await
    }

    /// The refusal as an error that a person can act on. `action` is the IAM action that the request needs.
    pub fn fault(&self, operation: impl Into<String>, action: &str, refusal: Refusal) -> ProviderError {
        let help = self.help(action, &refusal);
        ProviderError {
            operation: operation.into(),
            subject: self.subject(),
            kind: refusal.kind,
            retry: refusal.retry,
            reason: refusal.reason,
            help,
            source: None,
        }
    }

    /// Codes and their meaning as in the S3 API reference, "Error responses".
    fn help(&self, action: &str, refusal: &Refusal) -> Option<String> {
        let bucket = &self.shown;
        let elsewhere = match (&refusal.region, &self.region) {
            (Some(actual), stated) if stated.as_ref() != Some(actual) => Some(actual),
            _ => None,
        };
        Some(match (refusal.code.as_str(), refusal.status) {
            ("BucketAlreadyExists", _) => {
                format!("The name `{bucket}` belongs to another account; bucket names are global. Choose another name.")
            }
            ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException", _) | (_, Some(301)) => {
                match elsewhere {
                    Some(region) => format!("The bucket lies in {region}: write `region: {region}` in the policy."),
                    None => "The bucket lies in another region: state its `region` in the policy.".to_owned(),
                }
            }
            ("InvalidBucketState", _) => {
                "Object lock is on in this bucket, so its versioning can no longer be suspended, by any tool.".to_owned()
            }
            ("OperationAborted", _) => {
                "Another change to this bucket is in progress, or its name was deleted within the last hour: try again later."
                    .to_owned()
            }
            ("MalformedXML", _) => {
                "bdr sent a document that the endpoint does not take: please report this with the plan.".to_owned()
            }
            ("MalformedPolicy", _) if refusal.reason.to_ascii_lowercase().contains("principal") => {
                "A role, user or account that `access` names is not there: check its ARN, and make it first.".to_owned()
            }
            ("MalformedPolicy" | "InvalidPolicyDocument", _) => {
                "The endpoint does not take all that a statement needs: take that key of `access` out for this store (an empty list needs no \
                 condition), or use a store that has it."
                    .to_owned()
            }
            _ if refusal.kind == ErrorKind::Unsupported => {
                "Take the setting out of the policy for this store, or use a store that has it.".to_owned()
            }
            _ if refusal.kind == ErrorKind::Unauthenticated => credentials(refusal, self.connection.credentials()),
            _ if refusal.kind == ErrorKind::Denied => self.denied(action, &refusal.reason),
            _ if refusal.kind == ErrorKind::Unavailable => refusal.try_again(),
            _ => return None,
        })
    }

    /// A refusal does not say which of these it is: a wrong owner header gets the same answer as a missing right.
    fn denied(&self, action: &str, reason: &str) -> String {
        let resource = format!("arn:{}:s3:::{}", arn::partition(self.region.as_deref()), self.shown);
        let right = needed(reason, action, &resource);
        if let Some(help) = by_the_bucket(reason, &right) {
            return help;
        }
        let otherwise = match &self.owner {
            Some(owner) => format!("or the bucket does not belong to account {owner}, which the policy demands."),
            None => "or the bucket belongs to another account, or its bucket policy denies it.".to_owned(),
        };
        let (lacking, hint) = self.connection.lacks(&right, self.purpose);
        format!("{lacking}; {otherwise}{hint}")
    }
}
