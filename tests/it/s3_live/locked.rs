//! A store that locks what is written: planned, set up, and held by real endpoints against who holds every right of a client.

use aws_sdk_s3::types as t;

use super::Trial;
use crate::harness::{Endpoint, endpoint};

async fn trial(endpoint: &Endpoint) -> Trial {
    let trial = Trial::new(endpoint).await;
    let text = trial.home.text("bdr.yaml");
    let locked = "    versioning: true\n    immutability: { mode: governance, for: 7d }\n    noncurrent: { for: 7d }\n";
    trial.home.policy(&text.replace("    versioning: true\n", locked));
    std::fs::create_dir_all(trial.home.path("docs")).unwrap();
    std::fs::write(trial.home.path("docs/a"), "first").unwrap();
    trial
}

/// Everything that a backup is made of is locked for at least the policy's days; what is locked stays when it is deleted by version.
async fn held(name: &str, endpoint: &Endpoint) {
    // radosgw honours no conditional writes, so nothing can hold a lease there.
    let lease: &[&str] = if name == "radosgw" { &["--no-lease"] } else { &[] };
    let trial = trial(endpoint).await;
    let plan = trial.run(&["plan"]).ends(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plan.contains("+ object lock") && plan.contains("mode GOVERNANCE") && plan.contains("days 7"), "{plan}");
    trial.run(&[&["apply", "--auto-approve"], lease].concat()).ends(0);
    trial.plans_nothing();
    let versions = trial.client.list_object_versions().bucket(&trial.bucket).send().await.unwrap().versions.unwrap_or_default();
    let is_of_backup = |key: &str| key.contains("/docs/nightly/") && (key.ends_with(".zst") || key.ends_with("manifest.json"));
    let own: Vec<_> = versions.iter().filter(|version| version.key().is_some_and(is_of_backup)).collect();
    assert!(
        own.len() >= 3,
        "a pack, a table, an index, a manifest: {:?}",
        versions.iter().map(t::ObjectVersion::key).collect::<Vec<_>>()
    );
    let now = jiff::Timestamp::now().as_second();
    for version in own {
        let (key, id) = (version.key().unwrap(), version.version_id().unwrap());
        let lock = trial.client.get_object_retention().bucket(&trial.bucket).key(key).version_id(id).send().await.unwrap();
        let lock = lock.retention.unwrap();
        let days = (lock.retain_until_date.unwrap().secs() - now) / 86_400;
        assert!(
            (6..=14).contains(&days) && lock.mode == Some(t::ObjectLockRetentionMode::Governance),
            "{key}: {days} d, {:?}",
            lock.mode
        );
        let gone = trial.client.delete_object().bucket(&trial.bucket).key(key).version_id(id).send().await;
        assert!(gone.is_err(), "{key} is locked and could be removed");
    }
    trial.run(&["verify", "--read-data"]).ends(0);
    // A second backup, a prune that finds something locked, and a restore: none of it minds.
    std::fs::write(trial.home.path("docs/a"), "second").unwrap();
    trial.run(&["backup", "docs"]).ends(0);
    trial.run(&["prune", "--yes"]).ends(0);
    trial.run(&["restore", "docs", "--to", "back"]).ends(0);
    assert_eq!(trial.home.text("back/a"), "second");
    trial.plans_nothing();
}

/// Shortened and laxer behind its back: grave when the policy does it, planned back when somebody else does.
#[tokio::test(flavor = "multi_thread")]
async fn a_shorter_lock_weakens_and_one_that_somebody_took_off_is_planned_back() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = trial(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let text = trial.home.text("bdr.yaml");
    trial.home.policy(&text.replace("governance, for: 7d", "governance, for: 2d"));
    let plan = trial.run(&["plan"]).ends(0).stdout;
    assert!(plan.contains("1 weakens a protection") && plan.contains("7 → 2"), "{plan}");
    trial.home.policy(&text);
    let off = t::ObjectLockConfiguration::builder().object_lock_enabled(t::ObjectLockEnabled::Enabled).build();
    trial.client.put_object_lock_configuration().bucket(&trial.bucket).object_lock_configuration(off).send().await.unwrap();
    let plan = trial.run(&["plan", "--detailed-exitcode"]).ends(2).stdout;
    assert!(plan.contains("object lock"), "{plan}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_holds_what_is_locked() {
    let Some(endpoint) = endpoint("ministack") else { return };
    held("ministack", endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_holds_what_is_locked() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    held("seaweedfs", endpoint).await;
}

/// moto 5.2 takes a lock only for a bucket that holds nothing, which AWS does not ask for: told, and nothing is written unlocked.
#[tokio::test(flavor = "multi_thread")]
async fn where_the_lock_does_not_come_about_no_backup_is_made() {
    let Some(endpoint) = endpoint("moto") else { return };
    let trial = trial(endpoint).await;
    let ran = trial.run(&["apply", "--auto-approve"]).ends(3);
    assert!(
        ran.stdout.contains("failed   store.bucket/s3_object_lock") && ran.stdout.contains("skipped  component.docs/run"),
        "{ran:#?}"
    );
    assert!(trial.objects().await.iter().all(|key| !key.contains("/docs/")), "{:?}", trial.objects().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn radosgw_holds_what_is_locked() {
    let Some(endpoint) = endpoint("radosgw") else { return };
    held("radosgw", endpoint).await;
}
