//! An endpoint that bears few requests a second and refuses the others: everything comes to its end, at nearly the rate that it bears.

use std::time::Instant;

use crate::binary::{Home, Ran};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{endpoint, fresh_name};

/// What passes in a second.
const BORNE: f64 = 50.0;

/// As S3 does: with a second's worth in hand.
fn bearing() -> impl FnMut(&str) -> Fault {
    let (mut there, mut counted) = (BORNE, None::<Instant>);
    move |_| {
        let now = Instant::now();
        there = (there + counted.map_or(0.0, |then| (now - then).as_secs_f64()) * BORNE).min(BORNE);
        counted = Some(now);
        if there < 1.0 {
            return Fault::SlowDown;
        }
        there -= 1.0;
        Fault::None
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_bears_little_is_asked_for_little() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let proxy = Proxy::before(&endpoint.url, bearing()).await;
    let (home, name) = (Home::new(), fresh_name());
    let stores: String = (0..5)
        .map(|n| {
            format!(
                "  s{n}:\n    s3: {{ bucket: {name}-{n}, region: {}, endpoint: '{}' }}\n    versioning: true\n    noncurrent: {{ for: 30d }}\n",
                endpoint.region, proxy.url
            )
        })
        .collect();
    home.policy(&format!("version: 1\nname: {name}\nstores:\n{stores}"));
    let run = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.env("AWS_ACCESS_KEY_ID", &endpoint.access_key).env("AWS_SECRET_ACCESS_KEY", &endpoint.secret_key);
        Ran::of(&command.output().unwrap())
    };
    run(&["apply", "--auto-approve", "--no-lease"]).ends(0);
    let (begun, before) = (Instant::now(), proxy.seen().len());
    run(&["plan", "--detailed-exitcode", "--allow-endpoint", &proxy.url]).ends(0);
    // Refused ones are among those seen: what nobody was asked for is no measure of the rate.
    let (asked, took) = (proxy.seen().len() - before, begun.elapsed().as_secs_f64());
    assert!((asked as f64) < BORNE * (took + 1.0) * 2.0, "{asked} requests in {took} s");
}
