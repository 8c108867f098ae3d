//! Somebody changes a bucket behind bdr's back: what is bdr's is planned back, what is theirs stays, whenever it came.

use std::process::Stdio;
use std::time::Duration;

use aws_sdk_s3::types as t;

use super::Trial;
use crate::binary::Ran;
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{Endpoint, endpoint, make_bucket};

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

/// SeaweedFS refuses every conditional replacement in a bucket whose versioning was suspended: said, and a way out.
fn mended(trial: &Trial, name: &str) {
    let ran = trial.run(&["apply", "--auto-approve"]);
    if name == "seaweedfs" {
        let ran = ran.ends(4);
        assert!(ran.stderr.contains("though nobody else changed it") && ran.stderr.contains("--no-lease"), "{ran:#?}");
        trial.run(&["apply", "--auto-approve", "--no-lease"]).ends(0);
    } else {
        ran.ends(0);
    }
}

/// A foreign rule and tag, one of our rules changed, versioning suspended, a tag removed.
async fn planned_back(name: &str, endpoint: &Endpoint) {
    let trial = Trial::new(endpoint).await;
    let applied = trial.run(&["apply", "--auto-approve"]).ends(0);
    let together = "s3_lifecycle_rule: docs/nightly/daily, docs/nightly/weekly, scratch";
    assert!(applied.stderr.contains(together), "all rules of one write are named: {applied:#?}");
    trial.plans_nothing();
    trial.shorten_ours().await;
    trial.add_rule("theirs").await;
    trial.suspend_versioning().await;
    let mut tags = trial.tags().await;
    tags.retain(|(key, _)| key != "team");
    tags.push(pair("cost", "42"));
    trial.put_tags(&tags).await;

    let plan = trial.run(&["plan", "--detailed-exitcode"]).ends(2);
    let told = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["expire_days 3 → 51", "team none → ops", "enabled false → true", "2 foreign parts kept"] {
        assert!(told.contains(words), "`{words}` is not in {}", plan.stdout);
    }
    assert_eq!(told.matches("theirs").count(), 1, "shown once: {}", plan.stdout);
    assert!(told.contains("lifecycle rule theirs") && told.contains("tag cost 42"), "{}", plan.stdout);
    let suspended = "! store bucket: versioning was on and is suspended: what is overwritten or deleted there is gone at once";
    assert!(told.contains(suspended) && told.find(suspended) < told.find("~ store bucket"), "told first: {}", plan.stdout);
    assert!(told.contains("say --no-lease"), "{}", plan.stdout);
    let alarm = "! store bucket: its lifecycle rule docs/nightly/daily lets backups of `docs/nightly` go after 3 d, and the policy needs them \
                 for 21 d";
    assert!(
        told.contains(alarm)
            && told.contains("none is gone yet")
            && told.contains("Apply soon")
            && !told.contains("the foreign lifecycle"),
        "{}",
        plan.stdout
    );
    let drift = trial.run(&["drift"]).ends(2).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(drift.contains(alarm) && drift.contains(suspended), "{drift}");
    mended(&trial, name);
    trial.plans_nothing();
    assert!(trial.rules().await.iter().any(|rule| rule.id() == Some("theirs")));
    let tags = trial.tags().await;
    assert!(tags.contains(&pair("cost", "42")) && tags.contains(&pair("team", "ops")), "{tags:?}");
}

/// A bucket that was there when the plan was made is gone: no attempt brings it back, only another plan.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_gone_since_the_review_makes_the_plan_stale() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    make_bucket(&trial.client, &trial.bucket).await;
    trial.run(&["plan", "--out", "plan.json"]).ends(0);
    trial.client.delete_bucket().bucket(&trial.bucket).send().await.unwrap();
    let ran = trial.run(&["apply", "plan.json", "--auto-approve", "--no-lease"]).ends(4);
    assert!(ran.stdout.contains("stale"), "{ran:#?}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
}

/// A bucket of somebody else's: what could not be written is told when it is planned, and that it is taken over too.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_bucket_has_no_room_for_is_refused_by_the_plan() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    make_bucket(&trial.client, &trial.bucket).await;
    let mut tags: Vec<(String, String)> = (0..49).map(|n| pair(&format!("theirs-{n}"), "x")).collect();
    trial.put_tags(&tags).await;
    let plan = trial.run(&["plan"]).ends(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plan.contains("the bucket would have 52 tags, and S3 takes 50"), "{plan}");
    tags.truncate(47);
    trial.put_tags(&tags).await;
    let plan = trial.run(&["plan"]).ends(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!plan.contains("S3 takes 50") && plan.contains("carries no mark of bdr: it is taken over"), "{plan}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
    assert_eq!(trial.tags().await.len(), 50);
}

