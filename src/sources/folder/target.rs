//! A folder that a tree is restored into. Nothing outside of it is ever touched: folders are opened part by part, and no
//! symbolic link is followed, neither one from the backup nor one that stands there.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fd::OwnedFd;
use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::catalog::entry::{Entry, Kind, is_safe};
use crate::diag::shown;
use crate::source::{Destination, ReadAt, Settled, Sink, Standing, Trouble};
use crate::sources::folder::leftover;
use crate::sources::folder::names::Names;
use crate::sources::folder::read::seen;
use crate::sources::folder::settle::{self, FAILED, IN_THE_WAY, Owners, trouble};
use crate::sources::folder::write::{Partial, Present};

/// How to restore.
#[derive(Debug, Clone)]
pub struct Into {
    /// The folder; made if it is missing.
    pub folder: PathBuf,
    /// Leading part of the entries' paths that is left off: a backup of one path goes right into the folder.
    pub strip: Vec<u8>,
    /// Replace what differs. Without it whatever stands in an entry's place stays, and the entry has failed.
    pub overwrite: bool,
    /// Whether owners are set.
    pub owners: bool,
}

/// A folder being restored into.
pub struct Target {
    root: Arc<OwnedFd>,
    into: Into,
    owners: Owners,
    /// The last folders that were opened, by path.
    open: Mutex<VecDeque<(Vec<u8>, Arc<OwnedFd>)>>,
}

/// Folders kept open.
const KEPT: usize = 8;
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Target {
    /// # Errors
    /// When the folder cannot be made or opened.
    pub fn open(into: Into) -> Result<Self, Trouble> {
        let failed = |error: std::io::Error| Trouble::suspect("could not open the target folder", error);
        std::fs::create_dir_all(&into.folder).map_err(failed)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(&into.folder, flags, Mode::empty()).map_err(|errno| failed(errno.into()))?;
        let owners = if into.owners { Owners::Set } else { Owners::Leave };
        // Told before anything is begun, not once for every entry.
        match rustix::fs::accessat(&root, ".", Access::WRITE_OK, AtFlags::EACCESS) {
            Err(Errno::ROFS) => Err(failed(Errno::ROFS.into())),
            _ => Ok(Self { root: Arc::new(root), into, owners, open: Mutex::default() }),
        }
    }

    /// Path below the target folder; empty for the folder itself.
    fn path_of<'a>(&self, entry: &'a Entry) -> Result<&'a [u8], Trouble> {
        let below = self.below_path(&entry.path)?;
        // A backup of a single file has nothing below its root.
        let own_name = || entry.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        Ok(if below.is_empty() && entry.kind != Kind::Directory { own_name() } else { below })
    }

    fn below_path<'a>(&self, path: &'a [u8]) -> Result<&'a [u8], Trouble> {
        if !is_safe(path) {
            return Err(Trouble::suspect(FAILED, "its path leaves the target"));
        }
        let rest = path.strip_prefix(&self.into.strip[..]);
        Ok(match rest {
            Some([]) if !self.into.strip.is_empty() => &[],
            Some([b'/', rest @ ..]) if !self.into.strip.is_empty() => rest,
            _ => path,
        })
    }

    /// Opens a folder part by part.
    fn folder_at(&self, below: &[u8]) -> rustix::io::Result<Arc<OwnedFd>> {
        if below.is_empty() {
            return Ok(Arc::clone(&self.root));
        }
        let kept = |open: &VecDeque<(Vec<u8>, Arc<OwnedFd>)>| {
            open.iter().find(|(path, _)| path == below).map(|(_, folder)| Arc::clone(folder))
        };
        if let Some(folder) = kept(&self.open.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(folder);
        }
        let mut at = Arc::clone(&self.root);
        for part in below.split(|byte| *byte == b'/') {
            at = Arc::new(rustix::fs::openat(&*at, part, FOLDER, Mode::empty())?);
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.push_front((below.to_vec(), Arc::clone(&at)));
        open.truncate(KEPT);
        Ok(at)
    }

    /// The folder that holds a path, and the path's last part.
    fn place<'a>(&self, below: &'a [u8]) -> rustix::io::Result<(Arc<OwnedFd>, &'a [u8])> {
        let (folder, name) = split(below);
        match self.folder_at(folder) {
            // A part of a tree is restored without the folders above it.
            Err(Errno::NOENT) => {
                self.make_folders(folder)?;
                Ok((self.folder_at(folder)?, name))
            }
            other => Ok((other?, name)),
        }
    }

    /// What stands at a path; nothing above it is made or followed.
    fn stat(&self, below: &[u8]) -> Option<Stat> {
        if below.is_empty() {
            return rustix::fs::fstat(&self.root).ok();
        }
        let (folder, name) = split(below);
        rustix::fs::statat(&*self.folder_at(folder).ok()?, name, AtFlags::SYMLINK_NOFOLLOW).ok()
    }

    /// Whether the symbolic link that stands there is the entry's.
    fn points_to(&self, entry: &Entry) -> bool {
        let Ok((folder, name)) = self.path_of(entry).map(split) else { return false };
        let target = self.folder_at(folder).and_then(|folder| rustix::fs::readlinkat(&*folder, name, Vec::new()));
        target.is_ok_and(|target| Some(target.as_bytes()) == entry.target.as_deref())
    }

    fn make_folders(&self, below: &[u8]) -> rustix::io::Result<()> {
        let mut at = Arc::clone(&self.root);
        for part in below.split(|byte| *byte == b'/') {
            match rustix::fs::mkdirat(&*at, part, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
            at = Arc::new(rustix::fs::openat(&*at, part, FOLDER, Mode::empty())?);
        }
        Ok(())
    }

    /// Makes room for something that is no folder, where that is allowed. A folder is never removed for it.
    fn clear(&self, folder: &OwnedFd, name: &[u8]) -> Result<(), Trouble> {
        if !self.into.overwrite {
            return Err(trouble(Errno::EXIST));
        }
        match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::ISDIR | Errno::PERM) => Err(Trouble::suspect(IN_THE_WAY, "a folder")),
            Err(errno) => Err(trouble(errno)),
        }
    }
}

