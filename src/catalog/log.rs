//! The write-ahead log in a store: where each of its files lies, and how one is packed.
//!
//! ```text
//! <series>/_wal/cluster.json                                            whose log it is; the first object
//!              /<system id>/<timeline>/<segment>
//!                                     /<timeline>.history               where the timeline comes from
//!                                     /<segment>.<offset>.backup        what a base backup left
//!                                     /<segment>.partial.<sha256 begins>
//! <series>/_let_go/<system id>/<time>.<sha256 begins>.json              where what stays begins, once some of it went
//! ```
//!
//! A store keeps no properties of an object beside its bytes, and a digest that lay in a second object could be lost or be another
//! one's. So what is known of a file stands before it, as JSON in a skippable frame of zstd (RFC 8878, section 3.1.2): readers of zstd
//! pass over it, and `zstd -dc OBJECT` is the file as it was. The digest is that of the plain bytes, which is what two servers that
//! hand over the same segment agree in, however it is compressed.

use serde::{Deserialize, Serialize};

use crate::catalog::FormatError;
use crate::catalog::digest::Digest;
use crate::wal::{FileName, Segment, SegmentSize, Timeline};

pub const VERSION: u32 = 1;

/// Begins a skippable frame; its length follows, in four bytes (RFC 8878, section 3.1.2). The last digit is free: packs use 0.
const MAGIC: [u8; 4] = 0x184D_2A5B_u32.to_le_bytes();
/// No header is longer.
const LONGEST_HEADER: usize = 4096;
/// As for everything that is written more often than it is read.
const LEVEL: i32 = 3;

/// Whose log an archive holds: written once, before anything else, and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    pub version: u32,
    /// `pg_control_system()`: in JSON a text, since readers of JSON round large numbers.
    #[serde(with = "as_text")]
    pub system_identifier: u64,
    /// Bytes of a segment.
    pub segment_size: u64,
    /// Whether the store refused to overwrite when the archive began.
    pub create_only: bool,
    pub since: jiff::Timestamp,
}

/// What is known of an archived file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub version: u32,
    /// As PostgreSQL calls it.
    pub name: String,
    #[serde(with = "as_text")]
    pub system_identifier: u64,
    /// Of the plain bytes.
    pub size: u64,
    pub sha256: Digest,
    /// Where a segment begins and ends, as PostgreSQL writes positions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

/// Where the log begins that stays, and how far back it was to reach: written before anything goes. What lies before it is on its way
/// out, whatever a crash left of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetGo {
    pub version: u32,
    pub at: jiff::Timestamp,
    /// How far back any moment was to be restored; `None`: as far as the oldest base backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_seconds: Option<u64>,
    /// Of each timeline of which something goes, the first segment that stays, as PostgreSQL calls it.
    pub first: Vec<String>,
}

impl LetGo {
    /// The last part of its key, and the bytes.
    ///
    /// # Errors
    /// Never for what bdr makes; the JSON writer's type asks for it.
    pub fn object(&self) -> Result<(String, Vec<u8>), FormatError> {
        let bytes = serde_json::to_vec(self).map_err(|error| FormatError::damaged("a note", error.to_string()))?;
        let digest = Digest::sha256(&bytes).to_string();
        Ok((format!("{}.{}.json", self.at.strftime("%Y%m%dT%H%M%SZ"), &digest[..16]), bytes))
    }

    /// # Errors
    /// Where the bytes are no such object, or of a version that is not known.
    pub fn read(what: &str, bytes: &[u8]) -> Result<Self, FormatError> {
        json(what, bytes)
    }
}

