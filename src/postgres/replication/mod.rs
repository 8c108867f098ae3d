//! A client of PostgreSQL's replication protocol, as far as a base backup needs it (PostgreSQL's manual, "Streaming Replication
//! Protocol"): plain blocking code, since what it reads is read by threads of the tree engine.
//!
//! tokio-postgres has no replication mode, so what is here stands on its sibling `postgres-protocol`, which knows the messages.

mod channel;
mod login;
mod socket;
mod stream;

pub use channel::Wrong;
pub use stream::{BaseBackup, Ended, Part, Tablespace};

use std::path::Path;
use std::time::Duration;

use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::{DataRowBody, Message};
use postgres_protocol::message::frontend;
use secrecy::ExposeSecret as _;
use tokio_postgres::error::SqlState;

use crate::conninfo::{Host, Session};
use crate::postgres::connect::{NAME, NO_PASSWORD, PATIENCE, Refusal, here, refused};
use crate::postgres::failed;
use crate::postgres::replication::channel::Channel;
use crate::postgres::replication::login::login;
use crate::postgres::replication::socket::Socket;
use crate::postgres::target::Target;
use crate::provider::ProviderError;
use crate::wal::{Lsn, SegmentSize, Timeline};

/// The oldest major whose base backup comes as one stream.
const OLDEST: u32 = 15;
/// How long an answer is waited for that takes no work.
const ANSWER: Duration = Duration::from_secs(60);

/// An open connection to a server that sends its log and its files. It ends when dropped.
pub struct Walsender {
    channel: Channel,
    /// `user@host:port/replication`.
    pub shown: String,
    pub about: About,
}

/// What a server says of itself and its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// As the server tells it: `15.8 (Debian 15.8-0+deb12u1)`.
    pub version: String,
    pub major: u32,
    /// What no other cluster has.
    pub system: u64,
    pub timeline: Timeline,
    pub segment: SegmentSize,
    /// Permission bits of the data directory.
    pub mode: u32,
    /// Whether its pages have checksums.
    pub checksums: bool,
    /// Files of its configuration that lie outside of its data directory, as far as this user may know.
    pub outside: Vec<String>,
}

type Row = Vec<Option<String>>;

impl Walsender {
    /// Connects to the first host that takes the connection, and asks what its cluster is.
    ///
    /// # Errors
    /// When no host takes it, or the server is too old.
    pub fn connect(target: &Target) -> Result<Self, ProviderError> {
        let mut refusals = Vec::new();
        for host in &target.settings.hosts {
            match reach(target, &here(host)) {
                Ok((channel, shown)) => return Self::look(channel, shown),
                Err(refusal) => refusals.push(refusal),
            }
        }
        let error = refused(target, &refusals);
        let code = refusals.first().and_then(|refusal| refusal.code.as_ref());
        if code == Some(&SqlState::INSUFFICIENT_PRIVILEGE) || code == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION) {
            let user = &target.user;
            return Err(error.with_help(format!(
                "A base backup comes over a replication connection: `{user}` needs the attribute REPLICATION, and pg_hba.conf of the \
                 server a line for the database `replication` that lets it in from here."
            )));
        }
        Err(error)
    }

    fn look(mut channel: Channel, shown: String) -> Result<Self, ProviderError> {
        let version = channel.parameter("server_version").unwrap_or_default().to_owned();
        let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
        let major: u32 = version[..digits].parse().unwrap_or_default();
        if major < OLDEST {
            let reason = format!("the server is PostgreSQL {version}, and bdr takes base backups of {OLDEST} and later");
            return Err(failed("take a base backup from", shown, reason)
                .with_help("Protect this database by `logical_dump`, or upgrade the server."));
        }
        channel.patience(ANSWER).map_err(|error| of(&shown, "ask what it is", error))?;
        let about = about(&mut channel, version, major).map_err(|error| of(&shown, "ask what it is", error))?;
        Ok(Self { channel, shown, about })
    }

    /// Keeps the server from removing the log from here on, as long as this connection is open.
    ///
    /// # Errors
    /// When the server has no slot to spare, or does not let this user have one.
    pub fn hold_log(&mut self) -> Result<(), Wrong> {
        let name = format!("bdr_{:016x}", fastrand::u64(..));
        rows(&mut self.channel, &format!("CREATE_REPLICATION_SLOT {name} TEMPORARY PHYSICAL RESERVE_WAL")).map(drop)
    }

    /// Begins a base backup, and returns when the server begins to send it.
    ///
    /// # Errors
    /// When the server refuses it, or is gone.
    pub fn base_backup(self) -> Result<BaseBackup, Wrong> {
        BaseBackup::begin(self.channel)
    }
}

/// What a connection failed with, as everything of PostgreSQL fails.
fn of(shown: &str, operation: &str, error: Wrong) -> ProviderError {
    failed(operation, shown, error.to_string())
}

