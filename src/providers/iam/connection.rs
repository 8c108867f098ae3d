//! The way to IAM, and to the service that knows whose credentials are used; and what refusals mean to a person.

use std::time::Duration;

use crate::address::AccountName;
use crate::policy::{Policy, S3Backend, Text, partition, role_path};
use crate::provider::{Env, ProviderError};
use crate::rights::Purpose;
use crate::store::{ErrorKind, Retry, StoreError};
use crate::stores::s3::{self, Connection, Identity, Refusal, needed};
use crate::stores::{Backoff, Patience};

/// For the answer to a change.
const ANSWER: Duration = Duration::from_secs(30);
/// What was just made is not known to every part of IAM at once (IAM user guide, "Troubleshoot IAM": "Changes that I make are not
/// always immediately visible"); a provider of a peer waits as long.
const PATIENCE_OF_AWS: Patience = Patience { attempts: 60, total: Duration::from_secs(120) };
const PATIENCE: Patience = Patience { attempts: 4, total: Duration::from_secs(2) };

/// IAM, as a policy reaches it.
#[derive(Debug)]
pub(super) struct Reached {
    pub iam: Connection<aws_sdk_iam::Client>,
    pub sts: Connection<aws_sdk_sts::Client>,
    /// What the command does that runs.
    purpose: Option<Purpose>,
    /// The policy's roles, as IAM names them.
    roles: String,
}

/// No request is made here.
///
/// # Errors
/// When the caller does not allow the endpoint that the policy names.
pub(super) async fn reach(policy: &Policy, by: Option<&AccountName>, env: &Env) -> Result<Reached, StoreError> {
    let stated = endpoint(policy, by, env);
    if let (Some(endpoint), Some(allowed)) = (stated, &env.allowed_endpoints) {
        s3::check_allowed_for_iam(endpoint.expose(), &endpoint.shown, allowed)?;
    }
    let backends = backends(policy, by);
    // IAM is one for all regions of a part of the cloud; which part it is, the region says.
    let region = backends.iter().find_map(|backend| backend.region.as_ref()).map(|region| region.value.as_str());
    let account = by.and_then(|name| policy.accounts.get(name));
    let as_wanted = |identity: Identity| identity.through(account, partition(region), Identity::of_sts(stated, region, env));
    let identity = as_wanted(Identity::new("IAM", stated, region, None, env));
    let iam = s3::open(&identity, env, |shared, watch| {
        let config = aws_sdk_iam::config::Builder::from(shared).interceptor(watch);
        let config = match identity.endpoint() {
            Some(endpoint) => config.endpoint_url(endpoint),
            None => config,
        };
        aws_sdk_iam::Client::from_conf(config.build())
    });
    let of_sts = as_wanted(Identity::of_sts(stated, region, env));
    let sts = s3::sts(&of_sts, env);
    let roles = format!("arn:{}:iam::*:role{}", partition(region), role_path(&policy.name));
    let (iam, sts) = futures_util::future::join(iam, sts).await;
    Ok(Reached { iam, sts, purpose: env.purpose, roles })
}

/// What the policy states, else, where all its stores are elsewhere than at AWS, where the first of them is: compatible stores
/// that have an IAM have it there. What the caller's environment says of IAM is stronger than that.
fn endpoint<'a>(policy: &'a Policy, by: Option<&AccountName>, env: &Env) -> Option<&'a Text> {
    let stated = policy.access.as_ref().and_then(|access| access.endpoint.as_ref()).map(|endpoint| &endpoint.value);
    let by_caller = env.vars.get("AWS_ENDPOINT_URL_IAM").is_some_and(|value| !value.is_empty());
    let backends = backends(policy, by);
    let elsewhere = backends.iter().copied().all(s3::has_endpoint_of_its_own);
    let first = backends.first().and_then(|backend| backend.endpoint.as_ref()).map(|endpoint| &endpoint.value);
    stated.or(first.filter(|_| elsewhere && !by_caller))
}

/// The buckets of stores where somebody acts; of components where it is none of these; all where nobody acts in any.
fn backends<'a>(policy: &'a Policy, by: Option<&AccountName>) -> Vec<&'a S3Backend> {
    let stores = || policy.stores.values().filter_map(|spec| spec.backend.s3());
    let found: Vec<_> = stores().filter(|backend| backend.by() == by).collect();
    if !found.is_empty() {
        return found;
    }
    let found: Vec<_> = policy.buckets().filter(|backend| backend.by() == by).collect();
    if found.is_empty() { stores().collect() } else { found }
}

impl Reached {
    /// A change; sent again as long as what was just made is not known everywhere, or IAM asks for less.
    pub async fn change<T, F: Future<Output = Result<T, Refusal>>>(&self, request: impl Fn() -> F) -> Result<T, Refusal> {
        let mut backoff = Backoff::new(if self.iam.is_aws() { PATIENCE_OF_AWS } else { PATIENCE });
        loop {
            let refusal = match self.iam.once(request()).await {
                Err(refusal) if is_not_yet(&refusal) || refusal.is_throttle() => refusal,
                outcome => return outcome,
            };
            match self.iam.next_wait(&mut backoff, &refusal) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(refusal),
            }
        }
    }

    pub fn answer(&self) -> Duration {
        ANSWER
    }

    /// The refusal as an error that a person can act on. `action` is what the request needs, of the role of that name.
    pub fn fault(&self, operation: impl Into<String>, name: &str, action: &str, refusal: Refusal) -> ProviderError {
        let help = self.help(name, action, &refusal);
        let subject = if name.is_empty() { "AWS IAM".to_owned() } else { format!("role {name}") };
        let retry = if refusal.code == "ConcurrentModification" { Retry::Later } else { refusal.retry };
        // That a role is gone is no reason to call a plan stale: it is read again before each change.
        let kind = if refusal.kind == ErrorKind::NotFound { ErrorKind::Other } else { refusal.kind };
        ProviderError { operation: operation.into(), subject, kind, retry, reason: refusal.reason, help, source: None }
    }

    fn help(&self, name: &str, action: &str, refusal: &Refusal) -> Option<String> {
        let resource = match action {
            "iam:GetOpenIDConnectProvider" => "the provider of tokens".to_owned(),
            "iam:ListRoles" => "*".to_owned(),
            _ => format!("{}{name}", self.roles),
        };
        Some(match (refusal.code.as_str(), refusal.kind) {
            ("MalformedPolicyDocument", _) if refusal.reason.to_ascii_lowercase().contains("principal") => {
                "Somebody whom the role is to trust is not there: look at its `trust`.".to_owned()
            }
            ("LimitExceeded", _) => "The account has as many roles, or rights of them, as it may: ask AWS for more.".to_owned(),
            (_, ErrorKind::Unauthenticated) => s3::credentials(refusal, self.iam.credentials()),
            (_, ErrorKind::Denied) => {
                let right = needed(&refusal.reason, action, &resource);
                let (lacking, hint) = self.iam.lacks(&right, self.purpose);
                format!("{lacking} (a permissions boundary or a policy of the organisation may deny it, too).{hint}")
            }
            (_, ErrorKind::Unavailable) => refusal.try_again(),
            _ => return None,
        })
    }
}

/// What comes right by itself: a role that was just made, as a principal or as the owner of a policy.
fn is_not_yet(refusal: &Refusal) -> bool {
    let principal = refusal.code == "MalformedPolicyDocument" && refusal.reason.to_ascii_lowercase().contains("principal");
    principal || refusal.code == "NoSuchEntity" || refusal.code == "EntityTemporarilyUnmodifiable"
}
