//! Why an S3 endpoint said no, from the SDK's error: what kind it is, whether trying again can help, and in whose words.

use std::error::Error;
use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::rights::Deed;
use crate::store::{ErrorKind, NO_ANSWER, Retry, StoreError};

/// A request that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub kind: ErrorKind,
    pub retry: Retry,
    /// The S3 API's code, such as `NoSuchBucket`; empty where the endpoint gave none (answers to `HEAD` have no body).
    pub code: String,
    pub status: Option<u16>,
    /// Where the endpoint says that the bucket lies (`x-amz-bucket-region`).
    pub region: Option<String>,
    /// The endpoint's own words, or what happened on the way; without secrets.
    pub reason: String,
    /// What to do about it, where that is known better than the rest tells.
    pub help: Option<String>,
}

impl Refusal {
    /// Nothing came back in time: what was asked for may have been done.
    pub fn timeout(limit: Duration) -> Self {
        Self {
            kind: ErrorKind::Unavailable,
            retry: Retry::Unknown,
            code: String::new(),
            status: None,
            region: None,
            reason: format!("{NO_ANSWER}{} s", limit.as_secs()),
            help: None,
        }
    }

    pub fn of<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>) -> Self {
        let response = error.raw_response();
        let status = response.map(|response| response.status().as_u16());
        let region = response.and_then(|response| response.headers().get("x-amz-bucket-region")).map(str::to_owned);
        let code = error.code().unwrap_or_default().to_owned();
        let (kind, retry) = match status {
            Some(status) => (kind_of(&code, status), retry_of(&code, status)),
            None => unanswered(error),
        };
        let reason = match (status, error.message()) {
            (Some(status), Some(message)) if !code.is_empty() => format!("{message} ({code}, HTTP {status})"),
            (Some(status), _) if !code.is_empty() => format!("{code} (HTTP {status})"),
            (Some(200..=299), _) => format!("the answer could not be read: {}", innermost(error)),
            (Some(status), _) => format!("HTTP {status}"),
            (None, _) if (kind, retry) == (ErrorKind::Unavailable, Retry::Later) => innermost(error),
            (None, _) if kind == ErrorKind::Unauthenticated => no_credentials(chain(error)),
            (None, _) => without_layers(chain(error)),
        };
        Self { kind, retry, code, status, region, reason, help: None }
    }

    /// The endpoint did nothing and asks for less.
    pub fn is_throttle(&self) -> bool {
        is_throttle(&self.code) || matches!(self.status, Some(429 | 503)) && self.retry == Retry::Later
    }

    /// No connection was made, so nothing was sent.
    pub fn is_unsent(&self) -> bool {
        self.status.is_none() && self.kind == ErrorKind::Unavailable && self.retry == Retry::Later
    }

    /// What to do where the endpoint did not do what it was asked, and said no word about why.
    pub fn try_again(&self) -> String {
        let what = match self.status {
            None => "The endpoint could not be reached",
            Some(_) if self.is_throttle() => "The endpoint did not keep up",
            Some(_) => "The endpoint answers, and failed by itself",
        };
        format!("{what}; nothing is lost, run it again.")
    }

    /// The refusal of an operation on an object.
    pub fn into_store_error(self, operation: &'static str, subject: String, source: &str) -> StoreError {
        let help = match self.kind {
            ErrorKind::Unauthenticated => Some(credentials(&self, source)),
            _ => None,
        };
        let error = StoreError::new(operation, subject, self.kind, self.retry, self.reason);
        StoreError { help, ..error }
    }
}

/// What to do about credentials that the endpoint does not take, or that are not there.
pub fn credentials(refusal: &Refusal, source: &str) -> String {
    if let Some(help) = &refusal.help {
        return help.clone();
    }
    match refusal.code.as_str() {
        "SignatureDoesNotMatch" => {
            format!("The secret key is wrong. The credentials come from {source}: set the right ones there.")
        }
        "InvalidAccessKeyId" | "InvalidClientTokenId" => {
            format!("This endpoint does not know the access key. The credentials come from {source}: set the right ones there.")
        }
        "" => format!(
            "No credentials were found in {source}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where \
             a role is attached."
        ),
        _ => format!("The session has ended. The credentials come from {source}: get new ones and run again."),
    }
}

/// What an operation of a store does with objects.
pub(super) fn deed(operation: &str) -> Deed {
    match operation {
        "list" => Deed::List,
        "read the tags of" => Deed::ReadTags,
        "write" | "replace" => Deed::Write,
        "tag" => Deed::WriteTags,
        "delete" => Deed::Delete,
        "retrieve" => Deed::Retrieve,
        _ => Deed::Read,
    }
}

