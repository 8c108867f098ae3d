//! Whether a folder lies on a disk that the machine knows of (fstab(5)) and that is not mounted now.

use std::path::{Path, PathBuf};

/// The mount point above a path, or the path itself, that `/etc/fstab` names and on which nothing is mounted. `None` too where that
/// cannot be told.
pub fn unmounted(path: &Path) -> Option<PathBuf> {
    let fstab = std::fs::read_to_string("/etc/fstab").ok()?;
    let mounted = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    missing(&fstab, &mounted, &resolved(path))
}

/// The path without links, as far as it is there.
fn resolved(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    match there {
        Some((above, real)) => path.strip_prefix(above).map_or_else(|_| path.to_owned(), |below| real.join(below)),
        None => path.to_owned(),
    }
}

/// Of the mount points above a path the nearest one decides: what is mounted there hides those above it.
fn missing(fstab: &str, mounted: &str, path: &Path) -> Option<PathBuf> {
    // fstab(5): device, mount point, type, options. proc(5): the mount point is the fifth field of `mountinfo`.
    let field = |line: &str, at: usize| line.split_whitespace().nth(at).map(unescaped);
    let lines = fstab.lines().filter(|line| !line.trim_start().starts_with('#'));
    let points = lines.filter(|line| field(line, 2).is_some_and(|kind| kind != "swap")).filter_map(|line| field(line, 1));
    let above = points.map(PathBuf::from).filter(|point| point.is_absolute() && path.starts_with(point));
    let nearest = above.max_by_key(|point| point.components().count())?;
    let is_mounted = mounted.lines().filter_map(|line| field(line, 4)).any(|point| Path::new(&point) == nearest);
    (!is_mounted).then_some(nearest)
}

/// Both files write blanks, tabs, line breaks and backslashes as three octal digits.
fn unescaped(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut rest = field;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let digits = rest.get(at + 1..at + 4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match digits.filter(u8::is_ascii) {
            Some(byte) => {
                text.push(char::from(byte));
                rest = &rest[at + 4..];
            }
            None => {
                text.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const FSTAB: &str = "# <device> <point>\nUUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\nUUID=3 /mnt/backup ext4 noauto 0 2\n\
                         UUID=4\t/mnt/my\\040disk ext4\n#UUID=5 /srv ext4\n";
    const ROOT: &str = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n";

    #[test]
    fn the_nearest_mount_point_above_decides() {
        let mounted =
            format!("{ROOT}40 22 8:3 / /mnt/backup rw - ext4 /dev/sdb1 rw\n41 22 8:4 / /mnt/my\\040disk rw - ext4 x rw\n");
        for (path, missed) in [
            ("/mnt/backup", Some("/mnt/backup")),
            ("/mnt/backup/a/b", Some("/mnt/backup")),
            ("/mnt/my disk/a", Some("/mnt/my disk")),
            ("/mnt/backups", None),
            ("/srv/backups", None),
        ] {
            assert_eq!(missing(FSTAB, ROOT, Path::new(path)), missed.map(PathBuf::from), "{path}");
            assert_eq!(missing(FSTAB, &mounted, Path::new(path)), None, "{path}");
        }
        assert_eq!(missing("", ROOT, Path::new("/a")), None);
        assert_eq!(missing("\\ \\9 x\n/d /é\\", "\\", Path::new("/a")), None);
    }
}
