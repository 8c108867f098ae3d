//! What an object is besides its bytes: a copy gets the same.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_s3::types as t;

use crate::store::StoreError;
use crate::store::{ErrorKind, Retry};
use crate::stores::Patience;
use crate::stores::s3::copy::{Copying, Terms};
use crate::stores::s3::refusal::Refusal;
use crate::stores::s3::{METADATA, class_of};

/// All that is told of an object and that a copy is to have.
#[derive(Debug, Clone, Default)]
pub(super) struct Description {
    pub size: u64,
    pub etag: Option<String>,
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    pub expires: Option<DateTime>,
    pub redirect: Option<String>,
    pub metadata: Option<HashMap<String, String>>,
    pub tags: BTreeMap<String, String>,
    pub class: Option<t::StorageClass>,
    pub lock: Option<(t::ObjectLockMode, DateTime)>,
    pub key: Option<String>,
}

/// What of an object decides whether it is copied at all.
pub(super) enum Seen {
    Described(Box<Description>),
    Gone,
    Archived,
    UnderWay,
}

/// Sets all of it on a request that creates an object: both kinds take the same.
macro_rules! described {
    ($request:expr, $what:expr) => {{
        let what: &Description = $what;
        let request = $request
            .set_content_type(what.content_type.clone())
            .set_cache_control(what.cache_control.clone())
            .set_content_disposition(what.content_disposition.clone())
            .set_content_encoding(what.content_encoding.clone())
            .set_content_language(what.content_language.clone())
            .set_expires(what.expires)
            .set_website_redirect_location(what.redirect.clone())
            .set_metadata(what.metadata.clone())
            .set_tagging(what.tagging())
            .set_storage_class(what.class.clone())
            .set_server_side_encryption(what.key.as_ref().map(|_| aws_sdk_s3::types::ServerSideEncryption::AwsKms))
            .set_ssekms_key_id(what.key.clone());
        let (mode, until) = what.lock.clone().unzip();
        request.set_object_lock_mode(mode).set_object_lock_retain_until_date(until)
    }};
}
pub(super) use described;

impl Copying {
    /// The tags of an object; `None`: it is gone.
    ///
    /// # Errors
    /// When the source does not tell.
    pub(super) async fn tags(&self, key: &str) -> Result<Option<BTreeMap<String, String>>, StoreError> {
        let here = &self.here;
        let request = here.connection.client.get_object_tagging().bucket(&here.bucket).key(here.full(key));
        let request = request.set_expected_bucket_owner(here.owner.clone());
        let ask = || here.connection.ask(METADATA, request.clone().send());
        match here.connection.patiently(Patience::default(), ask).await {
            Ok(answer) => Ok(Some(answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())),
            Err(refusal) if is_gone(&refusal) => Ok(None),
            // An endpoint that keeps none.
            Err(refusal) if refusal.kind == ErrorKind::Unsupported => Ok(Some(BTreeMap::new())),
            Err(refusal) => Err(here.fault("read the tags of", key, refusal)),
        }
    }

    /// What an object is, without its tags.
    ///
    /// # Errors
    /// When the source does not tell all of it.
    pub(super) async fn described(&self, key: &str) -> Result<Seen, StoreError> {
        let here = &self.here;
        let request = here.connection.client.head_object().bucket(&here.bucket).key(here.full(key));
        let request = request.set_expected_bucket_owner(here.owner.clone());
        let ask = || here.connection.ask(METADATA, request.clone().send());
        let answer = match here.connection.patiently(Patience::default(), ask).await {
            Ok(answer) => answer,
            Err(refusal) if is_gone(&refusal) => return Ok(Seen::Gone),
            Err(refusal) => return Err(here.fault("look at", key, refusal)),
        };
        if answer.missing_meta.is_some_and(|missing| missing > 0) {
            let why = "it has metadata that no header can carry";
            return Err(StoreError::new("copy", here.subject(key), ErrorKind::Other, Retry::Never, why));
        }
        if is_archived(&answer) {
            return Ok(Seen::Archived);
        }
        if answer.replication_status == Some(t::ReplicationStatus::Pending) {
            return Ok(Seen::UnderWay);
        }
        Ok(Seen::Described(Box::new(description(answer, &self.terms))))
    }
}

pub(super) fn is_gone(refusal: &Refusal) -> bool {
    refusal.kind == ErrorKind::NotFound && refusal.code != "NoSuchBucket"
}

fn is_archived(answer: &HeadObjectOutput) -> bool {
    let class = answer.storage_class.as_ref().and_then(|class| class_of(class.as_str()));
    let restored = answer.restore.as_deref().is_some_and(|state| state.contains("ongoing-request=\"false\""));
    (class.is_some_and(|class| !class.is_immediate()) || answer.archive_status.is_some()) && !restored
}

fn description(answer: HeadObjectOutput, terms: &Terms) -> Description {
    let stated = terms.class.map(|class| t::StorageClass::from(class.as_str()));
    let lock = answer.object_lock_mode.zip(answer.object_lock_retain_until_date);
    let now = DateTime::from(std::time::SystemTime::now());
    Description {
        size: answer.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
        etag: answer.e_tag,
        content_type: answer.content_type,
        cache_control: answer.cache_control,
        content_disposition: answer.content_disposition,
        content_encoding: answer.content_encoding,
        content_language: answer.content_language,
        expires: answer.expires_string.and_then(|at| DateTime::from_str(&at, DateTimeFormat::HttpDate).ok()),
        redirect: answer.website_redirect_location,
        metadata: answer.metadata.filter(|metadata| !metadata.is_empty()),
        tags: BTreeMap::new(),
        class: stated.or(answer.storage_class).filter(|class| *class != t::StorageClass::Standard),
        // One that is over locks nothing, and S3 refuses it.
        lock: lock.filter(|(_, until)| terms.locks && *until > now),
        key: terms.key.clone(),
    }
}

impl Description {
    /// As a header carries tags (S3 API reference, `PutObject`, `x-amz-tagging`).
    pub fn tagging(&self) -> Option<String> {
        let one = |(name, value): (&String, &String)| format!("{}={}", escaped(name, ""), escaped(value, ""));
        let tagging = self.tags.iter().map(one).collect::<Vec<_>>().join("&");
        (!tagging.is_empty()).then_some(tagging)
    }

    /// As a document; `None`: there are none.
    pub fn tags(&self) -> Option<t::Tagging> {
        let one = |(name, value)| t::Tag::builder().key(name).value(value).build().ok();
        let all: Vec<t::Tag> = self.tags.iter().filter_map(one).collect();
        if all.is_empty() { None } else { t::Tagging::builder().set_tag_set(Some(all)).build().ok() }
    }
}

/// With all but what RFC 3986 reserves for nothing, and `kept`, as `%XX`.
pub(super) fn escaped(text: &str, kept: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = char::from(byte);
        if byte.is_ascii_alphanumeric() || "-._~".contains(plain) || (byte.is_ascii() && kept.contains(plain)) {
            escaped.push(plain);
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_carried_by_headers() {
        assert_eq!(escaped("b/a b+å\n%", "/"), "b/a%20b%2B%C3%A5%0A%25");
        let tags = [("a b", "1&2"), ("c", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let what = Description { tags: BTreeMap::from(tags), ..Description::default() };
        assert_eq!(what.tagging().as_deref(), Some("a%20b=1%262&c="));
        assert_eq!(Description::default().tagging(), None);
    }
}
