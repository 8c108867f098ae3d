//! Attributes of a resource: an ordered tree of plain values, with sensitive ones that refuse to print.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::units::hex;

/// The attributes of one resource by name.
pub type Attrs = BTreeMap<String, Attr>;

/// One value. Desired and live values are compared as such, so both sides must be in the kind's canonical form.
#[derive(Clone)]
pub enum Attr {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Attr>),
    Map(BTreeMap<String, Attr>),
    /// A value that came from a reference; shown as the reference (`${env:X}`), compared and fingerprinted by its secret.
    Sensitive {
        shown: String,
        value: SecretString,
    },
}

impl Attr {
    pub fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }

    pub fn list<T: Into<Attr>>(values: impl IntoIterator<Item = T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }

    pub fn map<K: Into<String>, V: Into<Attr>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Map(entries.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&BTreeMap<String, Attr>> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    fn hash_into(&self, hash: &mut Sha256) {
        let text = |hash: &mut Sha256, tag: u8, text: &str| {
            hash.update([tag]);
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        match self {
            Self::Null => hash.update([0]),
            Self::Bool(value) => hash.update([1, u8::from(*value)]),
            Self::Int(value) => {
                hash.update([2]);
                hash.update(value.to_be_bytes());
            }
            Self::Text(value) => text(hash, 3, value),
            Self::List(values) => {
                hash.update([4]);
                hash.update((values.len() as u64).to_be_bytes());
                values.iter().for_each(|value| value.hash_into(hash));
            }
            Self::Map(map) => hash_map(hash, map),
            Self::Sensitive { value, .. } => text(hash, 3, value.expose_secret()),
        }
    }
}

fn hash_map(hash: &mut Sha256, map: &Attrs) {
    hash.update([5]);
    hash.update((map.len() as u64).to_be_bytes());
    for (key, value) in map {
        hash.update([3]);
        hash.update((key.len() as u64).to_be_bytes());
        hash.update(key.as_bytes());
        value.hash_into(hash);
    }
}

impl PartialEq for Attr {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Sensitive { value: a, .. }, Self::Sensitive { value: b, .. }) => a.expose_secret() == b.expose_secret(),
            (Self::Sensitive { value, .. }, Self::Text(text)) | (Self::Text(text), Self::Sensitive { value, .. }) => {
                value.expose_secret() == text
            }
            _ => false,
        }
    }
}

impl Eq for Attr {}

impl fmt::Debug for Attr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Attr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("none"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
            Self::Sensitive { shown, .. } => f.write_str(shown),
            Self::List(values) => {
                f.write_str("[")?;
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{value}")?;
                }
                f.write_str("]")
            }
            Self::Map(map) => {
                f.write_str("{")?;
                for (at, (key, value)) in map.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{key}: {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

/// A sensitive value is written as its reference, so that no file of bdr's ever holds the secret.
impl Serialize for Attr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(values) => values.serialize(serializer),
            Self::Map(map) => map.serialize(serializer),
            Self::Sensitive { shown, .. } => serializer.serialize_str(shown),
        }
    }
}

impl<'de> Deserialize<'de> for Attr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(serde_json::Value::deserialize(deserializer)?))
    }
}

impl From<serde_json::Value> for Attr {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => number.as_i64().map_or_else(|| Self::Text(number.to_string()), Self::Int),
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(values) => Self::List(values.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(map) => Self::Map(map.into_iter().map(|(k, v)| (k, Self::from(v))).collect()),
        }
    }
}

impl From<bool> for Attr {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Attr {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Attr {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Attr {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Attr>> From<Option<T>> for Attr {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// SHA-256 over the canonical form of some attributes, as 64 hex digits: equal exactly when the attributes are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl Fingerprint {
    /// `None` (the resource is absent) has a fingerprint of its own.
    pub fn of(attrs: Option<&Attrs>) -> Self {
        let mut hash = Sha256::new();
        if let Some(attrs) = attrs {
            hash_map(&mut hash, attrs);
        }
        Self(hex::encode(&hash.finalize()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(value: &str) -> Attr {
        Attr::Sensitive { shown: "${env:X}".into(), value: SecretString::from(value) }
    }

    #[test]
    fn a_sensitive_value_compares_by_its_secret_and_prints_its_reference() {
        assert_eq!(secret("hunter2"), Attr::text("hunter2"));
        assert_ne!(secret("hunter2"), secret("hunter3"));
        let shown =
            format!("{} {:?} {}", secret("hunter2"), secret("hunter2"), serde_json::to_string(&secret("hunter2")).expect("json"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn fingerprints_tell_absent_from_empty_and_lists_from_texts() {
        let attrs = |attr: Attr| Attrs::from([("a".to_owned(), attr)]);
        let of = |attr: Attr| Fingerprint::of(Some(&attrs(attr)));
        assert_ne!(Fingerprint::of(None), Fingerprint::of(Some(&Attrs::new())));
        assert_ne!(of(Attr::text("ab")), of(Attr::list(["a", "b"])));
        assert_eq!(of(Attr::text("x")), of(secret("x")));
    }
}