/// A number of 64 bits in JSON.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Cluster {
    /// Below a series' log.
    pub const KEY: &str = "cluster.json";

    /// The size of its segments.
    pub fn size(&self) -> Option<SegmentSize> {
        SegmentSize::new(self.segment_size)
    }

    /// # Errors
    /// Never for what bdr makes; the JSON writer's type asks for it.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        serde_json::to_vec(self).map_err(|error| FormatError::damaged(Self::KEY, error.to_string()))
    }

    /// # Errors
    /// Where the bytes are no such object, or of a version that is not known.
    pub fn read(what: &str, bytes: &[u8]) -> Result<Self, FormatError> {
        let cluster: Self = json(what, bytes)?;
        if cluster.size().is_none() {
            return Err(FormatError::damaged(what, format!("no segment is of {} bytes", cluster.segment_size)));
        }
        Ok(cluster)
    }
}

impl Header {
    pub fn of(name: FileName, size: SegmentSize, system: u64, bytes: &[u8]) -> Self {
        let range = match name {
            FileName::Segment(segment) => Some((size.start(segment).to_string(), size.end(segment).to_string())),
            FileName::History(_) | FileName::Partial(_) | FileName::Backup(..) => None,
        };
        let (start, end) = range.unzip();
        Self {
            version: VERSION,
            name: name.text(size),
            system_identifier: system,
            size: bytes.len() as u64,
            sha256: Digest::sha256(bytes),
            start,
            end,
        }
    }
}

/// The object of a file.
///
/// # Errors
/// When zstd fails, which is the machine's fault.
pub fn pack(header: &Header, plain: &[u8]) -> Result<Vec<u8>, FormatError> {
    let failed = |error: String| FormatError::damaged(&header.name, error);
    let head = serde_json::to_vec(header).map_err(|error| failed(error.to_string()))?;
    let length = u32::try_from(head.len()).map_err(|error| failed(error.to_string()))?;
    let mut compressor = zstd::bulk::Compressor::new(LEVEL).map_err(|error| failed(error.to_string()))?;
    // So that `zstd -t` finds a flipped bit without bdr.
    compressor.include_checksum(true).map_err(|error| failed(error.to_string()))?;
    let body = compressor.compress(plain).map_err(|error| failed(error.to_string()))?;
    Ok([MAGIC.as_slice(), &length.to_le_bytes(), &head, &body].concat())
}

/// What an object says of the file in it, unproven, and where that begins.
///
/// # Errors
/// Where it is no object of this format.
pub fn header(what: &str, object: &[u8]) -> Result<(Header, usize), FormatError> {
    let cut = || FormatError::damaged(what, "it does not begin as an archived file does");
    let rest = object.strip_prefix(&MAGIC).ok_or_else(cut)?;
    let length = u32::from_le_bytes(*rest.first_chunk().ok_or_else(cut)?) as usize;
    let head = rest.get(4..).and_then(|rest| rest.get(..length)).filter(|_| length <= LONGEST_HEADER).ok_or_else(cut)?;
    Ok((json(what, head)?, MAGIC.len() + 4 + length))
}

/// The file in an object: of the name that it was asked for by, whole, with the digest that was written.
///
/// # Errors
/// Names the first thing that is not so.
pub fn unpack(what: &str, name: &str, object: &[u8]) -> Result<(Header, Vec<u8>), FormatError> {
    let (header, at) = header(what, object)?;
    if header.name != name {
        return Err(FormatError::damaged(what, format!("it holds {}", header.name)));
    }
    let size = usize::try_from(header.size).ok().filter(|size| *size <= LARGEST);
    let size = size.ok_or_else(|| FormatError::damaged(what, format!("no file of the log has {} bytes", header.size)))?;
    let plain = zstd::bulk::decompress(&object[at..], size).map_err(|error| FormatError::damaged(what, error.to_string()))?;
    let found = Digest::sha256(&plain);
    if plain.len() != size {
        let (found, expected) = (plain.len() as u64, header.size);
        return Err(FormatError::Size { what: what.to_owned(), found, expected });
    }
    if found != header.sha256 {
        return Err(FormatError::Digest { what: what.to_owned(), found, expected: header.sha256 });
    }
    Ok((header, plain))
}

