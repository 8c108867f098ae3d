//! Extended attributes (xattr(7)) of open files and folders, and of symbolic links themselves.

use std::os::fd::AsRawFd;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::XattrFlags;
use rustix::io::Errno;

use crate::catalog::entry::Xattr;

/// The most that Linux lists, and the largest value (xattr(7), "Limits").
const MOST: usize = 65_536;

/// Those of an open file or folder, sorted by name. Where the file system has none, none.
pub fn of(file: impl AsFd) -> rustix::io::Result<Vec<Xattr>> {
    let list = |buffer: &mut [u8]| rustix::fs::flistxattr(&file, buffer);
    read(list, |name, buffer| rustix::fs::fgetxattr(&file, name, buffer))
}

/// Those of a symbolic link, which cannot be opened: `trusted.*` and `security.*`, since links have no others.
pub fn of_link(folder: &OwnedFd, name: &[u8]) -> rustix::io::Result<Vec<Xattr>> {
    let path = beside(folder, name);
    read(|buffer| rustix::fs::llistxattr(&path[..], buffer), |name, buffer| rustix::fs::lgetxattr(&path[..], name, buffer))
}

/// Sets those of a symbolic link.
pub fn set_of_link(folder: &OwnedFd, name: &[u8], xattrs: &[Xattr]) -> rustix::io::Result<()> {
    let path = beside(folder, name);
    let set = |xattr: &Xattr| rustix::fs::lsetxattr(&path[..], xattr.name.as_str(), &xattr.value, XattrFlags::empty());
    xattrs.iter().try_for_each(set)
}

/// There is no call that takes a folder and a name, so the folder is named through the process (proc(5), `/proc/pid/fd`).
fn beside(folder: &OwnedFd, name: &[u8]) -> Vec<u8> {
    [format!("/proc/self/fd/{}/", folder.as_raw_fd()).as_bytes(), name].concat()
}

fn read(
    list: impl Fn(&mut [u8]) -> rustix::io::Result<usize>,
    get: impl Fn(&[u8], &mut [u8]) -> rustix::io::Result<usize>,
) -> rustix::io::Result<Vec<Xattr>> {
    let mut few = [0_u8; 1024];
    let names: Vec<u8> = match list(&mut few) {
        Ok(0) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(Vec::new()),
        Ok(length) => few[..length].to_vec(),
        Err(Errno::RANGE) => {
            let mut many = vec![0_u8; MOST];
            let length = list(&mut many)?;
            many.truncate(length);
            many
        }
        Err(errno) => return Err(errno),
    };
    let mut found = Vec::new();
    let mut value = vec![0_u8; MOST];
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        // Names are ASCII by convention; one that is no text at all cannot be told in the index.
        let Ok(text) = std::str::from_utf8(name) else { continue };
        match get(name, &mut value) {
            Ok(length) => found.push(Xattr { name: text.to_owned(), value: value[..length].to_vec() }),
            // Gone since it was listed, or not for us to see (`trusted.*`).
            Err(Errno::NODATA | Errno::PERM | Errno::ACCESS | Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(errno),
        }
    }
    found.sort();
    Ok(found)
}