/// The folder above a path, and the path's last part.
fn split(below: &[u8]) -> (&[u8], &[u8]) {
    match below.iter().rposition(|byte| *byte == b'/') {
        Some(at) => (&below[..at], &below[at + 1..]),
        None => (&below[..0], below),
    }
}

/// Removes a thing and all below it. A symbolic link goes, and what it points at stays.
/// Another file system that is mounted there keeps all it holds.
fn remove(folder: &OwnedFd, name: &[u8]) -> rustix::io::Result<()> {
    match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(Errno::NOENT) => return Ok(()),
        other => return other,
    }
    let inner = rustix::fs::openat(folder, name, FOLDER, Mode::empty())?;
    if rustix::fs::fstat(&inner)?.st_dev != rustix::fs::fstat(folder)?.st_dev {
        return Err(Errno::XDEV);
    }
    let mut names = Names::read(&inner)?;
    while let Some(name) = names.next_name() {
        remove(&inner, name)?;
    }
    rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)
}

impl Destination for Target {
    fn directory(&self, entry: &Entry) -> Result<(), Trouble> {
        let below = self.path_of(entry)?;
        if below.is_empty() {
            return Ok(());
        }
        let (folder, name) = self.place(below).map_err(trouble)?;
        loop {
            match rustix::fs::mkdirat(&*folder, name, Mode::RWXU) {
                Ok(()) => return Ok(()),
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(trouble(errno)),
            }
            let stat = rustix::fs::statat(&*folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(trouble)?;
            if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                // Its own permissions come back at the end; until then its owner must be able to write.
                let writable = Mode::from_raw_mode(stat.st_mode & 0o7777) | Mode::RWXU;
                let opened = rustix::fs::openat(&*folder, name, FOLDER, Mode::empty());
                return opened.and_then(|opened| rustix::fs::fchmod(opened, writable)).or(Ok(()));
            }
            self.clear(&folder, name)?;
        }
    }

