//! What a person reads when the endpoint says no: wrong keys, rights that are missing, somebody else's bucket. Nothing is written.

use super::Trial;
use crate::harness::{endpoint, make_bucket};

/// One thing to tell, with where the keys come from.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_are_told_once_with_their_source() {
    for name in ["seaweedfs", "radosgw"] {
        let Some(endpoint) = endpoint(name) else { continue };
        for (access_key, source) in [("AKALICE", "AKAL…"), ("AKNOBODY", "AKNO…")] {
            let trial = Trial::new(endpoint).await.with_keys(access_key, "wrong-and-secret");
            make_bucket(&trial.client, &trial.bucket).await;
            let plan = trial.run(&["plan"]).ends(1);
            assert_eq!(plan.stdout.matches("! not read").count(), 1, "{name}: {plan:#?}");
            let told = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(told.contains(&format!("come from AWS_ACCESS_KEY_ID ({source})")), "{name}: {told}");
            assert!(!told.contains("s3:ListBucket"), "{name}: it is not a matter of rights: {told}");
            trial.run(&["apply", "--auto-approve"]).ends(1);
            assert_eq!(trial.objects().await, Vec::<String>::new());
        }
    }
}

/// Who may only read is told what is missing, by the plan as far as reading tells; an apply writes nothing and says so.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_is_told_the_right_that_is_missing() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    let trial = Trial::new(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.shorten_ours().await;
    let (rules, objects) = (trial.rules().await, trial.objects().await);
    let trial = trial.with_keys("AKREADER", "SKREADER");
    let plan = trial.run(&["plan"]).ends(1);
    let told = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("`s3:GetBucketTagging` on arn:aws:s3:::"), "{plan:#?}");
    let ran = trial.run(&["apply", "--auto-approve"]).ends(1);
    let told = format!("`s3:PutObject` on arn:aws:s3:::{}/.bdr/probe/*", trial.bucket);
    assert!(ran.stderr.contains(&told) && ran.stderr.contains("`bdr iam-policy apply` prints"), "{ran:#?}");
    assert!(ran.stderr.contains("error: nothing was done: these credentials may not write the lease"), "{ran:#?}");
    let why = format!("could not try whether conditional writes are honoured below `s3://{}/.bdr/probe/`", trial.bucket);
    assert!(ran.stderr.contains(&why), "{ran:#?}");
    assert!(!ran.stdout.contains("pplied:"), "{ran:#?}");
    assert_eq!((trial.rules().await, trial.objects().await), (rules, objects));
}

/// A bucket of somebody else: one clear message, and nothing of ours in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_somebody_else_is_left_alone() {
    for (name, owner) in [("ministack", ("222222222222", "test")), ("radosgw", ("AKBOB", "SKBOB"))] {
        let Some(endpoint) = endpoint(name) else { continue };
        let mut trial = Trial::new(endpoint).await;
        trial.client = endpoint.client_with(owner.0, owner.1).await;
        make_bucket(&trial.client, &trial.bucket).await;
        let tags = trial.tags().await;
        let plan = trial.run(&["plan"]).ends(1);
        assert!(plan.stdout.contains("belongs to another account"), "{name}: {plan:#?}");
        let ran = trial.run(&["apply", "--auto-approve"]);
        assert!(matches!(ran.code, Some(1 | 3)), "{name}: {ran:#?}");
        assert!(ran.stderr.contains("belongs to another account"), "{name}: {ran:#?}");
        assert_eq!((trial.objects().await, trial.tags().await, trial.rules().await.len()), (Vec::new(), tags, 0), "{name}");
    }
}

/// What a whole bucket refuses is one cause, told once, with the line that mends it.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_in_another_region_or_account_is_told_once() {
    let Some(endpoint) = endpoint("ministack") else { return };
    for (account, region, words) in [
        (endpoint.access_key.as_str(), "us-west-2", vec!["The bucket lies in us-west-2", "write `region: us-west-2`"]),
        ("222222222222", endpoint.region, vec!["belongs to another account", "`s3:GetBucketTagging`", "`s3:ListBucket`"]),
    ] {
        let trial = Trial::new(endpoint).await;
        let owner = endpoint.client_with(account, "test").await;
        let constraint = aws_sdk_s3::types::BucketLocationConstraint::from(region);
        let place = aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(constraint).build();
        // Where a bucket lies is what the request that makes it is signed for.
        let signed = owner.config().to_builder().region(aws_sdk_s3::config::Region::new(region));
        let maker = aws_sdk_s3::Client::from_conf(signed.build());
        maker.create_bucket().bucket(&trial.bucket).create_bucket_configuration(place).send().await.unwrap();
        let plan = trial.run(&["plan"]).ends(1);
        assert_eq!(plan.stdout.matches("! not read").count(), 1, "{plan:#?}");
        assert_eq!(plan.stderr.matches("because").count(), 1, "{plan:#?}");
        let told = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(told.contains(word), "{word}: {told}");
        }
    }
}

/// What cannot be looked at may carry the mark still: that is never "nothing is owned".
#[tokio::test(flavor = "multi_thread")]
async fn who_lets_go_of_a_bucket_that_may_not_be_read_is_told_so() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    let tags = trial.tags().await;
    let trial = trial.with_keys("222222222222", "test");
    // The units go, the bucket cannot be looked at; and then there is nothing left but that.
    for (code, removed) in [(3, true), (1, false)] {
        let bucket = trial.bucket.clone();
        let ran = trial.run(&["destroy", "--confirm", &bucket, "--no-lease"]).ends(code);
        let told = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("the plan is incomplete") && told.contains("`s3:GetLifecycleConfiguration`"), "{ran:#?}");
        assert!(ran.stdout.contains("! not read") && !ran.stderr.contains("Nothing is owned"), "{ran:#?}");
        assert_eq!(ran.stdout.contains("Applied"), removed, "{ran:#?}");
        assert_eq!(trial.tags().await, tags);
    }
}
