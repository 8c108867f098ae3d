//! What AWS asks for in IAM for each request of the S3 API (service authorization reference for S3; S3 API reference, "Permissions").

use std::collections::BTreeMap;

use super::evaluate::Asked;

/// Sub-resources of a bucket with the actions that read and write them.
const DOCUMENTS: [(&str, &str, &str); 11] = [
    ("intelligent-tiering", "s3:GetIntelligentTieringConfiguration", "s3:PutIntelligentTieringConfiguration"),
    ("notification", "s3:GetBucketNotification", "s3:PutBucketNotification"),
    ("versioning", "s3:GetBucketVersioning", "s3:PutBucketVersioning"),
    ("encryption", "s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration"),
    ("publicAccessBlock", "s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("ownershipControls", "s3:GetBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
    ("tagging", "s3:GetBucketTagging", "s3:PutBucketTagging"),
    ("lifecycle", "s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    ("replication", "s3:GetReplicationConfiguration", "s3:PutReplicationConfiguration"),
    ("policy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"),
    ("object-lock", "s3:GetBucketObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration"),
];

pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digits =
            (byte == b'%').then(|| [rest.next(), rest.next()].map(|digit| char::from(digit.unwrap()).to_digit(16).unwrap()));
        bytes.push(digits.map_or(byte, |[high, low]| u8::try_from(high * 16 + low).unwrap()));
    }
    String::from_utf8(bytes).unwrap()
}

/// By a request's first line, such as `GET /bucket/key?x HTTP/1.1`.
pub fn asked(line: &str) -> Asked {
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: BTreeMap<String, String> = query
        .split('&')
        .filter(|part| !part.is_empty() && !part.starts_with("x-id="))
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    let path = decoded(path.trim_start_matches('/'));
    let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
    let ask = |action: &'static str, below: &str| {
        let separator = if below.is_empty() { "" } else { "/" };
        Asked { action, resource: format!("arn:aws:s3:::{bucket}{separator}{below}"), context: BTreeMap::new() }
    };
    if bucket.is_empty() {
        assert_eq!(method, "GET", "{line}");
        return Asked { action: "s3:ListAllMyBuckets", resource: "*".to_owned(), context: BTreeMap::new() };
    }
    if key.is_empty() {
        let document = DOCUMENTS.iter().find(|(name, ..)| query.contains_key(*name));
        return match (method, document) {
            ("GET", Some((_, read, _))) => ask(read, ""),
            ("PUT", Some((.., write))) => ask(write, ""),
            // There is no action of its own for it.
            ("DELETE", Some(("lifecycle", _, write))) => ask(write, ""),
            ("DELETE", Some(("policy", ..))) => ask("s3:DeleteBucketPolicy", ""),
            ("HEAD", None) => ask("s3:ListBucket", ""),
            ("PUT", None) if query.is_empty() => ask("s3:CreateBucket", ""),
            ("GET", None) if query.contains_key("list-type") => match query.get("prefix") {
                Some(prefix) => ask("s3:ListBucket", "").with("s3:prefix", prefix),
                None => ask("s3:ListBucket", ""),
            },
            _ => panic!("a request that is not known here: {line}"),
        };
    }
    match (method, ["tagging", "uploads", "uploadId"].into_iter().find(|part| query.contains_key(*part))) {
        ("PUT", Some("tagging")) => return ask("s3:PutObjectTagging", key),
        ("GET", Some("tagging")) => return ask("s3:GetObjectTagging", key),
        // Begun and ended; its parts are written like any object (S3 user guide, "Multipart upload API and permissions").
        ("POST", Some(_)) => return ask("s3:PutObject", key),
        ("DELETE", Some("uploadId")) => return ask("s3:AbortMultipartUpload", key),
        _ => {}
    }
    match (method, query.contains_key("restore")) {
        ("GET" | "HEAD", false) => ask("s3:GetObject", key),
        ("PUT", false) => ask("s3:PutObject", key),
        ("DELETE", false) => ask("s3:DeleteObject", key),
        ("POST", true) => ask("s3:RestoreObject", key),
        _ => panic!("a request that is not known here: {line}"),
    }
}

#[test]
fn requests_ask_for_what_aws_documents() {
    let name = |line: &str| {
        let asked = asked(line);
        format!("{} {} {:?}", asked.action, asked.resource, asked.context.get("s3:prefix"))
    };
    assert_eq!(name("HEAD /b HTTP/1.1"), "s3:ListBucket arn:aws:s3:::b None");
    assert_eq!(name("GET /b/?list-type=2&prefix=a%2Fb HTTP/1.1"), "s3:ListBucket arn:aws:s3:::b Some(\"a/b\")");
    assert_eq!(name("PUT /b/a/b%20c?x-id=PutObject HTTP/1.1"), "s3:PutObject arn:aws:s3:::b/a/b c None");
    assert_eq!(name("DELETE /b/k?uploadId=1 HTTP/1.1"), "s3:AbortMultipartUpload arn:aws:s3:::b/k None");
    assert_eq!(name("POST /b/k?uploads HTTP/1.1"), "s3:PutObject arn:aws:s3:::b/k None");
    assert_eq!(name("DELETE /b?lifecycle HTTP/1.1"), "s3:PutLifecycleConfiguration arn:aws:s3:::b None");
}
