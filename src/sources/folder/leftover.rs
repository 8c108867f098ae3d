//! Files that a restore writes under a name of its own, and what becomes of those that a restore left which was killed.
//!
//! A file being written is locked by whoever writes it (flock(2)), and the lock ends with the process, however that ends. So who
//! gets the lock knows that nobody writes it any more.

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::sources::folder::names::Names;

const BEGIN: &str = ".bdr-restore-";
const DIGITS: usize = 16;

/// A new name for a file on its way.
pub fn name() -> Vec<u8> {
    format!("{BEGIN}{:016x}", fastrand::u64(..)).into_bytes()
}

/// Whether a name is one that only a restore gives.
pub fn is_one(name: &[u8]) -> bool {
    let digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    name.strip_prefix(BEGIN.as_bytes()).is_some_and(|rest| rest.len() == DIGITS && rest.iter().all(digit))
}

/// Takes a file that this process just made. `false`: somebody sweeps it, so another one has to be made.
pub fn take(file: &OwnedFd) -> bool {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => rustix::fs::fstat(file).is_ok_and(|stat| stat.st_nlink > 0),
        Err(Errno::WOULDBLOCK) => false,
        // Where there are no locks, nobody sweeps either.
        Err(_) => true,
    }
}

/// Names in a folder that a restore left which runs no more; with `remove` they go.
///
/// # Errors
/// When the folder cannot be read.
pub fn sweep(folder: &OwnedFd, remove: bool) -> rustix::io::Result<Vec<Vec<u8>>> {
    let mut names = Names::read(folder)?;
    let mut left = Vec::new();
    while let Some(name) = names.next_name() {
        if is_one(name) && is_left(folder, name, remove) {
            left.push(name.to_vec());
        }
    }
    Ok(left)
}

/// The lock is held until the name is gone, so that nobody who just made the file goes on with it.
fn is_left(folder: &OwnedFd, name: &[u8], remove: bool) -> bool {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let open = |more: OFlags| rustix::fs::openat(folder, name, flags | more, Mode::empty());
    // Over a network a lock may need the right to write.
    let Ok(file) = open(OFlags::RDWR).or_else(|_| open(OFlags::RDONLY)) else { return false };
    let plain = |mode| FileType::from_raw_mode(mode) == FileType::RegularFile;
    if !rustix::fs::fstat(&file).is_ok_and(|stat| plain(stat.st_mode)) {
        return false;
    }
    let free = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
    free && (!remove || rustix::fs::unlinkat(folder, name, AtFlags::empty()).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_a_restore_gives_are_its_own() {
        assert!(is_one(&name()) && is_one(b".bdr-restore-0123456789abcdef"));
        for other in [
            &b".bdr-restore-"[..],
            b".bdr-restore-0123456789abcde",
            b".bdr-restore-0123456789abcdef0",
            b".bdr-restore-0123456789ABCDEF",
            b".bdr-restore-notes-of-a-user",
            b"bdr-restore-0123456789abcdef",
        ] {
            assert!(!is_one(other), "{}", String::from_utf8_lossy(other));
        }
    }
}
