//! Kind `s3_encryption`: what the bucket encrypts objects with unless told otherwise.

use aws_sdk_s3::types as t;

use crate::address::PolicyName;
use crate::attrs::{Attr, Attrs};
use crate::policy::Encryption as Wished;
use crate::providers::s3::document::Document;
use crate::providers::s3::element::Element;
use crate::providers::s3::operation::{get, put};
use crate::providers::s3::setting::{Edit, Setting, Sight, Wanted, Wish};
use crate::resource::{Kind, Live, Removal, Risk};

/// The key that S3 uses where `aws:kms` names none (S3 user guide, "Using server-side encryption with AWS KMS keys").
const ACCOUNT_KEY: &str = "alias/aws/s3";
const BY_DEFAULT: &str = "ApplyServerSideEncryptionByDefault";

pub(super) static KIND: Kind = Kind {
    name: "s3_encryption",
    title: "default encryption",
    summary: "Server-side encryption of objects that are written without saying how. Left as it is where the policy does not \
              state it.",
    removal: Removal::Release,
    risk: |before, after| {
        let is_kms =
            |attrs: Option<&Attrs>| attrs.and_then(|attrs| attrs.get("sse")).is_some_and(|sse| sse.as_str() != Some("AES256"));
        if is_kms(before) && !is_kms(after) { Risk::Weakens } else { Risk::None }
    },
    visible_within: 60,
    ..Kind::PLAIN
};

pub(super) static DOCUMENT: Document = Document {
    root: "ServerSideEncryptionConfiguration",
    title: "default encryption",
    without: "bdr leaves encryption to the endpoint",
    read_action: "s3:GetEncryptionConfiguration",
    write_action: "s3:PutEncryptionConfiguration",
    get: get!(get_bucket_encryption),
    put: put!(
        put_bucket_encryption,
        server_side_encryption_configuration,
        t::ServerSideEncryptionConfiguration::builder().set_rules(Some(Vec::new())).build()
    ),
    ..Document::PLAIN
};

pub(super) struct Encryption;

impl Setting for Encryption {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn document(&self) -> &'static Document {
        &DOCUMENT
    }

    fn wanted(&self, wish: Wish<'_>) -> Vec<Wanted> {
        let one = |stated: &crate::diag::Spanned<Wished>| Wanted {
            key: String::new(),
            attrs: attrs_of(stated),
            span: stated.span,
            after: Vec::new(),
            earlier: None,
        };
        wish.spec.encryption.iter().map(one).collect()
    }

    fn live(&self, document: Option<&Element>, sight: Sight<'_>) -> Live {
        let Some(rule) = document.and_then(|document| document.child("Rule")) else { return Live::absent() };
        let Some(algorithm) = rule.text_at(&[BY_DEFAULT, "SSEAlgorithm"]) else { return Live::absent() };
        let mut attrs = Attrs::from([("sse".to_owned(), algorithm.into())]);
        // AES256 has no key; some endpoints add `BucketKeyEnabled` all the same.
        if algorithm != "AES256" {
            let key = rule.text_at(&[BY_DEFAULT, "KMSMasterKeyID"]).unwrap_or(ACCOUNT_KEY);
            let wished = sight.desired.and_then(|desired| desired.get("key")).and_then(Attr::as_str);
            attrs.insert("key".to_owned(), wished.filter(|wished| same_key(wished, key)).unwrap_or(key).into());
            attrs.insert("bucket_key".to_owned(), rule.flag_at(&["BucketKeyEnabled"]).unwrap_or(false).into());
        }
        Live::present(attrs)
    }

    /// What else the rule holds (`BlockedEncryptionTypes`) stays.
    fn merged(&self, document: Option<&Element>, _policy: &PolicyName, edits: &[Edit<'_>]) -> Result<Element, String> {
        let attrs = edits.first().and_then(|edit| edit.attrs).ok_or("nothing to write")?;
        let text = |name: &str| attrs.get(name).and_then(Attr::as_str);
        let mut choice = Element::new(BY_DEFAULT).with(Element::leaf("SSEAlgorithm", text("sse").unwrap_or("AES256")));
        if let Some(key) = text("key").filter(|key| *key != ACCOUNT_KEY) {
            choice = choice.with(Element::leaf("KMSMasterKeyID", key));
        }
        let known = document.and_then(|document| document.child("Rule")).cloned();
        let mut rule = known.unwrap_or_else(|| Element::new("Rule"));
        rule.set(choice);
        match attrs.get("bucket_key").and_then(Attr::as_bool) {
            Some(bucket_key) => rule.set(Element::leaf("BucketKeyEnabled", bucket_key.to_string())),
            None => rule.remove("BucketKeyEnabled"),
        }
        Ok(Element::new("ServerSideEncryptionConfiguration").with(rule))
    }
}

fn attrs_of(wished: &Wished) -> Attrs {
    match wished {
        Wished::Aes256 => Attrs::from([("sse".to_owned(), "AES256".into())]),
        Wished::Kms { key, bucket_key } => Attrs::from([
            ("sse".to_owned(), "aws:kms".into()),
            ("key".to_owned(), key.as_ref().map_or(ACCOUNT_KEY, |key| key.value.as_str()).into()),
            ("bucket_key".to_owned(), (*bucket_key).into()),
        ]),
    }
}

/// S3 stores a key as it was typed: an id, an alias, or the ARN of either. A short form and an ARN that ends in it are one key.
/// Two different ARNs never are.
pub(super) fn same_key(a: &str, b: &str) -> bool {
    fn tail(key: &str) -> &str {
        let resource = if key.starts_with("arn:") { key.splitn(6, ':').nth(5).unwrap_or(key) } else { key };
        resource.strip_prefix("key/").unwrap_or(resource)
    }
    a == b || (tail(a) == tail(b) && (a.starts_with("arn:") != b.starts_with("arn:")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_however_it_was_typed() {
        let arn = "arn:aws:kms:eu-north-1:111111111111:key/1234";
        let alias = "arn:aws:kms:eu-north-1:111111111111:alias/backups";
        assert!(same_key(arn, "1234") && same_key("1234", arn) && same_key(alias, "alias/backups"));
        assert!(!same_key(arn, "1235") && !same_key(alias, "backups"));
        assert!(!same_key(arn, "arn:aws:kms:eu-west-1:111111111111:key/1234"));
    }
}