/// The largest segment (`initdb --wal-segsize`).
const LARGEST: usize = 1 << 30;

fn json<T: serde::de::DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, FormatError> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let damaged = |error: serde_json::Error| FormatError::damaged(what, error.to_string());
    let Version { version } = serde_json::from_slice(bytes).map_err(damaged)?;
    if version != VERSION {
        return Err(FormatError::Version { what: what.to_owned(), found: version, known: VERSION });
    }
    serde_json::from_slice(bytes).map_err(damaged)
}

/// Where a file lies below the log of its cluster. Of parts of a segment several may be called the same, and none is in the way of
/// another: recovery asks for none.
pub fn place(name: FileName, size: SegmentSize, sha256: &Digest) -> String {
    let (folder, text) = (timeline_folder(name.timeline()), name.text(size));
    match name {
        FileName::Partial(_) => format!("{folder}{text}.{}", &sha256.to_string()[..16]),
        FileName::History(_) | FileName::Segment(_) | FileName::Backup(..) => format!("{folder}{text}"),
    }
}

/// The folder of a timeline below the log of its cluster.
pub fn timeline_folder(timeline: Timeline) -> String {
    format!("{:08X}/", timeline.0)
}

/// Reads [`timeline_folder`] back.
pub fn timeline_of(folder: &str) -> Option<Timeline> {
    let digits = folder.strip_suffix('/').filter(|digits| digits.len() == 8)?;
    let number = u32::from_str_radix(digits, 16).ok().and_then(Timeline::new)?;
    (timeline_folder(number) == folder).then_some(number)
}

/// Where what was handed over under a name that was taken is noted, below the log of its cluster.
pub fn refused(name: &str, sha256: &Digest) -> String {
    format!("{REFUSED}{name}.{}.json", &sha256.to_string()[..16])
}

/// The folder of these notes.
pub const REFUSED: &str = "_refused/";

/// The file whose other version was refused, by the last part of the key of such a note.
pub fn name_of_refused(last: &str) -> Option<&str> {
    last.strip_suffix(".json")?.rsplit_once('.').map(|(name, _)| name)
}

