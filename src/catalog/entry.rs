//! One entry of a tree: a line of the index.

use crate::catalog::digest::Digest;

/// Seconds since 1970 and nanoseconds, as stat(2) has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
pub struct Time(pub i64, pub u32);

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    File,
    Directory,
    Symlink,
    /// Named here, but its content is in no backup: a socket, a device, something that could not be read.
    Skipped,
}

/// Where bytes of a file lie: in which pack, in which zstd frame of it, and where in the frame's plain bytes.
/// As JSON: `[pack, offset, stored, at, size, hash]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "(u32, u32, u32, u32, u32, Digest)", into = "(u32, u32, u32, u32, u32, Digest)")]
pub struct Block {
    /// Number in the backup's table of packs.
    pub pack: u32,
    /// Where the frame begins in the pack, bytes.
    pub offset: u32,
    /// Length of the frame in the pack, bytes.
    pub stored: u32,
    /// Where the block begins in the frame's plain bytes.
    pub at: u32,
    /// Plain bytes.
    pub size: u32,
    /// BLAKE3 of the plain bytes.
    pub hash: Digest,
}

impl From<(u32, u32, u32, u32, u32, Digest)> for Block {
    fn from((pack, offset, stored, at, size, hash): (u32, u32, u32, u32, u32, Digest)) -> Self {
        Self { pack, offset, stored, at, size, hash }
    }
}

impl From<Block> for (u32, u32, u32, u32, u32, Digest) {
    fn from(block: Block) -> Self {
        (block.pack, block.offset, block.stored, block.at, block.size, block.hash)
    }
}

/// A range of a file that holds nothing but zeros and is not stored: `[offset, length]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Hole(pub u64, pub u64);

/// An extended attribute, access control lists among them (acl(5), xattr(7)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Xattr {
    pub name: String,
    pub value: Vec<u8>,
}

/// Owner, permissions and times.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    /// The twelve permission bits.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub mtime: Time,
    pub xattrs: Vec<Xattr>,
}

/// What tells, without reading, that a file is the one that was read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Identity {
    pub ctime: Time,
    pub dev: u64,
    pub ino: u64,
}

/// The bytes of a file, or one stretch of them: blocks fill, in order, what the holes leave open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    pub blocks: Vec<Block>,
    pub holes: Vec<Hole>,
    /// A [`Line::More`] follows.
    pub more: bool,
}

/// One thing of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// Bytes as the file system has them, `/` between parts, without one at either end.
    pub path: Vec<u8>,
    pub kind: Kind,
    pub meta: Meta,
    /// Files only.
    pub identity: Identity,
    /// Files: bytes, holes included. Where `content.more`, the last [`More::size`] counts.
    pub size: u64,
    pub content: Content,
    /// A hard link: the path of the earlier entry that is the same file. Only that one tells the content.
    pub link: Option<Vec<u8>>,
    /// Symbolic links: where to.
    pub target: Option<Vec<u8>>,
    /// Skipped: why.
    pub reason: Option<String>,
    /// The file changed while it was read: its content is of no single moment.
    pub changed: bool,
}

/// A further stretch of the file before it in the index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct More {
    pub content: Content,
    /// On the last stretch: the file's bytes, holes included.
    pub size: Option<u64>,
    pub changed: bool,
}

/// A line of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Entry(Entry),
    More(More),
}

impl Line {
    pub fn content(&self) -> &Content {
        match self {
            Self::Entry(entry) => &entry.content,
            Self::More(more) => &more.content,
        }
    }
}

/// The order of a tree: part by part, so that a folder's entries follow it directly.
pub fn cmp_paths(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    // A `/` ends a name, so it sorts before every byte that a name can hold.
    let rank = |path: &[u8]| path.get(same).map(|byte| if *byte == b'/' { 0 } else { *byte });
    rank(a).cmp(&rank(b))
}

/// Whether a path stays below the folder it is restored into: parts, none of them empty, `.`, `..` or with a NUL.
pub fn is_safe(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').all(|part| !part.is_empty() && part != b"." && part != b".." && !part.contains(&0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_followed_by_what_it_holds() {
        let mut paths: Vec<&[u8]> = vec![b"a.b", b"a/b", b"a", b"a/b/c", b"a-", b"b", b"a/a"];
        paths.sort_by(|a, b| cmp_paths(a, b));
        assert_eq!(paths, [b"a" as &[u8], b"a/a", b"a/b", b"a/b/c", b"a-", b"a.b", b"b"]);
    }

    #[test]
    fn paths_that_leave_the_target_are_not_safe() {
        for path in ["a", "a/b", "..a", "a..", ".a/..b", "a b"] {
            assert!(is_safe(path.as_bytes()), "{path}");
        }
        for path in ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../b", "a/./b", "a\0b"] {
            assert!(!is_safe(path.as_bytes()), "{path}");
        }
    }
}