/// The right that is missing. AWS names it itself in many refusals, and then knows better: a key of KMS may be what is denied.
pub fn needed(reason: &str, action: &str, resource: &str) -> String {
    let named = reason.split_once("is not authorized to perform: ").and_then(|(_, rest)| {
        let (named, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let on = rest.split_once("on resource: ").and_then(|(_, rest)| rest.split(' ').next());
        let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == ':');
        let other = plain(named) && named != action;
        other.then(|| (named.to_owned(), on.map_or(resource, |on| on.trim_matches('"')).to_owned()))
    });
    let (action, resource) = named.unwrap_or_else(|| (action.to_owned(), resource.to_owned()));
    format!("`{action}` on {resource}")
}

/// The help where it is the bucket's own policy that denies a right, bdr's statements among them: no other right helps then. As AWS words it
/// (IAM user guide, "Troubleshoot access denied error messages").
pub fn by_the_bucket(reason: &str, right: &str) -> Option<String> {
    reason.contains("explicit deny in a resource-based policy").then(|| {
        format!(
            "The bucket's own policy denies {right}, whatever else is allowed: where `access` of the store says who may, name there who asked."
        )
    })
}

/// Codes as in the S3 API reference, "Error responses"; by status where the code is unknown or missing.
fn kind_of(code: &str, status: u16) -> ErrorKind {
    match (code, status) {
        ("NoSuchKey" | "NoSuchBucket" | "NoSuchUpload" | "NotFound", _) => ErrorKind::NotFound,
        ("PreconditionFailed", _) | (_, 412) => ErrorKind::Exists,
        ("InvalidObjectState", _) => ErrorKind::Archived,
        ("NotImplemented" | "XNotImplemented" | "UnsupportedOperation" | "MethodNotAllowed", _) | (_, 405 | 501) => {
            ErrorKind::Unsupported
        }
        ("QuotaExceeded" | "ServiceQuotaExceededException" | "XMinioStorageFull" | "InsufficientCapacity", _) | (_, 507) => {
            ErrorKind::Full
        }
        ("OperationAborted" | "ConditionalRequestConflict" | "RequestTimeout" | "SlowDown", _) => ErrorKind::Unavailable,
        (code, _) if is_throttle(code) => ErrorKind::Unavailable,
        (code, _) if is_of_credentials(code) => ErrorKind::Unauthenticated,
        ("AllAccessDisabled" | "AccountProblem", _) | (_, 401 | 403) => ErrorKind::Denied,
        (_, 404) => ErrorKind::NotFound,
        // Success, of which not all came.
        ("", 200..=299) => ErrorKind::Unavailable,
        (_, 408 | 429 | 500 | 502 | 503 | 504) => ErrorKind::Unavailable,
        _ => ErrorKind::Other,
    }
}

/// Codes that speak of the keys, not of what they may do.
fn is_of_credentials(code: &str) -> bool {
    matches!(
        code,
        "SignatureDoesNotMatch"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
            | "ExpiredToken"
            | "InvalidToken"
            | "TokenRefreshRequired"
    )
}

fn is_throttle(code: &str) -> bool {
    matches!(
        code,
        "SlowDown" | "Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "TooManyRequests" | "RequestThrottled"
    )
}

/// A refused request did nothing; one that failed inside the endpoint may have.
fn retry_of(code: &str, status: u16) -> Retry {
    match (code, status) {
        ("OperationAborted" | "ConditionalRequestConflict" | "RequestTimeout", _) | (_, 429) => Retry::Later,
        (code, _) if is_throttle(code) => Retry::Later,
        (_, 503) => Retry::Later,
        (_, 408 | 500 | 502 | 504) => Retry::Unknown,
        ("", 200..=299) => Retry::Unknown,
        _ => Retry::Never,
    }
}

/// No answer at all: a request that could not be made, an endpoint that could not be reached, a connection that broke.
fn unanswered<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> (ErrorKind, Retry) {
    match error {
        SdkError::ConstructionFailure(_) => (ErrorKind::Other, Retry::Never),
        SdkError::DispatchFailure(failure) if failure.is_user() => (ErrorKind::Other, Retry::Never),
        SdkError::DispatchFailure(_) => {
            let words = chain(error).to_ascii_lowercase();
            if words.contains("credential") || words.contains("identity") {
                return (ErrorKind::Unauthenticated, Retry::Never);
            }
            // Nothing was sent where the connection was never made (hyper-util says `client error (Connect)`).
            let unsent =
                ["connect)", "connection refused", "dns error", "connect timeout"].iter().any(|sign| words.contains(sign));
            (ErrorKind::Unavailable, if unsent { Retry::Later } else { Retry::Unknown })
        }
        _ => (ErrorKind::Unavailable, Retry::Unknown),
    }
}

/// What the layers of the SDK say of each other is nothing to a person.
fn without_layers(words: String) -> String {
    let layers = ["dispatch failure: ", "other: ", "io error: ", "client error (Connect): ", "client error (SendRequest): "];
    layers.iter().fold(words, |words, layer| words.strip_prefix(layer).map(str::to_owned).unwrap_or(words))
}

