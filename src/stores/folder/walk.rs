//! Listing a folder store in key order, one folder's names in memory at a time.

use std::fs;
use std::io;
use std::path::Path;

use crate::store::{ErrorKind, ObjectMeta, Retry, StoreError};
use crate::stores::folder::files::{self, Files};
use crate::stores::keys::UNFINISHED;

/// One name of a folder. `sort` ends in `/` for a folder: in key order `a-b` stands before `a/b`.
struct Entry {
    sort: String,
    folder: bool,
}

/// The names of a folder in key order; none where it does not exist (it may have gone as empty meanwhile).
fn entries(path: &Path) -> Result<Vec<Entry>, StoreError> {
    let fail = |error: io::Error| files::refused("list", path, &error);
    let listing = match fs::read_dir(path) {
        Ok(listing) => listing,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(fail(error)),
    };
    let mut found = Vec::new();
    for entry in listing {
        let entry = entry.map_err(fail)?;
        let kind = entry.file_type().map_err(fail)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with(UNFINISHED) {
            if let Ok(meta) = entry.metadata() {
                files::sweep(&entry.path(), &meta);
            }
        } else if kind.is_dir() {
            found.push(Entry { sort: name + "/", folder: true });
        } else if kind.is_file() {
            found.push(Entry { sort: name, folder: false });
        }
    }
    found.sort_unstable_by(|a, b| a.sort.cmp(&b.sort));
    Ok(found)
}

struct Walk<'a> {
    files: &'a Files,
    prefix: &'a str,
    start_after: &'a str,
    limit: usize,
    found: Vec<ObjectMeta>,
}

impl Walk<'_> {
    /// Whether anything below `folder` can have a key that begins with the prefix and comes after the start.
    fn concerns(&self, folder: &str) -> bool {
        let matches = folder.starts_with(self.prefix) || self.prefix.starts_with(folder);
        let later = folder > self.start_after || self.start_after.starts_with(folder);
        matches && later
    }

    fn visit(&mut self, folder: &str) -> Result<(), StoreError> {
        for entry in entries(&self.files.path(folder))? {
            if self.found.len() >= self.limit {
                return Ok(());
            }
            let key = format!("{folder}{}", entry.sort);
            if entry.folder {
                if self.concerns(&key) {
                    self.visit(&key)?;
                }
            } else if key.starts_with(self.prefix) && key.as_str() > self.start_after {
                match fs::symlink_metadata(self.files.path(&key)) {
                    Ok(meta) => self.found.push(files::describe(key, &meta)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(files::refused("list", &self.files.path(&key), &error)),
                }
            }
        }
        Ok(())
    }
}

/// # Errors
/// [`ErrorKind::NotFound`] where the root is not there: an empty listing would look like an empty
/// store.
pub(super) fn check_root(operation: &'static str, files: &Files) -> Result<(), StoreError> {
    if files.root().is_dir() {
        return Ok(());
    }
    let subject = files.root().display().to_string();
    let help = "Is its disk mounted? `bdr plan` tells whether the folder stood before; where it is new, `bdr apply` makes it.";
    Err(StoreError::new(operation, subject, ErrorKind::NotFound, Retry::Never, "there is no such folder").with_help(help))
}

pub(super) fn objects(
    files: &Files,
    prefix: &str,
    start_after: Option<&str>,
    limit: usize,
) -> Result<Vec<ObjectMeta>, StoreError> {
    check_root("list", files)?;
    let mut walk = Walk { files, prefix, start_after: start_after.unwrap_or(""), limit, found: Vec::new() };
    // Nothing outside the deepest whole folder of the prefix can match, so the walk begins there.
    let begin = prefix.rfind('/').map_or("", |at| &prefix[..=at]);
    walk.visit(begin)?;
    Ok(walk.found)
}

pub(super) fn folders(files: &Files, prefix: &str) -> Result<Vec<String>, StoreError> {
    check_root("list", files)?;
    Ok(entries(&files.path(prefix))?.into_iter().filter(|entry| entry.folder).map(|entry| entry.sort).collect())
}
