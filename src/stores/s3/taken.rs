//! A role that is taken on: one session for each role, whoever uses it and in whichever region, renewed before it ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_sdk_sts::operation::assume_role::AssumeRoleOutput;

use crate::provider::Env;
use crate::store::{ErrorKind, NO_SESSION, Retry};
use crate::stores::s3::connection::{Connection, METADATA, Role, Watch};
use crate::stores::s3::identity::{Identity, Through};
use crate::stores::s3::refusal::{Refusal, credentials};

/// A session that ends sooner is renewed: no request should end later than its credentials.
const LEFT: Duration = Duration::from_secs(300);
/// For so long what was refused is not asked for again: each of the many requests of a command would.
const REFUSED: Duration = Duration::from_secs(20);

/// What was taken on, or why nothing was.
#[derive(Debug, Default)]
enum State {
    #[default]
    Nothing,
    Taken(Credentials),
    Refused(Refusal, Instant),
}

type Session = Arc<tokio::sync::Mutex<State>>;

/// The way of one connection to a session that others use too.
#[derive(Debug)]
pub(super) struct Taken {
    through: Through,
    sts: Connection<aws_sdk_sts::Client>,
    session: Session,
}

impl Taken {
    /// No request is made here.
    pub async fn open(through: &Through, env: &Env) -> Self {
        static OPEN: Mutex<Vec<(Through, Session)>> = Mutex::new(Vec::new());
        // By the caller's own credentials.
        let sts = Connection::open(&through.sts, env, None, |shared, watch| client_of_sts(&through.sts, shared, watch)).await;
        let everywhere = through.everywhere();
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = open.iter().find(|(known, _)| *known == everywhere).map(|(_, session)| Arc::clone(session));
        let session = known.unwrap_or_else(|| {
            let session = Session::default();
            open.push((everywhere, Arc::clone(&session)));
            session
        });
        Self { through: through.clone(), sts, session }
    }

    async fn take(&self) -> Result<Credentials, Refusal> {
        let Through { account, role, .. } = &self.through;
        let external_id = account.external_id.as_ref().map(|text| &text.value);
        if let Some(text) = external_id.filter(|text| !text.is_known()) {
            let help = "Allow it with --allow-env or --allow-file if you trust this policy.".to_owned();
            return Err(self.not_had(format!("the value of {} is not known here", text.shown), help));
        }
        let external_id = external_id.map(|text| text.expose().to_owned());
        let request = || {
            let request = self.sts.client.assume_role().role_arn(role).role_session_name(&account.session_name);
            self.sts.ask(METADATA, request.set_external_id(external_id.clone()).send())
        };
        let answer = match self.sts.look(request).await {
            Ok(answer) => answer,
            Err(refusal) => return Err(self.refused(refusal).await),
        };
        let told = account_of(&answer).filter(|told| *told != account.id.value);
        match (told, answer.credentials) {
            (Some(told), _) => Err(self.not_had(
                format!("it belongs to account {told}"),
                format!("Account `{}` of the policy is {}: correct its `id` or its `role`.", account.name, account.id.value),
            )),
            (None, Some(taken)) => {
                let until = SystemTime::try_from(taken.expiration).ok();
                let token = Some(taken.session_token).filter(|token| !token.is_empty());
                Ok(Credentials::new(taken.access_key_id, taken.secret_access_key, token, until, "AssumeRole"))
            }
            (None, None) => Err(self.not_had("no keys came for it".to_owned(), "The endpoint has no STS of use.".to_owned())),
        }
    }

    /// What the service said, with the role, who asked for it, and what would let it.
    async fn refused(&self, refusal: Refusal) -> Refusal {
        let Through { account, role, .. } = &self.through;
        let source = self.sts.credentials();
        match refusal.kind {
            ErrorKind::Unavailable => return Refusal { reason: self.told(&refusal.reason), ..refusal },
            ErrorKind::Unauthenticated => {
                let help = credentials(&refusal, source);
                return self.not_had(refusal.reason, help);
            }
            _ => {}
        }
        let asking = || self.sts.ask(METADATA, self.sts.client.get_caller_identity().send());
        let caller = self.sts.look(asking).await.ok().and_then(|answer| answer.arn);
        let named = account.external_id.as_ref().map(|text| format!(" with the external id {}", text.value.shown));
        let whom = caller.as_deref().unwrap_or("the caller");
        self.not_had(
            format!("{} may not take it on: {}", caller.as_deref().unwrap_or(source), refusal.reason),
            format!(
                "The caller needs `sts:AssumeRole` on {role} (`bdr iam-policy` prints it), and the role's trust must allow \
                 `sts:AssumeRole` to {whom}{}.",
                named.unwrap_or_default()
            ),
        )
    }

    fn told(&self, why: &str) -> String {
        let Through { account, role, .. } = &self.through;
        format!("{NO_SESSION}{role} (account `{}`): {why}", account.name)
    }

    /// No credentials: everything there fails for this one reason.
    fn not_had(&self, why: String, help: String) -> Refusal {
        Refusal {
            kind: ErrorKind::Unauthenticated,
            retry: Retry::Never,
            code: "AssumeRole".to_owned(),
            status: None,
            region: None,
            reason: self.told(&why),
            help: Some(help),
        }
    }
}

#[async_trait]
impl Role for Taken {
    fn arn(&self) -> &str {
        &self.through.role
    }

    fn account(&self) -> &str {
        self.through.account.name.as_str()
    }

    async fn credentials(&self) -> Result<Credentials, Refusal> {
        let mut state = self.session.lock().await;
        match &*state {
            State::Taken(credentials) if lasts(credentials) => return Ok(credentials.clone()),
            State::Refused(refusal, at) if at.elapsed() < REFUSED => return Err(refusal.clone()),
            _ => {}
        }
        let outcome = self.take().await;
        *state = match &outcome {
            Ok(credentials) => State::Taken(credentials.clone()),
            // Who asks in another region may be answered.
            Err(refusal) if refusal.kind == ErrorKind::Unavailable => State::Nothing,
            Err(refusal) => State::Refused(refusal.clone(), Instant::now()),
        };
        outcome
    }
}

fn lasts(credentials: &Credentials) -> bool {
    credentials.expiry().is_none_or(|until| until > SystemTime::now() + LEFT)
}

/// Whose role was taken on, where the endpoint knows accounts.
fn account_of(answer: &AssumeRoleOutput) -> Option<String> {
    let arn = answer.assumed_role_user.as_ref()?.arn.as_str();
    arn.split(':').nth(4).filter(|account| account.len() == 12).map(str::to_owned)
}

/// Of the service that gives sessions.
pub(super) fn client_of_sts(identity: &Identity, shared: &SdkConfig, watch: Watch) -> aws_sdk_sts::Client {
    let config = aws_sdk_sts::config::Builder::from(shared).interceptor(watch);
    let config = match identity.endpoint() {
        Some(endpoint) => config.endpoint_url(endpoint),
        None => config,
    };
    aws_sdk_sts::Client::from_conf(config.build())
}
