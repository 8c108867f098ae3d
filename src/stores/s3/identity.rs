//! Who asks which endpoint of AWS or a compatible store: what tells connections apart, and what the SDK is told.

use std::time::Duration;

use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::config::{Credentials, Region};

use crate::policy::{Account, Text, host_of_aws};
use crate::provider::Env;
use crate::stores::s3::endpoint::authority_of;

/// Time to reach an endpoint.
const CONNECT: Duration = Duration::from_secs(5);

/// What identifies a connection. The runtime is part of it: a pooled connection ends with the runtime that drives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    runtime: tokio::runtime::Id,
    endpoint: Option<String>,
    region: Option<String>,
    profile: Option<String>,
    access_key: Option<String>,
    /// Digest of what goes with the access key: the same key with another secret is somebody else.
    secret: Option<blake3::Hash>,
    path_style: bool,
    /// How the policy refers to the endpoint, where it does: its value is not shown.
    reference: Option<String>,
    /// The role that is taken on, where the caller's own credentials are not what is used.
    through: Option<Box<Through>>,
}

/// A role that is taken on, and where that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Through {
    pub account: Account,
    /// Its ARN.
    pub role: String,
    /// By the caller's own credentials.
    pub sts: Identity,
}

impl Through {
    /// A session holds in every region.
    pub fn everywhere(&self) -> Self {
        let account = Account { span: None, ..self.account.clone() };
        Self { account, role: self.role.clone(), sts: Identity { region: None, ..self.sts.clone() } }
    }
}

fn var(env: &Env, name: &str) -> Option<String> {
    env.vars.get(name).filter(|value| !value.is_empty()).cloned()
}

impl Identity {
    /// For a service, as in `AWS_ENDPOINT_URL_<service>`. What the policy leaves out comes from the caller's environment.
    pub fn new(service: &str, stated: Option<&Text>, region: Option<&str>, path_style: Option<bool>, env: &Env) -> Self {
        let var = |name: &str| var(env, name);
        let endpoint = stated.map(|endpoint| endpoint.expose().to_owned());
        let endpoint = endpoint.or_else(|| var(&format!("AWS_ENDPOINT_URL_{service}"))).or_else(|| var("AWS_ENDPOINT_URL"));
        Self {
            runtime: tokio::runtime::Handle::current().id(),
            path_style: path_style.unwrap_or(endpoint.is_some()),
            region: region.map(str::to_owned).or_else(|| var("AWS_REGION")).or_else(|| var("AWS_DEFAULT_REGION")),
            profile: var("AWS_PROFILE"),
            access_key: var("AWS_ACCESS_KEY_ID"),
            secret: var("AWS_SECRET_ACCESS_KEY").map(|secret| {
                let session = var("AWS_SESSION_TOKEN").unwrap_or_default();
                blake3::hash(format!("{}:{secret}:{session}", secret.len()).as_bytes())
            }),
            reference: stated.filter(|endpoint| endpoint.is_referenced()).map(|endpoint| endpoint.shown.clone()),
            through: None,
            endpoint,
        }
    }

    /// Of the service that gives sessions, beside a service whose endpoint the policy states: an endpoint of its own has its own, AWS's
    /// have AWS's. What the caller's environment says of it is stronger.
    pub fn of_sts(stated: Option<&Text>, region: Option<&str>, env: &Env) -> Self {
        let by_caller = var(env, "AWS_ENDPOINT_URL_STS").is_some();
        let beside = stated.filter(|endpoint| !by_caller && host_of_aws(endpoint.expose()).is_none());
        Self::new("STS", beside, region, None, env)
    }

    /// The same service, asked by the role of an account; `sts` as of [`Identity::of_sts`].
    #[must_use]
    pub fn through(self, account: Option<&Account>, partition: &str, sts: Self) -> Self {
        let through = account.map(|account| Through { account: account.clone(), role: account.role_arn(partition), sts });
        Self { through: through.map(Box::new), ..self }
    }

    pub(super) fn taken(&self) -> Option<&Through> {
        self.through.as_deref()
    }

    pub(super) fn is_path_style(&self) -> bool {
        self.path_style
    }

    /// Where the service answers; `None`: at AWS. For the service's own client alone: what the SDK asks for credentials is elsewhere.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Host and port, or the reference that they came from, for people.
    pub(super) fn shown(&self) -> String {
        match (&self.reference, &self.endpoint) {
            (Some(reference), _) => reference.clone(),
            (None, Some(endpoint)) => authority_of(endpoint).to_owned(),
            (None, None) => "AWS".to_owned(),
        }
    }

    /// An access key's beginning tells its owner which one it is, and nobody else anything.
    pub(super) fn credentials(&self) -> String {
        if let Some(Through { account, role, sts }) = self.through.as_deref() {
            return format!("the role {role} of account `{}`, taken on by {}", account.name, sts.credentials());
        }
        match (&self.access_key, &self.secret, &self.profile) {
            (Some(key), Some(_), _) => format!("AWS_ACCESS_KEY_ID ({}…)", key.chars().take(4).collect::<String>()),
            (_, _, Some(profile)) => format!("profile `{profile}` (AWS_PROFILE)"),
            _ => "AWS's own chain (~/.aws, web identity, container or instance role)".to_owned(),
        }
    }

    pub(super) async fn config(&self, env: &Env) -> SdkConfig {
        let regions = RegionProviderChain::first_try(self.region.clone().map(Region::new));
        let regions = match self.endpoint {
            // A compatible store takes any region, and asking an instance metadata service for one takes seconds.
            Some(_) => regions.or_else(aws_config::environment::region::EnvironmentVariableRegionProvider::new()),
            None => regions.or_default_provider(),
        };
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).build();
        // The SDK's retries are off: the wrappers of `stores` know which outcomes are safe to repeat, and count what they do.
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(regions.or_else("us-east-1"))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let (Some(key), Some(secret)) = (&self.access_key, var(env, "AWS_SECRET_ACCESS_KEY")) {
            loader =
                loader.credentials_provider(Credentials::new(key, secret, var(env, "AWS_SESSION_TOKEN"), None, "environment"));
        }
        loader.load().await
    }
}
