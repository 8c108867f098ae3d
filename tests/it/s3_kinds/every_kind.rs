//! Every kind on every endpoint: made, read back equal, each attribute changed by somebody and mended, and nothing left to do after
//! each step. What an endpoint lacks is said, and nothing else of it counts as lacking.

use std::collections::BTreeSet;

use bdr::attrs::Attr;
use bdr::resource::{Desired, Resource};

use super::driver::Driver;
use crate::harness::{Endpoint, endpoint, fresh_name, make_bucket};

const ROLE: &str = "arn:aws:iam::000000000000:role";
const REPLICATE: &str = "    replicate: { to: zone, within: 15m, storage_class: STANDARD_IA, kms: alias/copies }\n";
const ENCRYPTION: &str = "    encryption: { sse: aws:kms, key: alias/backups }\n";

fn place(endpoint: &Endpoint, bucket: &str) -> String {
    let Endpoint { url, region, .. } = endpoint;
    format!("s3: {{ bucket: {bucket}, endpoint: \"{url}\", region: {region}, prefix: some/where/, account: \"000000000000\" }}")
}

/// Three buckets that want every kind between them: what excludes each other lies apart. `more` of the first one.
fn driver(endpoint: &Endpoint, names: &[String; 3], more: &str) -> Driver {
    let yaml = format!(
        "stores:\n  primary:\n    {}\n    versioning: true\n    noncurrent: {{ for: 30d }}\n    abort_uploads_after: 3d\n    tags: {{ team: platform, \
         \"cost center\": \"12\" }}\n{more}  vault:\n    {}\n    versioning: true\n    immutability: {{ mode: governance, for: 7d }}\n  zone:\n    {}\n    \
         versioning: true\ncomponents:\n  docs:\n    files: {{ paths: [/srv/docs] }}\n    protect: {{ nightly: {{ file_backup: {{}}, schedule: \
         daily, store: primary }} }}\n    retain: {{ daily: {{ for: 30d }}, weekly: {{ for: 12w }} }}\n",
        place(endpoint, &names[0]),
        place(endpoint, &names[1]),
        place(endpoint, &names[2])
    );
    Driver::new(&names[0], &yaml, endpoint.env())
}

/// The same buckets, of which nothing more is said.
fn bare(endpoint: &Endpoint, names: &[String; 3]) -> Driver {
    let stores = ["primary", "vault", "zone"].iter().zip(names);
    let stores: String = stores.map(|(store, bucket)| format!("  {store}:\n    {}\n", place(endpoint, bucket))).collect();
    Driver::new(&names[0], &format!("stores:\n{stores}"), endpoint.env())
}

/// Another value of each attribute that can have one, as somebody could set it by hand.
fn others(resource: &Resource) -> Vec<(String, Attr)> {
    let kind = &*resource.id.kind;
    let other = |(name, value): (&String, &Attr)| {
        let found = match (kind, name.as_str(), value) {
            // Of one value only, or what a lock or a replication forbids.
            ("s3_bucket" | "s3_versioning", ..)
            | (_, "within_minutes" | "priority" | "to" | "Effect" | "Principal" | "Condition", _) => return None,
            ("s3_tags", name, _) if name.starts_with("bdr:") => return None,
            (_, _, Attr::Bool(on)) => Attr::Bool(!on),
            (_, _, Attr::Int(number)) => Attr::Int(number + 1),
            (_, "ownership", _) => Attr::Text("ObjectWriter".to_owned()),
            (_, "mode", _) => Attr::Text("COMPLIANCE".to_owned()),
            (_, "storage_class", _) => Attr::Text("ONEZONE_IA".to_owned()),
            // Without its key it is encrypted by another one.
            (_, "sse", _) => return None,
            (_, _, Attr::Text(text)) => Attr::Text(format!("{text}x")),
            (_, _, Attr::List(values)) => Attr::List(values.iter().take(1).cloned().collect()),
            (_, name, value) => panic!("{}: what else could {name} be than {value:?}?", resource.id),
        };
        (found != *value).then(|| (name.clone(), found))
    };
    resource.attrs.iter().filter_map(other).collect()
}

