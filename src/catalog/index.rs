//! The two lists of a backup: the index (its entries, in path order) and the table (the packs that they lie in).

use serde::{Deserialize, Serialize};

use crate::catalog::FormatError;
use crate::catalog::digest::Digest;
use crate::catalog::entry::{Entry, Line, More};
use crate::catalog::layout::{Place, pack_digest};
use crate::catalog::wire;

pub use crate::catalog::wire::Behind;

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PackLine {
    /// What the index calls it.
    pack: u32,
    /// Object key below the series' prefix; its last part is the SHA-256 of the object.
    key: String,
    /// Bytes.
    size: u64,
}

/// A pack that a backup refers to: its own, or one of a backup before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackRef {
    pub place: Place,
    pub sha256: Digest,
    /// Bytes.
    pub size: u64,
}

impl PackRef {
    /// Object key below the series' prefix.
    pub fn key(&self) -> String {
        self.place.pack(&self.sha256)
    }
}

/// Appends one line of the table.
///
/// # Errors
/// Never for values that bdr makes; the JSON writer's type asks for it.
pub fn write_pack(number: u32, pack: &PackRef, out: &mut Vec<u8>) -> Result<(), FormatError> {
    let line = PackLine { pack: number, key: pack.key(), size: pack.size };
    serde_json::to_writer(&mut *out, &line).map_err(|error| FormatError::damaged("the table of packs", error.to_string()))?;
    out.push(b'\n');
    Ok(())
}

/// Reads one line of the table.
///
/// # Errors
/// When it is none, or its key leaves the series.
pub fn read_pack(text: &[u8]) -> Result<(u32, PackRef), FormatError> {
    let damaged = |why: String| FormatError::damaged("the table of packs", why);
    let line: PackLine = serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
    let parsed = line.key.rsplit_once("/packs/").and_then(|(folder, _)| Place::parse(folder)).zip(pack_digest(&line.key));
    let (place, sha256) = parsed.ok_or_else(|| damaged(format!("`{}` is not the key of a pack", line.key)))?;
    let pack = PackRef { place, sha256, size: line.size };
    // A key that names the same pack in another spelling could point outside of the series.
    if pack.key() != line.key {
        return Err(damaged(format!("`{}` is not the key of a pack", line.key)));
    }
    Ok((line.pack, pack))
}

/// Reads one line of the index, with or without its newline.
///
/// # Errors
/// When it is none, or names a path that leaves the tree.
pub fn read_line(text: &[u8]) -> Result<Line, FormatError> {
    wire::read(text)
}

/// Appends what the line of a file begins with: all that the walk tells of it, and nothing of its content.
///
/// # Errors
/// Never for values that bdr makes; the JSON writer's type asks for it.
pub fn write_head(entry: &Entry, out: &mut Vec<u8>) -> Result<(), FormatError> {
    wire::write_head(entry, out)
}

/// The content that follows a head in a line that begins with it, found without reading the rest of the line. `None` where the
/// line begins otherwise, tells of a file that changed while it was read, or of a further name of one.
pub fn content_behind(head: &[u8], text: &[u8]) -> Option<Behind> {
    wire::content_behind(head, text)
}

/// Appends one line of the index.
///
/// # Errors
/// Never for values that bdr makes; the JSON writer's type asks for it.
pub fn write_entry(entry: &Entry, out: &mut Vec<u8>) -> Result<(), FormatError> {
    wire::write_entry(entry, out)
}

/// Appends a line of the index that goes on with the file before it.
///
/// # Errors
/// Never for values that bdr makes; the JSON writer's type asks for it.
pub fn write_more(more: &More, out: &mut Vec<u8>) -> Result<(), FormatError> {
    wire::write_more(more, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_line_reads_back_and_a_key_outside_of_the_series_does_not() {
        let place = Place::parse("daily/20261124T020000Z-0a1b2c3d").expect("place");
        let pack = PackRef { place, sha256: Digest::sha256(b"x"), size: 9 };
        let mut text = Vec::new();
        write_pack(7, &pack, &mut text).expect("written");
        assert_eq!(read_pack(&text), Ok((7, pack.clone())));
        let key = pack.key();
        for wrong in
            [format!("../{key}"), key.replace("daily", ".."), key.replace("/packs/", "/packs/../packs/"), format!("/{key}")]
        {
            let text = format!(r#"{{"pack":7,"key":"{wrong}","size":9}}"#);
            assert!(read_pack(text.as_bytes()).is_err(), "{wrong}");
        }
    }
}
