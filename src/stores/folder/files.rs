//! The file calls of a folder store, and why a crash between any two of them loses nothing.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use rustix::fs::{FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::store::{ErrorKind, ObjectMeta, Retry, StoreError};
use crate::stores::folder::read::Buffers;
use crate::stores::keys::UNFINISHED;
use crate::units::storage_class::StorageClass;

/// Unfinished files older than this were left by a process that died.
const STALE: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone)]
pub(super) struct Files {
    root: Arc<Path>,
    buffers: Buffers,
}

/// Why a file call failed, in the words of the contract.
pub(super) fn refused(operation: &'static str, path: &Path, error: &io::Error) -> StoreError {
    let kind = match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT | Errno::NOTDIR) => ErrorKind::NotFound,
        Some(Errno::EXIST) => ErrorKind::Exists,
        Some(Errno::ACCESS | Errno::PERM | Errno::ROFS) => ErrorKind::Denied,
        Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => ErrorKind::Full,
        Some(Errno::IO | Errno::STALE | Errno::TIMEDOUT) => ErrorKind::Unavailable,
        _ => ErrorKind::Other,
    };
    let retry = if kind == ErrorKind::Unavailable { Retry::Unknown } else { Retry::Never };
    let help = match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::ROFS) => {
            Some("Mount it to be written. A disk that became read-only by itself may be failing: see the kernel's log.")
        }
        Some(Errno::ACCESS | Errno::PERM) => Some("Run as the user who owns the folder, or let this one in."),
        _ => None,
    };
    let refused = StoreError::new(operation, path.display().to_string(), kind, retry, error.to_string());
    help.into_iter().fold(refused, StoreError::with_help)
}

/// Names an unfinished file: no other process or thread makes the same one.
fn unfinished() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{UNFINISHED}{}-{}-{:016x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed), fastrand::u64(..))
}

/// An object's version: a file is never changed in place, and its time is written with the clock's full resolution, so equal
/// inode, time and size mean the same file.
fn etag(meta: &fs::Metadata) -> String {
    format!("{:x}-{:x}.{:09}-{:x}", meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.size())
}

impl Files {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root: root.into(), buffers: Buffers::default() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// What is free for this user (statvfs(3), `f_bavail`) where the root is, or would be made.
    pub(super) fn room(&self) -> Option<u64> {
        let there = self.root.ancestors().find(|path| path.is_dir())?;
        let space = rustix::fs::statvfs(there).ok()?;
        Some(space.f_bavail.saturating_mul(space.f_frsize))
    }

    pub(super) fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    /// Writes to an unfinished file beside the place, makes its bytes durable, gives it its name, and makes the name durable.
    /// A crash leaves the old state or the new one, and at most an unfinished file, which is never listed.
    pub(super) fn put(&self, key: &str, body: &[u8], if_absent: bool) -> Result<String, StoreError> {
        let place = self.path(key);
        let fail = |error: io::Error| refused("write", &place, &error);
        if if_absent && place.symlink_metadata().is_ok() {
            return Err(fail(Errno::EXIST.into()));
        }
        let draft = self.write_draft(&place, body).map_err(fail)?;
        let lock = if if_absent { None } else { Some(self.lock().map_err(fail)?) };
        let named = draft.publish(&place, if_absent).map_err(fail)?;
        drop(lock);
        named.settle(&place).map_err(fail)
    }

    /// Compares and renames under the lock that every overwrite and removal takes.
    pub(super) fn replace(&self, key: &str, body: &[u8], expected: &str) -> Result<String, StoreError> {
        let place = self.path(key);
        let fail = |error: io::Error| refused("replace", &place, &error);
        let moved =
            |reason: &str| StoreError::new("replace", place.display().to_string(), ErrorKind::Exists, Retry::Never, reason);
        let draft = self.write_draft(&place, body).map_err(fail)?;
        let lock = self.lock().map_err(fail)?;
        match fs::symlink_metadata(&place) {
            Ok(now) if etag(&now) == expected => {}
            Ok(_) => return Err(moved("it was replaced meanwhile")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(moved("it was removed meanwhile")),
            Err(error) => return Err(fail(error)),
        }
        let named = draft.publish(&place, false).map_err(fail)?;
        drop(lock);
        named.settle(&place).map_err(fail)
    }

    pub(super) fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes, StoreError> {
        let place = self.path(key);
        let fail = |error: io::Error| refused("read", &place, &error);
        let (file, meta) = open(&place)?;
        let range = range.unwrap_or(0..meta.len());
        if range.start > range.end || range.end > meta.len() {
            let reason = format!("bytes {}..{} of an object of {} bytes", range.start, range.end, meta.len());
            return Err(StoreError::new("read", place.display().to_string(), ErrorKind::Other, Retry::Never, reason));
        }
        let length = usize::try_from(range.end - range.start).map_err(|_| fail(Errno::FBIG.into()))?;
        self.buffers.read(&file, range.start, length).map_err(fail)
    }

    pub(super) fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        let place = self.path(key);
        let meta = fs::symlink_metadata(&place).map_err(|error| refused("look at", &place, &error))?;
        check_plain("look at", &place, &meta)?;
        Ok(describe(key.to_owned(), &meta))
    }

