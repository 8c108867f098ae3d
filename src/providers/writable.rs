//! Whether this user may write to a place, told before anything is tried: access(2) on it, or on where it would be made.

use std::path::Path;

use rustix::fs::{Access, access};

/// A note for a plan; `None`: it may be written, as far as can be told. Who plans and who applies may be different users, so it is a
/// note and forbids nothing.
pub fn refusal(path: &Path) -> Option<String> {
    let there = path.ancestors().find(|path| path.symlink_metadata().is_ok())?;
    let place = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let error = access(place, Access::WRITE_OK | Access::EXEC_OK).err()?;
    let reason = std::io::Error::from(error);
    if error == rustix::io::Errno::ROFS {
        return Some(format!(
            "nobody can write in {}: {reason}; mount it to be written before apply and backups",
            place.display()
        ));
    }
    let whose = rustix::process::geteuid().as_raw();
    Some(format!("user {whose} may not write in {}: {reason}; apply and backups must run as one who may", place.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_below_a_file_or_on_a_read_only_disk_is_told_and_a_new_one_in_a_writable_folder_is_not() {
        let folder = tempfile::tempdir().expect("folder");
        assert_eq!(refusal(folder.path()), None);
        assert_eq!(refusal(&folder.path().join("to/be/made")), None);
        std::fs::write(folder.path().join("file"), "x").expect("write");
        // A file is nothing to make a folder in, for root too: nobody may search it.
        assert!(refusal(&folder.path().join("file/below")).is_some_and(|note| note.contains("may not write in")));
        // Read-only for everybody (proc(5)).
        assert!(refusal(Path::new("/proc/sys/kernel/osrelease/below")).is_some());
        if Path::new("/sys/kernel").is_dir() && access(Path::new("/sys/kernel"), Access::WRITE_OK) == Err(rustix::io::Errno::ROFS)
        {
            assert!(refusal(Path::new("/sys/kernel/below")).is_some_and(|note| note.contains("mount it to be written")));
        }
    }
}
