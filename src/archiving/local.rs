//! Files of the log on this machine: those that are handed over, and those that are handed out.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::archiving::ArchiveError;
use crate::wal::{FileName, History, SegmentSize, Stamp, Timeline};

/// A file that was handed over, and is what its name says.
#[derive(Debug, Clone)]
pub struct File {
    pub name: FileName,
    /// By which the name is read, and written again.
    pub size: SegmentSize,
    pub system: u64,
    pub bytes: Bytes,
    /// The history of its timeline as it lies beside it.
    pub history: Option<Bytes>,
}

/// A history or label of this size is none.
const LARGEST_TEXT: usize = 1 << 20;
/// Where a cluster says who it is, below its data directory. It begins with the system identifier and a version of the format.
const CONTROL: &str = "global/pg_control";

impl File {
    pub fn text(&self) -> String {
        self.name.text(self.size)
    }

    /// Reads a file that lies in `pg_wal` of a cluster.
    ///
    /// # Errors
    /// Where it cannot be read, or is not what its name says.
    pub fn read(path: &Path) -> Result<Self, ArchiveError> {
        let text = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // In segments of the least size every name of another size is one, too: what they are is told by the file.
        let least = SegmentSize::new(1 << 20).unwrap_or_default();
        let named = FileName::parse(text, least);
        let name = named.ok_or_else(|| refused(text, "no file that PostgreSQL archives is called so"))?;
        let bytes = fs::read(path).map_err(|error| ArchiveError::file("read", path, error))?;
        let system = system_beside(path);
        let (name, size, system) = match name {
            FileName::Segment(_) | FileName::Partial(_) => {
                let stamp = Stamp::read(&bytes).map_err(|error| refused(text, &error.to_string()))?;
                let name =
                    FileName::parse(text, stamp.size).ok_or_else(|| refused(text, "no segment of its size is called so"))?;
                let (FileName::Segment(segment) | FileName::Partial(segment)) = name else {
                    return Err(refused(text, "it is no segment"));
                };
                let checked = stamp.check(segment, bytes.len() as u64, system);
                checked.map_err(|error| refused(text, &error.to_string()))?;
                (name, stamp.size, stamp.system)
            }
            FileName::History(_) | FileName::Backup(..) => {
                if bytes.len() > LARGEST_TEXT {
                    return Err(refused(text, &format!("it has {} bytes", bytes.len())));
                }
                if let FileName::History(of) = name {
                    history(of, &bytes).map_err(ArchiveError::Refused)?;
                }
                let unknown = "nothing beside it tells whose it is: name it where it lies, in pg_wal of its cluster";
                let (of, size) = cluster_beside(path).ok_or_else(|| refused(text, unknown))?;
                if system.is_some_and(|system| system != of) {
                    return Err(refused(text, "the segments beside it are of another cluster"));
                }
                // Of a history none is in the name; the other one's has to be of the segments' own.
                let name = FileName::parse(text, size).ok_or_else(|| refused(text, "no segment of its size is called so"))?;
                (name, size, of)
            }
        };
        let history = beside(path, name);
        Ok(Self { name, size, system, bytes: bytes.into(), history })
    }

    /// The history of its timeline, to be handed over first.
    pub fn of_history(&self) -> Option<Self> {
        let bytes = self.history.clone()?;
        let name = FileName::History(self.name.timeline());
        Some(Self { name, bytes, history: None, ..self.clone() })
    }
}

fn refused(name: &str, why: &str) -> ArchiveError {
    ArchiveError::Refused(format!("`{}` is not archived: {why}", name.escape_debug()))
}

/// Reads a history.
pub(super) fn history(of: Timeline, bytes: &[u8]) -> Result<History, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| format!("the history of timeline {of} is no text"))?;
    History::parse(of, text).map_err(|error| error.to_string())
}

/// The history of a segment's timeline, in the folder of the segment. The first has none.
fn beside(path: &Path, name: FileName) -> Option<Bytes> {
    let FileName::Segment(segment) = name else { return None };
    let of = Some(segment.timeline).filter(|timeline| timeline.0.get() > 1)?;
    let path = path.with_file_name(FileName::History(of).text(SegmentSize::default()));
    fs::read(path).ok().filter(|bytes| bytes.len() <= LARGEST_TEXT).map(Bytes::from)
}

/// The system identifier of the cluster in whose `pg_wal` a path lies; PostgreSQL names it from the data directory.
pub fn system_beside(path: &Path) -> Option<u64> {
    let data = path.parent()?.parent()?;
    let mut begin = [0; 12];
    fs::File::open(data.join(CONTROL)).and_then(|mut file| file.read_exact(&mut begin)).ok()?;
    let system = u64::from_le_bytes(*begin.first_chunk()?);
    let version = u32::from_le_bytes(*begin.last_chunk()?);
    // 9.6 has 960, 18 has 1800; another order of the bytes has something else.
    (900..100_000).contains(&version).then_some(system)
}

