//! Connections to S3 endpoints: one client, one pool and one pace for each endpoint, region and identity of this process. Other
//! services of AWS are reached over the same kind of connection.

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
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

use crate::provider::Env;
use crate::rights::Purpose;
use crate::store::{Capabilities, ErrorKind, NO_CONNECTION, Retry};
use crate::stores::backoff::{Backoff, Patience};
use crate::stores::pace::Pace;
use crate::stores::s3::endpoint::host_of;
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

/// A role that is taken on: by whom a connection acts where it is not the caller.
#[async_trait]
pub(super) trait Role: Send + Sync + Debug {
    fn arn(&self) -> &str;

    /// The name of its account in the policy.
    fn account(&self) -> &str;

    /// Those of its session, which begins with the first request.
    async fn credentials(&self) -> Result<Credentials, Refusal>;
}

/// What signs the requests of a role.
#[derive(Debug)]
struct Signing(Arc<dyn Role>);

impl ProvideCredentials for Signing {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.0.credentials().await.map_err(|refusal| CredentialsError::provider_error(refusal.reason))
        })
    }
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
    /// By whom it acts, if it is not by the caller.
    role: Option<Arc<dyn Role>>,
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
    pub(super) async fn open(
        identity: &Identity,
        env: &Env,
        role: Option<Arc<dyn Role>>,
        client: impl FnOnce(&SdkConfig, Watch) -> C,
    ) -> Self {
        let seen = Arc::new(Seen::default());
        let mut shared = identity.config(env).await;
        if let Some(role) = &role {
            let signing = SharedCredentialsProvider::new(Signing(Arc::clone(role)));
            shared = shared.into_builder().credentials_provider(signing).build();
        }
        Self {
            client: client(&shared, Watch(Arc::clone(&seen))),
            pace: Arc::new(Pace::new(WIDTH)),
            shown: identity.shown(),
            is_plain: identity.endpoint().is_some_and(|endpoint| endpoint.starts_with("http://")),
            seen,
            credentials: identity.credentials(),
            role,
            reach: Reach::default(),
            probed: Mutex::default(),
        }
    }

    /// A request at the endpoint's pace, repeated while that can help. Only for requests that may be done twice.
    ///
    /// # Errors
    /// What the last attempt was refused with.
    pub async fn look<T, F: Future<Output = Result<T, Refusal>>>(&self, request: impl Fn() -> F) -> Result<T, Refusal> {
        self.patiently(PATIENCE, request).await
    }

    /// The same for so long.
    ///
    /// # Errors
    /// As `look`.
    pub async fn patiently<T, F: Future<Output = Result<T, Refusal>>>(
        &self,
        patience: Patience,
        request: impl Fn() -> F,
    ) -> Result<T, Refusal> {
        let patience = if self.is_down() { Patience { attempts: 1, ..patience } } else { patience };
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
        if let Some(role) = &self.role {
            role.credentials().await?;
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

    /// Who lacks a right, and what else it takes: the role that is taken on, or the caller's own credentials.
    pub fn lacks(&self, right: &str, purpose: Option<Purpose>) -> (String, String) {
        let hint = |account: Option<&str>| purpose.map(|purpose| format!(" {}", purpose.hint(account))).unwrap_or_default();
        match &self.role {
            Some(role) => (format!("The role {} needs {right}", role.arn()), hint(Some(role.account()))),
            None => (format!("The credentials need {right}"), hint(None)),
        }
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
