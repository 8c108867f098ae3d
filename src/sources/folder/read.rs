//! Reading one file of a folder walk: opened without following anything, holes seen, changes noticed.

use std::sync::Arc;

use rustix::fd::OwnedFd;
use rustix::fs::{FileType, Mode, OFlags, SeekFrom, Stat};
use rustix::io::Errno;

use crate::catalog::entry::Time;
use crate::source::{Content, Opened, Piece, Stream, Trouble};
use crate::sources::folder::attributes;

/// What a file was when the walk met it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub dev: u64,
    pub ino: u64,
    pub size: u64,
    pub mtime: Time,
    pub ctime: Time,
    /// Fewer blocks are taken than the size needs, so there are holes.
    pub sparse: bool,
}

/// The times' types differ between machines, so they are narrowed here alone.
#[expect(clippy::useless_conversion, reason = "the field types of stat(2) differ between architectures")]
pub fn seen(stat: &Stat) -> Seen {
    let time = |seconds: i64, nanos: u64| Time(seconds, u32::try_from(nanos).unwrap_or_default());
    let size = u64::try_from(stat.st_size).unwrap_or_default();
    Seen {
        dev: stat.st_dev.into(),
        ino: stat.st_ino.into(),
        size,
        mtime: time(stat.st_mtime.into(), stat.st_mtime_nsec.into()),
        ctime: time(stat.st_ctime.into(), stat.st_ctime_nsec.into()),
        sparse: u64::try_from(stat.st_blocks).unwrap_or_default().saturating_mul(512) < size,
    }
}

/// A file that the walk met and somebody may open.
pub struct Found {
    pub folder: Arc<OwnedFd>,
    pub name: Vec<u8>,
    pub seen: Seen,
}

pub const UNREADABLE: &str = "could not be read";
pub const VANISHED: &str = "vanished while the backup ran";

pub fn trouble(errno: Errno) -> Trouble {
    Trouble::suspect(if errno == Errno::NOENT { VANISHED } else { UNREADABLE }, errno)
}

/// Opens for reading without touching the access time where the system lets us (open(2), `O_NOATIME`), and without ever
/// waiting for a pipe that stands where a file stood.
pub fn open(folder: &OwnedFd, name: &[u8], more: OFlags) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | more;
    match rustix::fs::openat(folder, name, flags | OFlags::NOATIME, Mode::empty()) {
        Err(Errno::PERM) => rustix::fs::openat(folder, name, flags, Mode::empty()),
        result => result,
    }
}

impl Content for Found {
    fn open(self: Box<Self>) -> Result<Opened, Trouble> {
        let file = open(&self.folder, &self.name, OFlags::empty()).map_err(trouble)?;
        if self.seen.sparse {
            // Another kind of file may have taken the name since; only a file has holes to ask for.
            let stat = rustix::fs::fstat(&file).map_err(trouble)?;
            if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
                return Err(Trouble::suspect(VANISHED, "something else has taken its place"));
            }
        }
        let xattrs = attributes::of(&file).map_err(trouble)?;
        let data_end = if self.seen.sparse { 0 } else { self.seen.size };
        Ok(Opened { xattrs, stream: Box::new(Reading { file, seen: self.seen, at: 0, data_end }) })
    }
}

/// A file being read, up to the size that the walk saw.
struct Reading {
    file: OwnedFd,
    seen: Seen,
    at: u64,
    /// Up to here there are data without a hole.
    data_end: u64,
}

impl Reading {
    /// Looks for the next data (lseek(2), `SEEK_DATA` and `SEEK_HOLE`); returns the length of a hole before them.
    fn seek_data(&mut self) -> Result<u64, Trouble> {
        let begin = match rustix::fs::seek(&self.file, SeekFrom::Data(self.at)) {
            Ok(begin) => begin.min(self.seen.size),
            // No data after this place: the rest is a hole.
            Err(Errno::NXIO) => self.seen.size,
            // The file system knows no holes: all is data.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => {
                self.data_end = self.seen.size;
                return Ok(0);
            }
            Err(errno) => return Err(trouble(errno)),
        };
        if begin < self.seen.size {
            let end = rustix::fs::seek(&self.file, SeekFrom::Hole(begin)).map_err(trouble)?;
            self.data_end = end.clamp(begin, self.seen.size);
        }
        let hole = begin.saturating_sub(self.at);
        self.at = begin;
        Ok(hole)
    }
}

impl Stream for Reading {
    fn read(&mut self, into: &mut [u8]) -> Result<Piece, Trouble> {
        if self.at >= self.seen.size {
            return Ok(Piece::End);
        }
        if self.at >= self.data_end {
            let hole = self.seek_data()?;
            if hole > 0 {
                return Ok(Piece::Hole(hole));
            }
        }
        let left = usize::try_from(self.data_end - self.at).unwrap_or(usize::MAX).min(into.len());
        let read = loop {
            match rustix::io::pread(&self.file, &mut into[..left], self.at) {
                Err(Errno::INTR) => {}
                other => break other.map_err(trouble)?,
            }
        };
        self.at += read as u64;
        // Shorter than the walk saw: `settled` tells that it changed.
        Ok(if read == 0 { Piece::End } else { Piece::Data(read) })
    }

    fn settled(&mut self) -> bool {
        rustix::fs::fstat(&self.file).is_ok_and(|stat| {
            FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
                && Seen { sparse: self.seen.sparse, ..seen(&stat) } == self.seen
        })
    }
}
