//! Replication rules on real endpoints: made, executed, mended, kept beside those of others; and told where an endpoint lacks them.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types as t;
use bdr::resource::Op;

use super::driver::Driver;
use crate::harness::{Endpoint, endpoint, fresh_name};

const ROLE: &str = "arn:aws:iam::000000000000:role/theirs";

/// Two stores, the first replicated to the second; more fields of the entry, and of the destination.
fn driver(endpoint: &Endpoint, [from, to]: [&str; 2], entry: &str, there: &str) -> Driver {
    let place = |bucket: &str| {
        format!(
            "s3: {{ bucket: {bucket}, endpoint: \"{}\", region: {}, prefix: some/where/, account: \"000000000000\" }}",
            endpoint.url, endpoint.region
        )
    };
    let replicate = if entry.is_empty() { String::new() } else { format!("    replicate: {entry}\n") };
    let yaml = format!(
        "stores:\n  primary:\n    {}\n    versioning: true\n{replicate}  zone:\n    {}\n    versioning: true\n{there}components:\n  docs:\n    \
         files: {{ paths: [/srv/docs] }}\n    protect: {{ nightly: {{ file_backup: {{}}, schedule: daily, store: primary }} }}\n    retain: \
         {{ daily: {{ for: 7d }} }}\n",
        place(from),
        place(to)
    );
    Driver::new(from, &yaml, endpoint.env())
}

const RULE: &str = "store.primary/s3_replication_rule:zone/docs";

async fn document(client: &Client, bucket: &str) -> Option<t::ReplicationConfiguration> {
    client.get_bucket_replication().bucket(bucket).send().await.ok()?.replication_configuration
}

async fn put(client: &Client, bucket: &str, role: &str, rules: Vec<t::ReplicationRule>) {
    let document = t::ReplicationConfiguration::builder().role(role).set_rules(Some(rules)).build().unwrap();
    client.put_bucket_replication().bucket(bucket).replication_configuration(document).send().await.unwrap();
}

fn theirs(to: &str) -> t::ReplicationRule {
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

async fn arrives(client: &Client, bucket: &str, key: &str) -> bool {
    for _ in 0..50 {
        if client.head_object().bucket(bucket).key(key).send().await.is_ok() {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    false
}

/// Everything that an entry can say comes back equal; what is written arrives, and what belongs to one store alone does not.
#[tokio::test(flavor = "multi_thread")]
async fn ministack_copies_what_the_rule_says_and_nothing_else() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let names = [fresh_name(), fresh_name()];
    let buckets = names.each_ref().map(String::as_str);
    let full = "{ to: zone, within: 15m, storage_class: STANDARD_IA, owner_override: true, kms: alias/copies }";
    driver(endpoint, buckets, full, "    replicate: { to: primary }\n").converge().await;
    let client = endpoint.client().await;
    let rule = document(&client, buckets[0]).await.unwrap().rules.remove(0);
    assert_eq!(rule.id(), Some(format!("bdr/{}/primary/zone/docs", buckets[0]).as_str()));
    let destination = rule.destination().unwrap();
    assert_eq!(destination.replication_time().unwrap().time().unwrap().minutes(), Some(15));
    let selection = rule.source_selection_criteria().unwrap();
    assert!(selection.replica_modifications().is_some() && selection.sse_kms_encrypted_objects().is_some(), "{selection:?}");
    // Without the key, which this endpoint does not have.
    driver(endpoint, buckets, "{ to: zone, within: 15m }", "").converge().await;
    let below = format!("some/where/{}", buckets[0]);
    let (copied, kept) = (format!("{below}/docs/nightly/a"), format!("{below}/.bdr/lease.json"));
    for key in [&kept, &copied] {
        client.put_object().bucket(buckets[0]).key(key).body(ByteStream::from_static(b"x")).send().await.unwrap();
    }
    assert!(arrives(&client, buckets[1], &copied).await, "{copied} did not arrive");
    assert!(client.head_object().bucket(buckets[1]).key(&kept).send().await.is_err(), "a lease is each store's own");
}

/// Ours changed, then removed, beside a rule of somebody else, which stays through all of it.
#[tokio::test(flavor = "multi_thread")]
async fn ministack_mends_what_drifted_and_keeps_what_is_not_bdrs() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let names = [fresh_name(), fresh_name()];
    let buckets = names.each_ref().map(String::as_str);
    let wanted = driver(endpoint, buckets, "{ to: zone, within: 15m }", "");
    wanted.converge().await;
    let client = endpoint.client().await;
    let ours = document(&client, buckets[0]).await.unwrap();
    let mut changed = ours.rules[0].clone();
    changed.status = t::ReplicationRuleStatus::Disabled;
    put(&client, buckets[0], ROLE, vec![theirs(buckets[1]), changed]).await;
    assert_eq!(wanted.todo().await, [format!("update {RULE}")]);
    let live = wanted.live(RULE).await;
    assert_eq!(live.foreign.len(), 1);
    assert!(live.hindered.iter().any(|one| one.what.contains(ROLE) && one.foreign), "{:?}", live.hindered);
    wanted.converge().await;
    let both = document(&client, buckets[0]).await.unwrap();
    assert_eq!((both.role.as_str(), both.rules.len()), (ROLE, 2), "their role stays with their rule");
    assert_eq!(both.rules[0], theirs(buckets[1]));
    assert_eq!(both.rules[1].status, t::ReplicationRuleStatus::Enabled);

    let less = driver(endpoint, buckets, "", "");
    let left = ["delete store.primary/s3_replication_rule:zone/docs", "delete store.zone/s3_lifecycle_rule:docs/nightly/daily"];
    assert_eq!(less.todo().await, left);
    less.converge().await;
    assert_eq!(document(&client, buckets[0]).await.unwrap().rules, [theirs(buckets[1])]);
    // Nothing but ours: the bucket is left without a rule that does anything.
    client.delete_bucket_replication().bucket(buckets[0]).send().await.unwrap();
    wanted.converge().await;
    less.converge().await;
    let left = document(&client, buckets[0]).await.map(|document| document.rules).unwrap_or_default();
    assert!(left.iter().all(|rule| rule.status == t::ReplicationRuleStatus::Disabled), "{left:?}");
    client.head_bucket().bucket(buckets[0]).send().await.unwrap();
    wanted.converge().await;
}

/// Rules of the old form take none of the present one beside them: told when it is planned, and nothing is written.
#[tokio::test(flavor = "multi_thread")]
async fn ministack_with_a_rule_of_the_old_form_gets_no_other() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let names = [fresh_name(), fresh_name()];
    let buckets = names.each_ref().map(String::as_str);
    driver(endpoint, buckets, "", "").converge().await;
    let client = endpoint.client().await;
    #[expect(deprecated, reason = "the old form is what is tried")]
    let old = t::ReplicationRule::builder()
        .id("old")
        .prefix("app/")
        .status(t::ReplicationRuleStatus::Enabled)
        .destination(t::Destination::builder().bucket(format!("arn:aws:s3:::{}", buckets[1])).build().unwrap())
        .build()
        .unwrap();
    put(&client, buckets[0], ROLE, vec![old]).await;
    let wanted = driver(endpoint, buckets, "{ to: zone }", "");
    let seen = wanted.plan().await.unwrap();
    let change = seen.changes.iter().find(|change| change.id.to_string() == RULE).unwrap();
    assert!(change.op == Op::Refuse && change.reason.contains("`old`"), "{change:?}");
}

