//! Opens files and nothing else: a policy can name any path, and reading a pipe or a device could wait or go on for ever.

use std::fs::{self, File, FileType, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a file for reading; a link is followed. It is looked at before, because opening a device can do something, and after,
/// because it may be another thing by then; nothing waits for the other end of a pipe.
pub fn open(path: &Path) -> io::Result<File> {
    check(fs::metadata(path)?.file_type())?;
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    check(file.metadata()?.file_type())?;
    Ok(file)
}

fn check(kind: FileType) -> io::Result<()> {
    let what = match () {
        () if kind.is_file() => return Ok(()),
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    Err(io::Error::other(format!("it is {what}, not a file")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_are_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "x").expect("written");
        std::os::unix::fs::symlink(at("file"), at("link")).expect("a link");
        std::os::unix::fs::symlink("/dev/zero", at("device")).expect("a link");
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
        let _listener = std::os::unix::net::UnixListener::bind(at("socket")).expect("a socket");
        for name in ["file", "link"] {
            assert!(open(&at(name)).is_ok(), "{name}");
        }
        for (name, what) in [("pipe", "a pipe"), ("socket", "a socket"), ("device", "a device"), (".", "a folder")] {
            let refused = open(&at(name)).expect_err(name).to_string();
            assert_eq!(refused, format!("it is {what}, not a file"));
        }
        assert_eq!(open(&at("nothing")).expect_err("nothing").kind(), io::ErrorKind::NotFound);
    }
}
