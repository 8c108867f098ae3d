//! A key of KMS that lies elsewhere than the bucket.
//!
//! ## What it finds
//!
//! A store whose `key` is an ARN of another region, or of another part of AWS's cloud, than the bucket's `region`. A key of another
//! account than the store's `account` is a warning: S3 uses it only if its key policy lets that account.
//!
//! ## Why it matters
//!
//! S3 encrypts with keys of the bucket's own region only (S3 user guide, "Using server-side encryption with AWS KMS keys"). Every write
//! would be refused: first the apply, or where it takes the setting, each backup.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: example-backups, region: eu-north-1 }
//!     encryption: { sse: aws:kms, key: "arn:aws:kms:us-east-1:111122223333:alias/backups" }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: example-backups, region: eu-north-1 }
//!     encryption: { sse: aws:kms, key: "arn:aws:kms:eu-north-1:111122223333:alias/backups" }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::{Backend, Encryption, host_of_aws, partition};

pub struct KmsKeyElsewhere;

impl Rule for KmsKeyElsewhere {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L018",
            name: "kms-key-elsewhere",
            severity: Severity::Error,
            text: include_str!("kms_key_elsewhere.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for store in context.policy.stores.values() {
            let Backend::S3(s3) = &store.backend else { continue };
            let Some(Encryption::Kms { key: Some(key), .. }) = store.encryption.as_ref().map(|encryption| &encryption.value)
            else {
                continue;
            };
            // An endpoint of its own calls its regions as it likes.
            if s3.endpoint.as_ref().is_some_and(|endpoint| host_of_aws(endpoint.expose()).is_none()) {
                continue;
            }
            let parts: Vec<&str> = key.splitn(6, ':').collect();
            let ["arn", part, "kms", region, account, _] = parts.as_slice() else { continue };
            let name = &store.name;
            if let Some(bucket) = &s3.region
                && (bucket.value != *region || partition(Some(bucket.as_str())) != *part)
            {
                let here = partition(Some(bucket.as_str()));
                found.push(
                    Diagnostic::error(self.about().code, format!("the key of store `{name}` lies elsewhere than its bucket"))
                        .at(key.span, format!("a key of {region} ({part})"))
                        .at(bucket.span, format!("the bucket lies in {} ({here})", bucket.value))
                        .help("Name a key of the bucket's region, or its alias alone: alias/NAME is looked up there."),
                );
            }
            if let Some(owner) = s3.account.as_ref().filter(|owner| owner.value != *account) {
                found.push(
                    Diagnostic::warning(self.about().code, format!("the key of store `{name}` belongs to another account"))
                        .at(key.span, format!("a key of {account}"))
                        .at(owner.span, "the bucket's account")
                        .help("See that its key policy lets the bucket's account use it; otherwise name a key of that account."),
                );
            }
        }
    }
}
