//! How a line of the index is written as JSON.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::catalog::FormatError;
use crate::catalog::entry::{Block, Content, Entry, Hole, Identity, Kind, Line, Meta, More, Time, Xattr, is_safe};
use crate::units::hex;

/// A line; without `path` it goes on with the file before it. Names that are not UTF-8 are told again as hex in `*_raw`.
#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    path: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    path_raw: Option<Cow<'a, str>>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    mode: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtime: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ctime: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dev: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ino: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    target: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    target_raw: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    link: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    link_raw: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    xattrs: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    changed: bool,
    #[serde(default, skip_serializing_if = "is_empty")]
    blocks: Cow<'a, [Block]>,
    #[serde(default, skip_serializing_if = "is_empty")]
    holes: Cow<'a, [Hole]>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

fn is_empty<T>(list: &[T]) -> bool {
    list.is_empty()
}

type Name<'a> = (Option<Cow<'a, str>>, Option<Cow<'a, str>>);

fn name(bytes: &[u8]) -> Name<'_> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => (Some(Cow::Borrowed(text)), None),
        lossy => (Some(lossy), Some(Cow::Owned(hex::encode(bytes)))),
    }
}

fn bytes(text: Cow<'_, str>, raw: Option<Cow<'_, str>>) -> Result<Vec<u8>, &'static str> {
    match raw {
        None => Ok(text.into_owned().into_bytes()),
        Some(raw) => hex::decode(&raw).ok_or("a raw name that is not hex"),
    }
}

/// Appends the line and its newline.
///
/// # Errors
/// Never for values that bdr makes; the JSON writer's type asks for it.
pub fn write_entry(entry: &Entry, out: &mut Vec<u8>) -> Result<(), FormatError> {
    write(&entry_wire(entry), out)
}

/// Appends the line and its newline.
///
/// # Errors
/// Never for values that bdr makes; the JSON writer's type asks for it.
pub fn write_more(more: &More, out: &mut Vec<u8>) -> Result<(), FormatError> {
    let wire = Wire {
        size: more.size,
        changed: more.changed,
        blocks: Cow::Borrowed(&more.content.blocks),
        holes: Cow::Borrowed(&more.content.holes),
        more: more.content.more,
        ..Wire::default()
    };
    write(&wire, out)
}

fn write(wire: &Wire<'_>, out: &mut Vec<u8>) -> Result<(), FormatError> {
    serde_json::to_writer(&mut *out, wire).map_err(|error| FormatError::damaged("a line of the index", error.to_string()))?;
    out.push(b'\n');
    Ok(())
}

fn entry_wire(entry: &Entry) -> Wire<'_> {
    let (path, path_raw) = name(&entry.path);
    let (target, target_raw) = entry.target.as_deref().map(name).unwrap_or_default();
    let (link, link_raw) = entry.link.as_deref().map(name).unwrap_or_default();
    let mut wire = Wire {
        path,
        path_raw,
        kind: Some(entry.kind),
        target,
        target_raw,
        link,
        link_raw,
        reason: entry.reason.as_deref().map(Cow::Borrowed),
        ..Wire::default()
    };
    if entry.kind == Kind::Skipped {
        return wire;
    }
    wire.mode = Some(Cow::Owned(format!("{:04o}", entry.meta.mode)));
    wire.uid = Some(entry.meta.uid);
    wire.gid = Some(entry.meta.gid);
    wire.mtime = Some(entry.meta.mtime);
    wire.xattrs = entry.meta.xattrs.iter().map(|xattr| (xattr.name.clone(), hex::encode(&xattr.value))).collect();
    if entry.kind == Kind::File {
        wire.ctime = Some(entry.identity.ctime);
        wire.dev = Some(entry.identity.dev);
        wire.ino = Some(entry.identity.ino);
        wire.size = Some(entry.size);
        wire.changed = entry.changed;
        wire.blocks = Cow::Borrowed(&entry.content.blocks);
        wire.holes = Cow::Borrowed(&entry.content.holes);
        wire.more = entry.content.more;
    }
    wire
}

