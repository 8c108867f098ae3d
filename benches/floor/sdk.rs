//! A bare concurrent client made with the SDK in use: given requests, and nothing done with the answers.

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use futures_util::StreamExt;
use futures_util::stream;

/// Makes the requests of a file of request lines, `workers` at a time, and counts the answers, good and bad.
pub fn ask(upstream: &str, file: &str, workers: usize) -> usize {
    let text = std::fs::read_to_string(file).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let shared = aws_config::defaults(BehaviorVersion::v2026_01_12()).region(Region::new("us-east-1")).load().await;
        let config = aws_sdk_s3::config::Builder::from(&shared).endpoint_url(format!("http://{upstream}")).force_path_style(true);
        let client = Client::from_conf(config.build());
        let known = stream::iter(text.lines()).map(|line| one(&client, line)).buffer_unordered(workers);
        known.fold(0, async |count, answered| count + usize::from(answered)).await
    })
}

/// Sends one request; false where the line is of a kind that a plan is not known to make.
async fn one(client: &Client, line: &str) -> bool {
    let target = line.split(' ').nth(1).unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (bucket, key) = path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)).map(|value| value.replace("%2F", "/"));
    match query.split(['&', '=']).next().unwrap_or_default() {
        "" => drop(client.head_bucket().bucket(bucket).send().await),
        "versioning" => drop(client.get_bucket_versioning().bucket(bucket).send().await),
        "encryption" => drop(client.get_bucket_encryption().bucket(bucket).send().await),
        "publicAccessBlock" => drop(client.get_public_access_block().bucket(bucket).send().await),
        "ownershipControls" => drop(client.get_bucket_ownership_controls().bucket(bucket).send().await),
        "tagging" => drop(client.get_bucket_tagging().bucket(bucket).send().await),
        "object-lock" => drop(client.get_object_lock_configuration().bucket(bucket).send().await),
        "policy" => drop(client.get_bucket_policy().bucket(bucket).send().await),
        "replication" => drop(client.get_bucket_replication().bucket(bucket).send().await),
        "lifecycle" => drop(client.get_bucket_lifecycle_configuration().bucket(bucket).send().await),
        "intelligent-tiering" => drop(client.list_bucket_intelligent_tiering_configurations().bucket(bucket).send().await),
        "notification" => drop(client.get_bucket_notification_configuration().bucket(bucket).send().await),
        "list-type" => {
            let list = client.list_objects_v2().bucket(bucket).max_keys(1_000).set_delimiter(value("delimiter="));
            drop(list.set_prefix(value("prefix=")).send().await);
        }
        "x-id" if query.contains("ListBuckets") => drop(client.list_buckets().send().await),
        "x-id" if query.contains("GetObject") => drop(client.get_object().bucket(bucket).key(key).send().await),
        _ => return false,
    }
    true
}
