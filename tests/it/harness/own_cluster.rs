//! A cluster of PostgreSQL that a test has for itself, so that it may load, break, stop and copy it.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::postgres::{Cluster, PASSWORD, as_somebody, is_root, programs};
use super::process::{folder, free_port, run, spawn};

pub struct Own {
    cluster: Cluster,
    pub data: PathBuf,
    settings: Vec<String>,
}

impl Deref for Own {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

/// Makes a cluster with page checksums and starts a server on it.
pub fn own(name: &str, settings: &[&str]) -> Option<Own> {
    let bin = programs()?;
    let home = folder(name);
    fs::write(home.join("password"), PASSWORD).unwrap();
    belongs_to_somebody(&home);
    let mut initdb = as_somebody(&bin.join("initdb"));
    initdb.args(["--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--no-locale"]);
    initdb.args(["--no-sync", "--data-checksums"]).arg("--pwfile").arg(home.join("password")).arg("-D").arg(home.join("data"));
    run(&mut initdb);
    on(&home.join("data"), settings)
}

/// A folder below the test's own that the server may write to.
pub fn space(name: &str) -> PathBuf {
    let path = folder(name);
    belongs_to_somebody(&path);
    path
}

fn belongs_to_somebody(path: &Path) {
    if is_root() {
        run(Command::new("chown").args(["-R", "65534:65534"]).arg(path));
    }
}

/// Starts a server on a data directory.
pub fn on(data: &Path, settings: &[&str]) -> Option<Own> {
    let bin = programs()?;
    let port = free_port();
    let socket = space(&format!("socket-{port}"));
    let nowhere = PathBuf::new();
    let cluster = Cluster { port, socket, root: nowhere.clone(), other_root: nowhere, bin };
    let own = Own { cluster, data: data.to_owned(), settings: settings.iter().map(|one| (*one).to_owned()).collect() };
    own.start();
    Some(own)
}

impl Own {
    pub fn start(&self) {
        let log = self.log();
        self.launch();
        self.await_ready(&log);
    }

    /// Starts it without waiting for an answer.
    pub fn launch(&self) {
        let mut server = as_somebody(&self.bin.join("postgres"));
        server.arg("-D").arg(&self.data);
        let own = [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.port),
            format!("unix_socket_directories={}", self.socket.display()),
            "fsync=off".to_owned(),
            "autovacuum=off".to_owned(),
            "max_locks_per_transaction=256".to_owned(),
        ];
        own.iter().chain(&self.settings).for_each(|setting| _ = server.arg("-c").arg(setting));
        spawn(server, &self.log());
    }

    pub fn log(&self) -> PathBuf {
        self.socket.with_extension("log")
    }

    /// `fast`, `immediate`.
    pub fn stop(&self, mode: &str) {
        let mut stop = as_somebody(&self.bin.join("pg_ctl"));
        stop.arg("-D").arg(&self.data).args(["-m", mode, "-w", "stop"]);
        run(&mut stop);
    }

    /// Runs a program of PostgreSQL on files, as who owns them.
    pub fn on_files(&self, name: &str) -> Command {
        as_somebody(&self.bin.join(name))
    }
}
