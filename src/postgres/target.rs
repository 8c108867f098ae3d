//! Where the database of a component is: its connection string with all that libpq would add, read from what the caller allows.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use secrecy::{ExposeSecret, SecretString};

use crate::conninfo::{self, Conninfo, Fault, Host, Settings, Tls, TlsMode};
use crate::policy::Postgresql;
use crate::postgres::failed;
use crate::provider::{Env, ProviderError};
use crate::store::ErrorKind as Kind;

/// A database, and everything that it takes to connect to it.
#[derive(Debug, Clone)]
pub struct Target {
    pub settings: Settings,
    pub user: String,
    pub dbname: String,
    passfile: Passfile,
}

/// The password file.
#[derive(Debug, Clone, Default)]
struct Passfile {
    path: PathBuf,
    text: Option<SecretString>,
    /// Others may read it, so that it does not count, as with libpq.
    open_to_others: bool,
}

/// Debian's place of the file for the whole machine, and PostgreSQL's own.
const SERVICE_FILES: [&str; 2] = ["/etc/postgresql-common/pg_service.conf", "/etc/pg_service.conf"];

impl Target {
    /// # Errors
    /// When the connection string, or a file that it leads to, cannot be understood.
    pub fn find(database: &Postgresql, env: &Env) -> Result<Self, ProviderError> {
        let given = database.url.as_ref().map(|url| Conninfo::parse(url.value.expose())).transpose().map_err(wrong)?;
        let mut conninfo = given.unwrap_or_default();
        let variables = Conninfo::of_variables(&env.vars);
        if let Some(name) = conninfo.get("service").or(variables.get("service")).map(str::to_owned) {
            conninfo = conninfo.or(service(&name, env)?);
        }
        let mut settings = conninfo.or(variables).settings().map_err(wrong)?;
        let home = env.home.as_deref().map(Path::new);
        let nobody = || {
            failed("connect to", "PostgreSQL", "nothing says as which user")
                .with_help("Write the user into `url`, or set PGUSER.")
        };
        let user = settings.user.clone().or_else(user_of_process).ok_or_else(nobody)?;
        let dbname = settings.dbname.clone().unwrap_or_else(|| user.clone());
        settings.tls = with_root(settings.tls, home);
        let passfile = settings.passfile.clone().or_else(|| Some(home?.join(".pgpass")));
        Ok(Self { user, dbname, passfile: passfile.map(Passfile::read).unwrap_or_default(), settings })
    }

    /// Whether the caller lets all of its hosts be spoken to: who plans what others wrote must not send a password to wherever they say.
    ///
    /// # Errors
    /// Names the first host that is not allowed.
    pub fn check_allowed(&self, env: &Env) -> Result<(), ProviderError> {
        let Some(allowed) = &env.allowed_endpoints else { return Ok(()) };
        let bare = |endpoint: &String| endpoint.strip_prefix(SCHEME).unwrap_or(endpoint).trim_end_matches('/').to_owned();
        let allowed: Vec<String> = allowed.iter().map(bare).collect();
        // An address that stands beside a name is what is really spoken to.
        let places = |host: &Host| {
            let here = || (host.address.is_none() && host.name.is_none()).then(|| "localhost".to_owned());
            let names = host.address.map(|address| address.to_string()).into_iter().chain(host.name.clone()).chain(here());
            names.map(|name| format!("{name}:{}", host.port)).collect::<Vec<_>>()
        };
        match self.settings.hosts.iter().flat_map(places).find(|place| !allowed.contains(place)) {
            None => Ok(()),
            Some(place) => {
                Err(ProviderError { kind: Kind::Denied, ..failed("reach", &place, "the caller does not allow this endpoint") }
                    .with_help(format!("Add --allow-endpoint {SCHEME}{place} if you trust this policy.")))
            }
        }
    }

    /// The password for a host.
    pub fn password(&self, host: &Host, dbname: &str) -> Option<SecretString> {
        if let Some(password) = &self.settings.password {
            return Some(password.clone());
        }
        let text = self.passfile.text.as_ref()?;
        let named = host.name.clone().or_else(|| host.address.map(|address| address.to_string()));
        // A socket in its usual place goes by this name (PostgreSQL's manual, "The Password File").
        let name = named.filter(|name| !SOCKETS.contains(&name.as_str())).unwrap_or_else(|| "localhost".to_owned());
        conninfo::password(text.expose_secret(), &name, host.port, dbname, &self.user).map(SecretString::from)
    }

    /// What is to be said of the password file where a password is missing.
    pub fn ignored_passfile(&self) -> Option<String> {
        let path = self.passfile.path.display();
        self.passfile.open_to_others.then(|| format!("`{path}` is ignored, because others can read it: `chmod 0600 {path}`"))
    }

    /// `user@host:port/database`, for people.
    pub fn shown(&self, host: &Host, dbname: &str) -> String {
        let name = host.name.clone().or_else(|| host.address.map(|address| address.to_string()));
        let name = name.unwrap_or_else(|| "localhost".to_owned());
        let name = if name.contains(':') { format!("[{name}]") } else { name };
        format!("{}@{name}:{}/{dbname}", self.user, host.port)
    }
}

/// Before the host and port of a server, where one is allowed.
const SCHEME: &str = "postgresql://";

/// Where servers of this machine put their sockets: Debian, and PostgreSQL's own default.
pub const SOCKETS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

fn wrong(fault: Fault) -> ProviderError {
    failed("read", "the connection string", fault.what).with_help(fault.help)
}

fn service(name: &str, env: &Env) -> Result<Conninfo, ProviderError> {
    let own = env.vars.get("PGSERVICEFILE").map(PathBuf::from);
    let own = own.or_else(|| Some(Path::new(env.home.as_deref()?).join(".pg_service.conf")));
    let of_machine = match env.vars.get("PGSYSCONFDIR") {
        Some(folder) => vec![Path::new(folder).join("pg_service.conf")],
        None => SERVICE_FILES.map(PathBuf::from).to_vec(),
    };
    for path in own.into_iter().chain(of_machine) {
        let subject = format!("`{}`", path.display());
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(failed("read", subject, error.to_string())),
        };
        let found = conninfo::service(&text, name);
        match found.map_err(|fault| failed("read", subject, fault.what).with_help(fault.help))? {
            Some(found) => return Ok(found),
            None => continue,
        }
    }
    let help = "Define it in ~/.pg_service.conf, or in the file that PGSERVICEFILE names.";
    Err(failed("find", format!("the service `{name}`"), "no service file has it").with_help(help))
}

/// By getpwuid(3)'s own file: who runs bdr, where nothing says a user.
fn user_of_process() -> Option<String> {
    let uid = geteuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}

/// libpq's own default, by which `require` looks whose the server is.
fn with_root(tls: Tls, home: Option<&Path>) -> Tls {
    let root = tls
        .root
        .or_else(|| Some(home?.join(".postgresql/root.crt")))
        .filter(|path| path.exists() || tls.mode >= TlsMode::VerifyCa);
    match tls.mode {
        TlsMode::Require if root.is_some() => Tls { mode: TlsMode::VerifyCa, root },
        mode => Tls { mode, root },
    }
}

impl Passfile {
    fn read(path: PathBuf) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let Some(meta) = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file) else { return Self::default() };
        if meta.permissions().mode() & 0o077 != 0 {
            return Self { path, text: None, open_to_others: true };
        }
        let text = std::fs::read_to_string(&path).ok().map(SecretString::from);
        Self { path, text, open_to_others: false }
    }
}
