//! Whose a bucket is: its mark was taken off, or it is another policy's.

use super::Trial;
use crate::harness::{Endpoint, endpoint};

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

/// The mark is taken off by hand: what else is in the bucket shows whose it is.
async fn unmarked(endpoint: &Endpoint) {
    let trial = Trial::new(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let told = |command: &str| trial.run(&[command]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let gone = "somebody took bdr's mark (`bdr:policy`) off the bucket, and";
    let mut tags = trial.tags().await;
    tags.retain(|(key, _)| key != "bdr:policy");
    trial.put_tags(&tags).await;
    for command in ["plan", "drift"] {
        let plan = told(command);
        assert!(plan.contains(&format!("{gone} its other tags are this policy's")), "{plan}");
        assert!(!plan.contains("taken over"), "{plan}");
    }
    trial.put_tags(&[]).await;
    assert!(told("plan").contains(&format!("{gone} lifecycle rule `bdr/{}/bucket/", trial.bucket)), "{}", told("plan"));
    trial.client.delete_bucket_lifecycle().bucket(&trial.bucket).send().await.unwrap();
    assert!(told("plan").contains(&format!("{gone} what lies below `{}/` is", trial.bucket)), "{}", told("plan"));
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_a_bucket_whose_mark_was_taken_off_is_told_as_what_it_is() {
    let Some(endpoint) = endpoint("ministack") else { return };
    unmarked(endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_a_bucket_whose_mark_was_taken_off_is_told_as_what_it_is() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    unmarked(endpoint).await;
}

/// A bucket that another policy set up: whose it is is told first, and what that has set is not set otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn ministack_a_bucket_of_another_policy_is_told_as_that() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let another = super::policy("another", &trial.bucket, &endpoint.url, endpoint.region);
    trial.home.policy(&another);
    let whose = format!("! store bucket: it carries the mark of policy `{}` and not this one's", trial.bucket);
    for (command, code) in [("plan", 0), ("drift", 2)] {
        let told = trial.run(&[command]).ends(code).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(&whose) && !told.contains("taken over"), "{told}");
        assert!(told.contains(&format!("lifecycle rule of policy {}: bdr/", trial.bucket)), "{told}");
    }
    trial.home.policy(&another.replace("team: ops", "team: dev"));
    let plan = trial.run(&["plan"]);
    let told = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(&format!("tag `team` is policy `{}`'s, which has it at `ops`", trial.bucket)), "{plan:#?}");
    trial.run(&["apply", "--auto-approve"]);
    assert!(trial.tags().await.contains(&pair("team", "ops")), "it is set otherwise");
    trial.home.policy(&another.replace("versioning: true", "versioning: false"));
    let told = trial.run(&["plan"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains(&format!("the bucket is policy `{}`'s, and this would make its versioning weaker", trial.bucket)),
        "{told}"
    );
    trial.home.policy(&another);
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
    // What both state stays as long as one of them does.
    trial.home.policy(&another.replace("    tags: { team: ops }\n", ""));
    trial.run(&["apply", "--auto-approve"]).ends(0);
    assert!(trial.tags().await.contains(&pair("team", "ops")), "the other policy still has it");
}
