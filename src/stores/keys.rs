//! Which keys a store takes: the ones that a folder and every S3 endpoint keep apart and give back unchanged.

use crate::store::{ErrorKind, Retry, StoreError};

/// S3 takes 1,024 bytes for prefix and key together (S3 user guide, "Naming Amazon S3 objects").
const LONGEST: usize = 900;
/// Linux takes 255 bytes for one path part (`NAME_MAX`).
const LONGEST_PART: usize = 255;
/// Names of files that are being written; never listed, never taken as a key.
pub(super) const UNFINISHED: &str = ".bdr-unfinished-";

fn refused(operation: &'static str, key: &str, why: &str) -> StoreError {
    StoreError::new(operation, key.escape_debug().to_string(), ErrorKind::Other, Retry::Never, format!("not a key: {why}"))
}

fn fault(key: &str) -> Option<&'static str> {
    if key.is_empty() {
        return Some("it is empty");
    }
    if key.len() > LONGEST {
        return Some("it is longer than 900 bytes");
    }
    if key.chars().any(char::is_control) {
        return Some("it holds a control character");
    }
    if key.contains('\\') {
        return Some("it holds a backslash, which SeaweedFS takes for `/`");
    }
    for part in key.split('/') {
        match part {
            "" => return Some("it has an empty part"),
            "." | ".." => return Some("it has a `.` or `..` part"),
            _ if part.len() > LONGEST_PART => return Some("it has a part of more than 255 bytes"),
            _ if part.starts_with(UNFINISHED) => return Some("it has the name of an unfinished file"),
            _ => {}
        }
    }
    None
}

/// # Errors
/// When the key cannot be kept by every kind of store. A bug of the caller, not of the store: never worth a retry.
pub fn check(operation: &'static str, key: &str) -> Result<(), StoreError> {
    fault(key).map_or(Ok(()), |why| Err(refused(operation, key, why)))
}

/// What a listing may ask for: the beginning of a key, or nothing.
///
/// # Errors
/// When no key can begin so.
pub fn check_prefix(prefix: &str) -> Result<(), StoreError> {
    let whole = prefix.strip_suffix('/').unwrap_or(prefix);
    if whole.is_empty() && prefix.is_empty() { Ok(()) } else { check("list", whole) }
}

/// What a listing of folders may ask for: nothing, or whole path parts with their `/`.
///
/// # Errors
/// When it is neither.
pub fn check_folder(prefix: &str) -> Result<(), StoreError> {
    check_prefix(prefix)?;
    if prefix.is_empty() || prefix.ends_with('/') { Ok(()) } else { Err(refused("list", prefix, "a folder ends in `/`")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_some_store_would_change_are_refused() {
        let long = "x".repeat(901);
        let long_part = "x".repeat(256);
        for key in
            ["", "/a", "a/", "a//b", ".", "a/../b", "a/.", "a\0b", "a\nb", "a\\b", &long, &long_part, "a/.bdr-unfinished-1"]
        {
            assert!(check("write", key).is_err(), "{key:?}");
        }
        for key in ["a", "a/b", ".bdr/lock", "a+b", "a b", "a%20b", "å/日本/😀", "..a", "a..", "a&<>\"'"] {
            assert!(check("write", key).is_ok(), "{key:?}");
        }
    }
}
