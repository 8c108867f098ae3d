//! Trust documents: who may take a role on, in as many words as it takes and no more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::access::sid;
use crate::diag::Spanned;
use crate::policy::{AUDIENCE, Trust, provider_arn};

/// Version of the language (IAM user guide, "Version").
const VERSION: &str = "2012-10-17";

/// The document of a role in a part of the cloud and an account.
pub(super) fn document(trust: &[Spanned<Trust>], partition: &str, account: &str) -> String {
    let mut principals: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut tokens: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in trust {
        match &one.value {
            Trust::Account(account) => _ = principals.entry("AWS").or_default().insert(account),
            Trust::Role(arn) => _ = principals.entry("AWS").or_default().insert(arn),
            Trust::Service(name) => _ = principals.entry("Service").or_default().insert(name),
            Trust::Token { issuer, subject } => _ = tokens.entry(issuer).or_default().insert(subject),
        }
    }
    let mut statements: Vec<Value> = principals
        .iter()
        .map(|(kind, who)| json!({ "Sid": kind, "Effect": "Allow", "Principal": { *kind: who }, "Action": "sts:AssumeRole" }))
        .collect();
    let named = |issuer: &&str| (sid::named("Token", issuer), (*issuer).to_owned());
    let sids = sid::distinct(tokens.keys().map(named).collect());
    for ((issuer, subjects), sid) in tokens.iter().zip(sids) {
        let equals =
            BTreeMap::from([(format!("{issuer}:aud"), BTreeSet::from([AUDIENCE])), (format!("{issuer}:sub"), subjects.clone())]);
        statements.push(json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": { "Federated": provider_arn(partition, account, issuer) },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": equals },
        }));
    }
    json!({ "Version": VERSION, "Statement": statements }).to_string()
}

/// Of a role by which a bucket replicates: S3 alone, for that bucket.
pub(super) fn of_replication(bucket: &str, account: Option<&str>, domain: &str) -> String {
    let mut condition = json!({ "ArnEquals": { "aws:SourceArn": bucket } });
    if let Some(account) = account {
        condition["StringEquals"] = json!({ "aws:SourceAccount": account });
    }
    let statement = json!({
        "Sid": "Replication",
        "Effect": "Allow",
        "Principal": { "Service": format!("s3.{domain}") },
        "Action": "sts:AssumeRole",
        "Condition": condition,
    });
    json!({ "Version": VERSION, "Statement": [statement] }).to_string()
}
