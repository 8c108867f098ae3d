//! A bucket that somebody removed: never taken for one that is still to be made.

use super::Trial;
use crate::harness::{endpoint, fresh_name};

/// Words without the breaks of lines.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_told(trial: &Trial, why: &str) {
    let plan = trial.run(&["plan", "--detailed-exitcode"]).ends(2);
    let second = plan.stdout.lines().nth(1).unwrap_or_default();
    assert!(second.starts_with("! store bucket: its bucket is gone, and its backups with it"), "{plan:#?}");
    assert!(flat(&plan.stdout).contains(why) && flat(&plan.stdout).contains("made again, empty"), "{plan:#?}");
    let drift = trial.run(&["drift"]).ends(2);
    assert!(drift.stdout.contains("! store bucket: its bucket is gone"), "{drift:#?}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    is_quiet(trial, 0);
}

fn is_quiet(trial: &Trial, code: i32) {
    let plan = trial.run(&["plan", "--detailed-exitcode"]).ends(code);
    assert!(!plan.stdout.contains("is gone") && !plan.stdout.contains("emptied"), "{plan:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_store_is_gone_and_its_schedule_says_that_it_stood() {
    for name in ["ministack", "seaweedfs"] {
        let Some(endpoint) = endpoint(name) else { continue };
        let trial = Trial::new(endpoint).await;
        is_quiet(&trial, 2);
        trial.run(&["apply", "--auto-approve"]).ends(0);
        is_quiet(&trial, 0);
        trial.remove_bucket().await;
        is_told(&trial, "`docs/nightly` is scheduled already");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_store_remembers_that_it_stood() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    let text = trial.home.text("bdr.yaml");
    let text = text
        .replace("stores:\n", &format!("stores:\n  attic: {{ folder: {{ path: {} }} }}\n", trial.home.path("attic").display()));
    trial.home.policy(&text.replace("store: bucket", "stores: [attic, bucket]"));
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.remove_bucket().await;
    is_told(&trial, "an earlier apply set it up");
}

/// The bucket stands with its settings, and somebody removed every object.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_was_emptied_is_not_taken_for_a_new_one() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.empty_bucket().await;
    let plan = trial.run(&["plan", "--detailed-exitcode"]).ends(2);
    let second = plan.stdout.lines().nth(1).unwrap_or_default();
    assert!(second.starts_with("! store bucket: its bucket was emptied"), "{plan:#?}");
    assert!(flat(&plan.stdout).contains("`docs/nightly` is scheduled already"), "{plan:#?}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    is_quiet(&trial, 0);
}

/// A bucket that the policy has never had is new, whatever runs already.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_moves_to_another_bucket_is_not_gone() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let other = fresh_name();
    trial.home.policy(&super::policy(&trial.bucket, &other, &endpoint.url, endpoint.region));
    is_quiet(&trial, 2);
}
