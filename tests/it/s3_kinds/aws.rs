//! Answers as AWS gives them (S3 API reference, and as recorded by others), and what bdr makes of them.

use super::driver::{COMPONENT, Driver, store};
use crate::harness::canned::{Answer, Canned};

const XMLNS: &str = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

fn ok(body: String) -> Answer {
    (200, "Content-Type: application/xml\r\n", format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}"))
}

fn refused(status: u16, code: &str) -> Answer {
    (status, "Content-Type: application/xml\r\n", format!("<Error><Code>{code}</Code><Message>as AWS says</Message></Error>"))
}

/// A bucket that was just made on AWS: encrypted, blocked, owned, without versions, tags and rules.
async fn new_bucket() -> Canned {
    let block: String = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
        .iter()
        .map(|name| format!("<{name}>true</{name}>"))
        .collect();
    Canned::new(&[
        ("HEAD", (200, "x-amz-bucket-region: eu-north-1\r\n", String::new())),
        ("GET ?versioning", ok(format!("<VersioningConfiguration {XMLNS}/>"))),
        (
            "GET ?encryption",
            ok(format!(
                "<ServerSideEncryptionConfiguration {XMLNS}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256\
                 </SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled>\
                 <BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes></Rule>\
                 </ServerSideEncryptionConfiguration>"
            )),
        ),
        ("GET ?publicAccessBlock", ok(format!("<PublicAccessBlockConfiguration {XMLNS}>{block}</PublicAccessBlockConfiguration>"))),
        (
            "GET ?ownershipControls",
            ok(format!(
                "<OwnershipControls {XMLNS}><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>"
            )),
        ),
        ("GET ?tagging", refused(404, "NoSuchTagSet")),
        ("GET ?lifecycle", refused(404, "NoSuchLifecycleConfiguration")),
        ("GET ?max-buckets=1000", refused(403, "AccessDenied")),
        ("PUT ?encryption", (200, "", String::new())),
        ("PUT ?lifecycle", (200, "", String::new())),
        ("PUT", (200, "ETag: \"x\"\r\n", String::new())),
    ])
    .await
}

fn driver(canned: &Canned, settings: &str, rest: &str) -> Driver {
    Driver::new("safe-pm", &format!("{}{rest}", store(&canned.endpoint, "a-bucket", settings)), canned.endpoint.env())
}

/// Defaults that the server fills in are no differences; who may not list the account's buckets can still plan.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_bucket_needs_only_what_aws_does_not_do_by_itself() {
    let canned = new_bucket().await;
    let driver = driver(&canned, "    versioning: false\n    encryption: { sse: AES256 }\n", "");
    assert_eq!(driver.todo().await, ["create store.primary/s3_tags"]);
}

/// The key is stored as it was typed, `aws/s3` by nothing at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_the_same_in_every_spelling() {
    let canned = new_bucket().await;
    let arn = "arn:aws:kms:eu-north-1:111111111111:key/12345678-aaaa-bbbb-cccc-1234567890ab";
    for (stored, wanted, same) in [
        (arn, ", key: 12345678-aaaa-bbbb-cccc-1234567890ab", true),
        ("", "", true),
        ("alias/aws/s3", "", true),
        (arn, ", key: alias/other", false),
        (arn, "", false),
    ] {
        let key = if stored.is_empty() { String::new() } else { format!("<KMSMasterKeyID>{stored}</KMSMasterKeyID>") };
        canned.set(
            "GET ?encryption",
            ok(format!(
                "<ServerSideEncryptionConfiguration {XMLNS}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms\
                 </SSEAlgorithm>{key}</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>\
                 </ServerSideEncryptionConfiguration>"
            )),
        );
        let todo = driver(&canned, &format!("    encryption: {{ sse: aws:kms{wanted} }}\n"), "").todo().await;
        let differs = todo.contains(&"update store.primary/s3_encryption".to_owned());
        assert_eq!(!differs, same, "{stored:?} against {wanted:?}: {todo:?}");
    }
}

/// What bdr (and the SDK that it uses) has never heard of is written back: in the encryption, and in a foreign rule.
#[tokio::test(flavor = "multi_thread")]
async fn fields_of_tomorrow_survive_a_write() {
    let canned = new_bucket().await;
    let theirs = "<Rule><ID>theirs</ID><Filter><Tomorrow><Deep Kind=\"x\">a &amp; b</Deep></Tomorrow></Filter><Status>Enabled</Status>\
                  <Expiration><Days>9</Days></Expiration></Rule>";
    canned.set("GET ?lifecycle", ok(format!("<LifecycleConfiguration {XMLNS}>{theirs}</LifecycleConfiguration>")));
    let driver = driver(&canned, "    encryption: { sse: aws:kms }\n", COMPONENT);
    let mut seen = driver.plan().await.unwrap();
    for (kind, query) in [("s3_encryption", "PUT ?encryption"), ("s3_lifecycle_rule", "PUT ?lifecycle")] {
        let (group, rest): (Vec<_>, Vec<_>) = seen.changes.into_iter().partition(|change| change.id.kind == kind);
        seen.changes = rest;
        let desired: Vec<_> = group.iter().map(|change| driver.compiled.desired.get(&change.id).cloned()).collect();
        seen.session.apply(&group, &desired).await.unwrap();
        let bodies = canned.bodies(query);
        let survivor = if kind == "s3_encryption" {
            "<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>"
        } else {
            theirs
        };
        assert_eq!(bodies.len(), 1);
        assert!(bodies[0].contains(survivor), "{}", bodies[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_aws_are_explained() {
    for (answer, words) in [
        (refused(403, "AccessDenied"), "s3:GetBucketTagging"),
        ((301, "x-amz-bucket-region: eu-west-1\r\n", refused(301, "PermanentRedirect").2), "region: eu-west-1"),
        (refused(403, "ExpiredToken"), "get new ones"),
    ] {
        let canned = new_bucket().await;
        canned.set("GET ?tagging", answer);
        let error = driver(&canned, "", "").plan().await.err().unwrap();
        assert!(error.help.as_ref().is_some_and(|help| help.contains(words)), "{words}: {error}: {:?}", error.help);
    }
    let canned = new_bucket().await;
    canned.set("HEAD", (404, "", String::new()));
    canned.set("PUT", refused(409, "BucketAlreadyExists"));
    let driver = driver(&canned, "", "");
    let seen = driver.plan().await.unwrap();
    let error = driver.apply(&seen).await.unwrap_err();
    assert!(error.help.unwrap().contains("another account"));
}
