//! What others set in a bucket, put there once and read back as the bytes that the endpoint answers with.

use std::sync::{Arc, Mutex};

use aws_sdk_s3::Client;
use aws_sdk_s3::types as t;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::Keeps;

/// Their ids, and the names of their tags.
const RULES: [&str; 2] = ["theirs", "zz"];
const TAG: &str = "theirs";

/// A statement as somebody might have typed it: no order and no spacing that a program would give it.
const STATEMENT: &str = r#"{"Sid":"theirs",  "Principal":{"AWS":["arn:aws:iam::000000000000:root"]},"Resource":["arn:aws:s3:::BUCKET/public/*"], "Effect":"Allow","Action":"s3:GetObject","Condition":{"Bool":{"aws:SecureTransport":true}}}"#;

/// Keeps the body of an answer.
#[derive(Debug, Clone, Default)]
struct Body(Arc<Mutex<String>>);

impl Intercept for Body {
    fn name(&self) -> &'static str {
        "bdr-test-body"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.0.lock().unwrap() = String::from_utf8_lossy(context.response().body().bytes().unwrap_or_default()).into_owned();
        Ok(())
    }
}

/// Sends a request and returns the body of its answer.
macro_rules! body {
    ($request:expr) => {{
        let body = Body::default();
        $request.customize().interceptor(body.clone()).send().await.unwrap();
        let text = body.0.lock().unwrap().clone();
        text
    }};
}

/// Puts all of it into a bucket that is there, with a destination for what is replicated.
pub async fn put(client: &Client, [bucket, to]: [&str; 2], keeps: Keeps) {
    let rules = RULES.into_iter().zip([7, 9]).map(|(id, days)| rule(id, days)).collect();
    let rules = t::BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().unwrap();
    client.put_bucket_lifecycle_configuration().bucket(bucket).lifecycle_configuration(rules).send().await.unwrap();
    let tag = t::Tag::builder().key(TAG).value("a + b").build().unwrap();
    let tags = t::Tagging::builder().tag_set(tag).build().unwrap();
    client.put_bucket_tagging().bucket(bucket).tagging(tags).send().await.unwrap();
    if keeps.access {
        let policy = format!(r#"{{"Version":"2012-10-17","Id":"by-hand","Statement":[{}]}}"#, statement(bucket));
        client.put_bucket_policy().bucket(bucket).policy(policy).send().await.unwrap();
    }
    if keeps.replication {
        for bucket in [bucket, to] {
            let versions = t::VersioningConfiguration::builder().status(t::BucketVersioningStatus::Enabled).build();
            client.put_bucket_versioning().bucket(bucket).versioning_configuration(versions).send().await.unwrap();
        }
        let role = "arn:aws:iam::000000000000:role/theirs";
        let document = t::ReplicationConfiguration::builder().role(role).rules(copies(to)).build().unwrap();
        client.put_bucket_replication().bucket(bucket).replication_configuration(document).send().await.unwrap();
    }
}

/// Each part as the endpoint tells it now: its name, and its bytes.
pub async fn read(client: &Client, bucket: &str, keeps: Keeps) -> Vec<(&'static str, String)> {
    let mut parts = Vec::new();
    let rules = body!(client.get_bucket_lifecycle_configuration().bucket(bucket));
    parts.extend(RULES.map(|id| ("lifecycle rule", element(&rules, "Rule", &format!("<ID>{id}</ID>")))));
    let tags = body!(client.get_bucket_tagging().bucket(bucket));
    parts.push(("tag", element(&tags, "Tag", &format!("<Key>{TAG}</Key>"))));
    if keeps.access {
        let policy = client.get_bucket_policy().bucket(bucket).send().await.unwrap().policy.unwrap();
        let statement = statement(bucket);
        let found = if policy.contains(&statement) { statement } else { format!("not in {policy}") };
        parts.push(("statement", found));
    }
    if keeps.replication {
        let rules = body!(client.get_bucket_replication().bucket(bucket));
        parts.push(("replication rule", element(&rules, "Rule", "<ID>theirs</ID>")));
        let role = rules.split("<Role>").nth(1).and_then(|rest| rest.split("</Role>").next());
        parts.push(("role of the replication rules", role.unwrap_or_default().to_owned()));
    }
    parts
}

fn statement(bucket: &str) -> String {
    STATEMENT.replace("BUCKET", bucket)
}

/// The element of that name that holds some text, without its own tags.
#[track_caller]
fn element(document: &str, name: &str, holds: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let all: Vec<&str> = document.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect();
    let found: Vec<&&str> = all.iter().filter(|one| one.contains(holds)).collect();
    assert_eq!(found.len(), 1, "{holds} in {document}");
    (*found[0]).to_owned()
}

fn rule(id: &str, days: i32) -> t::LifecycleRule {
    let filter = t::LifecycleRuleFilter::builder().prefix(format!("{id}/")).build();
    let rule = t::LifecycleRule::builder().id(id).filter(filter).status(t::ExpirationStatus::Enabled);
    rule.expiration(t::LifecycleExpiration::builder().days(days).build()).build().unwrap()
}

fn copies(to: &str) -> t::ReplicationRule {
    let off = t::DeleteMarkerReplication::builder().status(t::DeleteMarkerReplicationStatus::Disabled).build();
    t::ReplicationRule::builder()
        .id("theirs")
        .priority(3)
        .filter(t::ReplicationRuleFilter::builder().prefix("app/").build())
        .status(t::ReplicationRuleStatus::Enabled)
        .delete_marker_replication(off)
        .destination(t::Destination::builder().bucket(format!("arn:aws:s3:::{to}")).build().unwrap())
        .build()
        .unwrap()
}
