//! A store that is replicated, run as a user would: backups arrive elsewhere, are listed and restored from there, and the plan says what
//! an endpoint without replication leaves unkept.

use std::time::{Duration, Instant};

use super::Trial;
use crate::harness::{Endpoint, endpoint, fresh_name};

/// The trial's bucket, replicated to a second one.
async fn trial(endpoint: &Endpoint) -> (Trial, String) {
    let trial = Trial::new(endpoint).await;
    let there = fresh_name();
    let text = trial.home.text("bdr.yaml");
    let second = format!(
        "    versioning: true\n    replicate: {{ to: dr, within: 15m }}\n  dr:\n    s3: {{ bucket: {there}, region: {}, endpoint: '{}' }}\n    \
         versioning: true\n",
        endpoint.region, endpoint.url
    );
    let text = text.replacen("    versioning: true\n", &second, 1);
    trial.home.policy(&text);
    std::fs::create_dir_all(trial.home.path("docs")).unwrap();
    std::fs::write(trial.home.path("docs/a"), "first").unwrap();
    (trial, there)
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_arrives_in_the_other_store_and_comes_back_from_there() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let (trial, there) = trial(endpoint).await;
    let plan = words(&trial.run(&["plan"]).ends(0).stdout);
    assert!(plan.contains("+ replication rule dr/docs") && plan.contains("within_minutes 15"), "{plan}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
    let begun = Instant::now();
    let listed = |store: &str| trial.run(&["list", "docs", "--store", store, "--format", "json"]).stdout;
    let id = |text: &str| text.split("\"id\": \"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
    let made = id(&listed("bucket")).expect("a backup");
    while id(&listed("dr")).as_ref() != Some(&made) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{made} did not arrive: {}", listed("dr"));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    trial.run(&["verify", "docs", "--store", "dr", "--read-data"]).ends(0);
    // What the newest backup is made of is there, and both stores hold it.
    let status: serde_json::Value = serde_json::from_str(&trial.run(&["status", "--format", "json"]).ends(0).stdout).unwrap();
    let rule = &status["rules"][0];
    assert_eq!(rule["rule"], "store.bucket/s3_replication_rule:dr/docs", "{status}");
    assert!(rule["sampled"].as_u64() >= Some(3) && rule["copied"] == rule["sampled"], "{status}");
    let stores: Vec<_> = status["held"].as_array().unwrap().iter().map(|held| held["store"].as_str().unwrap()).collect();
    assert_eq!(stores, ["bucket", "dr"], "{status}");
    let plan = trial.run(&["plan"]).ends(0).stdout;
    assert!(!plan.contains("does not copy there"), "{plan}");
    // The lease and the slots are each store's own.
    let keys = trial.client.list_objects_v2().bucket(&there).send().await.unwrap().contents.unwrap_or_default();
    let foreign = |key: &str| key.contains("lease.json") && !key.contains("/docs/");
    let leases = keys.iter().filter_map(|object| object.key()).filter(|key| foreign(key)).count();
    assert!(leases <= 1, "{keys:?}");
    // The whole bucket is lost: what lies elsewhere brings it back, without being asked for by name.
    for key in trial.objects().await.iter().filter(|key| key.contains("/docs/")) {
        trial.client.delete_object().bucket(&trial.bucket).key(key).send().await.unwrap();
    }
    trial.run(&["restore", "docs", "--to", "back"]).ends(0);
    assert_eq!(trial.home.text("back/a"), "first");
    // A backup is written where the protection says, and nowhere else.
    let refused = trial.run(&["backup", "docs", "--store", "dr"]);
    assert!(refused.code != Some(0) && refused.stderr.contains("`dr`"), "{refused:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_told_in_the_class_that_the_rule_makes_them_in() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let (trial, _) = trial(endpoint).await;
    let text = trial.home.text("bdr.yaml").replace("within: 15m }", "within: 15m, storage_class: STANDARD_IA }");
    trial.home.policy(&text.replace("weekly: { for: 8w }", "monthly: { for: 12mo, class: GLACIER }"));
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let begun = Instant::now();
    let classes = |status: &serde_json::Value, at: usize| {
        let classes = status["held"][at]["classes"].as_object().cloned().unwrap_or_default();
        classes.into_iter().map(|(class, sum)| (class, sum["backups"].as_u64().unwrap())).collect::<Vec<_>>()
    };
    let status: serde_json::Value = loop {
        let status = serde_json::from_str(&trial.run(&["status", "--format", "json"]).stdout).unwrap();
        if classes(&status, 1).iter().map(|(_, backups)| backups).sum::<u64>() == 2 {
            break status;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "they did not arrive: {status}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(classes(&status, 0), [("GLACIER".to_owned(), 1), ("STANDARD".to_owned(), 1)], "{status}");
    assert_eq!(classes(&status, 1), [("STANDARD_IA".to_owned(), 2)], "{status}");
    let listed = |store: &str| trial.run(&["list", "docs", "--store", store]).ends(0).stdout;
    assert!(listed("bucket").contains("GLACIER") && !listed("dr").contains("GLACIER"), "{}{}", listed("bucket"), listed("dr"));
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_away_it_weakens_and_behind_its_back_it_is_drift() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let (trial, _) = trial(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.client.delete_bucket_replication().bucket(&trial.bucket).send().await.unwrap();
    let drift = words(&trial.run(&["drift"]).stdout);
    assert!(drift.contains("replication rule dr/docs"), "{drift}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
    let text = trial.home.text("bdr.yaml");
    trial.home.policy(&text.replace("    replicate: { to: dr, within: 15m }\n", ""));
    let plan = words(&trial.run(&["plan"]).ends(0).stdout);
    assert!(
        plan.contains("! replication rule dr/docs removed, which weakens") && plan.contains("1 weakens a protection"),
        "{plan}"
    );
}

/// Regions are words to a compatible endpoint, so that the two stores may lie in two: the objective is kept on paper only.
#[tokio::test(flavor = "multi_thread")]
async fn where_the_endpoint_copies_nothing_the_plan_says_what_is_not_kept() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    let (trial, there) = trial(endpoint).await;
    let text = trial.home.text("bdr.yaml");
    let far = text.replace(&format!("{there}, region: {}", endpoint.region), &format!("{there}, region: elsewhere"));
    assert_ne!(far, text);
    let far = far.replace("    protect:\n", "    objectives: { region: { rpo: 26h } }\n    protect:\n");
    trial.home.policy(&far);
    let plan = words(&trial.run(&["plan"]).ends(0).stdout);
    assert!(plan.contains("not supported by this endpoint: replication"), "{plan}");
    assert!(plan.contains("no objective can rest on it"), "{plan}");
    let row = plan.split("docs region").nth(1).unwrap_or_default();
    assert!(row.contains("no bound") && !row.split("26h").nth(1).unwrap_or_default().contains("→ 24"), "{plan}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
    for bucket in [&trial.bucket, &there] {
        trial.client.head_bucket().bucket(bucket).send().await.unwrap();
    }
    trial.run(&["verify", "docs"]).ends(0);
}

/// A bucket that is not there yet does not tell whether its endpoint replicates, unless that says what it is.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_knows_is_told_before_there_is_a_bucket_or_said_to_be_unknown() {
    const UNKNOWN: &str = "whether this endpoint knows replication is not known yet";
    const LACKING: &str = "not supported by this endpoint: replication";
    for (name, said) in [("ministack", UNKNOWN), ("moto", UNKNOWN), ("seaweedfs", LACKING), ("radosgw", UNKNOWN)] {
        let Some(endpoint) = endpoint(name) else { continue };
        let (trial, _) = trial(endpoint).await;
        let plan = words(&trial.run(&["plan"]).stdout);
        assert_eq!([UNKNOWN, LACKING].map(|text| plan.contains(text)), [said == UNKNOWN, said == LACKING], "{name}: {plan}");
        if name == "ministack" {
            trial.run(&["apply", "--auto-approve"]).ends(0);
            assert!(!words(&trial.run(&["plan"]).ends(0).stdout).contains(UNKNOWN));
        }
    }
}
