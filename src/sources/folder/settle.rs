//! Owner, permissions, attributes and times of what is restored.

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Gid, Mode, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags};
use rustix::io::Errno;

use crate::catalog::entry::{Entry, Meta, Time};
use crate::source::Trouble;
use crate::sources::folder::attributes;

pub const FAILED: &str = "could not be restored";
pub const IN_THE_WAY: &str = "something else stands there";
const OWNER: &str = "restored, but its owner could not be set";
const ATTRIBUTES: &str = "restored, but its permissions, attributes or times could not be set";

pub fn trouble(errno: Errno) -> Trouble {
    if errno == Errno::ISDIR {
        return Trouble::suspect(IN_THE_WAY, "a folder");
    }
    let last = matches!(errno, Errno::NOSPC | Errno::DQUOT | Errno::ROFS);
    Trouble { last, ..Trouble::suspect(if errno == Errno::EXIST { IN_THE_WAY } else { FAILED }, errno) }
}

/// Who files are given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    /// To whom the backup says. The numbers are those that new files of this process have anyway.
    Set { uid: u32, gid: u32 },
    /// They stay with whoever restores.
    Leave,
}

impl Owners {
    pub fn of_process() -> Self {
        Self::Set { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() }
    }

    /// What has to be changed for a file that this process made.
    fn changes(self, meta: &Meta) -> Option<(Uid, Gid)> {
        match self {
            Self::Set { uid, gid } if (uid, gid) != (meta.uid, meta.gid) => {
                Some((Uid::from_raw(meta.uid), Gid::from_raw(meta.gid)))
            }
            _ => None,
        }
    }
}

pub fn times(mtime: Time) -> Timestamps {
    let omit = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    Timestamps { last_access: omit, last_modification: Timespec { tv_sec: mtime.0, tv_nsec: mtime.1.into() } }
}

/// Owner first, because it clears set-uid bits; permissions before attributes, because an access control list is one of them;
/// times last, because everything before moves them.
pub fn open(file: &OwnedFd, entry: &Entry, owners: Owners) -> Result<(), Trouble> {
    let meta = &entry.meta;
    let stat = rustix::fs::fstat(file).map_err(|errno| Trouble::of_attributes(ATTRIBUTES, errno))?;
    let differs = (stat.st_uid, stat.st_gid) != (meta.uid, meta.gid);
    let mut owner = Ok(());
    if differs && owners != Owners::Leave {
        owner = rustix::fs::fchown(file, Some(Uid::from_raw(meta.uid)), Some(Gid::from_raw(meta.gid)));
    }
    rest(file, meta, false).map_err(|errno| Trouble::of_attributes(ATTRIBUTES, errno))?;
    owner.map_err(|errno| Trouble::of_attributes(OWNER, errno))
}

/// The same for a file that this process just made, in as few calls as it takes.
pub fn new(file: &OwnedFd, meta: &Meta, owners: Owners) -> Result<(), Trouble> {
    let owner = owners.changes(meta).map_or(Ok(()), |(uid, gid)| rustix::fs::fchown(file, Some(uid), Some(gid)));
    rest(file, meta, true).map_err(|errno| Trouble::of_attributes(ATTRIBUTES, errno))?;
    owner.map_err(|errno| Trouble::of_attributes(OWNER, errno))
}

fn rest(file: &OwnedFd, meta: &Meta, new: bool) -> rustix::io::Result<()> {
    rustix::fs::fchmod(file, Mode::from_raw_mode(meta.mode))?;
    if !new {
        let there = attributes::of(file)?;
        for extra in there.iter().filter(|there| !meta.xattrs.iter().any(|wanted| wanted.name == there.name)) {
            // What the system itself put there (a security label) may not be ours to take.
            let _stays = rustix::fs::fremovexattr(file, extra.name.as_str());
        }
    }
    for xattr in &meta.xattrs {
        rustix::fs::fsetxattr(file, xattr.name.as_str(), &xattr.value, XattrFlags::empty())?;
    }
    rustix::fs::futimens(file.as_fd(), &times(meta.mtime))
}

/// Owner, attributes and times of a symbolic link itself.
pub fn symlink(folder: &OwnedFd, name: &[u8], meta: &Meta, owners: Owners) -> rustix::io::Result<()> {
    if let Some((uid, gid)) = owners.changes(meta) {
        rustix::fs::chownat(folder, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    }
    attributes::set_of_link(folder, name, &meta.xattrs)?;
    match rustix::fs::utimensat(folder, name, &times(meta.mtime), AtFlags::SYMLINK_NOFOLLOW) {
        // Some file systems keep no times for links.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        other => other,
    }
}
