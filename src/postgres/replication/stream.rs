//! `BASE_BACKUP`: one stream of all archives, taken apart.

use std::time::Duration;

use bytes::Bytes;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use crate::postgres::replication::channel::{Channel, Said, Wrong};
use crate::postgres::replication::{fields, position};
use crate::wal::{Lsn, Timeline};

/// The WAL comes with it, since a backup that waits for WAL elsewhere is none. The server looks at the checksums of pages itself: it
/// alone can read a page again that was written just while it was read.
const COMMAND: &str = "BASE_BACKUP ( LABEL 'bdr', CHECKPOINT 'fast', WAL true, WAIT false, TABLESPACE_MAP true, MANIFEST 'yes' )";
/// The server writes out all of its buffers first.
const CHECKPOINT: Duration = Duration::from_secs(30 * 60);
const SILENCE: Duration = Duration::from_secs(10 * 60);
/// `data_corrupted`: what a backup ends with in which a page fails its checksum, after all of it was sent.
const CORRUPTED: &str = "XX001";

/// A tablespace beside those that every cluster has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tablespace {
    pub oid: u32,
    /// Where it lies on the server.
    pub location: String,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A tar archive begins: of the tablespace with this OID, or of the data directory.
    Archive(Option<u32>),
    /// `backup_manifest` begins.
    Manifest,
    /// Bytes of what began last.
    Data(Bytes),
    End(Ended),
}

/// How a backup ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub stop: Lsn,
    pub timeline: Timeline,
    /// What the server warned of on the way; the first of them, and how many there were.
    pub warnings: Vec<Said>,
    pub warned: u64,
    /// What it said of pages that fail their checksums.
    pub corrupted: Option<Said>,
}

/// A base backup that is being sent.
pub struct BaseBackup {
    channel: Channel,
    pub start: Lsn,
    pub timeline: Timeline,
    pub tablespaces: Vec<Tablespace>,
}

impl BaseBackup {
    pub(super) fn begin(mut channel: Channel) -> Result<Self, Wrong> {
        channel.patience(CHECKPOINT)?;
        channel.send(|out| frontend::query(COMMAND, out))?;
        // Two sets of rows: where it begins, and what tablespaces there are.
        let mut sets: Vec<Vec<_>> = Vec::new();
        loop {
            match channel.next()? {
                Message::RowDescription(_) => sets.push(Vec::new()),
                Message::DataRow(row) => {
                    let row = fields(&row)?;
                    sets.last_mut().ok_or_else(|| Wrong::Unclear("rows without a description".to_owned()))?.push(row);
                }
                Message::CopyOutResponse(_) => break,
                Message::CommandComplete(_) => {}
                _ => return Err(Wrong::Unclear("it does not begin a backup".to_owned())),
            }
        }
        channel.patience(SILENCE)?;
        let mut sets = sets.into_iter();
        let (start, timeline) = position(sets.next().and_then(|mut rows| rows.pop()))?;
        let mut tablespaces = Vec::new();
        for row in sets.next().unwrap_or_default() {
            // The data directory itself has neither.
            if let [Some(oid), Some(location), ..] = row.as_slice() {
                let oid = oid.parse().map_err(|_| Wrong::Unclear(format!("it says `{oid}` of a tablespace")))?;
                tablespaces.push(Tablespace { oid, location: location.clone() });
            }
        }
        Ok(Self { channel, start, timeline, tablespaces })
    }

    /// # Errors
    /// When the server says an error, or the connection broke: then what came is no backup.
    pub fn next_part(&mut self) -> Result<Part, Wrong> {
        loop {
            match self.channel.next()? {
                Message::CopyData(body) => {
                    if let Some(part) = part(body.into_bytes())? {
                        return Ok(part);
                    }
                }
                Message::CopyDone => return self.end().map(Part::End),
                _ => return Err(Wrong::Unclear("it leaves the stream of the backup".to_owned())),
            }
        }
    }

    fn end(&mut self) -> Result<Ended, Wrong> {
        let (mut stop, mut corrupted) = (None, None);
        loop {
            match self.channel.next() {
                Ok(Message::DataRow(row)) => stop = Some(fields(&row)?),
                Ok(Message::ReadyForQuery(_)) => break,
                Ok(_) => {}
                Err(Wrong::Said(said)) if said.code == CORRUPTED && stop.is_some() => corrupted = Some(said),
                Err(error) => return Err(error),
            }
        }
        let (stop, timeline) = position(stop)?;
        let (warnings, warned) = (std::mem::take(&mut self.channel.warnings), self.channel.warned);
        Ok(Ended { stop, timeline, warnings, warned, corrupted })
    }
}

/// One message of the stream; its first byte says what it is. `None`: how far the server is.
fn part(bytes: Bytes) -> Result<Option<Part>, Wrong> {
    let unclear = || Wrong::Unclear("it sends an archive that has no name".to_owned());
    match bytes.first() {
        Some(b'd') => Ok(Some(Part::Data(bytes.slice(1..)))),
        Some(b'p') => Ok(None),
        Some(b'm') => Ok(Some(Part::Manifest)),
        Some(b'n') => {
            let name = bytes[1..].split(|byte| *byte == 0).next().and_then(|name| std::str::from_utf8(name).ok());
            let name = name.and_then(|name| name.strip_suffix(".tar")).ok_or_else(unclear)?;
            match name {
                "base" => Ok(Some(Part::Archive(None))),
                oid => Ok(Some(Part::Archive(Some(oid.parse().map_err(|_| unclear())?)))),
            }
        }
        _ => Err(Wrong::Unclear("it sends what is no part of a backup".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_taken_apart_by_first_bytes() {
        let taken = |bytes: &'static [u8]| part(Bytes::from_static(bytes)).ok();
        assert_eq!(taken(b"nbase.tar\0\0"), Some(Some(Part::Archive(None))));
        assert_eq!(taken(b"n16400.tar\0/srv/fast\0"), Some(Some(Part::Archive(Some(16_400)))));
        assert_eq!(taken(b"dabc"), Some(Some(Part::Data(Bytes::from_static(b"abc")))));
        assert_eq!(taken(b"p\0\0\0\0\0\0\0\0"), Some(None));
        assert_eq!(taken(b"m"), Some(Some(Part::Manifest)));
        for wrong in [&b""[..], b"x", b"n../x.tar\0", b"nbase\0"] {
            assert_eq!(taken(wrong), None, "{}", wrong.escape_ascii());
        }
    }
}