/// Whether a segment of the cluster lies where the server looks next when it is told that the archive has it not.
pub fn lies_beside(destination: &Path, name: &str, system: u64) -> bool {
    let path = destination.with_file_name(name);
    let mut begin = [0; 64];
    let read = fs::File::open(&path).and_then(|mut file| file.read_exact(&mut begin).and_then(|()| file.metadata()));
    let (Ok(meta), Ok(stamp)) = (read, Stamp::read(&begin)) else { return false };
    stamp.size.parse(name).is_some_and(|segment| stamp.check(segment, meta.len(), Some(system)).is_ok())
}

/// Whose the segments are that lie beside a file, and how large.
fn cluster_beside(path: &Path) -> Option<(u64, SegmentSize)> {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let mut names: Vec<PathBuf> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    names.sort();
    let stamp = |path: &PathBuf| {
        let name = path.file_name()?.to_str().filter(|name| name.len() == 24)?;
        let mut begin = [0; 64];
        fs::File::open(path).and_then(|mut file| file.read_exact(&mut begin)).ok()?;
        let stamp = Stamp::read(&begin).ok()?;
        // One that was made ahead, out of an old one, is still what it was.
        stamp.size.parse(name).map(|_| (stamp.system, stamp.size))
    };
    names.iter().find_map(stamp)
}

/// Puts a file where the server wants it, whole and durable: written beside, and renamed. A crash leaves the place as it was, and
/// at most a part under another name, which the next call takes away.
///
/// # Errors
/// When the file system refuses.
pub(super) fn deliver(destination: &Path, bytes: &[u8]) -> Result<(), ArchiveError> {
    let fail = |operation| move |error: io::Error| ArchiveError::file(operation, destination, error);
    let name = destination.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name.is_empty() {
        return Err(ArchiveError::Refused(format!("`{}` is no place for a file", destination.display())));
    }
    let folder = destination.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let begins = format!("{name}{UNFINISHED}");
    sweep(folder, &begins);
    let draft = folder.join(format!("{begins}{}", std::process::id()));
    let written = write(&draft, bytes).and_then(|()| fs::rename(&draft, destination));
    if written.is_err() {
        // What cannot be removed is taken away by the next call.
        _ = fs::remove_file(&draft);
    }
    written.map_err(fail("write"))?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail("make durable"))
}

/// Between a name and the process that writes it.
const UNFINISHED: &str = ".bdr-unfinished-";

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes what calls left that were killed.
fn sweep(folder: &Path, begins: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(begins)).and_then(|pid| pid.parse::<u32>().ok());
        let gone = |pid: u32| pid == std::process::id() || !Path::new("/proc").join(pid.to_string()).exists();
        if pid.is_some_and(gone) {
            _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_delivered_whole_and_what_was_left_behind_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        // No process has this number (proc(5), `pid_max`).
        for left in ["RECOVERYXLOG.bdr-unfinished-4194305", "RECOVERYXLOG.bdr-unfinished-1", "OTHER.bdr-unfinished-4194305"] {
            fs::write(at(left), "x").expect("written");
        }
        deliver(&at("RECOVERYXLOG"), b"one").expect("delivered");
        deliver(&at("RECOVERYXLOG"), b"two").expect("delivered");
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("one").file_name()).collect();
        names.sort();
        assert_eq!(names, ["OTHER.bdr-unfinished-4194305", "RECOVERYXLOG", "RECOVERYXLOG.bdr-unfinished-1"]);
        assert_eq!(fs::read(at("RECOVERYXLOG")).expect("read"), b"two");
        assert!(deliver(&at("none/RECOVERYXLOG"), b"one").is_err());
    }

    #[test]
    fn a_cluster_is_known_by_its_control_file() {
        let data = tempfile::tempdir().expect("a folder");
        fs::create_dir(data.path().join("global")).expect("made");
        let place = data.path().join("pg_wal/000000010000000000000001");
        assert_eq!(system_beside(&place), None);
        let control = [7_u64.to_le_bytes().as_slice(), &1300_u32.to_le_bytes(), &[0; 100]].concat();
        fs::write(data.path().join(CONTROL), &control).expect("written");
        assert_eq!(system_beside(&place), Some(7));
        fs::write(data.path().join(CONTROL), &control[..11]).expect("written");
        assert_eq!(system_beside(&place), None);
    }
}