/// Of the places where the SDK looked for credentials, those that had something to say: most have nothing to do with this run.
fn no_credentials(words: String) -> String {
    let Some((_, places)) = words.split_once("Attempted:") else { return without_layers(words) };
    let told: Vec<&str> =
        places.lines().map(str::trim).filter(|place| !place.is_empty() && !place.contains("was not enabled")).collect();
    if told.is_empty() {
        "no credentials were found".to_owned()
    } else {
        format!("no credentials were found: {}", told.join("; "))
    }
}

/// The error and its causes. Not `DisplayErrorContext`: that adds the debug form, which holds headers.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let text = next.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = next.source();
    }
    words
}

/// The cause of all others, such as `Connection refused (os error 111)`.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both refusals as AWS words them.
    #[test]
    fn what_the_bucket_denies_is_no_missing_right() {
        let said = |why: &str| format!("User: u is not authorized to perform: s3:GetObject on resource: \"r\" {why}");
        let denied = by_the_bucket(&said("with an explicit deny in a resource-based policy"), "`s3:GetObject` on r");
        assert!(denied.is_some_and(|help| help.contains("`s3:GetObject` on r") && help.contains("`access`")));
        assert_eq!(by_the_bucket(&said("because no identity-based policy allows the s3:GetObject action"), "x"), None);
    }

    #[test]
    fn places_without_credentials_are_told_where_they_have_something_to_say() {
        let words = |profile: &str| {
            format!(
                "dispatch failure: other: no credentials found in chain. Attempted:\n  Environment: the credential provider was \
                 not enabled: environment variable not set\n  Profile: {profile}\n  Ec2InstanceMetadata: the credential provider \
                 was not enabled: IMDS disabled"
            )
        };
        assert_eq!(no_credentials(words("the credential provider was not enabled")), "no credentials were found");
        assert_eq!(
            no_credentials(words("could not parse profile file")),
            "no credentials were found: Profile: could not parse profile file"
        );
        assert_eq!(no_credentials("dispatch failure: other: identity cache timed out".to_owned()), "identity cache timed out");
    }

    #[test]
    fn an_action_that_aws_names_is_told_instead_of_the_one_that_was_expected() {
        let reason = "User: arn:aws:iam::111111111111:user/w is not authorized to perform: kms:GenerateDataKey on resource: \
                      arn:aws:kms:eu-north-1:111111111111:key/1 because no identity-based policy allows it (AccessDenied, HTTP 403)";
        let told = needed(reason, "s3:PutObject", "arn:aws:s3:::b/k");
        assert_eq!(told, "`kms:GenerateDataKey` on arn:aws:kms:eu-north-1:111111111111:key/1");
        let told = needed("Access Denied (AccessDenied, HTTP 403)", "s3:PutObject", "arn:aws:s3:::b/k");
        assert_eq!(told, "`s3:PutObject` on arn:aws:s3:::b/k");
    }

    #[test]
    fn an_endpoint_that_answers_was_reached() {
        let of = |status, code: &str, retry| Refusal {
            status,
            code: code.to_owned(),
            retry,
            ..Refusal::timeout(Duration::from_secs(6))
        };
        let told = |refusal: Refusal| refusal.try_again().split(';').next().unwrap_or_default().to_owned();
        assert_eq!(told(of(None, "", Retry::Later)), "The endpoint could not be reached");
        assert_eq!(told(of(Some(500), "InternalError", Retry::Unknown)), "The endpoint answers, and failed by itself");
        assert_eq!(told(of(Some(503), "SlowDown", Retry::Later)), "The endpoint did not keep up");
    }

    #[test]
    fn answers_are_told_apart_by_code_and_by_status() {
        use ErrorKind as K;
        use Retry as R;
        for (code, status, kind, retry) in [
            ("NoSuchBucket", 404, K::NotFound, R::Never),
            ("", 404, K::NotFound, R::Never),
            ("PreconditionFailed", 412, K::Exists, R::Never),
            ("AccessDenied", 403, K::Denied, R::Never),
            ("SignatureDoesNotMatch", 403, K::Unauthenticated, R::Never),
            ("ExpiredToken", 400, K::Unauthenticated, R::Never),
            ("InvalidObjectState", 403, K::Archived, R::Never),
            ("NotImplemented", 501, K::Unsupported, R::Never),
            ("MethodNotAllowed", 405, K::Unsupported, R::Never),
            ("SlowDown", 503, K::Unavailable, R::Later),
            ("ConditionalRequestConflict", 409, K::Unavailable, R::Later),
            ("Throttling", 400, K::Unavailable, R::Later),
            ("InternalError", 500, K::Unavailable, R::Unknown),
            ("QuotaExceeded", 403, K::Full, R::Never),
            ("MalformedXML", 400, K::Other, R::Never),
            ("", 200, K::Unavailable, R::Unknown),
        ] {
            assert_eq!((kind_of(code, status), retry_of(code, status)), (kind, retry), "{code} {status}");
        }
    }
}
