//! What `bdr status` tells of copies and of what the stores hold: as it is, and where S3 gave up or is late.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;

use super::Trial;
use super::component::{made, policy, versions};
use crate::binary::Ran;
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{Endpoint, endpoint, fresh_name};

/// The application's bucket, replicated, with objects in it; bdr speaks to it through `url`.
async fn trial(endpoint: &Endpoint, url: &str, objects: usize) -> (Trial, [String; 2]) {
    let trial = Trial::through(endpoint, url).await;
    let names = [fresh_name(), fresh_name()];
    let buckets = names.each_ref().map(String::as_str);
    made(&trial, buckets[0], endpoint.region).await;
    versions(&trial, buckets[0]).await;
    let through = Endpoint { url: url.to_owned(), ..endpoint.clone() };
    trial.home.policy(&policy(&trial.bucket, buckets, &through, "required"));
    trial.run(&["apply", "--auto-approve"]).ends(0);
    for n in 0..objects {
        let put = trial.client.put_object().bucket(buckets[0]).key(format!("a/{n:03}")).body(ByteStream::from_static(b"x"));
        put.send().await.unwrap();
    }
    (trial, names)
}

fn document(ran: &Ran) -> Value {
    let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:#?}"));
    let schema: Value = serde_json::from_str(&bdr::cli::view::status::schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    document
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_arrived_are_counted() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let (trial, _) = trial(endpoint, &endpoint.url, 25).await;
    let begun = Instant::now();
    let rule = loop {
        let ran = trial.run(&["status", "--format", "json"]).ends(0);
        let rule = document(&ran)["rules"][0].clone();
        if rule["copied"] == 20 {
            break rule;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{rule}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(rule["rule"], "component.documents/s3_replication_rule:copy");
    assert_eq!((&rule["sampled"], &rule["failed"], &rule["behind_seconds"]), (&20.into(), &0.into(), &0.into()), "{rule}");
    let told = trial.run(&["status"]).ends(0).stdout;
    assert!(told.contains("20 of 20") && told.contains("15m") && told.contains("ok"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_named_and_what_is_late_is_counted() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let status: Arc<Mutex<Option<&str>>> = Arc::default();
    let told = Arc::clone(&status);
    let proxy = Proxy::before(&endpoint.url, move |line| match *told.lock().unwrap() {
        Some(status) if line.starts_with("HEAD ") && line.contains("/a/") => Fault::Replication(status),
        _ => Fault::None,
    })
    .await;
    let (trial, [bucket, _]) = trial(endpoint, &proxy.url, 8).await;
    let set = |to| *status.lock().unwrap() = Some(to);

    set("FAILED");
    let ran = trial.run(&["status", "--format", "json"]).ends(2);
    let rule = &document(&ran)["rules"][0];
    assert_eq!((&rule["failed"], rule["failed_objects"].as_array().unwrap().len()), (&8.into(), 5), "{rule}");
    let human = trial.run(&["status"]).ends(2).stdout;
    for part in ["8 FAILED", "S3 gave up on", "a/00", "and 3 more", "S3 Batch Replication"] {
        assert!(human.contains(part), "{part}: {human}");
    }

    // On its way, and an hour later still.
    set("PENDING");
    let rule = document(&trial.run(&["status", "--format", "json"]).ends(0))["rules"][0].clone();
    assert_eq!((&rule["waiting"], &rule["late"]), (&8.into(), &0.into()), "{rule}");
    let mut later = trial.command(&["status", "--format", "json"]);
    later.env("BDR_NOW", (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string());
    let rule = document(&Ran::of(&later.output().unwrap()).ends(2))["rules"][0].clone();
    assert_eq!(rule["late"], 8, "{rule}");
    assert!(rule["behind_seconds"].as_u64().is_some_and(|behind| behind >= 3_590), "{rule}");

    // Taken away behind its back: nothing is copied by it.
    trial.client.delete_bucket_replication().bucket(&bucket).send().await.unwrap();
    let ran = trial.run(&["status"]).ends(2);
    assert!(ran.stdout.contains("NOT IN PLACE"), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_endpoint_says_nothing_the_other_side_is_looked_at() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let proxy = Proxy::before(&endpoint.url, |line| match line.starts_with("HEAD ") && line.contains("/a/") {
        true => Fault::Replication(""),
        false => Fault::None,
    })
    .await;
    let (trial, [_, there]) = trial(endpoint, &proxy.url, 2).await;
    let far = trial.client.config().to_builder().region(aws_sdk_s3::config::Region::new("eu-west-1")).build();
    let far = aws_sdk_s3::Client::from_conf(far);
    let begun = Instant::now();
    while far.head_object().bucket(&there).key("a/001").send().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it did not arrive");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    far.delete_object().bucket(&there).key("a/000").send().await.unwrap();
    let rule = document(&trial.run(&["status", "--format", "json"]).ends(0))["rules"][0].clone();
    assert_eq!((&rule["copied"], &rule["waiting"], &rule["unknown"]), (&1.into(), &1.into(), &0.into()), "{rule}");
}

/// S3 has one word for all destinations of an object, the worst: each is counted by what lies in it.
#[tokio::test(flavor = "multi_thread")]
async fn of_several_destinations_each_is_counted_for_itself() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let status: Arc<Mutex<Option<&str>>> = Arc::default();
    let told = Arc::clone(&status);
    let proxy = Proxy::before(&endpoint.url, move |line| match *told.lock().unwrap() {
        Some(status) if line.starts_with("HEAD ") && line.contains("/a/") => Fault::Replication(status),
        _ => Fault::None,
    })
    .await;
    let trial = Trial::through(endpoint, &proxy.url).await;
    let names = [fresh_name(), fresh_name(), fresh_name()];
    let [here, near, far] = names.each_ref().map(String::as_str);
    made(&trial, here, endpoint.region).await;
    versions(&trial, here).await;
    let through = Endpoint { url: proxy.url.clone(), ..endpoint.clone() };
    let text = policy(&trial.bucket, [here, far], &through, "required");
    let more = format!(
        "stores:\n  near:\n    s3: {{ bucket: {near}, region: {}, endpoint: '{}', account: \"000000000000\" }}\n    versioning: true\n",
        endpoint.region, proxy.url
    );
    let text = text.replacen("stores:\n", &more, 1);
    let text = text.replace(
        "copy: { replication: { to: dr, within: 15m } }",
        "copy: { replication: { to: dr, within: 15m } }, more: { replication: { to: near } }",
    );
    trial.home.policy(&text);
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.client.put_object().bucket(here).key("a/0").body(ByteStream::from_static(b"x")).send().await.unwrap();
    let other = trial.client.config().to_builder().region(aws_sdk_s3::config::Region::new("eu-west-1")).build();
    let other = aws_sdk_s3::Client::from_conf(other);
    let begun = Instant::now();
    while other.head_object().bucket(far).key("a/0").send().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it did not arrive");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // This endpoint copies to one destination alone.
    trial.client.put_object().bucket(near).key("a/0").body(ByteStream::from_static(b"x")).send().await.unwrap();
    other.delete_object().bucket(far).key("a/0").send().await.unwrap();
    for (word, counted, ends) in [("FAILED", "failed", 2), ("PENDING", "waiting", 0)] {
        *status.lock().unwrap() = Some(word);
        let document = document(&trial.run(&["status", "--format", "json"]).ends(ends));
        let rule = |to: &str| document["rules"].as_array().unwrap().iter().find(|rule| rule["to"] == to).unwrap().clone();
        let (near, far) = (rule("near"), rule("dr"));
        assert_eq!((&near["copied"], &near[counted]), (&1.into(), &0.into()), "{word}: {near}");
        assert_eq!((&far["copied"], &far[counted]), (&0.into(), &1.into()), "{word}: {far}");
    }
}

/// The word is as true of a destination that was added since as of one that somebody emptied: it speaks of neither.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_copied_and_is_not_there_is_not_copied() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let proxy = Proxy::before(&endpoint.url, |line| match line.starts_with("HEAD ") && line.contains("/a/") {
        true => Fault::Replication("COMPLETED"),
        false => Fault::None,
    })
    .await;
    let (trial, [_, there]) = trial(endpoint, &proxy.url, 2).await;
    let far = trial.client.config().to_builder().region(aws_sdk_s3::config::Region::new("eu-west-1")).build();
    let far = aws_sdk_s3::Client::from_conf(far);
    let begun = Instant::now();
    while far.head_object().bucket(&there).key("a/001").send().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it did not arrive");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    far.delete_object().bucket(&there).key("a/000").send().await.unwrap();
    let ran = trial.run(&["status", "--format", "json"]).ends(2);
    let rule = document(&ran)["rules"][0].clone();
    assert_eq!((&rule["copied"], &rule["missing"], &rule["waiting"]), (&1.into(), &1.into(), &0.into()), "{rule}");
    let human = trial.run(&["status"]).ends(2).stdout;
    assert!(human.contains("1 of 2") && human.contains("1 NOT THERE") && human.contains("S3 Batch Replication"), "{human}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_look_is_told_and_nothing_is_made_up() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let proxy = Proxy::before(&endpoint.url, |line| match line.starts_with("HEAD ") && line.contains("/a/") {
        true => Fault::Deny,
        false => Fault::None,
    })
    .await;
    let (trial, _) = trial(endpoint, &proxy.url, 2).await;
    let ran = trial.run(&["status", "--format", "json"]).ends(1);
    let document = document(&ran);
    assert_eq!(document["rules"].as_array().map(Vec::len), Some(0), "{document}");
    assert!(document["unread"][0]["subject"] == "component.documents/s3_replication_rule:copy", "{document}");
    assert!(ran.stderr.contains("s3:GetObject"), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_store_holds_is_summed_by_class() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    std::fs::create_dir_all(trial.home.path("docs")).unwrap();
    std::fs::write(trial.home.path("docs/a"), "first").unwrap();
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let held = document(&trial.run(&["status", "--format", "json"]).ends(0))["held"][0].clone();
    assert_eq!((&held["store"], &held["protection"]), (&"bucket".into(), &"nightly".into()), "{held}");
    assert_eq!(held["classes"]["STANDARD"]["backups"], 1, "{held}");
    assert!(held["classes"]["STANDARD"]["bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{held}");
    assert!(held["age_seconds"].is_u64() && held["overdue_runs"].is_null(), "{held}");
    // A week later nothing was backed up any more.
    let mut later = trial.command(&["status"]);
    later.env("BDR_NOW", (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 7)).to_string());
    let told = Ran::of(&later.output().unwrap()).ends(2).stdout;
    assert!(told.contains("OVERDUE"), "{told}");
}
