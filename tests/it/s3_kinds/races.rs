//! Somebody else writes a shared document while bdr does, for each kind that shares one: between bdr's two reads, and after its write.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::types as t;
use bdr::provider::Settled;
use bdr::resource::{Change, Op, Resource};

use super::driver::{Driver, Seen};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{Endpoint, endpoint, fresh_name, make_bucket};

/// Kinds, and how a request for their document is known.
const SHARED: [(&str, &str); 4] = [
    ("s3_lifecycle_rule", "lifecycle"),
    ("s3_replication_rule", "replication"),
    ("s3_bucket_policy_statement", "policy"),
    ("s3_tags", "tagging"),
];

fn driver(endpoint: &Endpoint, [from, to]: [&str; 2]) -> Driver {
    let Endpoint { url, region, .. } = endpoint;
    let place =
        |bucket: &str| format!("s3: {{ bucket: {bucket}, endpoint: \"{url}\", region: {region}, account: \"000000000000\" }}");
    let yaml = format!(
        "stores:\n  primary:\n    {}\n    versioning: true\n    tags: {{ team: ops }}\n    replicate: {{ to: zone }}\n    access: {{ delete: [] }}\n  \
         zone:\n    {}\n    versioning: true\ncomponents:\n  docs:\n    files: {{ paths: [/srv/docs] }}\n    protect: {{ nightly: {{ file_backup: \
         {{}}, schedule: daily, store: primary }} }}\n    retain: {{ daily: {{ for: 7d }} }}\n",
        place(from),
        place(to)
    );
    Driver::new(from, &yaml, endpoint.env())
}

/// Somebody else makes the document one of theirs alone.
async fn overwrite(client: &Client, kind: &str, bucket: &str, name: &str) {
    match kind {
        "s3_lifecycle_rule" => {
            let filter = t::LifecycleRuleFilter::builder().prefix("tmp/").build();
            let rule = t::LifecycleRule::builder().id(name).filter(filter).status(t::ExpirationStatus::Enabled);
            let rule = rule.expiration(t::LifecycleExpiration::builder().days(7).build()).build().unwrap();
            let rules = t::BucketLifecycleConfiguration::builder().rules(rule).build().unwrap();
            drop(client.put_bucket_lifecycle_configuration().bucket(bucket).lifecycle_configuration(rules).send().await.unwrap());
        }
        "s3_replication_rule" => {
            let off = t::DeleteMarkerReplication::builder().status(t::DeleteMarkerReplicationStatus::Disabled).build();
            let rule = t::ReplicationRule::builder()
                .id(name)
                .priority(3)
                .filter(t::ReplicationRuleFilter::builder().prefix("app/").build())
                .status(t::ReplicationRuleStatus::Enabled)
                .delete_marker_replication(off)
                .destination(t::Destination::builder().bucket("arn:aws:s3:::elsewhere").build().unwrap());
            let role = "arn:aws:iam::000000000000:role/theirs";
            let rules = t::ReplicationConfiguration::builder().role(role).rules(rule.build().unwrap()).build().unwrap();
            drop(client.put_bucket_replication().bucket(bucket).replication_configuration(rules).send().await.unwrap());
        }
        "s3_bucket_policy_statement" => {
            let one = serde_json::json!({
                "Sid": name, "Effect": "Allow", "Principal": { "AWS": "000000000000" }, "Action": "s3:GetObject",
                "Resource": format!("arn:aws:s3:::{bucket}/*")
            });
            let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [one] }).to_string();
            drop(client.put_bucket_policy().bucket(bucket).policy(policy).send().await.unwrap());
        }
        _ => {
            let tags = t::Tagging::builder().tag_set(t::Tag::builder().key(name).value("1").build().unwrap()).build().unwrap();
            drop(client.put_bucket_tagging().bucket(bucket).tagging(tags).send().await.unwrap());
        }
    }
}

/// What a plan would change of that kind, with what it is to become.
async fn planned(driver: &Driver, kind: &str) -> (Seen, Vec<Change>, Vec<Option<Resource>>) {
    let seen = driver.plan().await.unwrap();
    let of_primary =
        |change: &&Change| change.id.kind == kind && change.op != Op::None && change.id.to_string().starts_with("store.primary/");
    let changes: Vec<Change> = seen.changes.iter().filter(of_primary).cloned().collect();
    assert!(!changes.is_empty(), "{kind}");
    let desired = changes.iter().map(|change| driver.compiled.desired.get(&change.id).cloned()).collect();
    (seen, changes, desired)
}