/// An endpoint that does not know it: said with what it means, nothing sent that it could mistake, and bucket and objects stay.
async fn lacking(endpoint: &Endpoint) {
    let names = [fresh_name(), fresh_name()];
    let buckets = names.each_ref().map(String::as_str);
    let wanted = driver(endpoint, buckets, "{ to: zone, within: 15m }", "");
    driver(endpoint, buckets, "", "").converge().await;
    let client = endpoint.client().await;
    client.put_object().bucket(buckets[0]).key("kept").body(ByteStream::from_static(b"x")).send().await.unwrap();
    let live = wanted.live(RULE).await;
    assert!(live.unsupported, "{live:?}");
    let said = live.notes.join(" ");
    assert!(
        said.contains("not supported by this endpoint: replication") && said.contains("no objective can rest on it"),
        "{said}"
    );
    wanted.converge().await;
    driver(endpoint, buckets, "", "").converge().await;
    for bucket in buckets {
        client.head_bucket().bucket(bucket).send().await.unwrap();
    }
    client.get_object().bucket(buckets[0]).key("kept").send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_knows_no_replication_and_loses_nothing() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    lacking(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn radosgw_knows_no_replication_and_loses_nothing() {
    let Some(endpoint) = endpoint("radosgw") else { return };
    lacking(endpoint).await;
}

/// moto 5.2 forgets the prefix of a rule, which would copy everything: that what stands is not what was written is seen, and what is
/// bdr's is taken away again.
#[tokio::test(flavor = "multi_thread")]
async fn moto_forgets_what_a_rule_is_for_and_that_is_seen() {
    let Some(endpoint) = endpoint("moto") else { return };
    let names = [fresh_name(), fresh_name()];
    let buckets = names.each_ref().map(String::as_str);
    let lossy = driver(endpoint, buckets, "{ to: zone, storage_class: STANDARD_IA }", "");
    let seen = lossy.plan().await.unwrap();
    lossy.apply(&seen).await.unwrap();
    assert_eq!(lossy.todo().await, [format!("update {RULE}")]);
    let live = lossy.live(RULE).await.attrs.unwrap();
    assert_eq!(live.get("prefix"), Some(&"".into()), "{live:?}");
    driver(endpoint, buckets, "", "").converge().await;
    let client = endpoint.client().await;
    for bucket in buckets {
        client.head_bucket().bucket(bucket).send().await.unwrap();
    }
}
