//! Connections to S3 endpoints: one client, one pool and one pace for each endpoint, region and identity of this process.

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use tokio::sync::OnceCell;

use crate::policy::S3Backend;
use crate::provider::Env;
use crate::store::{Capabilities, ErrorKind, NO_CONNECTION, StoreError};
use crate::stores::pace::Pace;
use crate::stores::s3::endpoint::{authority_of, check_allowed, host_of};
use crate::stores::s3::reach::Reach;
use crate::stores::s3::refusal::Refusal;
use crate::stores::waiting;

/// Time to reach an endpoint.
const CONNECT: Duration = Duration::from_secs(5);
/// Time for the first answer of all: an endpoint that takes a connection and never says a word.
const FIRST: Duration = Duration::from_secs(6);
/// Time for the answer to a request that only asks what is there and how it is set.
pub const METADATA: Duration = Duration::from_secs(10);
/// Requests in flight to one endpoint.
const WIDTH: usize = 64;

/// Requests sent by this process, repetitions included.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// Requests that this process sent to S3 endpoints, repetitions included: what `--log` tells.
pub fn requests() -> u64 {
    REQUESTS.load(Ordering::Relaxed)
}

/// Endpoints to which the last attempt made no connection, by host and port.
static UNREACHED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Endpoints, by host and port, to which no connection could be made at the last attempt: what who waits is told.
pub fn unreached() -> Vec<String> {
    UNREACHED.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

/// What identifies a connection. The runtime is part of it: a pooled connection ends with the runtime that drives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Identity {
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
}

/// What the answers of an endpoint tell about it.
#[derive(Debug, Default)]
struct Seen {
    requests: AtomicU64,
    host: OnceLock<String>,
    server: OnceLock<String>,
    out_of_order: AtomicBool,
}

/// A client of one endpoint, region and identity, with the pace at which the endpoint may be asked.
#[derive(Debug)]
pub struct Connection {
    pub client: Client,
    pub pace: Arc<Pace>,
    /// Host and port, or the reference that they came from, for people.
    shown: String,
    seen: Arc<Seen>,
    /// Where its credentials come from, for people; holds no secret.
    credentials: String,
    reach: Reach,
    probed: Mutex<HashMap<String, Arc<OnceCell<Capabilities>>>>,
}

/// Counts requests and notes who answers.
#[derive(Debug)]
struct Watch(Arc<Seen>);

impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "bdr-watch"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        REQUESTS.fetch_add(1, Ordering::Relaxed);
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        self.0.host.get_or_init(|| host_of(context.request().uri()).to_owned());
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(server) = context.response().headers().get("server") {
            self.0.server.get_or_init(|| server.to_owned());
        }
        Ok(())
    }
}

