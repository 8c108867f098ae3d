//! Writing one restored file: under a name of its own until it is whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::catalog::entry::{Entry, Meta};
use crate::source::{ReadAt, Settled, Sink, Trouble};
use crate::sources::folder::leftover;
use crate::sources::folder::settle::{self, Owners, trouble};

/// A file that stood there before.
pub struct Present {
    pub file: OwnedFd,
    pub size: u64,
}

impl ReadAt for Present {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> bool {
        let mut done = 0;
        while done < into.len() {
            match rustix::io::pread(&self.file, &mut into[done..], at + done as u64) {
                Ok(0) => return false,
                Ok(length) => done += length,
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
        true
    }
}

/// A file on its way. Dropped before it was finished, it leaves nothing behind.
pub struct Partial {
    folder: Arc<OwnedFd>,
    name: Vec<u8>,
    temporary: Vec<u8>,
    file: OwnedFd,
    meta: Meta,
    owners: Owners,
    overwrite: bool,
    named: AtomicBool,
}

impl Partial {
    pub fn create(folder: Arc<OwnedFd>, name: &[u8], entry: &Entry, owners: Owners, overwrite: bool) -> rustix::io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let (temporary, file) = loop {
            let temporary = leftover::name();
            let file = rustix::fs::openat(&*folder, &temporary[..], flags, Mode::RUSR | Mode::WUSR)?;
            if leftover::take(&file) {
                break (temporary, file);
            }
        };
        let named = AtomicBool::new(false);
        Ok(Self { folder, name: name.to_vec(), temporary, file, meta: entry.meta.clone(), owners, overwrite, named })
    }
}

impl Sink for Partial {
    fn write_at(&self, at: u64, bytes: &[u8]) -> Result<(), Trouble> {
        let mut done = 0;
        while done < bytes.len() {
            match rustix::io::pwrite(&self.file, &bytes[done..], at + done as u64) {
                Ok(length) => done += length,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(trouble(errno)),
            }
        }
        Ok(())
    }

    fn finish(&self, written: u64, size: u64) -> Result<Settled, Trouble> {
        if written != size {
            // The file ends in a hole.
            rustix::fs::ftruncate(&self.file, size).map_err(trouble)?;
        }
        // The name comes even where an attribute could not be set: the content is whole, and the trouble is told.
        let settled = settle::new(&self.file, &self.meta, self.owners);
        let renamed = if self.overwrite {
            rustix::fs::renameat(&*self.folder, &self.temporary[..], &*self.folder, &self.name[..])
        } else {
            let flags = RenameFlags::NOREPLACE;
            rustix::fs::renameat_with(&*self.folder, &self.temporary[..], &*self.folder, &self.name[..], flags)
        };
        renamed.map_err(trouble)?;
        self.named.store(true, Ordering::Relaxed);
        Ok(settled)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.named.load(Ordering::Relaxed) {
            let _nothing_to_do = rustix::fs::unlinkat(&*self.folder, &self.temporary[..], AtFlags::empty());
        }
    }
}
