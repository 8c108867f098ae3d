//! Headers of tar archives as PostgreSQL writes them (its `src/port/tar.c`): ustar, without prefix.

use crate::catalog::entry::Kind;

/// Everything in an archive is in multiples of it.
pub const BLOCK: usize = 512;

/// What an archive says of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Without `/` at its end.
    pub path: Vec<u8>,
    pub kind: Kind,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub mtime: i64,
    pub size: u64,
    /// Of a symbolic link.
    pub target: Option<Vec<u8>>,
}

/// Reads a header. `None`: the archive ends.
///
/// # Errors
/// With what is wrong, where it is none.
pub fn header(block: &[u8; BLOCK]) -> Result<Option<Header>, &'static str> {
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    if &block[257..262] != b"ustar" {
        return Err("a header without its mark");
    }
    let sum: u64 =
        block.iter().enumerate().map(|(at, byte)| u64::from(if (148..156).contains(&at) { b' ' } else { *byte })).sum();
    if number(&block[148..156]) != Some(sum) {
        return Err("a header with another checksum than it says");
    }
    // Most names have no `./` before them, and some have.
    let path = text(&block[..100]);
    let mut path = path.strip_prefix(b"./").map(<[u8]>::to_vec).unwrap_or(path);
    while path.last() == Some(&b'/') {
        path.pop();
    }
    let (kind, target) = match block[156] {
        b'0' | 0 => (Kind::File, None),
        b'2' => (Kind::Symlink, Some(text(&block[157..257]))),
        b'5' => (Kind::Directory, None),
        _ => return Err("an entry that is no file, folder or link"),
    };
    let small = |range: std::ops::Range<usize>| number(&block[range]).and_then(|number| u32::try_from(number).ok());
    let read = || {
        Some(Header {
            path,
            kind,
            mode: small(100..108)? & 0o7777,
            uid: small(108..116)?,
            gid: small(116..124)?,
            size: if kind == Kind::File { number(&block[124..136])? } else { 0 },
            mtime: i64::try_from(number(&block[136..148])?).ok()?,
            target,
        })
    };
    read().map(Some).ok_or("a header with a number that is none")
}

fn text(field: &[u8]) -> Vec<u8> {
    field.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()
}

/// Octal digits, or, where they do not fit, bytes behind a set bit.
fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        let bytes = std::iter::once(first & 0x7f).chain(rest.iter().copied());
        return bytes.into_iter().try_fold(0u64, |sum, byte| Some(sum.checked_mul(256)? | u64::from(byte)));
    }
    let digits = field.iter().skip_while(|byte| **byte == b' ').take_while(|byte| !matches!(**byte, 0 | b' '));
    digits.copied().try_fold(0u64, |sum, digit| match digit {
        b'0'..=b'7' => Some(sum.checked_mul(8)? | u64::from(digit - b'0')),
        _ => None,
    })
}

/// Bytes behind a content of this length, up to the next header.
pub fn padding(size: u64) -> u64 {
    size.next_multiple_of(BLOCK as u64) - size
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(path: &str, kind: u8, size: &[u8]) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        block[..path.len()].copy_from_slice(path.as_bytes());
        block[100..107].copy_from_slice(b"0100600");
        block[108..115].copy_from_slice(b"0000156");
        block[116..123].copy_from_slice(b"0000161");
        block[124..124 + size.len()].copy_from_slice(size);
        block[136..147].copy_from_slice(b"14700000000");
        block[156] = kind;
        block[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u64 =
            block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) }).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        block
    }

    #[test]
    fn headers_are_read_as_they_were_written() {
        let file = header(&made("base/1/1259", b'0', b"00000020000")).expect("a header").expect("an entry");
        assert_eq!((file.path.as_slice(), file.kind, file.mode, file.size), (&b"base/1/1259"[..], Kind::File, 0o600, 8_192));
        assert_eq!((file.uid, file.gid, file.mtime), (0o156, 0o161, 0o14_700_000_000));
        // Sizes of 8 GiB and more do not fit into octal digits.
        let large = header(&made("x", b'0', b"\x80\0\0\0\0\0\0\x03\0\0\0\0")).expect("a header").expect("an entry");
        assert_eq!(large.size, 12 << 30);
        let folder = header(&made("base/1/", b'5', b"0")).expect("a header").expect("an entry");
        assert_eq!((folder.path.as_slice(), folder.kind), (&b"base/1"[..], Kind::Directory));
        let dotted = header(&made("./pg_wal/archive_status/", b'5', b"0")).expect("a header").expect("an entry");
        assert_eq!(dotted.path, b"pg_wal/archive_status");
        assert_eq!(header(&[0; BLOCK]), Ok(None));
        let mut flipped = made("base", b'5', b"0");
        flipped[3] ^= 1;
        assert!(header(&flipped).is_err());
        assert!(header(&made("x", b'1', b"0")).is_err(), "a hard link");
    }

    #[test]
    fn contents_end_at_a_block() {
        assert_eq!([0, 1, 511, 512, 513].map(padding), [0, 511, 1, 0, 511]);
    }
}
