//! Connections: the hosts are tried in their order, and what answers is what programs beside it are sent to.

use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, SimpleQueryMessage};

use crate::conninfo::{Host, Session, Tls, TlsMode};
use crate::postgres::target::{SOCKETS, Target};
use crate::postgres::{failed, tls};
use crate::provider::ProviderError;
use crate::store::{ErrorKind, Retry};

/// How long a host is waited for, where the connection string says nothing.
pub const PATIENCE: Duration = Duration::from_secs(15);
pub const NAME: &str = "bdr";

pub const NO_PASSWORD: &str = "the server asks for a password, and there is none";

/// An open connection. It ends when dropped.
pub struct Server {
    client: Client,
    target: Target,
    host: Host,
    password: Option<SecretString>,
    tls: Tls,
    /// `user@host:port/database`.
    pub shown: String,
}

/// What a host said.
pub struct Refusal {
    pub shown: String,
    pub reason: String,
    pub code: Option<SqlState>,
    pub no_password: bool,
    /// Something answered there.
    pub reached: bool,
}

/// Connects to a database of the server.
///
/// # Errors
/// When no host takes the connection.
pub async fn connect(target: &Target, dbname: &str) -> Result<Server, ProviderError> {
    let mut refusals = Vec::new();
    for host in &target.settings.hosts {
        match one(target, &here(host), dbname).await {
            Ok(server) => return Ok(server),
            Err(refusal) => refusals.push(refusal),
        }
    }
    Err(refused(target, &refusals))
}

/// Connects to the first of several databases that is there: of a server, when it is no matter which.
///
/// # Errors
/// As [`connect`].
pub async fn connect_to_any(target: &Target, databases: &[&str]) -> Result<Server, ProviderError> {
    let (first, rest) = databases.split_first().unwrap_or((&"postgres", &[]));
    let mut answer = connect(target, first).await;
    for database in rest {
        match &answer {
            Err(error) if error.kind == ErrorKind::NotFound => answer = connect(target, database).await,
            _ => break,
        }
    }
    answer
}

/// Without a host libpq takes the socket of this machine.
pub fn here(host: &Host) -> Host {
    if host.name.is_some() || host.address.is_some() {
        return host.clone();
    }
    let socket = |folder: &&str| Path::new(folder).join(format!(".s.PGSQL.{}", host.port)).exists();
    let name = SOCKETS.iter().copied().find(socket).unwrap_or("localhost");
    Host { name: Some(name.to_owned()), ..host.clone() }
}

async fn one(target: &Target, host: &Host, dbname: &str) -> Result<Server, Refusal> {
    let shown = target.shown(host, dbname);
    let settings = &target.settings;
    let password = target.password(host, dbname);
    let mut config = Config::new();
    config.user(&target.user).dbname(dbname).port(host.port);
    config.application_name(settings.application_name.as_deref().unwrap_or(NAME));
    config.connect_timeout(settings.connect_timeout.unwrap_or(PATIENCE));
    if let Some(options) = &settings.options {
        config.options(options);
    }
    if let Some(password) = &password {
        config.password(password.expose_secret());
    }
    config.target_session_attrs(match settings.session {
        Session::Any => TargetSessionAttrs::Any,
        Session::ReadWrite => TargetSessionAttrs::ReadWrite,
        Session::ReadOnly => TargetSessionAttrs::ReadOnly,
    });
    let socket = host.name.as_ref().is_some_and(|name| name.starts_with('/'));
    match (&host.name, host.address) {
        (Some(folder), _) if socket => _ = config.host_path(folder),
        (Some(name), _) => _ = config.host(name),
        (None, Some(address)) => _ = config.host(address.to_string()),
        (None, None) => {}
    }
    if let Some(address) = host.address.filter(|_| !socket) {
        config.hostaddr(address);
    }
    // As with libpq, a socket is never wrapped.
    let tls = if socket { Tls { mode: TlsMode::Disable, root: None } } else { settings.tls.clone() };
    config.ssl_mode(match tls.mode {
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
    });
    let unusable = |reason| Refusal { shown: shown.clone(), reason, code: None, no_password: false, reached: true };
    let connector = tls::connector(&tls).map_err(unusable)?;
    let (client, connection) = config.connect(connector).await.map_err(|error| Refusal::of(&error, shown.clone()))?;
    // Its end is told to whoever asks the client something.
    tokio::spawn(connection);
    Ok(Server { client, target: target.clone(), host: host.clone(), password, tls, shown })
}

