//! A bucket that is imported, and what of it is bdr's own.

use crate::providers::s3::{Part, Standing};

/// A bucket that is imported.
#[derive(Debug)]
pub struct Bucket<'a> {
    pub bucket: &'a str,
    pub store: String,
    pub region: Option<&'a str>,
    pub endpoint: Option<&'a str>,
    pub standing: &'a Standing,
}

/// The key of a part that bdr made for a store.
pub fn own<'p>(part: &'p Part, policy: &str, store: &str) -> Option<&'p str> {
    part.name.strip_prefix(&format!("bdr/{policy}/{store}/"))
}

/// In double quotes, as YAML 1.2 takes it over from JSON.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