/// What is theirs stands there, and of bdr's nothing is missing.
async fn stand_side_by_side(driver: &Driver, kind: &str, name: &str) {
    let of_kind =
        driver.compiled.desired.iter().filter(|one| one.id.kind == kind && one.id.to_string().starts_with("store.primary/"));
    for resource in of_kind {
        let live = driver.live(&resource.id.to_string()).await;
        assert_eq!(live.attrs.as_ref(), Some(&resource.attrs), "{}", resource.id);
        assert!(live.foreign.iter().any(|one| one.name == name), "{kind}: {name} is not among {:?}", live.foreign);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_between_the_two_reads_is_merged() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let client = endpoint.client().await;
    for (kind, query) in SHARED {
        let names = [fresh_name(), fresh_name()];
        let buckets = names.each_ref().map(String::as_str);
        for bucket in buckets {
            make_bucket(&client, bucket).await;
        }
        let mut reads = 0;
        let asked = move |line: &str, method: &str, bucket: &str| {
            line.starts_with(method) && line.contains(bucket) && line.contains(&format!("?{query}"))
        };
        let source = buckets[0].to_owned();
        // The plan reads it once, and the apply twice.
        let held = move |line: &str| {
            let is_read = asked(line, "GET", &source);
            reads += u32::from(is_read);
            if is_read && reads == 3 { Fault::Hold(Duration::from_secs(20)) } else { Fault::None }
        };
        let proxy = Proxy::before(&endpoint.url, held).await;
        let behind = Endpoint { url: proxy.url.clone(), ..endpoint.clone() };
        let driver = driver(&behind, buckets);
        // What a rule of replication asks of both buckets.
        let (seen, changes, desired) = {
            let versions = t::VersioningConfiguration::builder().status(t::BucketVersioningStatus::Enabled).build();
            for bucket in buckets {
                client.put_bucket_versioning().bucket(bucket).versioning_configuration(versions.clone()).send().await.unwrap();
            }
            planned(&driver, kind).await
        };
        let reads = || proxy.seen().iter().filter(|line| asked(line, "GET", buckets[0])).count();
        let meanwhile = async {
            while reads() < 3 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            overwrite(&client, kind, buckets[0], "late").await;
            proxy.let_go();
        };
        let (applied, ()) = tokio::join!(seen.session.apply(&changes, &desired), meanwhile);
        applied.unwrap_or_else(|error| panic!("{kind}: {error}"));
        let writes = proxy.seen().iter().filter(|line| asked(line, "PUT", buckets[0])).count();
        assert_eq!(writes, 1, "{kind}");
        stand_side_by_side(&driver, kind, "late").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_wrote_over_comes_back_once_and_is_told_the_second_time() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let client = endpoint.client().await;
    for (kind, _) in SHARED {
        let names = [fresh_name(), fresh_name()];
        let buckets = names.each_ref().map(String::as_str);
        for bucket in buckets {
            make_bucket(&client, bucket).await;
            let versions = t::VersioningConfiguration::builder().status(t::BucketVersioningStatus::Enabled).build();
            client.put_bucket_versioning().bucket(bucket).versioning_configuration(versions).send().await.unwrap();
        }
        let driver = driver(endpoint, buckets);
        let (seen, changes, desired) = planned(&driver, kind).await;
        seen.session.apply(&changes, &desired).await.unwrap();
        overwrite(&client, kind, buckets[0], "theirs").await;
        let first = seen.session.settled(&changes, &desired).await.unwrap();
        assert!(matches!(first, Settled::NotYet { .. }), "{kind}: {first:?}");
        assert_eq!(seen.session.settled(&changes, &desired).await.unwrap(), Settled::Yes, "{kind}");
        stand_side_by_side(&driver, kind, "theirs").await;
        overwrite(&client, kind, buckets[0], "again").await;
        let error = seen.session.settled(&changes, &desired).await.unwrap_err();
        assert!(error.help.unwrap().contains("Another tool"), "{kind}");
    }
}
