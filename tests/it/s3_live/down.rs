//! The endpoint goes away half-way and comes back; or was never there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Trial;
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{Endpoint, endpoint};

/// The retries of one request, and then the two minutes in which a bucket may become visible.
const LONGEST: Duration = Duration::from_secs(180);

/// Gone with the first request like that: typed, bounded, and the next apply makes it good.
async fn back_again(endpoint: &Endpoint, last: &'static str) {
    let gone = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&gone);
    let plan = move |line: &str| {
        let is_last = line.starts_with("PUT") && line.contains(last);
        if is_last || switch.load(Ordering::Relaxed) {
            switch.store(true, Ordering::Relaxed);
            return Fault::Reset;
        }
        Fault::None
    };
    let proxy = Proxy::before(&endpoint.url, plan).await;
    let trial = Trial::through(endpoint, &proxy.url).await;
    let begun = Instant::now();
    let ran = trial.run(&["apply", "--auto-approve", "--lease-ttl", "3"]);
    assert!(matches!(ran.code, Some(1 | 3)), "{last}: {ran:#?}");
    // A new bucket is looked for as long as its kind says, after what the lease was tried for.
    assert!(begun.elapsed() < LONGEST, "{last}: {:?} {ran:#?}", begun.elapsed());
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("run `bdr apply` again") || said.contains("Run the command again"), "{last}: {ran:#?}");
    assert!(gone.load(Ordering::Relaxed), "it never went away");

    // The same bucket on the endpoint itself, as it is when it is back.
    let (url, region) = (&endpoint.url, endpoint.region);
    trial.home.policy(&super::policy(&trial.bucket, &trial.bucket, url, region));
    let trial = trial.at(url);
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
}

impl Trial {
    fn at(mut self, url: &str) -> Self {
        self.url = url.to_owned();
        self
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_gone_half_way_and_back() {
    let Some(endpoint) = endpoint("ministack") else { return };
    back_again(endpoint, "?versioning").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_gone_before_the_lease_and_back() {
    let Some(endpoint) = endpoint("ministack") else { return };
    back_again(endpoint, ".bdr/probe/").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_gone_half_way_and_back() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    back_again(endpoint, "?lifecycle").await;
}

/// One place that is down is one thing to tell, and soon told.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_told_once_and_soon() {
    let nobody = Endpoint {
        url: "http://127.0.0.1:9".to_owned(),
        region: "eu-north-1",
        access_key: "AKNOBODY".to_owned(),
        secret_key: "SK-of-nobody".to_owned(),
    };
    let trial = Trial::new(&nobody).await;
    let begun = Instant::now();
    let plan = trial.run(&["plan"]).ends(1);
    assert_eq!(plan.stdout.matches("! not read").count(), 1, "{plan:#?}");
    assert!(plan.stdout.contains("could not be reached"), "{plan:#?}");
    assert!(begun.elapsed() < Duration::from_secs(45), "{:?}", begun.elapsed());
}

/// It answers at first, and then takes requests and never answers again: given up once, whoever asks.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_falls_silent_is_given_up_soon() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let silent = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&silent);
    let hold = move |_: &str| if switch.load(Ordering::Relaxed) { Fault::Hold(LONGEST) } else { Fault::None };
    let proxy = Proxy::before(&endpoint.url, hold).await;
    let trial = Trial::through(endpoint, &proxy.url).await;
    trial.run(&["apply", "--auto-approve"]).ends(0);
    silent.store(true, Ordering::Relaxed);
    for arguments in [&["plan"][..], &["list"], &["verify"]] {
        let begun = Instant::now();
        let ran = trial.run(arguments).ends(1);
        assert!(begun.elapsed() < Duration::from_secs(15), "{arguments:?} {:?} {ran:#?}", begun.elapsed());
    }
    // The first requests of a command are answered, the others are not.
    let count = std::sync::atomic::AtomicU32::new(0);
    let few = move |_: &str| if count.fetch_add(1, Ordering::Relaxed) < 3 { Fault::None } else { Fault::Hold(LONGEST) };
    let proxy = Proxy::before(&endpoint.url, few).await;
    trial.home.policy(&super::policy(&trial.bucket, &trial.bucket, &proxy.url, endpoint.region));
    let trial = trial.at(&proxy.url);
    let begun = Instant::now();
    let ran = trial.run(&["plan"]).ends(1);
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?} {ran:#?}", begun.elapsed());
    assert!(ran.stderr.contains("no answer within"), "{ran:#?}");
}