impl Connection {
    /// Sends a request that must be answered within `limit`; none where the endpoint just did not answer another one.
    ///
    /// # Errors
    /// What the endpoint refused, or what went wrong on the way.
    pub async fn ask<T, E: ProvideErrorMetadata + Error + 'static>(
        &self,
        limit: Duration,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Refusal> {
        if let Some(refusal) = self.reach.closed() {
            return Err(refusal);
        }
        let outcome = match self.answer(limit, request).await {
            Ok(answer) => answer.map_err(|error| Refusal::of(&error)),
            Err(waited) => {
                let refusal = Refusal::timeout(waited);
                let refusal = Refusal { reason: format!("{} ({})", refusal.reason, self.shown), ..refusal };
                self.reach.is_silent_with(&refusal);
                return Err(refusal);
            }
        };
        let mut unreached = UNREACHED.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Err(refusal) if refusal.is_unsent() => {
                unreached.insert(self.shown.clone());
                Err(Refusal { reason: format!("{NO_CONNECTION}{}: {}", self.shown, refusal.reason), ..refusal })
            }
            Err(refusal) if refusal.kind == ErrorKind::Unavailable && refusal.status.is_none() => {
                Err(Refusal { reason: format!("{} ({})", refusal.reason, self.shown), ..refusal })
            }
            outcome => {
                unreached.remove(&self.shown);
                if outcome.as_ref().err().is_none_or(|refusal| refusal.status.is_some()) {
                    self.reach.answers();
                }
                outcome
            }
        }
    }

    /// What comes back within `limit`, or for how long nothing did.
    async fn answer<T>(&self, limit: Duration, request: impl Future<Output = T>) -> Result<T, Duration> {
        let _told = waiting::begin(self.shown.clone());
        tokio::pin!(request);
        let first = FIRST.min(limit);
        if let Ok(answer) = tokio::time::timeout(first, &mut request).await {
            return Ok(answer);
        }
        // Where nothing was sent yet, credentials are waited for; where others were answered, it is slow and not silent.
        if self.requests() > 0 && !self.has_answered() {
            return Err(first);
        }
        tokio::time::timeout(limit - first, request).await.map_err(|_| limit)
    }

    /// Requests that went over this connection, repetitions included.
    pub fn requests(&self) -> u64 {
        self.seen.requests.load(Ordering::Relaxed)
    }

    /// Whether AWS itself answers; false before the first request.
    pub fn is_aws(&self) -> bool {
        self.seen.host.get().is_some_and(|host| host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"))
    }

    /// What the endpoint calls itself in `Server`, where it does.
    pub fn server(&self) -> Option<&str> {
        self.seen.server.get().map(String::as_str)
    }

    /// Where the credentials come from, such as `AWS_ACCESS_KEY_ID (AKIA…)`.
    pub fn credentials(&self) -> &str {
        &self.credentials
    }

    /// Whether it ever answered this process.
    pub fn has_answered(&self) -> bool {
        self.reach.has_answered()
    }

    /// Whether somebody just tried in vain for as long as is sensible.
    pub fn is_down(&self) -> bool {
        self.reach.is_down()
    }

    pub fn note_down(&self, down: bool) {
        self.reach.note_down(down);
    }

    /// Whether the last request was not answered.
    pub fn is_silent(&self) -> bool {
        self.reach.is_silent()
    }

    /// Whether requests are refused without being sent, because the endpoint just did not answer another one.
    pub fn is_closed(&self) -> bool {
        self.reach.closed().is_some()
    }

    /// Whether the endpoint is known to list in another order than that of the keys.
    pub(super) fn is_out_of_order(&self) -> bool {
        self.seen.out_of_order.load(Ordering::Relaxed) || self.server().is_some_and(|server| server.starts_with("SeaweedFS"))
    }

    pub(super) fn note_out_of_order(&self) {
        self.seen.out_of_order.store(true, Ordering::Relaxed);
    }

    /// What was probed no longer holds: Ceph 16 stops honouring conditions once a bucket keeps versions.
    pub fn forget_probes(&self) {
        self.probed.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The cell that remembers what one place of this endpoint can do.
    pub(super) fn probed(&self, place: &str) -> Arc<OnceCell<Capabilities>> {
        let mut probed = self.probed.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(probed.entry(place.to_owned()).or_default())
    }
}

/// Opens, or finds, the connection that a store's settings ask for. Settings that the policy leaves out come from the caller's
/// environment, then from AWS's own chain (files, roles, instance metadata). No request goes to the endpoint here.
///
/// # Errors
/// When the caller does not allow the endpoint that the policy names.
pub async fn connect(backend: &S3Backend, env: &Env) -> Result<Arc<Connection>, StoreError> {
    static OPEN: Mutex<Vec<(Identity, Arc<Connection>)>> = Mutex::new(Vec::new());
    let var = |name: &str| env.vars.get(name).filter(|value| !value.is_empty()).cloned();
    let stated = backend.endpoint.as_ref().map(|endpoint| endpoint.expose().to_owned());
    if let (Some(endpoint), Some(allowed)) = (&backend.endpoint, &env.allowed_endpoints) {
        check_allowed(endpoint.expose(), &endpoint.shown, allowed)?;
    }
    let endpoint = stated.or_else(|| var("AWS_ENDPOINT_URL_S3")).or_else(|| var("AWS_ENDPOINT_URL"));
    let region = backend.region.as_ref().map(|region| region.value.clone());
    let identity = Identity {
        runtime: tokio::runtime::Handle::current().id(),
        path_style: backend.path_style.as_ref().map_or(endpoint.is_some(), |style| style.value),
        region: region.or_else(|| var("AWS_REGION")).or_else(|| var("AWS_DEFAULT_REGION")),
        profile: var("AWS_PROFILE"),
        access_key: var("AWS_ACCESS_KEY_ID"),
        secret: var("AWS_SECRET_ACCESS_KEY").map(|secret| {
            let session = var("AWS_SESSION_TOKEN").unwrap_or_default();
            blake3::hash(format!("{}:{secret}:{session}", secret.len()).as_bytes())
        }),
        reference: backend.endpoint.as_ref().filter(|endpoint| endpoint.is_referenced()).map(|endpoint| endpoint.shown.clone()),
        endpoint,
    };
    let find = |open: &[(Identity, Arc<Connection>)]| {
        open.iter().find(|(known, _)| *known == identity).map(|(_, connection)| Arc::clone(connection))
    };
    if let Some(connection) = find(&OPEN.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(connection);
    }
    let made = Arc::new(make(&identity, &var).await);
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(connection) = find(&open) {
        return Ok(connection);
    }
    open.push((identity, Arc::clone(&made)));
    Ok(made)
}

async fn make(identity: &Identity, var: &(impl Fn(&str) -> Option<String> + Sync)) -> Connection {
    let regions = RegionProviderChain::first_try(identity.region.clone().map(Region::new));
    let regions = match identity.endpoint {
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
    if let Some(profile) = &identity.profile {
        loader = loader.profile_name(profile);
    }
    if let (Some(key), Some(secret)) = (&identity.access_key, var("AWS_SECRET_ACCESS_KEY")) {
        loader = loader.credentials_provider(Credentials::new(key, secret, var("AWS_SESSION_TOKEN"), None, "environment"));
    }
    let shared = loader.load().await;
    let seen = Arc::new(Seen::default());
    let mut config =
        aws_sdk_s3::config::Builder::from(&shared).force_path_style(identity.path_style).interceptor(Watch(Arc::clone(&seen)));
    if let Some(endpoint) = &identity.endpoint {
        config = config.endpoint_url(endpoint);
    }
    let client = Client::from_conf(config.build());
    let shown = match (&identity.reference, &identity.endpoint) {
        (Some(reference), _) => reference.clone(),
        (None, Some(endpoint)) => authority_of(endpoint).to_owned(),
        (None, None) => "AWS".to_owned(),
    };
    Connection {
        client,
        pace: Arc::new(Pace::new(WIDTH)),
        shown,
        seen,
        credentials: credentials_of(identity),
        reach: Reach::default(),
        probed: Mutex::default(),
    }
}

/// An access key's beginning tells its owner which one it is, and nobody else anything.
fn credentials_of(identity: &Identity) -> String {
    match (&identity.access_key, &identity.secret, &identity.profile) {
        (Some(key), Some(_), _) => format!("AWS_ACCESS_KEY_ID ({}…)", key.chars().take(4).collect::<String>()),
        (_, _, Some(profile)) => format!("profile `{profile}` (AWS_PROFILE)"),
        _ => "AWS's own chain (~/.aws, web identity, container or instance role)".to_owned(),
    }
}
