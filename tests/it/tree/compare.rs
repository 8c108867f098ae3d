//! What a tree is, in a form that two of them are compared in.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// All that a backup promises to bring back of one entry.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    kind: &'static str,
    mode: u32,
    owner: (u32, u32),
    mtime: (i64, i64),
    content: Vec<u8>,
    xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The first path of the same file.
    same_as: Option<Vec<u8>>,
}

/// Everything below a folder, and the folder itself as the empty path.
pub fn tell(root: &Path) -> BTreeMap<Vec<u8>, Told> {
    let mut told = BTreeMap::new();
    let mut first = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    let mut all = Vec::new();
    while let Some(path) = open.pop() {
        let meta = path.symlink_metadata().expect("metadata");
        if meta.is_dir() {
            open.extend(path.read_dir().expect("folder").map(|entry| entry.expect("entry").path()));
        }
        all.push((path, meta));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    for (path, meta) in all {
        let below = path.strip_prefix(root).expect("below").as_os_str().as_bytes().to_vec();
        let (kind, content) = if meta.is_dir() {
            ("folder", Vec::new())
        } else if meta.is_symlink() {
            ("link", path.read_link().expect("link").as_os_str().as_bytes().to_vec())
        } else if meta.is_file() {
            ("file", std::fs::read(&path).expect("read"))
        } else {
            continue;
        };
        let same_as = if meta.is_file() && meta.nlink() > 1 {
            Some(first.entry(meta.ino()).or_insert_with(|| below.clone()).clone())
        } else {
            None
        };
        let names: Vec<std::ffi::OsString> = xattr::list(&path).expect("names").collect();
        let value = |name: &std::ffi::OsString| xattr::get(&path, name).expect("attribute").unwrap_or_default();
        let xattrs = names.iter().map(|name| (name.as_bytes().to_vec(), value(name))).collect();
        let mode = if meta.is_symlink() { 0 } else { meta.mode() & 0o7777 };
        let (owner, mtime) = ((meta.uid(), meta.gid()), (meta.mtime(), meta.mtime_nsec()));
        told.insert(below, Told { kind, mode, owner, mtime, content, xattrs, same_as });
    }
    told
}

/// Fails with the first few differences.
#[track_caller]
pub fn assert_same(original: &Path, restored: &Path) {
    let (a, b) = (tell(original), tell(restored));
    let mut differ = Vec::new();
    for path in a.keys().chain(b.keys()).collect::<std::collections::BTreeSet<_>>() {
        let short = |told: Option<&Told>| {
            told.map(|told| (told.kind, told.mode, told.owner, told.mtime, told.content.len(), &told.xattrs, &told.same_as))
                .map(|told| format!("{told:?}"))
        };
        if a.get(path) != b.get(path) {
            differ.push(format!("{:?}: {:?} became {:?}", String::from_utf8_lossy(path), short(a.get(path)), short(b.get(path))));
        }
    }
    assert!(differ.is_empty(), "{} entries differ:\n{}", differ.len(), differ[..differ.len().min(10)].join("\n"));
}