fn about(channel: &mut Channel, version: String, major: u32) -> Result<About, Wrong> {
    let unclear = |what: &str, said: &str| Wrong::Unclear(format!("it says `{said}` of {what}"));
    let identity = rows(channel, "IDENTIFY_SYSTEM")?.pop().unwrap_or_default();
    let field = |at: usize| identity.get(at).and_then(Option::as_deref).unwrap_or_default();
    let system = field(0).parse().map_err(|_| unclear("its system identifier", field(0)))?;
    let timeline = field(1).parse().ok().and_then(Timeline::new).ok_or_else(|| unclear("its timeline", field(1)))?;
    let segment = show(channel, "wal_segment_size")?;
    let segment = bytes(&segment).and_then(SegmentSize::new).ok_or_else(|| unclear("wal_segment_size", &segment))?;
    let mode = show(channel, "data_directory_mode")?;
    let mode = u32::from_str_radix(&mode, 8).map_err(|_| unclear("data_directory_mode", &mode))?;
    let checksums = show(channel, "data_checksums")? == "on";
    let outside = outside(channel)?;
    Ok(About { version, major, system, timeline, segment, mode, checksums, outside })
}

/// Debian has them below `/etc`. Who may not ask for places does without.
fn outside(channel: &mut Channel) -> Result<Vec<String>, Wrong> {
    let mut ask = |name: &str| match show(channel, name) {
        Ok(path) => Ok(Some(path)),
        Err(Wrong::Said(_)) => Ok(None),
        Err(error) => Err(error),
    };
    let Some(data) = ask("data_directory")? else { return Ok(Vec::new()) };
    let within = |path: &str| Path::new(path).starts_with(&data);
    let files = ["config_file", "hba_file", "ident_file"].map(ask);
    let files = files.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(files.into_iter().flatten().filter(|path| !within(path)).collect())
}

/// `16MB`, as SHOW prints sizes of the log.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match &text[digits..] {
        "B" => 1,
        "kB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(unit)
}

fn show(channel: &mut Channel, name: &str) -> Result<String, Wrong> {
    let row = rows(channel, &format!("SHOW {name}"))?.pop();
    row.and_then(|mut row| row.pop()?).ok_or_else(|| Wrong::Unclear(format!("it says nothing of {name}")))
}

/// Runs a command of the protocol and returns its rows.
fn rows(channel: &mut Channel, command: &str) -> Result<Vec<Row>, Wrong> {
    channel.send(|out| frontend::query(command, out))?;
    let mut rows = Vec::new();
    let mut failure = None;
    loop {
        match channel.next() {
            Ok(Message::DataRow(row)) => rows.push(fields(&row)?),
            Ok(Message::ReadyForQuery(_)) => return failure.map_or(Ok(rows), Err),
            Ok(_) => {}
            // The connection goes on after it.
            Err(Wrong::Said(said)) => failure = Some(Wrong::Said(said)),
            Err(error) => return Err(error),
        }
    }
}

/// The fields of a row, as text.
fn fields(row: &DataRowBody) -> Result<Row, Wrong> {
    let buffer = row.buffer();
    let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(buffer.get(range).unwrap_or_default()).into_owned();
    Ok(row.ranges().map(|range| Ok(range.map(text))).collect()?)
}

/// `0/2000028` and `1`: where a backup begins or ends.
fn position(row: Option<Row>) -> Result<(Lsn, Timeline), Wrong> {
    let row = row.unwrap_or_default();
    let field = |at: usize| row.get(at).and_then(Option::as_deref);
    let at = field(0).and_then(|at| at.parse().ok());
    let timeline = field(1).and_then(|number| number.parse().ok()).and_then(Timeline::new);
    at.zip(timeline).ok_or_else(|| Wrong::Unclear("it does not say where the backup begins or ends".to_owned()))
}

fn reach(target: &Target, host: &Host) -> Result<(Channel, String), Refusal> {
    let shown = target.shown(host, "replication");
    let refusal = |reason: String, reached| Refusal { shown: shown.clone(), reason, code: None, no_password: false, reached };
    let patience = target.settings.connect_timeout.unwrap_or(PATIENCE);
    let socket = Socket::open(host, &target.settings.tls, patience).map_err(|(reason, reached)| refusal(reason, reached))?;
    let mut channel = Channel::new(socket, patience);
    let settings = &target.settings;
    let mut startup = vec![("user", target.user.as_str()), ("replication", "true"), ("client_encoding", "UTF8")];
    startup.push(("application_name", settings.application_name.as_deref().unwrap_or(NAME)));
    startup.extend(settings.options.as_deref().map(|options| ("options", options)));
    let password = target.password(host, "replication");
    let password = password.as_ref().map(|password| password.expose_secret().as_bytes());
    login(&mut channel, &startup, (&target.user, password)).map_err(|error| {
        let code = error.code().map(SqlState::from_code);
        let no_password = matches!(error, Wrong::NoPassword);
        let reason = if no_password { NO_PASSWORD.to_owned() } else { error.to_string() };
        Refusal { code, no_password, ..refusal(reason, !matches!(error, Wrong::Silent(_))) }
    })?;
    let wanted = match settings.session {
        Session::Any => return Ok((channel, shown)),
        Session::ReadWrite => "off",
        Session::ReadOnly => "on",
    };
    let standby = show(&mut channel, "in_hot_standby").map_err(|error| refusal(error.to_string(), true))?;
    if standby == wanted {
        Ok((channel, shown))
    } else {
        Err(refusal("it is not in the state that is asked for".to_owned(), true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_the_server_prints_them() {
        assert_eq!(["16MB", "1GB", "1024kB", "7", "MB"].map(bytes), [Some(16 << 20), Some(1 << 30), Some(1 << 20), None, None]);
    }
}