    /// Folders that become empty go too, so that a listing costs what is there; a racing `put` makes them again.
    pub(super) fn delete(&self, key: &str) -> Result<(), StoreError> {
        let place = self.path(key);
        let fail = |error: io::Error| refused("delete", &place, &error);
        {
            let _lock = self.lock().map_err(fail)?;
            match fs::remove_file(&place) {
                Ok(()) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
                Err(error) => return Err(fail(error)),
            }
        }
        let mut folder = place.parent();
        while let Some(path) = folder.filter(|path| *path != &*self.root) {
            if fs::remove_dir(path).is_err() {
                sync(path).or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(fail(error)) })?;
                return Ok(());
            }
            folder = path.parent();
        }
        sync(&self.root).map_err(fail)
    }

    /// Held while an object is overwritten, compared or removed. Freed by the kernel when its holder dies.
    fn lock(&self) -> io::Result<File> {
        let path = self.root.join(".bdr").join(format!("{UNFINISHED}lock"));
        self.make_folders(&path)?;
        // Without waiting for the other end of a pipe that somebody put there.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR)?);
        rustix::fs::flock(&file, FlockOperation::LockExclusive)?;
        Ok(file)
    }

    fn write_draft(&self, place: &Path, body: &[u8]) -> io::Result<Draft> {
        for attempt in 0.. {
            let made = self.make_folders(place)?;
            match Draft::write(place, body, made) {
                // A racing `delete` took the folder away as empty: make it again.
                Err(error) if error.kind() == io::ErrorKind::NotFound && attempt < 16 => {}
                other => return other,
            }
        }
        Err(Errno::NOENT.into())
    }

    /// Makes the folders above a place, but never the root itself. Returns how many were missing: their names are not durable yet.
    fn make_folders(&self, place: &Path) -> io::Result<usize> {
        let Some(folder) = place.parent() else { return Ok(0) };
        if folder.is_dir() {
            return Ok(0);
        }
        if folder == &*self.root {
            return Err(Errno::NOENT.into());
        }
        let above = self.make_folders(folder)?;
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(above + 1),
        }
    }
}

/// A file with its final bytes and not yet its final name; removed when dropped before that.
struct Draft {
    path: PathBuf,
    meta: fs::Metadata,
    /// Folders above it that were made for it.
    made: usize,
}

/// A file that has its name, which may not outlive a power cut yet.
struct Named {
    etag: String,
    made: usize,
}

impl Draft {
    fn write(place: &Path, body: &[u8], made: usize) -> io::Result<Self> {
        let path = place.with_file_name(unfinished());
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let mut draft = Self { path, meta: file.metadata()?, made };
        let (around, rest) = body.split_at(past_the_cache(&file, body)?);
        file.seek(SeekFrom::Start(around.len() as u64))?;
        file.write_all(rest)?;
        file.set_modified(SystemTime::now())?;
        file.sync_all()?;
        draft.meta = file.metadata()?;
        Ok(draft)
    }

    fn publish(self, place: &Path, if_absent: bool) -> io::Result<Named> {
        if if_absent {
            self.create_only(place)?;
        } else {
            fs::rename(&self.path, place)?;
        }
        Ok(Named { etag: etag(&self.meta), made: self.made })
    }

