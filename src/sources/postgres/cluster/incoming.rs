//! The stream of a base backup as it comes in: bytes of what began last, until the next part begins.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf as _, Bytes};

use crate::postgres::{BaseBackup, Part, Wrong};
use crate::source::{Content, Opened, Piece, Stream, Trouble};
use crate::sources::postgres::cluster::tar;

/// What a base backup that broke off is: never half a backup.
pub const FAILED: &str = "a base backup that did not come to its end";

pub fn failed(why: impl ToString) -> Trouble {
    Trouble::last(FAILED, why)
}

/// A base backup on its way.
pub struct Incoming {
    backup: BaseBackup,
    /// Bytes that came and were not read.
    bytes: Bytes,
    /// The part that comes behind them.
    next: Option<Part>,
    /// What is left of the content that was handed out, with what fills its last block; `None`: up to the next part.
    left: Option<u64>,
    padding: u64,
}

/// The stream, as the source and the content that it handed out last share it.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<Incoming>>);

impl Shared {
    pub fn new(backup: BaseBackup) -> Self {
        let incoming = Incoming { backup, bytes: Bytes::new(), next: None, left: Some(0), padding: 0 };
        Self(Arc::new(Mutex::new(incoming)))
    }

    pub fn lock(&self) -> MutexGuard<'_, Incoming> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The content that comes now; `None`: all until the next part.
    pub fn content(&self, size: Option<u64>) -> Box<dyn Content> {
        let mut incoming = self.lock();
        incoming.left = size;
        incoming.padding = size.map(tar::padding).unwrap_or_default();
        drop(incoming);
        Box::new(Lent { from: self.clone(), measured: size.is_some(), ended: false })
    }
}

impl Incoming {
    /// Makes sure that bytes are there; `false`: the next part begins.
    fn fill(&mut self) -> Result<bool, Trouble> {
        while self.bytes.is_empty() && self.next.is_none() {
            match self.backup.next_part().map_err(broken)? {
                Part::Data(bytes) => self.bytes = bytes,
                other => self.next = Some(other),
            }
        }
        Ok(!self.bytes.is_empty())
    }

    /// Some bytes; 0: the next part begins.
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Trouble> {
        if !self.fill()? {
            return Ok(0);
        }
        let length = into.len().min(self.bytes.len());
        self.bytes.copy_to_slice(&mut into[..length]);
        Ok(length)
    }

    fn skip(&mut self, mut length: u64) -> Result<(), Trouble> {
        while length > 0 {
            if !self.fill()? {
                return Err(failed("the server's archive is cut"));
            }
            let step = self.bytes.len().min(usize::try_from(length).unwrap_or(usize::MAX));
            self.bytes.advance(step);
            length -= step as u64;
        }
        Ok(())
    }

    /// What comes first, without taking it; shorter where less comes.
    pub fn peek(&mut self, length: usize) -> Result<&[u8], Trouble> {
        while self.bytes.len() < length && self.next.is_none() {
            match self.backup.next_part().map_err(broken)? {
                Part::Data(bytes) if self.bytes.is_empty() => self.bytes = bytes,
                Part::Data(bytes) => self.bytes = [&self.bytes[..], &bytes[..]].concat().into(),
                other => self.next = Some(other),
            }
        }
        Ok(&self.bytes[..length.min(self.bytes.len())])
    }

    /// Goes behind the content that was handed out, whether it was read or not.
    pub fn go_on(&mut self) -> Result<(), Trouble> {
        match self.left.take() {
            Some(left) => {
                let rest = left + std::mem::take(&mut self.padding);
                self.left = Some(0);
                self.skip(rest)
            }
            None => {
                self.left = Some(0);
                self.drain()
            }
        }
    }

    fn drain(&mut self) -> Result<(), Trouble> {
        while self.fill()? {
            self.bytes.clear();
        }
        Ok(())
    }

    /// The next header of an archive; `None`: it ends.
    pub fn header(&mut self) -> Result<Option<tar::Header>, Trouble> {
        let mut block = [0; tar::BLOCK];
        let mut end = 0;
        while end < block.len() {
            match self.read(&mut block[end..])? {
                // A tablespace's archive ends without blocks of zeros in some versions.
                0 if end == 0 => return Ok(None),
                0 => return Err(failed("the server's archive is cut")),
                length => end += length,
            }
        }
        let header = tar::header(&block).map_err(failed)?;
        if header.is_none() {
            self.drain()?;
        }
        Ok(header)
    }

    /// The part that begins now.
    pub fn part(&mut self) -> Result<Part, Trouble> {
        if self.fill()? {
            return Err(failed("the server sends bytes of nothing"));
        }
        // `fill` found one.
        self.next.take().ok_or_else(|| failed("the server's stream ended"))
    }
}

fn broken(error: Wrong) -> Trouble {
    failed(error)
}

/// A content of the stream: the one that comes now.
struct Lent {
    from: Shared,
    measured: bool,
    ended: bool,
}

impl Content for Lent {
    fn open(self: Box<Self>) -> Result<Opened, Trouble> {
        Ok(Opened { xattrs: Vec::new(), stream: self })
    }

    fn is_measured(&self) -> bool {
        self.measured
    }

    fn is_paged(&self) -> bool {
        true
    }
}

impl Stream for Lent {
    fn read(&mut self, into: &mut [u8]) -> Result<Piece, Trouble> {
        let mut incoming = self.from.lock();
        let most = incoming.left.map_or(into.len(), |left| into.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        let read = incoming.read(&mut into[..most])?;
        if read == 0 {
            if incoming.left.is_some_and(|left| left > 0) {
                return Err(failed("the server's archive is cut"));
            }
            self.ended = true;
            return Ok(Piece::End);
        }
        incoming.left = incoming.left.map(|left| left - read as u64);
        Ok(Piece::Data(read))
    }

    fn settled(&mut self) -> bool {
        // What changed while the server read it is made right by the log that comes along.
        self.ended
    }
}
