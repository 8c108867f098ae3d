//! Each role taken on, at endpoints that enforce what a role may do: its commands go through, and what it is not for is refused.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types as t;

use super::World;
use crate::binary::Ran;
use crate::harness::{Endpoint, endpoint};

const ROLES: &str = "access:\n  roles:\n    writer: { may: write, trust: { account: '@' } }\n    restorer: { may: restore, trust: { \
                     account: '@' } }\n    ci-plan: { may: plan, trust: { account: '@' } }\n    ci-apply: { may: apply, trust: { account: '@' } }\n";

/// Keys of a role that was taken on.
struct Taken {
    key: String,
    secret: String,
    token: String,
}

async fn take_on(world: &World, account: &str, role: &str) -> Taken {
    let endpoint = &world.endpoint;
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(aws_sdk_sts::config::BehaviorVersion::v2026_01_12())
        .region(aws_sdk_sts::config::Region::new(endpoint.region))
        .endpoint_url(&endpoint.url)
        .credentials_provider(aws_sdk_sts::config::Credentials::new(
            &endpoint.access_key,
            &endpoint.secret_key,
            None,
            None,
            "test",
        ));
    let sts = aws_sdk_sts::Client::from_conf(config.build());
    let arn = format!("arn:aws:iam::{account}:role/bdr/{}/{}", world.name, world.role(role));
    let taken = sts.assume_role().role_arn(arn).role_session_name("test").send().await.unwrap().credentials.unwrap();
    Taken { key: taken.access_key_id, secret: taken.secret_access_key, token: taken.session_token }
}

impl Taken {
    fn run(&self, world: &World, arguments: &[&str]) -> Ran {
        world.run_as(&self.key, &self.secret, Some(&self.token), arguments)
    }

    fn objects(&self, endpoint: &Endpoint) -> aws_sdk_s3::Client {
        let credentials = aws_sdk_s3::config::Credentials::new(&self.key, &self.secret, Some(self.token.clone()), None, "test");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::v2026_01_12())
            .region(aws_sdk_s3::config::Region::new(endpoint.region))
            .endpoint_url(&endpoint.url)
            .force_path_style(true)
            .credentials_provider(credentials);
        aws_sdk_s3::Client::from_conf(config.build())
    }
}

/// This endpoint takes a role's ARN to be without its path (AWS does not), so that what the documents allow on
/// `role/bdr/<policy>/*` is said again for it. `iam_policy` tries these rights as AWS asks for them.
async fn without_paths(world: &World, account: &str) {
    for (role, actions) in [("ci-plan", "[\"iam:Get*\",\"iam:List*\"]"), ("ci-apply", "[\"iam:*\"]")] {
        let document = format!(
            "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":{actions},\"Resource\":\"arn:aws:iam::{account}:role/bdr-{}-*\"}}]}}",
            world.name
        );
        let request = world.iam.put_role_policy().role_name(world.role(role)).policy_name("endpoint");
        request.policy_document(document).send().await.unwrap();
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug, E: aws_sdk_s3::error::ProvideErrorMetadata + std::fmt::Debug>(outcome: Result<T, E>) {
    let error = outcome.unwrap_err();
    assert_eq!(error.code(), Some("AccessDenied"), "{error:?}");
}

/// `pipelines`: those who plan and apply, too.
async fn each_role_does_its_work_and_no_other(endpoint: &Endpoint, account: &str, pipelines: bool) {
    let world = World::new(endpoint, account, ROLES);
    world.apply();
    without_paths(&world, account).await;
    let bucket = world.name.as_str();

    let writer = take_on(&world, account, "writer").await;
    let restorer = take_on(&world, account, "restorer").await;
    let plan = take_on(&world, account, "ci-plan").await;
    let apply = take_on(&world, account, "ci-apply").await;
    enforce(endpoint).await;
    writer.run(&world, &["backup", "docs"]).ends(0);
    let objects = writer.objects(endpoint);
    let listed = objects.list_objects_v2().bucket(bucket).prefix(format!("some/where/{bucket}/")).send().await.unwrap();
    let keys: Vec<String> = listed.contents().iter().filter_map(|object| object.key.clone()).collect();
    let manifest = keys.iter().find(|key| key.ends_with("/manifest.json")).unwrap();
    refused(objects.delete_object().bucket(bucket).key(manifest).send().await);
    refused(objects.put_object().bucket(bucket).key("elsewhere").body(ByteStream::from_static(b"x")).send().await);
    let off = t::VersioningConfiguration::builder().status(t::BucketVersioningStatus::Suspended).build();
    refused(objects.put_bucket_versioning().bucket(bucket).versioning_configuration(off).send().await);
    refused(objects.delete_bucket_lifecycle().bucket(bucket).send().await);
    let pruned = writer.run(&world, &["apply", "--auto-approve", "--without-backups"]);
    assert!(pruned.code != Some(0), "{pruned:#?}");

    restorer.run(&world, &["restore", "docs", "--to", "back"]).ends(0);
    assert_eq!(world.home.text("back/a.txt").len(), 1);
    let objects = restorer.objects(endpoint);
    refused(objects.put_object().bucket(bucket).key(manifest).body(ByteStream::from_static(b"x")).send().await);
    refused(objects.delete_object().bucket(bucket).key(manifest).send().await);
    assert!(restorer.run(&world, &["backup", "docs"]).code != Some(0));

    if pipelines {
        plan_and_apply(&world, account, &plan, &apply).await;
    }
    let pack = keys.iter().find(|key| key.contains("/packs/")).unwrap();
    refused(plan.objects(endpoint).get_object().bucket(bucket).key(pack).send().await);
}

async fn plan_and_apply(world: &World, account: &str, plan: &Taken, apply: &Taken) {
    plan.run(world, &["plan"]).ends(0);
    world.policy(account, &ROLES.replace("may: write", "may: [write, prune]"));
    plan.run(world, &["plan", "--detailed-exitcode"]).ends(2);
    let applied = plan.run(world, &["apply", "--auto-approve", "--without-backups"]);
    assert!(applied.code != Some(0), "{applied:#?}");
    let said = applied.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("The credentials need `"), "the action is named: {said}");
    apply.run(world, &["apply", "--auto-approve", "--without-backups"]).ends(0);
    plan.run(world, &["plan", "--detailed-exitcode", "--target", "policy"]).ends(0);
}

/// moto enforces what roles may do from when it is told to; the others always do, and do not know the request.
async fn enforce(endpoint: &Endpoint) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = endpoint.url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /moto-api/reset-auth HTTP/1.1\r\nHost: {address}\r\nContent-Type: text/plain\r\nContent-Length: 1\r\nConnection: \
         close\r\n\r\n0"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_lets_each_role_do_its_work_and_no_other() {
    let Some(endpoint) = endpoint("ministack-auth") else { return };
    each_role_does_its_work_and_no_other(endpoint, "000000000000", true).await;
}

/// moto asks for a right to look at a bucket that IAM does not have (`s3:HeadBucket`), so nobody plans there.
#[tokio::test(flavor = "multi_thread")]
async fn moto_lets_each_role_do_its_work_and_no_other() {
    let Some(endpoint) = endpoint("moto-auth") else { return };
    each_role_does_its_work_and_no_other(endpoint, "123456789012", false).await;
}
