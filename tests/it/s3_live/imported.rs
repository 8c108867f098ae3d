//! A policy from live buckets: what bdr made comes back as it was written, and what others made stays and is named.

use aws_sdk_s3::types as t;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRng, TestRunner};

use super::{Trial, component};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{Endpoint, endpoint, fresh_name, make_bucket};

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The settings of two stores, the second of which may take the copies of the first.
fn settings() -> impl Strategy<Value = (String, String)> {
    let flag = any::<bool>;
    let one =
        (flag(), 1_u32..400, flag(), flag(), 0_u8..4, flag()).prop_map(|(versions, days, aborts, tags, access, encrypts)| {
            let mut text = String::new();
            if versions {
                text += &format!("    versioning: true\n    noncurrent: {{ for: {days}d }}\n");
            }
            if aborts {
                text += &format!("    abort_uploads_after: {days}d\n");
            }
            if tags {
                text += "    tags: { team: ops, \"a b\": \"c: d\" }\n";
            }
            if encrypts {
                text += "    encryption: { sse: AES256 }\n";
            }
            let janitor = "arn:aws:iam::000000000000:user/janitor";
            text += &match access {
                1 => format!("    access: {{ write: ['{janitor}'], delete: ['{janitor}'] }}\n"),
                2 => format!(
                    "    access: {{ delete: ['{janitor}'], write: ['{janitor}'], read: ['{janitor}', 'arn:aws:iam::000000000000:user/two'] }}\n"
                ),
                3 => format!("    access: {{ delete: [], write: ['{janitor}'] }}\n"),
                _ => String::new(),
            };
            text
        });
    (one.clone(), one)
}

struct World {
    trial: Trial,
    policy: String,
    buckets: [String; 2],
    endpoint: Endpoint,
}

impl World {
    async fn new(endpoint: &Endpoint) -> Self {
        let trial = Trial::new(endpoint).await;
        Self { policy: fresh_name(), buckets: [fresh_name(), fresh_name()], trial, endpoint: endpoint.clone() }
    }

    /// A policy with files in the first store.
    fn text(&self, (one, two): &(String, String), replicate: bool) -> String {
        let Endpoint { url, region, .. } = &self.endpoint;
        let versions =
            |text: &str| if replicate && !text.contains("versioning") { "    versioning: true\n" } else { "" }.to_owned() + text;
        let place = |bucket: &str| format!("s3: {{ bucket: {bucket}, region: {region}, endpoint: '{url}' }}");
        let replicates = if replicate { "    replicate: { to: far, within: 15m }\n" } else { "" };
        format!(
            "version: 1\nname: {}\nstores:\n  near:\n    {}\n{}{replicates}  far:\n    {}\n{}components:\n  docs:\n    files: {{ paths: ['{}'] }}\n    \
             protect:\n      nightly: {{ file_backup: {{}}, store: near }}\n    retain: {{ daily: {{ for: 20d }}, monthly: {{ for: 300d }} }}\n",
            self.policy,
            place(&self.buckets[0]),
            versions(one),
            place(&self.buckets[1]),
            versions(two),
            self.trial.home.path("docs").display(),
        )
    }