/// Reads a line, with or without its newline.
///
/// # Errors
/// When it is not a line of an index, or names a path that leaves the tree.
pub fn read(text: &[u8]) -> Result<Line, FormatError> {
    let damaged = |why: &str| FormatError::damaged("a line of the index", why);
    let mut wire: Wire<'_> = serde_json::from_slice(text).map_err(|error| damaged(&error.to_string()))?;
    let content = Content { blocks: wire.blocks.into_owned(), holes: wire.holes.into_owned(), more: wire.more };
    let Some(path) = wire.path.take() else {
        return Ok(Line::More(More { content, size: wire.size, changed: wire.changed }));
    };
    let path = bytes(path, wire.path_raw).map_err(damaged)?;
    if !is_safe(&path) {
        return Err(damaged(&format!("the path {:?} leaves the tree", String::from_utf8_lossy(&path))));
    }
    let optional = |text: Option<Cow<'_, str>>, raw| text.map(|text| bytes(text, raw)).transpose().map_err(damaged);
    let mode =
        wire.mode.as_deref().map_or(Ok(0), |mode| u32::from_str_radix(mode, 8)).map_err(|_| damaged("a mode not octal"))?;
    let xattr = |(name, value): (String, String)| {
        hex::decode(&value).map(|value| Xattr { name, value }).ok_or_else(|| damaged("an attribute that is not hex"))
    };
    let meta = Meta {
        mode: mode & 0o7777,
        uid: wire.uid.unwrap_or_default(),
        gid: wire.gid.unwrap_or_default(),
        mtime: wire.mtime.unwrap_or_default(),
        xattrs: wire.xattrs.into_iter().map(xattr).collect::<Result<_, _>>()?,
    };
    Ok(Line::Entry(Entry {
        path,
        kind: wire.kind.ok_or_else(|| damaged("an entry without a type"))?,
        meta,
        identity: Identity {
            ctime: wire.ctime.unwrap_or_default(),
            dev: wire.dev.unwrap_or_default(),
            ino: wire.ino.unwrap_or_default(),
        },
        size: wire.size.unwrap_or_default(),
        content,
        link: optional(wire.link, wire.link_raw)?,
        target: optional(wire.target, wire.target_raw)?,
        reason: wire.reason.map(Cow::into_owned),
        changed: wire.changed,
    }))
}

/// What stands in the line of a file behind its head.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behind {
    #[serde(default, rename = "xattrs")]
    _xattrs: IgnoredAny,
    #[serde(default)]
    blocks: Vec<(u32, IgnoredAny, IgnoredAny, IgnoredAny, IgnoredAny, IgnoredAny)>,
    #[serde(default, rename = "holes")]
    _holes: IgnoredAny,
    /// The file goes on in the next line.
    #[serde(default)]
    pub more: bool,
}

impl Behind {
    /// The numbers of the packs that the blocks lie in.
    pub fn packs(&self) -> impl Iterator<Item = u32> {
        self.blocks.iter().map(|block| block.0)
    }
}

/// Appends the line of a file up to where its content would begin.
///
/// # Errors
/// Never for values that bdr makes; the JSON writer's type asks for it.
pub fn write_head(entry: &Entry, out: &mut Vec<u8>) -> Result<(), FormatError> {
    write_entry(entry, out)?;
    out.truncate(out.len() - b"}\n".len());
    Ok(())
}

