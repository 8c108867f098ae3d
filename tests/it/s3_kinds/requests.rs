//! How many requests a plan costs, and how many an apply.

use super::driver::{COMPONENT, Driver};
use crate::harness::proxy::{Fault, Proxy};
use crate::harness::{endpoint, fresh_name};

/// `HeadBucket` and one read for each document that the policy determines; one listing of buckets for the account.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_reads_each_document_once() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let proxy = Proxy::before(&endpoint.url, |_| Fault::None).await;
    let names: Vec<String> = (0..5).map(|_| fresh_name()).collect();
    let mut stores = "stores:\n".to_owned();
    for (at, name) in names.iter().enumerate() {
        let label = if at == 0 { "primary".to_owned() } else { format!("s{at}") };
        stores += &format!(
            "  {label}:\n    s3: {{ bucket: {name}, endpoint: \"{}\", region: eu-north-1 }}\n    versioning: true\n    encryption: {{ sse: \
             AES256 }}\n    noncurrent: {{ for: 30d }}\n",
            proxy.url
        );
    }
    let driver = Driver::new(&names[0], &format!("{stores}{COMPONENT}"), endpoint.env());
    driver.converge().await;
    let before = proxy.seen().len();
    assert_eq!(driver.todo().await, Vec::<String>::new());
    let seen = proxy.seen()[before..].to_vec();
    let of_others = |line: &&String| !names.iter().any(|name| line.contains(name.as_str()));
    let strangers = seen.iter().filter(of_others).count();
    let listings = seen.iter().filter(|line| line.starts_with("GET /?")).count();
    assert_eq!(listings, 1);
    assert_eq!(seen.len() - strangers, 9 * names.len(), "{seen:#?}");
}