impl Refusal {
    fn of(error: &tokio_postgres::Error, shown: String) -> Self {
        let reason = words(error);
        // tokio-postgres tells it by this text alone.
        let no_password = reason.contains("password missing");
        let reason = if no_password { NO_PASSWORD.to_owned() } else { reason };
        let text = error.to_string();
        let reached = !text.contains("connecting to server") && !text.contains("timeout");
        Self { shown, reason, code: error.code().cloned(), no_password, reached }
    }
}

/// The outside's own words: of the server, or of whatever kept it from being reached.
fn words(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        let detail = said.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
        return format!("{}{detail}", said.message());
    }
    let mut causes = std::iter::successors(std::error::Error::source(error), |cause| (*cause).source());
    match causes.next() {
        Some(cause) => causes.last().map_or_else(|| cause.to_string(), ToString::to_string),
        None => error.to_string(),
    }
}

pub fn refused(target: &Target, refusals: &[Refusal]) -> ProviderError {
    let [first, rest @ ..] = refusals else { return failed("connect to", "PostgreSQL", "no host is named") };
    let mut reason = first.reason.clone();
    for other in rest {
        reason += &format!("; and {}: {}", other.shown, other.reason);
    }
    let code = first.code.as_ref();
    let (kind, retry, help) = if first.no_password || code == Some(&SqlState::INVALID_PASSWORD) {
        let passfile = target.ignored_passfile().map(|ignored| format!(" {ignored}.")).unwrap_or_default();
        let help = "Give the password by a reference in `url`, by PGPASSWORD, or in ~/.pgpass.";
        (ErrorKind::Unauthenticated, Retry::Never, format!("{help}{passfile}"))
    } else if code == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION) {
        let help = "pg_hba.conf of the server decides who may come from where and how; it has to let this user in.";
        (ErrorKind::Unauthenticated, Retry::Never, help.to_owned())
    } else if code == Some(&SqlState::INVALID_CATALOG_NAME) {
        (ErrorKind::NotFound, Retry::Never, "Correct the name of the database in `url`, or create it.".to_owned())
    } else if first.reached && code.is_none() {
        let help = "Check `sslmode` and `sslrootcert` of `url`, and what the server speaks on that port.";
        (ErrorKind::Other, Retry::Never, help.to_owned())
    } else {
        let help = "Check that the server runs and listens there, and the host and port of `url`; then run the command again.";
        (ErrorKind::Unavailable, Retry::Later, help.to_owned())
    };
    let error = failed("connect to", first.shown.clone(), reason);
    ProviderError { kind, retry, help: Some(help), ..error }
}

impl Server {
    /// Runs SQL and returns its rows as text; a NULL is `None`. `what` completes "could not … user@host:port/database".
    ///
    /// # Errors
    /// When the server refuses it, or is gone.
    pub async fn rows(&self, what: &str, sql: &str) -> Result<Vec<Vec<Option<String>>>, ProviderError> {
        let messages = self.client.simple_query(sql).await.map_err(|error| {
            let denied = error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE);
            let kind = if denied { ErrorKind::Denied } else { ErrorKind::Other };
            ProviderError { kind, ..failed(what, self.shown.clone(), words(&error)) }
        })?;
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()),
            _ => None,
        };
        Ok(messages.into_iter().filter_map(row).collect())
    }

    /// The environment in which a program connects to the same host as this: nothing of it is ever an argument.
    pub fn environment(&self, dbname: &str) -> Vec<(&'static str, String)> {
        let (settings, host) = (&self.target.settings, &self.host);
        let timeout = settings.connect_timeout.unwrap_or(PATIENCE).as_secs();
        let mut all = vec![
            ("PGPORT", host.port.to_string()),
            ("PGUSER", self.target.user.clone()),
            ("PGDATABASE", dbname.to_owned()),
            ("PGSSLMODE", self.tls.mode.as_str().to_owned()),
            ("PGCONNECT_TIMEOUT", timeout.to_string()),
            ("PGAPPNAME", settings.application_name.clone().unwrap_or_else(|| NAME.to_owned())),
            // bdr's own connection knows none, and two ways to one server should be one.
            ("PGGSSENCMODE", "disable".to_owned()),
            // So that what it says can be read and quoted.
            ("LC_ALL", "C".to_owned()),
        ];
        all.extend(host.name.clone().map(|name| ("PGHOST", name)));
        all.extend(host.address.map(|address| ("PGHOSTADDR", address.to_string())));
        all.extend(self.password.as_ref().map(|password| ("PGPASSWORD", password.expose_secret().to_owned())));
        all.extend(self.tls.root.as_ref().map(|root| ("PGSSLROOTCERT", root.display().to_string())));
        all.extend(settings.options.clone().map(|options| ("PGOPTIONS", options)));
        all
    }
}
