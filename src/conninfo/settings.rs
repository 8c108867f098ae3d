//! What a connection string comes to: hosts, login and how to speak with the server.

use core::net::IpAddr;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::{Conninfo, Fault};

/// A server that may be asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Host {
    /// A name, an address, or the folder of a socket (begins with `/`); `None`: this machine.
    pub name: Option<String>,
    /// Where to find it without asking for its name.
    pub address: Option<IpAddr>,
    pub port: u16,
}

/// How much TLS is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum TlsMode {
    Disable,
    /// Where the server speaks it; whose it is is not looked at.
    #[default]
    Prefer,
    /// Always; whose it is is looked at only where a root certificate is named, as libpq does.
    Require,
    /// The certificate must be signed by the root.
    VerifyCa,
    /// And be for the host.
    VerifyFull,
}

impl TlsMode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    pub mode: TlsMode,
    /// A file of PEM.
    pub root: Option<PathBuf>,
}

/// Which of several servers will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Session {
    #[default]
    Any,
    ReadWrite,
    ReadOnly,
}

/// A connection, in types.
#[derive(Clone, Default)]
pub struct Settings {
    /// In the order in which they are tried; at least one.
    pub hosts: Vec<Host>,
    pub user: Option<String>,
    pub password: Option<SecretString>,
    pub dbname: Option<String>,
    pub passfile: Option<PathBuf>,
    /// For each host; `None`: libpq would wait for ever.
    pub connect_timeout: Option<Duration>,
    pub application_name: Option<String>,
    pub options: Option<String>,
    pub tls: Tls,
    pub session: Session,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("hosts", &self.hosts).field("user", &self.user).finish_non_exhaustive()
    }
}

const PORT: u16 = 5432;

impl Conninfo {
    /// Reads the values of all parameters.
    ///
    /// # Errors
    /// When one is not what its keyword takes.
    pub fn settings(&self) -> Result<Settings, Fault> {
        let text = |keyword: &str| self.get(keyword).map(str::to_owned);
        let password = text("password").map(SecretString::from);
        let connect_timeout = match self.get("connect_timeout").map(str::parse::<u64>) {
            // Less than two seconds is raised to that by libpq, and none is no limit.
            Some(Ok(0)) | None => None,
            Some(Ok(seconds)) => Some(Duration::from_secs(seconds.max(2))),
            Some(Err(_)) => {
                return Err(Fault::new("`connect_timeout` is no number of seconds", "Write whole seconds, such as 10."));
            }
        };
        Ok(Settings {
            hosts: self.hosts()?,
            user: text("user"),
            password,
            dbname: text("dbname"),
            passfile: text("passfile").map(PathBuf::from),
            connect_timeout,
            application_name: text("application_name"),
            options: text("options"),
            tls: self.tls()?,
            session: self.session()?,
        })
    }

    /// Lists of hosts, addresses and ports go together; one port is for all.
    fn hosts(&self) -> Result<Vec<Host>, Fault> {
        let list = |keyword| self.get(keyword).map(|list| list.split(',').map(str::trim).collect::<Vec<_>>());
        let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port").unwrap_or_default());
        let hosts = names.as_ref().or(addresses.as_ref()).map_or(1, Vec::len);
        let fits = |length: usize| length == hosts;
        if !addresses.as_ref().is_none_or(|list| fits(list.len())) || !(ports.len() <= 1 || fits(ports.len())) {
            let help = "Name as many ports and addresses as hosts, or one port for all.";
            return Err(Fault::new("the connection string names another number of ports or addresses than of hosts", help));
        }
        let at = |list: &Option<Vec<&str>>, at: usize| {
            list.as_ref().and_then(|list| list.get(at).copied()).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        (0..hosts)
            .map(|number| {
                let port = ports.get(number).or(ports.first().filter(|_| ports.len() == 1)).filter(|text| !text.is_empty());
                let port = port.map_or(Ok(PORT), |text| text.parse().ok().filter(|port| *port > 0).ok_or(()));
                let port = port.map_err(|()| Fault::new("a port of the connection string is none", "Write 1 to 65535."))?;
                let address = at(&addresses, number).map(|text| text.parse::<IpAddr>()).transpose();
                let address = address.map_err(|_| Fault::new("`hostaddr` is no IP address", "Put names into `host`."))?;
                Ok(Host { name: at(&names, number), address, port })
            })
            .collect()
    }

    fn tls(&self) -> Result<Tls, Fault> {
        let mode = match self.get("sslmode") {
            None | Some("prefer" | "allow") => TlsMode::Prefer,
            Some("disable") => TlsMode::Disable,
            Some("require") => TlsMode::Require,
            Some("verify-ca") => TlsMode::VerifyCa,
            Some("verify-full") => TlsMode::VerifyFull,
            Some(_) => {
                let help = "Write disable, prefer, require, verify-ca or verify-full.";
                return Err(Fault::new("`sslmode` is none that bdr knows", help));
            }
        };
        let root = self.get("sslrootcert");
        if root == Some("system") {
            let help = "Name the file that holds them, such as /etc/ssl/certs/ca-certificates.crt.";
            return Err(Fault::new("`sslrootcert=system` is not known to every version of libpq", help));
        }
        Ok(Tls { mode, root: root.map(PathBuf::from) })
    }

    fn session(&self) -> Result<Session, Fault> {
        match self.get("target_session_attrs") {
            None | Some("any") => Ok(Session::Any),
            Some("read-write" | "primary") => Ok(Session::ReadWrite),
            Some("read-only" | "standby") => Ok(Session::ReadOnly),
            Some(_) => Err(Fault::new(
                "`target_session_attrs` is none that bdr knows",
                "Write any, read-write, read-only, primary or standby.",
            )),
        }
    }
}