/// The segment that an object below a timeline's folder is, by the last part of its key.
pub fn segment_of(last: &str, size: SegmentSize) -> Option<Segment> {
    match FileName::parse(last, size)? {
        FileName::Segment(segment) => Some(segment),
        FileName::History(_) | FileName::Partial(_) | FileName::Backup(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> FileName {
        FileName::parse(text, SegmentSize::default()).expect("a name")
    }

    fn packed(text: &str, plain: &[u8]) -> Vec<u8> {
        let header = Header::of(name(text), SegmentSize::default(), u64::MAX, plain);
        pack(&header, plain).expect("packed")
    }

    const SEGMENT: &str = "0000000200000016000000B3";

    #[test]
    fn an_object_says_what_it_holds_and_plain_zstd_reads_it() {
        let object = packed(SEGMENT, b"log");
        assert_eq!(zstd::stream::decode_all(&object[..]).expect("plain"), b"log");
        let (header, _) = header("it", &object).expect("a header");
        assert_eq!(
            serde_json::to_value(&header).expect("JSON"),
            serde_json::json!({
                "version": 1, "name": SEGMENT, "system_identifier": "18446744073709551615", "size": 3,
                "sha256": Digest::sha256(b"log"), "start": "16/B3000000", "end": "16/B4000000",
            })
        );
    }

    /// As it was written by the first version, for ever.
    #[test]
    fn what_the_first_version_wrote_is_read() {
        let head = br#"{"version":1,"name":"00000002.history","system_identifier":"7","size":2,"sha256":"8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"}"#;
        let frame = [0x28, 0xB5, 0x2F, 0xFD, 0x04, 0x58, 0x11, 0x00, 0x00, 0x68, 0x69, 0xFA, 0x38, 0x26, 0xEA];
        let length = [u8::try_from(head.len()).expect("short"), 0, 0, 0];
        let object = [&[0x5B, 0x2A, 0x4D, 0x18], &length[..], head, &frame].concat();
        let (header, plain) = unpack("it", "00000002.history", &object).expect("it reads");
        assert_eq!((header.system_identifier, &plain[..]), (7, &b"hi"[..]));
    }

    /// As the first version wrote it, for ever.
    #[test]
    fn a_note_of_where_the_log_begins_is_read() {
        let text = br#"{"version":1,"at":"2026-11-28T12:00:00Z","keep_seconds":604800,"first":["0000000200000016000000B3"]}"#;
        let note = LetGo::read("it", text).expect("it reads");
        assert_eq!((note.keep_seconds, &note.first[..]), (Some(604_800), &[SEGMENT.to_owned()][..]));
        let (key, bytes) = note.object().expect("an object");
        assert!(key.starts_with("20261128T120000Z.") && bytes == text, "{key}");
        assert!(LetGo::read("it", &text.map(|byte| if byte == b'1' { b'9' } else { byte })).is_err());
    }

    #[test]
    fn a_newer_version_and_another_file_are_told() {
        let object = packed(SEGMENT, b"log");
        let at = object.windows(11).position(|window| window == b"\"version\":1").expect("a version") + 10;
        let mut changed = object.clone();
        changed[at] = b'2';
        assert!(matches!(unpack("it", SEGMENT, &changed), Err(FormatError::Version { found: 2, .. })));
        assert!(unpack("it", "0000000200000016000000B4", &object).is_err());
    }

    #[test]
    fn files_lie_where_they_are_looked_for() {
        let digest = Digest::sha256(b"x");
        let at = |text: &str| place(name(text), SegmentSize::default(), &digest);
        assert_eq!(at(SEGMENT), "00000002/0000000200000016000000B3");
        assert_eq!(at("00000002.history"), "00000002/00000002.history");
        let begins = &digest.to_string()[..16];
        assert_eq!(at("0000000200000016000000B3.partial"), format!("00000002/0000000200000016000000B3.partial.{begins}"));
        assert_eq!(timeline_of("00000002/"), Timeline::new(2));
        assert_eq!(["00000000/", "2/", "0000000a/", "00000002", "_refused/"].map(timeline_of), [None; 5]);
        let note = refused(SEGMENT, &digest);
        assert_eq!(name_of_refused(note.strip_prefix(REFUSED).expect("a note")), Some(SEGMENT));
    }

    proptest! {
        #[test]
        fn a_file_comes_back_as_it_was(plain in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let object = packed(SEGMENT, &plain);
            let (header, back) = unpack("it", SEGMENT, &object).expect("it reads");
            prop_assert_eq!(header.size, plain.len() as u64);
            prop_assert_eq!(back, plain);
        }

        #[test]
        fn no_change_of_an_object_goes_unseen(
            plain in proptest::collection::vec(any::<u8>(), 1..512), at: prop::sample::Index, bit in 0..8u8
        ) {
            let object = packed(SEGMENT, &plain);
            let mut flipped = object.clone();
            flipped[at.index(object.len())] ^= 1 << bit;
            // Of the header, what says nothing of the bytes may differ: the file itself never does.
            if let Ok((_, back)) = unpack("it", SEGMENT, &flipped) {
                prop_assert_eq!(back, plain);
            }
            let cut = &object[..at.index(object.len())];
            prop_assert!(unpack("it", SEGMENT, cut).is_err());
        }

        #[test]
        fn nothing_that_lies_there_makes_it_fail_otherwise_than_in_words(object in proptest::collection::vec(any::<u8>(), 0..256)) {
            prop_assert!(unpack("it", SEGMENT, &object).is_err());
            let begun = [&MAGIC[..], &object].concat();
            prop_assert!(unpack("it", SEGMENT, &begun).is_err());
        }
    }
}