    /// Imports both buckets into a file of its own; what is said.
    fn import(&self, file: &str) -> String {
        let Endpoint { url, region, .. } = &self.endpoint;
        let [near, far] = &self.buckets;
        let file = self.trial.home.path(file);
        let arguments =
            ["import", "--bucket", near, "--bucket", far, "--region", region, "--endpoint", url, "--out", file.to_str().unwrap()];
        self.trial.run(&arguments).ends(0).stderr
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_bdr_made_is_imported_as_it_was_written() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha));
    for round in 0..6 {
        let world = World::new(endpoint).await;
        let text = world.text(&settings().new_tree(&mut runner).unwrap().current(), round % 2 == 0);
        world.trial.home.policy(&text);
        world.trial.run(&["apply", "--auto-approve"]).ends(0);
        world.trial.plans_nothing();
        let said = world.import("imported.yaml");
        let imported = world.trial.home.text("imported.yaml");
        assert!(!said.contains("What the first `bdr apply` does"), "{text}\n{said}\n{imported}");
        world.trial.home.policy(&imported);
        world.trial.run(&["lint"]).ends(0);
        let plan = world.trial.run(&["plan", "--detailed-exitcode"]);
        assert_eq!(plan.code, Some(0), "{text}\n{imported}\n{plan:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_made_stays_and_is_named() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let world = World::new(endpoint).await;
    let client = &world.trial.client;
    for bucket in &world.buckets {
        make_bucket(client, bucket).await;
    }
    let near = &world.buckets[0];
    let versions = t::VersioningConfiguration::builder().status(t::BucketVersioningStatus::Enabled).build();
    client.put_bucket_versioning().bucket(near).versioning_configuration(versions).send().await.unwrap();
    let rule = t::LifecycleRule::builder()
        .id("expire-tmp")
        .filter(t::LifecycleRuleFilter::builder().prefix("tmp/").build())
        .status(t::ExpirationStatus::Enabled)
        .expiration(t::LifecycleExpiration::builder().days(7).build())
        .build()
        .unwrap();
    let rules = t::BucketLifecycleConfiguration::builder().rules(rule).build().unwrap();
    client.put_bucket_lifecycle_configuration().bucket(near).lifecycle_configuration(rules).send().await.unwrap();
    let statement = serde_json::json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "Readers", "Effect": "Allow", "Principal": { "AWS":
        "arn:aws:iam::000000000000:user/reader" }, "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{near}/*") }] });
    client.put_bucket_policy().bucket(near).policy(statement.to_string()).send().await.unwrap();
    let tag = |key: &str, value: &str| t::Tag::builder().key(key).value(value).build().unwrap();
    let tags = t::Tagging::builder().tag_set(tag("password", "hunter2-hunter2")).tag_set(tag("team", "ops")).build().unwrap();
    client.put_bucket_tagging().bucket(near).tagging(tags).send().await.unwrap();
    let said = words(&world.import("imported.yaml"));
    let text = world.trial.home.text("imported.yaml");
    assert!(said.contains("lifecycle rule `expire-tmp` stays as it is: `tmp/`: expires after 7 d"), "{said}");
    assert!(said.contains("bucket policy statement `Readers` stays as it is"), "{said}");
    assert!(!said.contains("hunter2") && !text.contains("hunter2") && said.contains("1 tag"), "{said}");
    assert!(text.contains("versioning: true") && text.contains("expire-tmp") && text.contains("# - makes the"), "{text}");
    let told = text.replace(near, "NEAR").replace(&world.buckets[1], "FAR").replace(&endpoint.url, "URL");
    insta::assert_snapshot!("imported-by-hand", told);
    world.trial.home.policy(&text);
    world.trial.run(&["lint"]).ends(0);
    // The plan does what was named, and nothing else.
    let plan: serde_json::Value = serde_json::from_str(&world.trial.run(&["plan", "--format", "json"]).ends(0).stdout).unwrap();
    let changes =
        plan["actions"].as_array().unwrap().iter().flat_map(|action| action["work"]["change"]["changes"].as_array().unwrap());
    for change in changes {
        let id = change["id"].as_str().unwrap();
        assert!(text.contains(id), "{id} is not named: {text}");
    }
    world.trial.run(&["apply", "--auto-approve"]).ends(0);
    world.trial.plans_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_is_overwritten_and_a_bucket_that_is_not_there_is_told() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let world = World::new(endpoint).await;
    let before = world.trial.home.text("bdr.yaml");
    let file = world.trial.home.path("bdr.yaml");
    let run = |more: &[&str]| {
        let all = ["import", "--bucket", &world.buckets[0], "--region", endpoint.region, "--endpoint", &endpoint.url, "--out"];
        world.trial.run(&[&all, more].concat())
    };
    let refused = run(&[file.to_str().unwrap()]).ends(64);
    assert!(refused.stderr.contains("is there already"), "{refused:#?}");
    assert_eq!(world.trial.home.text("bdr.yaml"), before);
    let gone = run(&["-"]).ends(1);
    assert!(gone.stderr.contains("there is no such bucket") && gone.stdout.is_empty(), "{gone:#?}");
}

/// Whether it is there and where are one question. The first apply, which is foretold, asks anew.
#[tokio::test(flavor = "multi_thread")]
async fn each_bucket_is_looked_at_once_before_it_is_read() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let proxy = Proxy::before(&endpoint.url, |_| Fault::None).await;
    let world = World::new(&Endpoint { url: proxy.url.clone(), ..endpoint.clone() }).await;
    for bucket in &world.buckets {
        make_bucket(&world.trial.client, bucket).await;
    }
    let before = proxy.seen().len();
    world.import("imported.yaml");
    let seen = proxy.seen().split_off(before);
    for bucket in &world.buckets {
        let of = |method: &str| format!("{method} /{bucket}");
        let reads = seen.iter().position(|line| line.starts_with(&of("GET"))).unwrap();
        assert_eq!(seen[..reads].iter().filter(|line| line.starts_with(&of("HEAD"))).count(), 1, "{bucket}: {seen:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_of_two_regions_are_found_without_a_policy() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    std::fs::remove_file(trial.home.path("bdr.yaml")).unwrap();
    let names = [fresh_name(), fresh_name()];
    component::made(&trial, &names[0], endpoint.region).await;
    let far = trial.client.config().to_builder().region(aws_sdk_s3::config::Region::new("eu-west-1")).build();
    let there = t::CreateBucketConfiguration::builder().location_constraint("eu-west-1".into()).build();
    let made = aws_sdk_s3::Client::from_conf(far).create_bucket().bucket(&names[1]).create_bucket_configuration(there);
    made.send().await.unwrap();
    let import = ["import", "--bucket", &names[0], "--bucket", &names[1], "--endpoint", &endpoint.url];
    trial.run(&[&import[..], &["--region", endpoint.region]].concat()).ends(0);
    let text = trial.home.text("bdr.yaml");
    for (bucket, region) in names.iter().zip([endpoint.region, "eu-west-1"]) {
        let line = text.lines().find(|line| line.contains("s3: {") && line.contains(bucket.as_str())).unwrap();
        assert!(line.contains(region), "{text}");
    }
    trial.run(&["lint"]).ends(0);
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
}

/// What a policy of the same name left elsewhere is looked for as a plan looks for it.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_first_apply_would_take_away_elsewhere_is_named() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let (trial, names) = component::copied(endpoint).await;
    let buckets = names.each_ref().map(String::as_str);
    let said =
        trial.run(&["import", "--bucket", buckets[1], "--endpoint", &endpoint.url, "--out", "imported.yaml"]).ends(0).stderr;
    for part in
        [format!("removes the replication rule policy/s3_replication_rule:{}", buckets[0]), "removes the role ".to_owned()]
    {
        assert!(said.contains(&part), "{said}");
    }
}
