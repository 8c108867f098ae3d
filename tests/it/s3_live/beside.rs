//! What others set on a bucket in documents that bdr never writes: told once, and as it was after an apply.

use aws_sdk_s3::types as t;

use super::Trial;
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{endpoint, make_bucket};

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_told_once_and_stay_as_they_are() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let proxy = Proxy::before(&endpoint.url, |_| Fault::None).await;
    let trial = Trial::through(endpoint, &proxy.url).await;
    make_bucket(&trial.client, &trial.bucket).await;
    let bridge = t::NotificationConfiguration::builder()
        .event_bridge_configuration(t::EventBridgeConfiguration::builder().build())
        .build();
    let put = trial.client.put_bucket_notification_configuration().bucket(&trial.bucket).notification_configuration(bridge);
    put.send().await.unwrap();
    let seen = || async {
        let answer = trial.client.get_bucket_notification_configuration().bucket(&trial.bucket).send().await.unwrap();
        format!("{:?}", answer.event_bridge_configuration)
    };
    let before = seen().await;
    assert!(before.starts_with("Some"), "{before}");
    let plan = words(&trial.run(&["plan"]).ends(0).stdout);
    assert_eq!(plan.matches("event notification EventBridge every event to EventBridge").count(), 1, "{plan}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    assert_eq!(seen().await, before);
    let writes = |line: &String| {
        !line.starts_with("GET ") && ["?notification", "?intelligent-tiering"].iter().any(|part| line.contains(part))
    };
    assert!(!proxy.seen().iter().any(writes), "{:#?}", proxy.seen());
}

/// An endpoint that knows neither, and who may read neither, plans as ever; that something may stand there unseen is said.
#[tokio::test(flavor = "multi_thread")]
async fn where_they_cannot_be_read_nothing_fails() {
    let Some(endpoint) = endpoint("ministack") else { return };
    for fault in [Fault::Deny, Fault::Unknown] {
        let beside = |line: &str| line.contains("?notification") || line.contains("?intelligent-tiering");
        let proxy = Proxy::before(&endpoint.url, move |line| if beside(line) { fault } else { Fault::None }).await;
        let trial = Trial::through(endpoint, &proxy.url).await;
        trial.run(&["apply", "--auto-approve"]).ends(0);
        let plan = trial.run(&["plan", "--detailed-exitcode"]).ends(0);
        let told = words(&plan.stdout);
        for (title, right) in [
            ("event notifications", "s3:GetBucketNotification"),
            ("configurations of intelligent tiering", "s3:GetIntelligentTieringConfiguration"),
        ] {
            let note = format!("note: store.bucket/s3_bucket: the {title} that others set there are not known: could not read");
            assert_eq!(told.contains(&note), fault == Fault::Deny, "{note}: {plan:#?}");
            let help = format!("`{right}` on arn:aws:s3:::{}", trial.bucket);
            assert_eq!(told.contains(&help), fault == Fault::Deny, "{help}: {plan:#?}");
        }
        assert_eq!(told.contains("`bdr iam-policy plan"), fault == Fault::Deny, "{plan:#?}");
        assert!(!plan.stderr.contains("notification"), "{plan:#?}");
        for of in ["?notification", "?intelligent-tiering"] {
            assert!(proxy.seen().iter().any(|line| line.contains(of)), "{of}");
        }
    }
}