    /// renameat2(2) with `RENAME_NOREPLACE`; where the file system lacks it, link(2), which also refuses an existing name.
    fn create_only(&self, place: &Path) -> io::Result<()> {
        let cwd = rustix::fs::CWD;
        match rustix::fs::renameat_with(cwd, &self.path, cwd, place, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS) => fs::hard_link(&self.path, place),
            other => Ok(other?),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // There is none where it was renamed. Nothing is lost when this fails: unfinished files are never listed, and swept when
        // they are old.
        let _ = fs::remove_file(&self.path);
    }
}

impl Named {
    /// Makes the name durable, and the names of the folders that were made for it; all at the end, so that a file system that
    /// keeps a journal has little left to do after the first of them.
    fn settle(self, place: &Path) -> io::Result<String> {
        place.ancestors().skip(1).take(1 + self.made).try_for_each(sync)?;
        Ok(self.etag)
    }
}

/// What open(2), `O_DIRECT`, asks of addresses, lengths and places: no device in use has larger sectors.
const SECTOR: usize = 4096;
/// Larger bodies are written past the page cache, bytes.
const LARGE: usize = 1 << 20;

/// Writes as much of the front of a large body as goes past the page cache, and tells how much that was: what is made durable
/// anyway is not copied first, and what others have in the cache stays there. None of it where the file system has no such way, or
/// the body lies in memory as it came.
fn past_the_cache(file: &File, body: &[u8]) -> io::Result<usize> {
    if body.len() < LARGE || body.as_ptr().align_offset(SECTOR) != 0 {
        return Ok(0);
    }
    let plain = rustix::fs::fcntl_getfl(file)?;
    if rustix::fs::fcntl_setfl(file, plain | OFlags::DIRECT).is_err() {
        return Ok(0);
    }
    let (most, mut done) = (body.len() - body.len() % SECTOR, 0);
    let written = loop {
        if done == most {
            break Ok(done);
        }
        match rustix::io::pwrite(file, &body[done..most], done as u64) {
            // Nobody promises that the way is open to the end; what is left goes the ordinary one.
            Ok(length) if length % SECTOR == 0 && length > 0 => done += length,
            Ok(_) | Err(Errno::INVAL) => break Ok(done),
            Err(Errno::INTR) => {}
            Err(errno) => break Err(errno.into()),
        }
    };
    rustix::fs::fcntl_setfl(file, plain)?;
    written
}

/// Opens an object. Nothing is followed, and nothing waits for the other end of a pipe: it is looked at before, because opening a
/// device can do something, and after, because it may be another thing by then.
fn open(place: &Path) -> Result<(File, fs::Metadata), StoreError> {
    let fail = |error: io::Error| refused("read", place, &error);
    check_plain("read", place, &fs::symlink_metadata(place).map_err(fail)?)?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(place, flags, Mode::empty()).map_err(|errno| fail(errno.into()))?);
    let meta = file.metadata().map_err(fail)?;
    check_plain("read", place, &meta)?;
    Ok((file, meta))
}

/// # Errors
/// Where it is no plain file. A folder is where objects lie, and as an object it is not there.
fn check_plain(operation: &'static str, place: &Path, meta: &fs::Metadata) -> Result<(), StoreError> {
    let kind = meta.file_type();
    let what = match () {
        () if kind.is_file() => return Ok(()),
        () if kind.is_dir() => return Err(refused(operation, place, &Errno::NOENT.into())),
        () if kind.is_symlink() => "a symbolic link",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    let reason = format!("it is {what}, not a plain file");
    Err(StoreError::new(operation, place.display().to_string(), ErrorKind::NoObject, Retry::Never, reason))
}

/// Makes names in a folder durable.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

pub(super) fn describe(key: String, meta: &fs::Metadata) -> ObjectMeta {
    let nanoseconds = i32::try_from(meta.mtime_nsec()).unwrap_or(0);
    ObjectMeta {
        key,
        size: meta.len(),
        modified: jiff::Timestamp::new(meta.mtime(), nanoseconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH),
        etag: etag(meta),
        class: Some(StorageClass::Standard),
    }
}

/// Removes an unfinished file that a dead process left; called for each one that a listing meets.
pub(super) fn sweep(path: &Path, meta: &fs::Metadata) {
    let age = meta.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
    if age.is_some_and(|age| age > STALE) && !path.ends_with(format!("{UNFINISHED}lock")) {
        let _ = fs::remove_file(path);
    }
}