/// What promises rest on is not as the policy wants it: "before" is what stands, not what was wanted.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_behind_its_back_is_a_promise_that_does_not_hold() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    let text = trial.home.text("bdr.yaml").replace("    retain:", "    objectives: { rpo: 30h, rto: 1d }\n    retain:");
    trial.home.policy(&text);
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let corruption = |trial: &Trial| {
        let plan: serde_json::Value = serde_json::from_str(&trial.run(&["plan", "--format", "json"]).ends(0).stdout).unwrap();
        let row = plan["objectives"].as_array().unwrap().iter().find(|row| row["disruption"] == "corruption").unwrap().clone();
        (row["rpo"]["before"]["seconds"].as_u64(), row["rpo"]["after"]["seconds"].as_u64())
    };
    let (before, after) = corruption(&trial);
    assert!(before.is_some() && before == after, "{before:?} {after:?}");
    trial.suspend_versioning().await;
    assert_eq!(corruption(&trial), (None, after), "no versions, so what is deleted there is gone");

    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.home.policy(&text.replace("versioning: true", "versioning: false"));
    assert_eq!(corruption(&trial), (before, None));

    trial.home.policy(&text);
    let listed = trial.client.list_object_versions().bucket(&trial.bucket).send().await.unwrap();
    let versions = listed.versions.unwrap_or_default().into_iter().map(|version| (version.key, version.version_id));
    let markers = listed.delete_markers.unwrap_or_default().into_iter().map(|marker| (marker.key, marker.version_id));
    for (key, id) in versions.chain(markers) {
        let gone = trial.client.delete_object().bucket(&trial.bucket).set_key(key).set_version_id(id);
        gone.send().await.unwrap();
    }
    trial.client.delete_bucket().bucket(&trial.bucket).send().await.unwrap();
    let (before, after) = corruption(&trial);
    assert!(before.is_none() && after.is_some(), "the bucket itself is gone");
}

/// A rule and a tag of somebody else come after the review: what stands beside them is done as reviewed, and they stay. A change of
/// ours after the review is shown and left alone, and the rest is done.
async fn after_the_review(endpoint: &Endpoint) {
    let trial = Trial::new(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let untag = async || {
        let mut tags = trial.tags().await;
        tags.retain(|(key, _)| key != "team");
        trial.put_tags(&tags).await;
    };
    trial.shorten_ours().await;
    untag().await;
    trial.run(&["plan", "--out", "p.json"]).ends(0);
    trial.add_rule("late").await;
    let mut tags = trial.tags().await;
    tags.push(pair("cost", "42"));
    trial.put_tags(&tags).await;
    trial.run(&["apply", "p.json"]).ends(0);
    trial.plans_nothing();
    let tags = trial.tags().await;
    assert!(tags.contains(&pair("cost", "42")) && tags.contains(&pair("team", "ops")), "{tags:?}");
    assert!(trial.rules().await.iter().any(|rule| rule.id() == Some("late")));

    trial.shorten_ours().await;
    untag().await;
    let timer = format!("units/bdr-{}.docs.nightly.timer", trial.bucket);
    let moved = trial.home.text(&timer).replace("02:00", "05:00");
    std::fs::write(trial.home.path(&timer), &moved).unwrap();
    trial.run(&["plan", "--out", "p.json"]).ends(0);
    let mut tags = trial.tags().await;
    tags.push(pair("team", "another"));
    trial.put_tags(&tags).await;
    let ran = trial.run(&["apply", "p.json"]).ends(4);
    assert!(ran.stdout.contains("another") && ran.stdout.contains("run `bdr plan`"), "{ran:#?}");
    assert!(trial.tags().await.contains(&pair("team", "another")), "nothing was written over it");
    assert!(trial.rules().await.iter().all(|rule| rule.expiration.as_ref().and_then(|e| e.days) != Some(3)), "the rest is done");
}

/// The command that drift prints is one that works, and bdr's own probes are no data.
#[tokio::test(flavor = "multi_thread")]
async fn ministack_drift_prints_the_command_that_puts_it_back() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let lengthened = async |keys: &[&str]| {
        let mut rules = trial.rules().await;
        for rule in rules.iter_mut().filter(|rule| keys.iter().any(|key| rule.id().unwrap().ends_with(key))) {
            rule.expiration = Some(t::LifecycleExpiration::builder().days(500).build());
        }
        trial.put_rules(rules).await;
    };
    lengthened(&["scratch"]).await;
    let drift = trial.run(&["drift"]).ends(2);
    assert!(!drift.stdout.contains("destroy") && drift.stderr.contains("`bdr apply` makes it"), "{drift:#?}");
    lengthened(&["scratch", "daily"]).await;
    let drift = trial.run(&["drift"]).ends(2);
    assert!(drift.stderr.contains("`bdr apply --destroy-data=1` makes it"), "{drift:#?}");
    trial.run(&["apply", "--auto-approve"]).ends(4);
    trial.run(&["apply", "--auto-approve", "--destroy-data=1"]).ends(0);
    trial.plans_nothing();
}

