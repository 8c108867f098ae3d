//! Messages to and from a server, one at a time, in memory of a fixed size.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::time::Duration;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::{ErrorFields, Header, Message};

use crate::postgres::replication::socket::Socket;

/// No message of a base backup comes near it: the server sends files in pieces of some ten kilobytes.
const LARGEST: i32 = 8 << 20;
/// Bytes that are read at a time.
const READ: usize = 64 << 10;
/// Warnings that are kept in their words.
const WARNINGS: usize = 100;

/// What a server said in an error or a warning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", .detail.as_deref().map(|detail| format!(" ({detail})")).unwrap_or_default())]
pub struct Said {
    /// `WARNING`, in no language but its own.
    pub severity: String,
    /// Its SQLSTATE.
    pub code: String,
    pub message: String,
    pub detail: Option<String>,
}

/// What can go wrong with a connection.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    #[error(transparent)]
    Said(Said),
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    #[error("the server did not answer within {0}")]
    Silent(crate::units::duration::Duration),
    #[error("the server asks for a password, and there is none")]
    NoPassword,
    #[error("its answer is not to be understood: {0}")]
    Unclear(String),
}

impl Wrong {
    /// The SQLSTATE of what the server said.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Said(said) => Some(&said.code),
            _ => None,
        }
    }
}

/// An open connection, as messages.
pub struct Channel {
    socket: Socket,
    incoming: BytesMut,
    chunk: Box<[u8]>,
    patience: Duration,
    parameters: BTreeMap<String, String>,
    /// The first warnings, and how many there were.
    pub warnings: Vec<Said>,
    pub warned: u64,
}

impl Channel {
    /// `patience`: what the socket was opened with.
    pub fn new(socket: Socket, patience: Duration) -> Self {
        Self {
            socket,
            incoming: BytesMut::new(),
            chunk: vec![0; READ].into_boxed_slice(),
            patience,
            parameters: BTreeMap::new(),
            warnings: Vec::new(),
            warned: 0,
        }
    }

    /// How long each answer may take from now on.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn patience(&mut self, patience: Duration) -> Result<(), Wrong> {
        self.patience = patience;
        Ok(self.socket.patience(patience)?)
    }

    /// What the server told of a setting when the connection began.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// # Errors
    /// When the connection broke.
    pub fn send(&mut self, write: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> Result<(), Wrong> {
        let mut out = BytesMut::new();
        write(&mut out)?;
        let sent = self.socket.write_all(&out).and_then(|()| self.socket.flush());
        sent.map_err(|error| self.broken(error))
    }

    /// The next message but for those that may come at any time, which are kept.
    ///
    /// # Errors
    /// When the server says an error, or the connection broke.
    pub fn next(&mut self) -> Result<Message, Wrong> {
        loop {
            match self.receive()? {
                Message::ErrorResponse(body) => return Err(Wrong::Said(said(body.fields())?)),
                Message::NoticeResponse(body) => self.notice(said(body.fields())?),
                Message::ParameterStatus(body) => {
                    self.parameters.insert(body.name()?.to_owned(), body.value()?.to_owned());
                }
                Message::NotificationResponse(_) => {}
                message => return Ok(message),
            }
        }
    }

    fn notice(&mut self, said: Said) {
        if said.severity == "WARNING" {
            self.warned += 1;
            if self.warnings.len() < WARNINGS {
                self.warnings.push(said);
            }
        }
    }

    fn receive(&mut self) -> Result<Message, Wrong> {
        loop {
            // A length that no server sends must not make us wait for so much.
            if let Some(header) = Header::parse(&self.incoming)?.filter(|header| header.len() > LARGEST) {
                return Err(Wrong::Unclear(format!("it begins a message of {} bytes", header.len())));
            }
            if let Some(message) = Message::parse(&mut self.incoming)? {
                return Ok(message);
            }
            match self.socket.read(&mut self.chunk) {
                Ok(0) => return Err(Wrong::Broken(ErrorKind::UnexpectedEof.into())),
                Ok(length) => self.incoming.extend_from_slice(&self.chunk[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    fn broken(&self, error: io::Error) -> Wrong {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                Wrong::Silent(crate::units::duration::Duration::from_secs(self.patience.as_secs()))
            }
            _ => Wrong::Broken(error),
        }
    }
}

fn said(mut fields: ErrorFields<'_>) -> Result<Said, Wrong> {
    let mut said = Said { severity: String::new(), code: String::new(), message: String::new(), detail: None };
    while let Some(field) = fields.next()? {
        let text = || String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            b'V' => said.severity = text(),
            b'C' => said.code = text(),
            b'M' => said.message = text(),
            b'D' => said.detail = Some(text()),
            _ => {}
        }
    }
    Ok(said)
}