/// The same policy as somebody left it: one attribute of each resource is another one, the `at`th.
fn twisted(driver: &Driver, at: usize, unsupported: &BTreeSet<String>) -> (Driver, Vec<String>) {
    let (mut desired, mut changed) = (Desired::new(), Vec::new());
    for resource in driver.compiled.desired.iter() {
        let mut resource = resource.clone();
        if let Some((name, value)) = others(&resource).into_iter().nth(at).filter(|_| !unsupported.contains(&*resource.id.kind)) {
            resource.attrs.insert(name, value);
            changed.push(format!("update {}", resource.id).to_lowercase());
        }
        desired.add(resource);
    }
    let mut twisted = driver.again();
    twisted.compiled.desired = desired;
    changed.sort();
    (twisted, changed)
}

async fn kept(endpoint: &Endpoint, more: &str, lacks: &[&str]) {
    let names = [fresh_name(), fresh_name(), fresh_name()];
    let driver = driver(endpoint, &names, more);
    // What an endpoint lacks shows where there is a bucket.
    make_bucket(&endpoint.client().await, &names[2]).await;
    driver.converge().await;
    let mut unsupported = BTreeSet::new();
    let kinds: BTreeSet<&str> = driver.compiled.desired.iter().map(|resource| &*resource.id.kind).collect();
    for resource in driver.compiled.desired.iter() {
        let live = driver.live(&resource.id.to_string()).await;
        if live.unsupported {
            assert!(live.notes.iter().any(|note| note.contains("not supported by this endpoint")), "{}: {live:?}", resource.id);
            unsupported.insert(resource.id.kind.to_string());
        } else {
            assert_eq!(live.attrs.as_ref(), Some(&resource.attrs), "{}", resource.id);
        }
    }
    assert_eq!(unsupported.iter().map(String::as_str).collect::<Vec<_>>(), lacks, "of {kinds:?}");
    let most = driver.compiled.desired.iter().map(|resource| others(resource).len()).max().unwrap();
    for at in 0..most {
        let (by_hand, changed) = twisted(&driver, at, &unsupported);
        by_hand.converge().await;
        let mut seen = driver.todo().await;
        seen.sort();
        assert_eq!(seen, changed, "attribute {at} of each");
        driver.converge().await;
    }
    let bare = bare(endpoint, &names);
    let gone = bare.todo().await.iter().filter(|word| word.starts_with("delete ")).count();
    assert!(gone >= 8, "rules, at least: {gone}");
    bare.converge().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_keeps_every_attribute_of_every_kind() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let access = format!("    access: {{ write: ['{ROLE}/w'], read: ['{ROLE}/r'], delete: [], configure: ['{ROLE}/a'] }}\n");
    kept(endpoint, &format!("{ENCRYPTION}{REPLICATE}{access}"), &[]).await;
}

/// Of a rule of replication it forgets what is copied (`replication.rs`).
#[tokio::test(flavor = "multi_thread")]
async fn moto_keeps_every_attribute_of_every_kind_but_replication() {
    let Some(endpoint) = endpoint("moto") else { return };
    let access = format!("    access: {{ write: ['{ROLE}/w'], read: ['{ROLE}/r'], delete: [], configure: ['{ROLE}/a'] }}\n");
    kept(endpoint, &format!("{ENCRYPTION}{access}"), &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_keeps_every_attribute_of_every_kind_that_it_has() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    let more = format!("{ENCRYPTION}{REPLICATE}    access: {{ delete: [] }}\n");
    kept(endpoint, &more, &["s3_public_access_block", "s3_replication_rule"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn radosgw_keeps_every_attribute_of_every_kind_that_it_has() {
    let Some(endpoint) = endpoint("radosgw") else { return };
    let more = format!("{REPLICATE}    access: {{ delete: [] }}\n");
    kept(endpoint, &more, &["s3_ownership_controls", "s3_public_access_block", "s3_replication_rule"]).await;
}
