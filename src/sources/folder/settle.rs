//! Owner, permissions, attributes and times of what is restored.

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Gid, Mode, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags};
use rustix::io::Errno;

use crate::catalog::entry::{Meta, Time, Xattr};
use crate::source::{Settled, Trouble};
use crate::sources::folder::attributes;

pub const FAILED: &str = "could not be restored";
pub const IN_THE_WAY: &str = "something else stands there";
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
    /// To whom the backup says.
    Set,
    /// They stay with whoever restores.
    Leave,
}

impl Owners {
    /// Gives something away, where it is not its owner's yet. Whether it belongs to somebody else in the end.
    fn foreign(self, is: (u32, u32), meta: &Meta, give: impl FnOnce(Option<Uid>, Option<Gid>) -> rustix::io::Result<()>) -> bool {
        if is == (meta.uid, meta.gid) {
            return false;
        }
        self == Self::Leave || give(Some(Uid::from_raw(meta.uid)), Some(Gid::from_raw(meta.gid))).is_err()
    }
}

pub fn times(mtime: Time) -> Timestamps {
    let omit = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    Timestamps { last_access: omit, last_modification: Timespec { tv_sec: mtime.0, tv_nsec: mtime.1.into() } }
}

/// What was there before this restore, so that attributes may have to go.
pub fn open(file: &OwnedFd, meta: &Meta, owners: Owners) -> Settled {
    settle(file, meta, owners, false)
}

/// A file that this process just made.
pub fn new(file: &OwnedFd, meta: &Meta, owners: Owners) -> Settled {
    settle(file, meta, owners, true)
}

/// Owner first, because it clears set-user-id bits; permissions before attributes, because an access control list is one of them;
/// times last, because everything before moves them.
fn settle(file: &OwnedFd, meta: &Meta, owners: Owners, new: bool) -> Settled {
    let stat = match rustix::fs::fstat(file) {
        Ok(stat) => stat,
        Err(errno) => return Settled { trouble: Some(of_attributes(errno)), ..Settled::default() },
    };
    let foreign = owners.foreign((stat.st_uid, stat.st_gid), meta, |uid, gid| rustix::fs::fchown(file, uid, gid));
    let bared = foreign && is_privileged(meta);
    let plain = bared.then(|| bare(meta));
    let trouble = rest(file, plain.as_ref().unwrap_or(meta), new).err().map(of_attributes);
    Settled { foreign, bared, trouble }
}

/// The rights of the owner that a program has for everybody (inode(7), "Set-user-ID"; capabilities(7), "File capabilities").
const BITS: u32 = 0o6000;
const CAPABILITIES: &str = "security.capability";

fn is_privileged(meta: &Meta) -> bool {
    meta.mode & BITS != 0 || meta.xattrs.iter().any(|xattr| xattr.name == CAPABILITIES)
}

fn bare(meta: &Meta) -> Meta {
    let xattrs = meta.xattrs.iter().filter(|xattr| xattr.name != CAPABILITIES).cloned().collect();
    Meta { mode: meta.mode & !BITS, xattrs, ..*meta }
}

fn of_attributes(errno: Errno) -> Trouble {
    Trouble::suspect(ATTRIBUTES, errno)
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
    // One that is not taken keeps no other from coming back.
    let set = |xattr: &Xattr| rustix::fs::fsetxattr(file, xattr.name.as_str(), &xattr.value, XattrFlags::empty());
    let set = meta.xattrs.iter().map(set).fold(Ok(()), Result::and);
    rustix::fs::futimens(file.as_fd(), &times(meta.mtime)).and(set)
}

/// Owner, attributes and times of a symbolic link itself.
pub fn symlink(folder: &OwnedFd, name: &[u8], meta: &Meta, owners: Owners) -> Settled {
    let give = |uid, gid| rustix::fs::chownat(folder, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW);
    let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
    let foreign = stat.is_ok_and(|stat| owners.foreign((stat.st_uid, stat.st_gid), meta, give));
    let rest = || {
        attributes::set_of_link(folder, name, &meta.xattrs)?;
        match rustix::fs::utimensat(folder, name, &times(meta.mtime), AtFlags::SYMLINK_NOFOLLOW) {
            // Some file systems keep no times for links.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            other => other,
        }
    };
    Settled { foreign, bared: false, trouble: rest().err().map(of_attributes) }
}