/// What stands behind the head, where a line begins with it and what follows is nothing but content.
pub fn content_behind(head: &[u8], text: &[u8]) -> Option<Behind> {
    let rest = match text.strip_prefix(head)? {
        [b',', rest @ ..] => rest,
        rest @ [b'}', ..] => rest,
        _ => return None,
    };
    serde_json::from_slice(&[b"{", rest].concat()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::digest::Digest;

    fn entry(path: Vec<u8>, target: Option<Vec<u8>>, size: u64, secs: i64) -> Entry {
        let block = Block { pack: 1, offset: 2, stored: 3, at: 4, size: 5, hash: Digest::blake3(&path) };
        Entry {
            path,
            meta: Meta {
                mode: 0o4755,
                uid: 1,
                gid: 2,
                mtime: Time(secs, 999_999_999),
                xattrs: vec![Xattr { name: "user.x".into(), value: vec![0, 255] }],
            },
            identity: Identity { ctime: Time(-1, 0), dev: 7, ino: u64::MAX },
            size,
            content: Content { blocks: vec![block, block], holes: vec![Hole(5, u64::MAX - 5)], more: true },
            link: target.clone(),
            target,
            changed: true,
            ..Entry::default()
        }
    }

    fn round_trip(line: &Line) -> Line {
        let mut text = Vec::new();
        match line {
            Line::Entry(entry) => write_entry(entry, &mut text).expect("written"),
            Line::More(more) => write_more(more, &mut text).expect("written"),
        }
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 1, "one line");
        read(&text).expect("read")
    }

    proptest! {
        #[test]
        fn a_line_reads_back_as_written(path in "[^/\0]{1,20}", raw in prop::collection::vec(1u8..=46, 3..9), size: u64, secs: i64) {
            for path in [path.into_bytes(), raw.iter().map(|byte| byte | 0x80).collect()] {
                prop_assume!(is_safe(&path));
                let line = Line::Entry(entry(path, Some(raw.clone()), size, secs));
                prop_assert_eq!(round_trip(&line), line);
            }
        }

        #[test]
        fn a_line_begins_with_the_head_of_its_file_and_of_no_other(path in "[^/\0]{1,20}", size: u64, secs: i64) {
            prop_assume!(is_safe(path.as_bytes()));
            let whole = Entry { link: None, target: None, changed: false, ..entry(path.into_bytes(), None, size, secs) };
            let walked = Entry { content: Content::default(), meta: Meta { xattrs: Vec::new(), ..whole.meta.clone() }, ..whole.clone() };
            let behind = |walked: &Entry, line: &Entry| {
                let (mut head, mut text) = (Vec::new(), Vec::new());
                write_head(walked, &mut head).expect("written");
                write_entry(line, &mut text).expect("written");
                content_behind(&head, &text).map(|behind| (behind.packs().collect::<Vec<_>>(), behind.more))
            };
            prop_assert_eq!(behind(&walked, &whole), Some((vec![1, 1], true)));
            prop_assert_eq!(behind(&walked, &walked), Some((vec![], false)), "an empty file");
            for other in [
                Entry { changed: true, ..whole.clone() },
                Entry { link: Some(b"a".to_vec()), ..whole.clone() },
                Entry { size: if size > u64::MAX / 10 { 0 } else { size * 10 }, ..whole.clone() },
                Entry { identity: Identity { ino: 8, ..whole.identity }, ..whole.clone() },
            ] {
                prop_assert!(other == whole || behind(&walked, &other).is_none());
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (read(&text), content_behind(b"{", &text));
        }
    }

    #[test]
    fn lines_that_go_on_and_skipped_entries_read_back() {
        let more = More { content: Content::default(), size: Some(9), changed: true };
        assert_eq!(round_trip(&Line::More(more.clone())), Line::More(more));
        let skipped = Entry { path: b"a".to_vec(), kind: Kind::Skipped, reason: Some("a socket".into()), ..Entry::default() };
        assert_eq!(round_trip(&Line::Entry(skipped.clone())), Line::Entry(skipped));
    }

    #[test]
    fn a_path_that_leaves_the_tree_is_damage() {
        for path in ["../etc/passwd", "/etc/passwd", "a/../../b"] {
            let text = format!(r#"{{"path":"{path}","type":"file"}}"#);
            assert!(matches!(read(text.as_bytes()), Err(FormatError::Damaged { .. })), "{path}");
        }
    }
}