/// One rule of the policy's is changed after the review: it alone is stale, and the other rules of the bucket are written.
async fn one_rule_after_the_review(endpoint: &Endpoint) {
    let trial = Trial::new(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let text = trial.home.text("bdr.yaml");
    trial.home.policy(&text.replace("14d", "20d").replace("8w", "9w"));
    trial.run(&["plan", "--out", "p.json"]).ends(0);
    trial.shorten_ours().await;
    let ran = trial.run(&["apply", "p.json"]).ends(4);
    let told = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("stale store.bucket/s3_lifecycle_rule:docs/nightly/daily"), "{ran:#?}");
    assert!(told.contains("reviewed: 51 now: 3") && !told.contains("weekly"), "{ran:#?}");
    assert!(told.contains("Partly applied: 1 change done, 1 change stale."), "{ran:#?}");
    let days = |rules: &[t::LifecycleRule], key: &str| {
        let rule = rules.iter().find(|rule| rule.id().is_some_and(|id| id.ends_with(key))).unwrap();
        rule.expiration.as_ref().and_then(|expiration| expiration.days)
    };
    let rules = trial.rules().await;
    assert_eq!((days(&rules, "daily"), days(&rules, "weekly")), (Some(3), Some(100)));
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_one_rule_that_changed_since_the_review_is_stale_alone() {
    let Some(endpoint) = endpoint("ministack") else { return };
    one_rule_after_the_review(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_one_rule_that_changed_since_the_review_is_stale_alone() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    one_rule_after_the_review(endpoint).await;
}

/// A foreign rule that covers backups is no change of a plan, and grave all the same.
async fn expiring(endpoint: &Endpoint) {
    let trial = Trial::new(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.add_rule_below("", "sweeper").await;
    // Drift looks at no backup, so it can't know whether any has gone; that somebody has to see to the rule it knows.
    for (arguments, code) in [(&["plan", "--detailed-exitcode"], 0), (&["drift", "--all"], 2)] {
        let ran = trial.run(arguments).ends(code);
        let told = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        let alarm =
            "the foreign lifecycle rule `sweeper` lets backups of `docs/nightly` go after 7 d, and the policy needs them for";
        assert!(told.contains(alarm) && !told.contains("may be gone already"), "{ran:#?}");
        assert_eq!(told.contains("none is gone yet"), code == 0, "{ran:#?}");
    }
}

/// A foreign rule that removes old versions sooner than the store's own.
#[tokio::test(flavor = "multi_thread")]
async fn ministack_a_foreign_rule_that_removes_old_versions_is_told_first() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    let text = trial.home.text("bdr.yaml");
    trial.home.policy(&text.replace("versioning: true", "versioning: true\n    noncurrent: { for: 30d }"));
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let mut rules = trial.rules().await;
    let old = t::NoncurrentVersionExpiration::builder().noncurrent_days(1).build();
    let filter = t::LifecycleRuleFilter::builder().prefix("").build();
    let rule = t::LifecycleRule::builder().id("sweeper").filter(filter).status(t::ExpirationStatus::Enabled);
    rules.push(rule.noncurrent_version_expiration(old).build().unwrap());
    trial.put_rules(rules).await;
    for (arguments, code) in [(&["plan", "--detailed-exitcode"][..], 0), (&["drift"], 2)] {
        let ran = trial.run(arguments).ends(code);
        let told = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        let alarm = "the foreign lifecycle rule `sweeper` removes what was replaced or deleted after 1 d, and the policy keeps it for 30 d";
        assert!(told.contains(alarm) && !told.contains("gone already"), "{ran:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_a_foreign_rule_that_lets_backups_go_is_told_first() {
    let Some(endpoint) = endpoint("ministack") else { return };
    expiring(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_a_foreign_rule_that_lets_backups_go_is_told_first() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    expiring(endpoint).await;
}

/// Under another name of the policy nothing in the bucket is its own any more: what stands there is foreign, each part once.
#[tokio::test(flavor = "multi_thread")]
async fn ministack_what_an_earlier_name_of_the_policy_left_is_told_once() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.home.policy(&super::policy("another", &trial.bucket, &endpoint.url, endpoint.region));
    let told = trial.run(&["plan", "--all", "--format", "json"]).stdout;
    let plan: serde_json::Value = serde_json::from_str(&told).unwrap();
    let names: Vec<&str> = plan["foreign"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let mut once = names.clone();
    once.sort_unstable();
    once.dedup();
    assert!(names.iter().any(|name| name.ends_with("docs/nightly/daily")), "{names:?}");
    assert_eq!(names.len(), once.len(), "{names:?}");
}

/// So is one that moves backups where nothing reads them at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_rule_that_archives_backups_is_told_first() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.archive_below("", "cheaper").await;
    // Nobody who is asked for drift looks at backups, so whether any is there already is not said.
    let both = [(&["plan", "--detailed-exitcode"], 0, "none is there yet"), (&["drift", "--all"], 2, "at hand for 63 d")];
    for (arguments, code, there) in both {
        let ran = trial.run(arguments).ends(code);
        let told = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        let alarm = "the foreign lifecycle rule `cheaper` moves backups of `docs/nightly` to GLACIER after 7 d, and the policy needs \
                     their manifests and indexes at hand for";
        assert!(told.contains(alarm) && told.contains(there), "{ran:#?}");
        assert!(told.contains("Have whoever owns that rule narrow it"), "{ran:#?}");
    }
}

/// The second of two applies ends while the first works, and says who that is.
async fn one_at_a_time(endpoint: &Endpoint) {
    let mut writes = 0;
    // The one that sets everything up passes; the next one is held until the second apply has ended.
    let held = move |line: &str| {
        writes += u32::from(line.starts_with("PUT") && line.contains("?lifecycle"));
        if line.starts_with("PUT") && line.contains("?lifecycle") && writes > 1 {
            Fault::Hold(Duration::from_secs(25))
        } else {
            Fault::None
        }
    };
    let proxy = Proxy::before(&endpoint.url, held).await;
    let trial = Trial::through(endpoint, &proxy.url).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.shorten_ours().await;
    let spawn = || {
        let mut command = trial.command(&["apply", "--auto-approve", "--lease-ttl", "3"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let first = spawn();
    let writes = || proxy.seen().iter().filter(|line| line.starts_with("PUT") && line.contains("?lifecycle")).count();
    // Until it holds the lease and waits for its write.
    while writes() < 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let second = Ran::of(&spawn().wait_with_output().unwrap()).ends(4);
    assert!(second.stderr.contains("ada@") && second.stderr.contains("holds the lease"), "{second:#?}");
    assert!(second.stderr.contains("bdr unlock"), "{second:#?}");
    proxy.let_go();
    Ran::of(&first.wait_with_output().unwrap()).ends(0);
    trial.plans_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_what_is_ours_is_planned_back() {
    let Some(endpoint) = endpoint("ministack") else { return };
    planned_back("ministack", endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_what_is_ours_is_planned_back() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    planned_back("seaweedfs", endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moto_what_is_ours_is_planned_back() {
    let Some(endpoint) = endpoint("moto") else { return };
    planned_back("moto", endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_what_is_foreign_makes_nothing_stale_and_what_is_ours_does() {
    let Some(endpoint) = endpoint("ministack") else { return };
    after_the_review(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_what_is_foreign_makes_nothing_stale_and_what_is_ours_does() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    after_the_review(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_two_applies_do_not_meet() {
    let Some(endpoint) = endpoint("ministack") else { return };
    one_at_a_time(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_two_applies_do_not_meet() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    one_at_a_time(endpoint).await;
}
