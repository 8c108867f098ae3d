//! A cluster of PostgreSQL for all tests, with a database of its own for each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::available;
use super::process::{folder, free_port, run, spawn};

/// The password of everybody: looked for wherever it must not be.
pub const PASSWORD: &str = "c4nary-0f-the-p4ssword";

/// A server that listens on the loopback and on a socket. Superuser `postgres`; roles `owner` (may make databases) and `app` (may not).
pub struct Cluster {
    pub port: u16,
    /// Folder of the socket, on which everybody is trusted.
    pub socket: PathBuf,
    /// The authority that signed the server's certificate, which is for `localhost` alone; and one that did not.
    pub root: PathBuf,
    pub other_root: PathBuf,
    pub bin: PathBuf,
}

pub fn cluster() -> Option<&'static Cluster> {
    static STARTED: OnceLock<Option<Cluster>> = OnceLock::new();
    STARTED.get_or_init(start).as_ref()
}

/// The server's programs: not those of the client alone.
pub fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin")).collect();
    found.retain(|bin| bin.join("initdb").exists() && bin.join("postgres").exists());
    found.sort();
    let bin = found.pop();
    available(bin.is_some(), "PostgreSQL").then_some(bin).flatten()
}

/// Postgres refuses root: then it runs as `nobody`.
pub fn as_somebody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "KILL"]).arg(program).env("LC_ALL", "C");
    command
}

pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

fn start() -> Option<Cluster> {
    let bin = programs()?;
    let home = folder("postgres");
    certificates(&home);
    fs::write(home.join("password"), PASSWORD).unwrap();
    if is_root() {
        run(Command::new("chown").args(["-R", "65534:65534"]).arg(&home));
    }
    let (data, port) = (home.join("data"), free_port());
    let mut initdb = as_somebody(&bin.join("initdb"));
    initdb.args(["--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--no-locale"]);
    initdb.arg("--no-sync").arg("--pwfile").arg(home.join("password")).arg("-D").arg(&data);
    run(&mut initdb);
    let mut server = as_somebody(&bin.join("postgres"));
    server.arg("-D").arg(&data);
    let at = |name: &str| home.join(name).display().to_string();
    for setting in [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        format!("unix_socket_directories={}", home.display()),
        "fsync=off".to_owned(),
        "full_page_writes=off".to_owned(),
        "autovacuum=off".to_owned(),
        "max_locks_per_transaction=256".to_owned(),
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", at("server.crt")),
        format!("ssl_key_file={}", at("server.key")),
    ] {
        server.arg("-c").arg(setting);
    }
    let log = home.join("log");
    spawn(server, &log);
    let (root, other_root) = (home.join("root.crt"), home.join("other.crt"));
    let cluster = Cluster { port, socket: home, root, other_root, bin };
    cluster.await_ready(&log);
    let roles = format!("CREATE ROLE owner LOGIN CREATEDB PASSWORD '{PASSWORD}'; CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'");
    cluster.sql("postgres", &roles);
    Some(cluster)
}

/// Two authorities, and a certificate of the first for `localhost`.
fn certificates(home: &Path) {
    let openssl = |arguments: &str| {
        run(Command::new("openssl").args(arguments.split_whitespace()).current_dir(home).stderr(Stdio::null()));
    };
    for name in ["root", "other"] {
        openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3 -subj /CN={name} -keyout {name}.key -out {name}.crt"
        ));
    }
    openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
    fs::write(home.join("names"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n").unwrap();
    openssl("x509 -req -in server.csr -CA root.crt -CAkey root.key -CAcreateserial -days 3 -extfile names -out server.crt");
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(home.join("server.key"), fs::Permissions::from_mode(0o600)).unwrap();
}

impl Cluster {
    pub fn await_ready(&self, log: &Path) {
        let begun = Instant::now();
        while !self.psql("postgres").args(["-c", "SELECT 1"]).output().unwrap().status.success() {
            let said = fs::read_to_string(log).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(30), "PostgreSQL did not answer; it said:\n{said}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// A client of PostgreSQL, as the superuser.
    pub fn program(&self, name: &str, database: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.env_clear().env("LC_ALL", "C").env("PGHOST", &self.socket).env("PGPORT", self.port.to_string());
        command.env("PGUSER", "postgres").env("PGDATABASE", database).stdin(Stdio::null());
        command
    }

    fn psql(&self, database: &str) -> Command {
        let mut command = self.program("psql", database);
        command.args(["-XAtq", "-v", "ON_ERROR_STOP=1"]);
        command
    }

    /// Runs SQL as the superuser, and returns what it prints.
    #[track_caller]
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let ran = self.psql(database).args(["-c", sql]).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{sql}: {said}");
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    }

    /// A database that is not there yet, filled by SQL as its owner.
    #[track_caller]
    pub fn database(&self, name: &str, sql: &str) {
        self.sql("postgres", &format!("CREATE DATABASE {name} OWNER owner"));
        self.sql(name, &format!("GRANT ALL ON SCHEMA public TO owner, app; SET ROLE owner; {sql}"));
    }

    /// How bdr is told to connect.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgresql://{user}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }
}
