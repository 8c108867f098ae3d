//! The walk over the paths of a `files` component, in the order of a tree.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, OFlags, Stat};
use rustix::io::Errno;

use crate::catalog::entry::{Entry, Identity, Kind, Meta, cmp_paths};
use crate::source::{Item, Source, Trouble};
use crate::sources::folder::attributes;
use crate::sources::folder::leftover;
use crate::sources::folder::names::Names;
use crate::sources::folder::read::{self, Found, seen};
use crate::sources::folder::select::{Select, Wanted};

const SPECIAL: &str = "sockets, pipes or devices: named, not saved";
const OTHER_FILE_SYSTEM: &str = "on other file systems: not entered";
const LINK: &str = "a path of the policy is a symbolic link";
const MISSING: &str = "a path of the policy could not be read";
const STORE: &str = "the store itself";
const LEFTOVER: &str = "left by a restore that was killed, or still being restored: not saved";

/// What to walk.
#[derive(Debug, Clone)]
pub struct Options {
    /// Absolute.
    pub roots: Vec<PathBuf>,
    pub select: Select,
    /// Stay on the file system that each root lies on.
    pub one_file_system: bool,
    /// Folders never entered: the stores that the backup is written to.
    pub avoid: Vec<PathBuf>,
}

/// A folder being walked.
struct Frame {
    folder: Arc<OwnedFd>,
    names: Names,
    /// Length of the folder's own path.
    path: usize,
    /// Where in a path the part below the root begins.
    root: usize,
    dev: u64,
    /// A folder above, or this one, is included.
    inside: bool,
    /// The folder's entry, until something in it turns out to be wanted.
    held: Option<Item>,
}

/// Where a visited entry stands.
struct Around {
    folder: Arc<OwnedFd>,
    root: usize,
    dev: Option<u64>,
    inside: bool,
}

/// A walk under way.
pub struct Walk {
    options: Options,
    /// Roots not yet met, without their leading `/`, last first.
    roots: Vec<Vec<u8>>,
    /// Of those, the ones that lie inside of another root, which meets them.
    nested: BTreeSet<Vec<u8>>,
    avoid: Vec<(u64, u64)>,
    stack: Vec<Frame>,
    /// Path of the entry being visited, without its leading `/`.
    path: Vec<u8>,
    ready: VecDeque<Item>,
}

/// Without its leading `/` and without `.`; `..` cannot be kept apart from links, so it is left to the system.
fn normal(root: &Path) -> Vec<u8> {
    let parts = root.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.as_bytes()),
        Component::ParentDir => Some(b".." as &[u8]),
        _ => None,
    });
    parts.collect::<Vec<_>>().join(&b'/')
}

fn is_below(path: &[u8], root: &[u8]) -> bool {
    root.is_empty() || path.strip_prefix(root).is_some_and(|rest| rest.first() == Some(&b'/'))
}

impl Walk {
    pub fn new(options: Options) -> Self {
        let mut roots: Vec<Vec<u8>> = options.roots.iter().map(|root| normal(root)).collect();
        roots.sort_by(|a, b| cmp_paths(a, b));
        roots.dedup();
        let inside = |root: &Vec<u8>| roots.iter().any(|other| is_below(root, other));
        let nested: BTreeSet<Vec<u8>> = roots.iter().filter(|root| !root.is_empty() && inside(root)).cloned().collect();
        roots.retain(|root| !nested.contains(root));
        roots.reverse();
        let identity = |path: &PathBuf| rustix::fs::stat(path).ok().map(|stat| (seen(&stat).dev, seen(&stat).ino));
        let avoid = options.avoid.iter().filter_map(identity).collect();
        Self { options, roots, nested, avoid, stack: Vec::new(), path: Vec::new(), ready: VecDeque::new() }
    }

    fn skip(&mut self, trouble: Trouble) {
        let entry = Entry { path: self.path.clone(), kind: Kind::Skipped, reason: Some(trouble.to_string()), ..Entry::default() };
        self.ready.push_back(Item { entry, content: None, links: 1, trouble: Some(trouble) });
    }

    /// Makes an item ready, and before it the folders that were held back until one of theirs was wanted.
    fn emit(&mut self, item: Item) {
        let held = self.stack.iter_mut().filter_map(|frame| frame.held.take());
        self.ready.extend(held);
        self.ready.push_back(item);
    }

    fn begin_root(&mut self, root: Vec<u8>) {
        let full = Path::new("/").join(OsStr::from_bytes(&root));
        self.path.clone_from(&root);
        let parent = full.parent().unwrap_or(Path::new("/"));
        // Links above the root are the person's own choice of words; from the root on nothing is followed.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(parent, flags, rustix::fs::Mode::empty());
        let folder = match opened {
            Ok(folder) => Arc::new(folder),
            Err(errno) => return self.skip(Trouble::suspect(read::UNREADABLE, errno)),
        };
        let around = Around { folder, root: root.len(), dev: None, inside: false };
        match full.file_name() {
            Some(name) => self.visit(name.as_bytes(), &around),
            None => self.enter_top(&around),
        }
    }

    /// The folder `/`, which has no name and therefore no entry.
    fn enter_top(&mut self, around: &Around) {
        let read = rustix::fs::fstat(&around.folder).and_then(|stat| Ok((seen(&stat).dev, Names::read(&around.folder)?)));
        match read {
            Ok((dev, names)) => {
                let folder = Arc::clone(&around.folder);
                let inside = self.options.select.includes_all();
                self.stack.push(Frame { folder, names, path: 0, root: 0, dev, inside, held: None });
            }
            Err(errno) => self.skip(read::trouble(errno)),
        }
    }

