//! Clusters of PostgreSQL of a test's own: started, stopped, killed, copied and recovered.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::postgres::{as_somebody, is_root, programs};
use super::process::{folder, free_port, run, spawn};

/// How long a server may take for what a test waits for.
const PATIENCE: Duration = Duration::from_secs(90);

/// A folder of a test that a server may read and write, whoever it runs as.
pub fn shared_folder(name: &str) -> PathBuf {
    let home = folder(name);
    give(&home);
    home
}

/// Hands what lies below a path over to whoever servers run as.
pub fn give(path: &Path) {
    if is_root() {
        run(Command::new("chown").args(["-R", "65534:65534"]).arg(path));
    }
}

/// A cluster in a folder. Its server ends with the test binary, and when dropped.
pub struct Instance {
    pub data: PathBuf,
    home: PathBuf,
    pub port: u16,
    bin: PathBuf,
}

impl Instance {
    /// A new cluster, not started yet; `None` where PostgreSQL is not installed. Folder of its own below `home`.
    pub fn new(home: &Path, name: &str, initdb: &[&str]) -> Option<Self> {
        let instance = Self { data: home.join(name), home: home.to_owned(), port: free_port(), bin: programs()? };
        let mut command = as_somebody(&instance.bin.join("initdb"));
        command.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]);
        run(command.args(initdb).arg("-D").arg(&instance.data));
        Some(instance)
    }

    /// A copy of a running cluster by `pg_basebackup`, without its log.
    pub fn base_of(other: &Self, name: &str) -> Self {
        let instance = Self { data: other.home.join(name), home: other.home.clone(), port: free_port(), bin: other.bin.clone() };
        let mut command = as_somebody(&other.bin.join("pg_basebackup"));
        command.args(["-X", "none", "--no-sync", "-c", "fast", "-U", "postgres", "-h"]).arg(&other.home);
        run(command.args(["-p", &other.port.to_string()]).arg("-D").arg(&instance.data));
        instance
    }

    /// What lies in a folder, beside the other.
    pub fn on(other: &Self, data: PathBuf) -> Self {
        Self { data, home: other.home.clone(), port: free_port(), bin: other.bin.clone() }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// Starts the server; [`Self::answers`] and [`Self::ends`] wait for what comes of it.
    pub fn start(&self, settings: &[(&str, &str)]) {
        let mut server = as_somebody(&self.bin.join("postgres"));
        server.arg("-D").arg(&self.data);
        let (port, socket) = (self.port.to_string(), self.home.display().to_string());
        let own = [
            ("listen_addresses", ""),
            ("port", &port),
            ("unix_socket_directories", &socket),
            ("fsync", "off"),
            ("autovacuum", "off"),
            ("log_min_messages", "info"),
        ];
        for (name, value) in own.iter().chain(settings) {
            server.arg("-c").arg(format!("{name}={value}"));
        }
        spawn(server, &self.log_file());
    }

    /// Recovers from an archive when it is started.
    pub fn recover(&self, restore_command: &str) {
        let quoted = restore_command.replace('\'', "''");
        let path = self.data.join("postgresql.auto.conf");
        let text = fs::read_to_string(&path).unwrap() + &format!("restore_command = '{quoted}'\n");
        fs::write(&path, text).unwrap();
        fs::write(self.data.join("recovery.signal"), "").unwrap();
        give(&self.data);
    }

    fn psql(&self) -> Command {
        let mut command = Command::new(self.bin.join("psql"));
        command.env_clear().env("LC_ALL", "C").env("PGHOST", &self.home).env("PGPORT", self.port.to_string());
        command.env("PGUSER", "postgres").env("PGDATABASE", "postgres").stdin(Stdio::null());
        command.args(["-XAtq", "-v", "ON_ERROR_STOP=1"]);
        command
    }

    fn asked(&self, sql: &str) -> Result<String, String> {
        let ran = self.psql().args(["-c", sql]).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if ran.status.success() { Ok(text(&ran.stdout)) } else { Err(text(&ran.stderr)) }
    }

    #[track_caller]
    pub fn sql(&self, sql: &str) -> String {
        self.asked(sql).unwrap_or_else(|said| panic!("{sql}: {said}"))
    }

    /// Waits until SQL answers something.
    #[track_caller]
    pub fn answers(&self, sql: &str, wanted: &str) {
        let begun = Instant::now();
        loop {
            let answer = self.asked(sql);
            if answer.as_deref() == Ok(wanted) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{sql}: {answer:?} and not {wanted}; the server said:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until a server that was started is a primary.
    #[track_caller]
    pub fn serves(&self) {
        self.answers("SELECT pg_is_in_recovery()", "f");
    }

    /// Waits until the server has ended by itself, and returns what it said.
    #[track_caller]
    pub fn ends(&self) -> String {
        let begun = Instant::now();
        while !self.log().contains("database system is shut down") {
            assert!(begun.elapsed() < PATIENCE, "it runs on; it said:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        self.log()
    }

    /// Ends the segment that is being written, and waits until it is archived. Returns its name.
    #[track_caller]
    pub fn archive_all(&self) -> String {
        let name = self.sql("SELECT pg_walfile_name(pg_current_wal_lsn())");
        // A switch at the beginning of a segment does nothing.
        self.sql("CREATE TABLE IF NOT EXISTS ticks (at timestamptz); INSERT INTO ticks VALUES (now()); SELECT pg_switch_wal()");
        let name = name.max(
            self.sql("SELECT coalesce(max(last_archived_wal), '') FROM pg_stat_archiver WHERE length(last_archived_wal) = 24"),
        );
        self.answers(
            &format!("SELECT last_archived_wal >= '{name}' AND length(last_archived_wal) = 24 FROM pg_stat_archiver"),
            "t",
        );
        name
    }

    /// Stops the server as `pg_ctl -m` does: `fast`, or `immediate`, which is a crash.
    pub fn stop(&self, how: &str) {
        let mut command = as_somebody(&self.bin.join("pg_ctl"));
        command.args(["stop", "-w", "-t", "60", "-m", how]).arg("-D").arg(&self.data);
        run(&mut command);
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if self.data.join("postmaster.pid").exists() {
            let mut command = as_somebody(&self.bin.join("pg_ctl"));
            command.args(["stop", "-w", "-t", "20", "-m", "immediate"]).arg("-D").arg(&self.data);
            // One that has ended meanwhile is what is wanted.
            _ = command.stdin(Stdio::null()).output();
        }
    }
}