    fn existing(&self, entry: &Entry) -> Option<Box<dyn ReadAt>> {
        let (folder, name) = self.place(self.path_of(entry).ok()?).ok()?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&*folder, name, flags, Mode::empty()).ok()?;
        let stat = rustix::fs::fstat(&file).ok()?;
        let plain = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        plain.then(|| -> Box<dyn ReadAt> { Box::new(Present { file, size: seen(&stat).size }) })
    }

    fn standing(&self, entry: &Entry) -> Standing {
        let Some(stat) = self.path_of(entry).ok().and_then(|below| self.stat(below)) else { return Standing::Nothing };
        let alike = |same: bool| if same { Standing::Alike } else { Standing::Other };
        let identity = |stat: &Stat| (seen(stat).dev, seen(stat).ino);
        match (FileType::from_raw_mode(stat.st_mode), entry.kind) {
            (found, Kind::Directory) => alike(found == FileType::Directory),
            (FileType::Directory, _) => Standing::Folder,
            (FileType::Symlink, Kind::Symlink) => alike(self.points_to(entry)),
            (FileType::RegularFile, Kind::File) => match &entry.link {
                Some(link) => {
                    let first = self.below_path(link).ok().and_then(|below| self.stat(below));
                    alike(first.is_some_and(|first| identity(&first) == identity(&stat)))
                }
                None if (seen(&stat).size, seen(&stat).mtime) == (entry.size, entry.meta.mtime) => Standing::Alike,
                None => Standing::File,
            },
            _ => Standing::Other,
        }
    }

    fn file(&self, entry: &Entry) -> Result<Box<dyn Sink>, Trouble> {
        let (folder, name) = self.place(self.path_of(entry)?).map_err(trouble)?;
        if !self.into.overwrite && rustix::fs::statat(&*folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
            return Err(trouble(Errno::EXIST));
        }
        let partial = Partial::create(folder, name, entry, self.owners, self.into.overwrite).map_err(trouble)?;
        Ok(Box::new(partial))
    }

    fn symlink(&self, entry: &Entry) -> Result<Settled, Trouble> {
        let below = self.path_of(entry)?;
        let target = entry.target.as_deref().unwrap_or_default();
        let (folder, name) = self.place(below).map_err(trouble)?;
        match rustix::fs::symlinkat(target, &*folder, name) {
            Err(Errno::EXIST) => {
                let same = rustix::fs::readlinkat(&*folder, name, Vec::new()).is_ok_and(|there| there.as_bytes() == target);
                if !same {
                    self.clear(&folder, name)?;
                    rustix::fs::symlinkat(target, &*folder, name).map_err(trouble)?;
                }
            }
            other => other.map_err(trouble)?,
        }
        Ok(settle::symlink(&folder, name, &entry.meta, self.owners))
    }

    fn link(&self, entry: &Entry, earlier: &[u8]) -> Result<(), Trouble> {
        let (from_folder, from) = self.place(self.below_path(earlier)?).map_err(trouble)?;
        let (folder, name) = self.place(self.path_of(entry)?).map_err(trouble)?;
        let link = || rustix::fs::linkat(&*from_folder, from, &*folder, name, AtFlags::empty());
        match link() {
            Err(Errno::EXIST) => {
                let identity = |folder: &OwnedFd, name: &[u8]| {
                    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map(|stat| (seen(&stat).dev, seen(&stat).ino))
                };
                if identity(&from_folder, from).map_err(trouble)? == identity(&folder, name).map_err(trouble)? {
                    return Ok(());
                }
                self.clear(&folder, name)?;
                link().map_err(trouble)
            }
            other => other.map_err(trouble),
        }
    }

    fn below(&self, entry: &Entry) -> Result<Vec<u8>, Trouble> {
        self.path_of(entry).map(<[u8]>::to_vec)
    }

    fn leftovers(&self, folder: &[u8], remove: bool) -> Vec<Vec<u8>> {
        let left = self.folder_at(folder).and_then(|opened| leftover::sweep(&opened, remove)).unwrap_or_default();
        let below = |name: Vec<u8>| if folder.is_empty() { name } else { [folder, &name].join(&b'/') };
        left.into_iter().map(below).collect()
    }

    fn remove(&self, below: &[u8]) -> Result<(), Trouble> {
        let failed = |errno| Trouble::suspect("could not be removed", format!("{}: {errno}", shown(below)));
        let (folder, name) = self.place(below).map_err(failed)?;
        // A folder of that name may come again, and must not be taken for the one that goes.
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
        // The folder's own times came from the backup, and stay.
        let before = rustix::fs::fstat(&folder).map_err(failed)?;
        remove(&folder, name).map_err(failed)?;
        rustix::fs::futimens(&folder, &settle::times(seen(&before).mtime)).map_err(failed)
    }

    fn finish(&self, entry: &Entry) -> Result<Settled, Trouble> {
        let below = self.path_of(entry)?;
        if below.is_empty() {
            return Ok(settle::open(&self.root, &entry.meta, self.owners));
        }
        let (folder, name) = self.place(below).map_err(trouble)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&*folder, name, flags, Mode::empty()).map_err(trouble)?;
        Ok(settle::open(&opened, &entry.meta, self.owners))
    }
}