    fn visit(&mut self, name: &[u8], around: &Around) {
        let is_root = around.dev.is_none();
        let below = self.path.get(around.root..).unwrap_or_default();
        let below = below.strip_prefix(b"/").unwrap_or(below);
        let nested = !is_root && !self.nested.is_empty() && self.nested.remove(&self.path);
        let wanted = match is_root || nested {
            true if self.options.select.includes_all() => Wanted::Yes,
            true => Wanted::Below,
            false => self.options.select.wants(below, around.inside),
        };
        if wanted == Wanted::No {
            return;
        }
        let stat = match rustix::fs::statat(&around.folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(errno) if is_root => return self.skip(Trouble::suspect(MISSING, errno)),
            Err(errno) => return self.skip(read::trouble(errno)),
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => self.directory(name, around, &stat, wanted, is_root || nested),
            _ if wanted == Wanted::Below && !is_root => {}
            FileType::RegularFile if !is_root && leftover::is_one(name) => self.skip(Trouble::note(LEFTOVER, "a part of a file")),
            FileType::RegularFile => {
                let content = Found { folder: Arc::clone(&around.folder), name: name.to_vec(), seen: seen(&stat) };
                let item = self.item(Kind::File, &stat);
                self.emit(Item { content: Some(Box::new(content)), ..item });
            }
            FileType::Symlink => match rustix::fs::readlinkat(&around.folder, name, Vec::new()) {
                Ok(target) => {
                    let mut item = self.item(Kind::Symlink, &stat);
                    item.entry.meta.xattrs = attributes::of_link(&around.folder, name).unwrap_or_default();
                    if is_root {
                        item.trouble = Some(Trouble::suspect(LINK, "name what it points to, since links are not followed"));
                    }
                    item.entry.target = Some(target.into_bytes());
                    self.emit(item);
                }
                Err(errno) => self.skip(read::trouble(errno)),
            },
            other => self.skip(Trouble::note(SPECIAL, special(other))),
        }
    }

    fn directory(&mut self, name: &[u8], around: &Around, stat: &Stat, wanted: Wanted, is_root: bool) {
        let identity = seen(stat);
        if self.avoid.contains(&(identity.dev, identity.ino)) {
            return self.skip(Trouble::note(STORE, "what is written there is not backed up again"));
        }
        let mut item = self.item(Kind::Directory, stat);
        let elsewhere = !is_root && around.dev.is_some_and(|dev| dev != identity.dev) && self.options.one_file_system;
        if elsewhere {
            item.trouble = Some(Trouble::note(OTHER_FILE_SYSTEM, "another file system begins here"));
            if wanted == Wanted::Yes {
                self.emit(item);
            }
            return;
        }
        let opened = read::open(&around.folder, name, OFlags::DIRECTORY)
            .and_then(|folder| Ok((attributes::of(&folder)?, Names::read(&folder)?, folder)));
        let (names, folder) = match opened {
            Ok((xattrs, names, folder)) => {
                item.entry.meta.xattrs = xattrs;
                (names, Arc::new(folder))
            }
            Err(errno) => {
                item.trouble = Some(if errno == Errno::NOENT {
                    read::trouble(errno)
                } else {
                    Trouble::suspect("a folder could not be read", errno)
                });
                return self.emit(item);
            }
        };
        let inside = wanted == Wanted::Yes;
        let held = if inside {
            self.emit(item);
            None
        } else {
            Some(item)
        };
        let root = if is_root { self.path.len() } else { around.root };
        self.stack.push(Frame { folder, names, path: self.path.len(), root, dev: identity.dev, inside, held });
    }

    #[expect(clippy::useless_conversion, reason = "the field types of stat(2) differ between architectures")]
    fn item(&self, kind: Kind, stat: &Stat) -> Item {
        let seen = seen(stat);
        let file = kind == Kind::File;
        let entry = Entry {
            path: self.path.clone(),
            kind,
            meta: Meta { mode: stat.st_mode & 0o7777, uid: stat.st_uid, gid: stat.st_gid, mtime: seen.mtime, xattrs: Vec::new() },
            identity: if file { Identity { ctime: seen.ctime, dev: seen.dev, ino: seen.ino } } else { Identity::default() },
            size: if file { seen.size } else { 0 },
            ..Entry::default()
        };
        Item { entry, content: None, links: if file { stat.st_nlink.into() } else { 1 }, trouble: None }
    }
}

fn special(kind: FileType) -> &'static str {
    match kind {
        FileType::Socket => "a socket",
        FileType::Fifo => "a named pipe",
        FileType::CharacterDevice => "a character device",
        FileType::BlockDevice => "a block device",
        _ => "of an unknown kind",
    }
}

impl Source for Walk {
    fn next(&mut self) -> Result<Option<Item>, Trouble> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(Some(item));
            }
            let Some(frame) = self.stack.last_mut() else {
                let Some(root) = self.roots.pop() else {
                    let Some(missed) = self.nested.pop_first() else { return Ok(None) };
                    self.path = missed;
                    let detail = "nothing led to it: it is missing, or lies in an excluded folder";
                    self.skip(Trouble::suspect(MISSING, detail));
                    continue;
                };
                self.begin_root(root);
                continue;
            };
            let Some(name) = frame.names.next_name() else {
                self.stack.pop();
                continue;
            };
            self.path.truncate(frame.path);
            if !self.path.is_empty() {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(name);
            let name = name.to_vec();
            let (folder, dev) = (Arc::clone(&frame.folder), Some(frame.dev));
            let around = Around { folder, root: frame.root, dev, inside: frame.inside };
            self.visit(&name, &around);
        }
    }
}
