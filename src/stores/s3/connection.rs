//! Connections to S3 endpoints: one client, one pool and one pace for each endpoint, region and identity of this process. Other
//! services of AWS are reached over the same kind of connection ([`Connection::open`]).

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
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
use crate::store::{Capabilities, ErrorKind, NO_CONNECTION, Retry, StoreError};
use crate::stores::backoff::{Backoff, Patience};
use crate::stores::pace::Pace;
use crate::stores::s3::endpoint::{check_allowed, host_of};
use crate::stores::s3::identity::Identity;
use crate::stores::s3::reach::Reach;
use crate::stores::s3::refusal::Refusal;
use crate::stores::waiting;

/// Time for the first answer of all: an endpoint that takes a connection and never says a word.
const FIRST: Duration = Duration::from_secs(6);
/// Time for the answer to a request that only asks what is there and how it is set.
pub const METADATA: Duration = Duration::from_secs(10);
/// Requests in flight to one endpoint.
const WIDTH: usize = 64;
/// For one read. Short: what plans and applies tries again by itself, and who waits for an endpoint that is down should soon
/// hear of it.
const PATIENCE: Patience = Patience { attempts: 5, total: Duration::from_secs(6) };

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
pub struct Connection<C = Client> {
    pub client: C,
    pub pace: Arc<Pace>,
    /// Host and port, or the reference that they came from, for people.
    shown: String,
    is_plain: bool,
    seen: Arc<Seen>,
    /// Where its credentials come from, for people; holds no secret.
    credentials: String,
    reach: Reach,
    probed: Mutex<HashMap<String, Arc<OnceCell<Capabilities>>>>,
}

/// Counts requests and notes who answers.
#[derive(Debug)]
pub struct Watch(Arc<Seen>);

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

impl<C> Connection<C> {
    /// A connection of its own. `client` makes the client of a service from what all services share, with what watches its requests.
    pub async fn open(identity: &Identity, env: &Env, client: impl FnOnce(&SdkConfig, Watch) -> C) -> Self {
        let seen = Arc::new(Seen::default());
        Self {
            client: client(&identity.config(env).await, Watch(Arc::clone(&seen))),
            pace: Arc::new(Pace::new(WIDTH)),
            shown: identity.shown(),
            is_plain: identity.endpoint().is_some_and(|endpoint| endpoint.starts_with("http://")),
            seen,
            credentials: identity.credentials(),
            reach: Reach::default(),
            probed: Mutex::default(),
        }
    }

    /// A request at the endpoint's pace, repeated while that can help. Only for requests that may be done twice.
    ///
    /// # Errors
    /// What the last attempt was refused with.
    pub async fn look<T, F: Future<Output = Result<T, Refusal>>>(&self, request: impl Fn() -> F) -> Result<T, Refusal> {
        let patience = if self.is_down() { Patience { attempts: 1, ..PATIENCE } } else { PATIENCE };
        let mut backoff = Backoff::new(patience);
        loop {
            let refusal = match self.once(request()).await {
                Err(refusal) if refusal.retry != Retry::Never => refusal,
                outcome => {
                    self.note_down(false);
                    return outcome;
                }
            };
            if self.is_closed() {
                return Err(refusal);
            }
            match self.next_wait(&mut backoff, &refusal) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => {
                    self.note_down(true);
                    return Err(refusal);
                }
            }
        }
    }

    /// How long to wait before the next attempt. An endpoint that is only slow is given time.
    pub fn next_wait(&self, backoff: &mut Backoff, refusal: &Refusal) -> Option<Duration> {
        if refusal.is_throttle() && self.pace.is_moving() { backoff.next_turn() } else { backoff.next_wait() }
    }

    /// One request at the endpoint's pace.
    ///
    /// # Errors
    /// What it was refused with.
    pub async fn once<T>(&self, request: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
        let _permit = self.pace.turn().await;
        let outcome = request.await;
        match &outcome {
            Err(refusal) if refusal.kind == ErrorKind::Unavailable => self.pace.slow_down(),
            _ => self.pace.speed_up(),
        }
        outcome
    }

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

    /// Whether it is asked without TLS.
    pub fn is_plain(&self) -> bool {
        self.is_plain
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
    if let (Some(endpoint), Some(allowed)) = (&backend.endpoint, &env.allowed_endpoints) {
        check_allowed(endpoint.expose(), &endpoint.shown, allowed)?;
    }
    let region = backend.region.as_ref().map(|region| region.value.as_str());
    let endpoint = backend.endpoint.as_ref().map(|endpoint| &endpoint.value);
    let identity = Identity::new("S3", endpoint, region, backend.path_style.as_ref().map(|style| style.value), env);
    let find = |open: &[(Identity, Arc<Connection>)]| {
        open.iter().find(|(known, _)| *known == identity).map(|(_, connection)| Arc::clone(connection))
    };
    if let Some(connection) = find(&OPEN.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(connection);
    }
    let made = Arc::new(make(&identity, env).await);
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(connection) = find(&open) {
        return Ok(connection);
    }
    open.push((identity, Arc::clone(&made)));
    Ok(made)
}

async fn make(identity: &Identity, env: &Env) -> Connection {
    Connection::open(identity, env, |shared, watch| {
        let config = aws_sdk_s3::config::Builder::from(shared).force_path_style(identity.is_path_style()).interceptor(watch);
        let config = match identity.endpoint() {
            Some(endpoint) => config.endpoint_url(endpoint),
            None => config,
        };
        Client::from_conf(config.build())
    })
    .await
}
