//! `copy`: what reads one bucket and writes to another, and neither replaces nor removes anything.

use aws_sdk_s3::primitives::ByteStream;

use super::evaluate::Leaf;
use super::tried::{Spared, ends_well, one_less};
use super::{ACCOUNT, Guarded};
use crate::harness::{endpoint, fresh_name, make_bucket};

#[tokio::test(flavor = "multi_thread")]
async fn copy_needs_what_its_document_allows_and_no_less() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let (guarded, name) = (Guarded::new(endpoint).await, fresh_name());
    let client = endpoint.client().await;
    let files = format!("{name}-files");
    make_bucket(&client, &files).await;
    for (key, body) in [("pictures/one", "bytes"), ("pictures/empty", ""), ("elsewhere", "x")] {
        let put = client.put_object().bucket(&files).key(key).body(ByteStream::from(body.as_bytes().to_vec()));
        put.tagging("team=ops").send().await.unwrap();
    }
    let (url, region) = (&guarded.proxy.url, endpoint.region);
    let bucket = |bucket: &str| format!("bucket: {name}-{bucket}, region: {region}, endpoint: '{url}', account: '{ACCOUNT}'");
    let text = format!(
        "version: 1\nname: {name}\nstores:\n  far:\n    s3: {{ {} }}\n    versioning: true\n    abort_uploads_after: 7d\n    encryption: {{ \
         sse: aws:kms, key: alias/backups }}\ncomponents:\n  files:\n    object_storage: {{ {}, prefix: pictures }}\n    protect: {{ copy: {{ \
         replication: {{ to: far, existing_objects: true, kms: '{}' }} }} }}\n",
        bucket("far"),
        bucket("files"),
        super::KEY,
    );
    guarded.home.policy(&text);
    let leaves = guarded.leaves(&["copy"]);
    assert!(leaves.iter().all(|leaf| !leaf.action.contains("Delete")), "{leaves:?}");
    let spared: &[Spared] = &[(
        "s3:AbortMultipartUpload",
        "/pictures/*",
        "asked for only where a copy fails; its parts then stay until the lifecycle takes them",
    )];
    for day in 0..=leaves.len() {
        make_bucket(&client, &format!("{name}-far{day}")).await;
    }
    one_less(&leaves, spared, |day, leaves| {
        // A destination that holds nothing, each time.
        let (from, to) = (format!("{name}-far"), format!("{name}-far{day}"));
        std::fs::write(guarded.home.path("bdr.yaml"), text.replace(&from, &to)).unwrap();
        let renamed: Vec<Leaf> = leaves.iter().map(|leaf| leaf.renamed(&from, &to)).collect();
        ends_well(&guarded.with(&renamed, 0, &["copy"]))
    });
    let listed = client.list_objects_v2().bucket(format!("{name}-far0")).send().await.unwrap();
    let keys: Vec<String> = listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect();
    assert_eq!(keys, ["pictures/empty", "pictures/one"]);
}
