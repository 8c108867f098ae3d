//! What lay in a bucket before its rule: copied as it is, never over anything, and never twice.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use futures_util::stream::{self, StreamExt};

use super::Trial;
use super::component::{made, versions};
use crate::binary::Ran;
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{Endpoint, endpoint, fresh_name};

/// A bucket of the application and the one that it is copied to, both there.
struct Pair {
    trial: Trial,
    from: String,
    to: String,
}

impl Pair {
    async fn new(endpoint: &Endpoint, also: &str) -> Self {
        Self::reached_by(endpoint, [&endpoint.url, &endpoint.url], also).await
    }

    /// bdr reaches the two through these addresses.
    async fn reached_by(endpoint: &Endpoint, urls: [&str; 2], also: &str) -> Self {
        let trial = Trial::new(endpoint).await;
        let pair = Self { trial, from: fresh_name(), to: fresh_name() };
        for bucket in [&pair.from, &pair.to] {
            made(&pair.trial, bucket, endpoint.region).await;
            versions(&pair.trial, bucket).await;
        }
        let place = |bucket: &str, url: &str| {
            format!("bucket: {bucket}, region: {}, endpoint: '{url}', account: \"000000000000\"", endpoint.region)
        };
        pair.trial.home.policy(&format!(
            "version: 1\nname: {}\nstores:\n  dr:\n    s3: {{ {} }}\n    versioning: true\n    abort_uploads_after: 1d\ncomponents:\n  \
             documents:\n    object_storage: {{ {} }}\n    protect: {{ copy: {{ replication: {{ to: dr, existing_objects: true{also} }} }} }}\n",
            pair.trial.bucket,
            place(&pair.to, urls[1]),
            place(&pair.from, urls[0]),
        ));
        pair
    }

    async fn put(&self, key: &str, body: &[u8]) {
        let put = self.trial.client.put_object().bucket(&self.from).key(key).body(ByteStream::from(body.to_vec()));
        put.content_type("text/plain").send().await.unwrap();
    }

    async fn keys(&self, bucket: &str) -> BTreeMap<String, i64> {
        all(&self.trial.client, bucket).await
    }
}

async fn all(client: &Client, bucket: &str) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    let mut pages = client.list_objects_v2().bucket(bucket).into_paginator().send();
    while let Some(page) = pages.next().await {
        let objects = page.unwrap().contents.unwrap_or_default();
        found.extend(objects.into_iter().map(|object| (object.key.unwrap(), object.size.unwrap_or(0))));
    }
    found
}

async fn bytes(client: &Client, bucket: &str, key: &str) -> Vec<u8> {
    let answer = client.get_object().bucket(bucket).key(key).send().await.unwrap();
    answer.body.collect().await.unwrap().into_bytes().to_vec()
}

async fn tags(client: &Client, bucket: &str, key: &str) -> Vec<(String, String)> {
    let answer = client.get_object_tagging().bucket(bucket).key(key).send().await.unwrap();
    let mut tags: Vec<_> = answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect();
    tags.sort();
    tags
}

/// Keys that this endpoint takes: SeaweedFS and moto take some for paths.
fn odd_keys(name: &str) -> Vec<&'static str> {
    let mut keys = vec!["a b", "a+b", "a%20b", "å/日本/😀", "a/b", "a-b", "a&<>\"'=?#", "x/y/z/w"];
    if name == "ministack" {
        keys.extend(["/leading", "a//b", "line\nbreak", "tab\there", " blanks ", "folder/"]);
    }
    keys
}

