//! Where the folders of a policy stood: noted in the lease and the record of each apply, for plans that find one gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{KIND, folders, id, marker};
use crate::address::{ResourceId, StoreName, Subject};
use crate::policy::{FolderBackend, Policy};

/// How a note begins: `folder NAME PATH`, without the path where a reference tells it, since that may be secret.
const FOLDER: &str = "folder ";

/// What is noted of a folder.
pub fn note(name: &StoreName, folder: &FolderBackend) -> String {
    if folder.path.is_referenced() { format!("{FOLDER}{name}") } else { format!("{FOLDER}{name} {}", folder.path.expose()) }
}

/// What is noted of each folder: of those of the policy once they are set up, and of those that are left, by what was `noted`.
pub fn notes(policy: &Policy, noted: &[String]) -> BTreeMap<ResourceId, String> {
    let left = left(policy, noted).into_iter().map(|(name, path)| {
        let note = format!("{FOLDER}{name} {}", path.display());
        (left_id(&name, &path), note)
    });
    folders(policy).map(|(name, folder)| (id(name), note(name, folder))).chain(left).collect()
}

/// The resource that a folder is which the policy has no more, or has elsewhere.
pub fn left_id(name: &StoreName, path: &Path) -> ResourceId {
    ResourceId::new(Subject::Store(name.clone()), KIND.name, format!("@{}", path.display()))
}

/// The notes of the folders that stand and carry the policy's mark now. Looks into the file system.
pub fn standing(policy: &Policy) -> BTreeSet<String> {
    let stands = |folder: &FolderBackend| marker(Path::new(folder.path.expose()), &policy.name).is_file();
    folders(policy).filter(|(_, folder)| stands(folder)).map(|(name, folder)| note(name, folder)).collect()
}

/// Folders that were set up for stores which the policy has no more, or has elsewhere.
pub fn left(policy: &Policy, noted: &[String]) -> Vec<(StoreName, PathBuf)> {
    let kept: BTreeSet<&str> = folders(policy).map(|(_, folder)| folder.path.expose()).collect();
    let read = |note: &String| {
        let (name, path) = note.strip_prefix(FOLDER)?.split_once(' ')?;
        let is_left = path.starts_with('/') && !kept.contains(path);
        Some((StoreName::new(name).ok().filter(|_| is_left)?, PathBuf::from(path)))
    };
    noted.iter().filter_map(read).collect()
}