async fn are_copied_as_they_are(name: &str) {
    let Some(endpoint) = endpoint(name) else { return };
    let pair = Pair::new(endpoint, "").await;
    let client = &pair.trial.client;
    for key in odd_keys(name) {
        pair.put(key, key.as_bytes()).await;
    }
    pair.put("empty", b"").await;
    let full = client.put_object().bucket(&pair.from).key("full").body(ByteStream::from_static(b"bytes"));
    let full =
        full.content_type("image/png").cache_control("max-age=60").content_disposition("attachment").content_language("sv");
    full.metadata("who", "ada").metadata("why", "a b+c").tagging("team=a%20b&tier=1").send().await.unwrap();
    let before = pair.keys(&pair.from).await;

    let told = pair.trial.run(&["copy", "--dry-run"]).ends(0).stdout;
    assert!(told.contains(&format!("{} objects, ", before.len())) && told.contains("to copy"), "{told}");
    assert!(pair.keys(&pair.to).await.is_empty(), "a dry run wrote something");

    let ran = pair.trial.run(&["copy"]).ends(0);
    assert_eq!(pair.keys(&pair.to).await, before, "{ran:#?}");
    for key in before.keys() {
        assert_eq!(bytes(client, &pair.to, key).await, bytes(client, &pair.from, key).await, "{key:?}");
    }
    for key in ["full", "empty", "a b"] {
        let head = async |bucket: &str| client.head_object().bucket(bucket).key(key).send().await.unwrap();
        let (here, there) = (head(&pair.from).await, head(&pair.to).await);
        assert_eq!(there.content_type, here.content_type, "{key}");
        assert_eq!(there.metadata, here.metadata, "{key}");
        assert_eq!(
            (there.cache_control, there.content_disposition, there.content_language),
            (here.cache_control, here.content_disposition, here.content_language),
            "{key}"
        );
        assert_eq!(tags(client, &pair.to, key).await, tags(client, &pair.from, key).await, "{key}");
    }
    assert_eq!(tags(client, &pair.to, "full").await.len(), 2);

    let again = pair.trial.run(&["copy", "documents"]).ends(0);
    assert!(again.stdout.contains("nothing to copy"), "{again:#?}");
    let written = client.list_object_versions().bucket(&pair.to).send().await.unwrap().versions.unwrap_or_default();
    assert_eq!(written.len(), before.len(), "something was written twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_copied_as_they_are_ministack() {
    are_copied_as_they_are("ministack").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_copied_as_they_are_seaweedfs() {
    are_copied_as_they_are("seaweedfs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_copied_as_they_are_moto() {
    are_copied_as_they_are("moto").await;
}

/// Somebody writes the key right before the copy of it is created.
async fn is_never_replaced(name: &str) {
    let Some(endpoint) = endpoint(name) else { return };
    let ends_upload = |line: &str| line.starts_with("POST ") && line.contains("uploadId=") && line.contains("taken");
    let held = move |line: &str| if ends_upload(line) { Fault::Hold(Duration::from_secs(20)) } else { Fault::None };
    let proxy = Proxy::before(&endpoint.url, held).await;
    let pair = Pair::reached_by(endpoint, [&proxy.url, &proxy.url], "").await;
    let client = &pair.trial.client;
    for key in ["before", "taken", "zuletzt"] {
        pair.put(key, b"ours").await;
    }
    let theirs = async |key: &str, body: &'static [u8]| {
        client.put_object().bucket(&pair.to).key(key).body(ByteStream::from_static(body)).send().await.unwrap();
    };
    theirs("before", b"older").await;
    let copy = pair.trial.command(&["copy"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !proxy.seen().iter().any(|line| ends_upload(line)) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", proxy.seen());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    theirs("taken", b"theirs").await;
    proxy.let_go();
    let ran = Ran::of(&copy.wait_with_output().unwrap()).ends(0);
    assert!(ran.stderr.contains("1 there meanwhile"), "{name}: {ran:#?}");
    for (key, body) in [("before", "older"), ("taken", "theirs"), ("zuletzt", "ours")] {
        assert_eq!(bytes(&pair.trial.client, &pair.to, key).await, body.as_bytes(), "{key}");
    }
    let uploads = pair.trial.client.list_multipart_uploads().bucket(&pair.to).send().await.unwrap();
    assert!(uploads.uploads.unwrap_or_default().is_empty(), "an upload was left");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_there_meanwhile_stays() {
    is_never_replaced("ministack").await;
    is_never_replaced("seaweedfs").await;
    is_never_replaced("moto").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_among_three_thousand_it_goes_on() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let pair = Pair::new(endpoint, "").await;
    let pair = &pair;
    let many = stream::iter(0..3_000).map(|n| async move { pair.put(&format!("{:02}/{n}", n % 37), b"x").await });
    many.buffer_unordered(32).collect::<Vec<_>>().await;
    let mut child = pair.trial.command(&["copy"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while pair.keys(&pair.to).await.len() < 200 {
        assert!(begun.elapsed() < Duration::from_secs(120));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let copied = pair.keys(&pair.to).await.len();
    assert!(copied < 3_000, "it was over before it was killed");
    let ran = pair.trial.run(&["copy", "--format", "json"]).ends(0);
    let events: Vec<serde_json::Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let event = |name: &str| events.iter().find(|event| event["event"] == name).unwrap();
    assert_eq!(event("existing_found")["compared"], 3_000, "{events:?}");
    assert!(event("rule_copied")["objects"].as_u64().unwrap() <= 3_000 - copied as u64, "{events:?}");
    assert_eq!(event("copy_ended")["exit"], 0);
    assert_eq!(pair.keys(&pair.to).await.len(), 3_000);
    assert!(pair.trial.run(&["copy"]).ends(0).stdout.contains("nothing to copy (3000 objects compared)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_rule_is_about_is_copied() {
    for name in ["ministack", "seaweedfs", "moto"] {
        let Some(endpoint) = endpoint(name) else { continue };
        let pair = Pair::new(endpoint, ", prefix: in/, tags: { keep: 'yes' }").await;
        for key in ["in/plain", "out/tagged", "in/tagged"] {
            let put = pair.trial.client.put_object().bucket(&pair.from).key(key).body(ByteStream::from_static(b"x"));
            put.set_tagging(key.ends_with("tagged").then(|| "keep=yes&more=1".to_owned())).send().await.unwrap();
        }
        let told = pair.trial.run(&["copy", "--dry-run"]).ends(0).stdout;
        assert!(told.contains("1 object, 1 B to copy"), "{name}: {told}");
        pair.trial.run(&["copy"]).ends(0);
        assert_eq!(pair.keys(&pair.to).await.into_keys().collect::<Vec<_>>(), ["in/tagged"], "{name}");
    }
}

/// Two endpoints: the bytes pass by bdr, in parts where they are many.
#[tokio::test(flavor = "multi_thread")]
async fn from_one_endpoint_to_another_the_bytes_pass_by_bdr() {
    let Some(endpoint) = endpoint("ministack") else { return };
    // The same one under another name is another one to bdr.
    let other = endpoint.url.replace("127.0.0.1", "localhost");
    let pair = Pair::reached_by(endpoint, [&endpoint.url, &other], "").await;
    let large: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
    pair.put("large", &large).await;
    pair.put("small", b"small").await;
    pair.put("empty", b"").await;
    let ran = pair.trial.run(&["copy"]).ends(0);
    assert!(ran.stdout.contains("through bdr"), "{ran:#?}");
    for (key, body) in [("large", &large[..]), ("small", b"small"), ("empty", b"")] {
        assert!(bytes(&pair.trial.client, &pair.to, key).await == body, "{key}");
        let head = pair.trial.client.head_object().bucket(&pair.to).key(key).send().await.unwrap();
        assert_eq!(head.content_type.as_deref(), Some("text/plain"), "{key}");
    }
    assert!(pair.trial.run(&["copy"]).ends(0).stdout.contains("nothing to copy"));
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_has_them_copied_and_the_next_one_is_empty() {
    for name in ["ministack", "seaweedfs"] {
        let Some(endpoint) = endpoint(name) else { continue };
        let pair = Pair::new(endpoint, "").await;
        for key in ["one", "two", "three/four"] {
            pair.put(key, b"12345").await;
        }
        let ran = pair.trial.run(&["plan", "--detailed-exitcode"]).ends(2);
        let plan = words(&ran.stdout);
        assert!(
            plan.contains("+ copy of existing objects copy") && plan.contains("3 objects (15 B) are not in dr"),
            "{name}: {plan}"
        );
        assert!(plan.contains("1 copy of existing objects") && !plan.contains("Batch Replication"), "{name}: {plan}");
        let without = words(&pair.trial.run(&["plan", "--without-backups"]).ends(0).stdout);
        assert!(!without.contains("existing objects"), "{name}: {without}");
        let ran = pair.trial.run(&["apply", "--auto-approve"]).ends(0);
        assert!(ran.stdout.contains("1 copy of existing objects"), "{name}: {ran:#?}");
        assert_eq!(
            pair.keys(&pair.to).await.into_keys().filter(|key| !key.starts_with(".bdr")).count(),
            3 + leases(&pair).await,
            "{name}"
        );
        pair.trial.plans_nothing();
        // Somebody takes one away there.
        pair.trial.client.delete_object().bucket(&pair.to).key("two").send().await.unwrap();
        let mut later = pair.trial.command(&["plan", "--detailed-exitcode"]);
        later.env("BDR_NOW", (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string());
        let plan = Ran::of(&later.output().unwrap()).ends(2).stdout;
        assert!(words(&plan).contains("1 object (5 B) is not in dr"), "{name}: {plan}");
        pair.trial.run(&["copy"]).ends(0);
        pair.trial.plans_nothing();
    }
}

/// What bdr keeps in the store for itself.
async fn leases(pair: &Pair) -> usize {
    pair.keys(&pair.to).await.keys().filter(|key| key.starts_with(&pair.trial.bucket)).count()
}

/// Backups that lay in a store before it was replicated: what commits them comes last, and they come back from there.
#[tokio::test(flavor = "multi_thread")]
async fn backups_of_before_come_back_from_the_replica() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    std::fs::create_dir_all(trial.home.path("docs")).unwrap();
    std::fs::write(trial.home.path("docs/a"), "first").unwrap();
    let text = trial.home.text("bdr.yaml");
    trial.home.policy(
        &text.replace("    versioning: true\n", "    versioning: true\n    immutability: { mode: governance, for: 1d }\n"),
    );
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let there = fresh_name();
    let proxy = Proxy::before(&endpoint.url, |_| Fault::None).await;
    let text = trial.home.text("bdr.yaml").replacen(
        "    versioning: true\n",
        &format!(
            "    versioning: true\n    immutability: {{ mode: governance, for: 1d }}\n    replicate: {{ to: dr, existing_objects: true }}\n  dr:\n    s3: {{ bucket: {there}, region: {}, endpoint: \
             '{}' }}\n    versioning: true\n",
            endpoint.region, endpoint.url
        ),
        1,
    );
    trial.home.policy(&text.replace(&endpoint.url, &proxy.url));
    let mut apply = trial.command(&["apply", "--auto-approve"]);
    let ran = Ran::of(&apply.output().unwrap()).ends(0);
    assert!(ran.stdout.contains("1 copy of existing objects"), "{ran:#?}");
    let created: Vec<String> =
        proxy.seen().into_iter().filter(|line| line.contains("uploadId=") && line.starts_with("POST ")).collect();
    let last = created.last().unwrap();
    assert!(
        last.contains("manifest.json") && created.iter().filter(|line| line.contains("manifest.json")).count() == 1,
        "{created:?}"
    );
    let plan = trial.command(&["plan", "--detailed-exitcode", "--allow-endpoint", &proxy.url]).output().unwrap();
    Ran::of(&plan).ends(0);
    trial.run(&["restore", "docs", "--store", "dr", "--to", "back"]).ends(0);
    trial.run(&["verify", "docs", "--store", "dr", "--read-data"]).ends(0);
}
