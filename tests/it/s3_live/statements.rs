//! Statements of a bucket's policy: planned, kept beside others', taken away, and heeded by real endpoints.

use serde_json::{Value, json};

use super::Trial;
use crate::binary::Ran;
use crate::harness::{Endpoint, endpoint};

const WRITER: &str = "arn:aws:iam::000000000000:role/writer";

async fn trial(endpoint: &Endpoint, access: &str) -> Trial {
    let trial = Trial::new(endpoint).await;
    let text = trial.home.text("bdr.yaml");
    trial.home.policy(&text.replace("    versioning: true\n", &format!("    versioning: true\n    access: {access}\n")));
    std::fs::create_dir_all(trial.home.path("docs")).unwrap();
    std::fs::write(trial.home.path("docs/a"), "first").unwrap();
    trial
}

impl Trial {
    async fn bucket_policy(&self) -> Option<Value> {
        let answer = self.client.get_bucket_policy().bucket(&self.bucket).send().await.ok()?;
        serde_json::from_str(answer.policy()?).ok()
    }

    async fn put_bucket_policy(&self, policy: &Value) {
        self.client.put_bucket_policy().bucket(&self.bucket).policy(policy.to_string()).send().await.unwrap();
    }

    async fn statements(&self) -> Vec<Value> {
        let policy = self.bucket_policy().await.unwrap_or_default();
        policy["Statement"].as_array().cloned().unwrap_or_else(|| vec![policy["Statement"].clone()])
    }
}

fn ending<'a>(statements: &'a mut [Value], end: &str) -> &'a mut Value {
    statements.iter_mut().find(|one| one["Sid"].as_str().is_some_and(|sid| sid.ends_with(end))).unwrap()
}

/// What somebody else wrote stays as it is, whatever becomes of bdr's own.
#[tokio::test(flavor = "multi_thread")]
async fn ministack_keeps_and_mends_statements() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let access = format!("{{ write: ['{WRITER}'], delete: [], configure: ['arn:aws:iam::000000000000:root'] }}");
    let trial = trial(endpoint, &access).await;
    let plan = trial.run(&["plan"]).ends(0).stdout;
    assert!(plan.contains("bucket policy statement") && plan.contains("s3:DeleteObject"), "{plan}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();

    let foreign = json!({
        "Sid": "theirs", "Effect": "Allow", "Principal": { "AWS": ["arn:aws:iam::000000000000:root"] },
        "Action": "s3:GetObject", "Resource": [format!("arn:aws:s3:::{}/public/*", trial.bucket)], "Condition": { "Bool": { "aws:SecureTransport": true } }
    });
    let mut statements = trial.statements().await;
    let sids: Vec<String> = statements.iter().map(|one| one["Sid"].as_str().unwrap().to_owned()).collect();
    assert!(sids.iter().all(|sid| sid.starts_with("bdrX") && sid.chars().all(|c| c.is_ascii_alphanumeric())), "{sids:?}");
    let spared = &mut ending(&mut statements, "onlyDdeleters")["Condition"];
    assert!(spared.is_null(), "nobody may: {spared}");
    *spared = json!({ "ArnNotLike": { "aws:PrincipalArn": [WRITER] } });
    statements.retain(|one| !one["Sid"].as_str().unwrap().ends_with("onlyDwriters"));
    statements.insert(0, foreign.clone());
    trial.put_bucket_policy(&json!({ "Version": "2012-10-17", "Id": "by-hand", "Statement": statements })).await;

    let plan = trial.run(&["plan", "--detailed-exitcode", "--all"]).ends(2).stdout;
    assert!(plan.contains("theirs") && plan.contains("allow s3:GetObject to"), "{plan}");
    trial.run(&["apply", "--auto-approve"]).ends(0);
    trial.plans_nothing();
    let mut statements = trial.statements().await;
    assert!(
        ending(&mut statements, "onlyDdeleters")["Condition"].is_null() && statements.len() == sids.len() + 1,
        "{statements:?}"
    );
    assert_eq!(statements[0], foreign);
    assert_eq!(trial.bucket_policy().await.unwrap()["Id"], "by-hand");

    // It left the policy: taken away, and told as what weakens.
    let text = trial.home.text("bdr.yaml");
    trial.home.policy(&text.replace(&format!("    access: {access}\n"), ""));
    let plan = trial.run(&["plan"]).ends(0).stdout;
    assert!(plan.contains("weaken"), "{plan}");
    trial.run(&["apply", "--auto-approve", "--remove", &sids.len().to_string()]).ends(0);
    trial.plans_nothing();
    assert_eq!(trial.statements().await, [foreign]);
}

/// With nothing of others in it the whole policy goes, and the bucket stays.
async fn made_and_gone(endpoint: &Endpoint, lease: &[&str]) {
    let trial = trial(endpoint, "{ delete: [] }").await;
    trial.run(&[&["apply", "--auto-approve"], lease].concat()).ends(0);
    trial.plans_nothing();
    let objects = trial.objects().await;
    let pack = objects.iter().find(|key| key.contains("/packs/")).unwrap();
    let delete = || async { trial.client.delete_object().bucket(&trial.bucket).key(pack).send().await };
    // Heeded: who holds every other right removes nothing.
    assert!(delete().await.is_err(), "{pack} could be removed");
    std::fs::write(trial.home.path("docs/a"), "second").unwrap();
    trial.run(&["backup", "docs"]).ends(0);
    let text = trial.home.text("bdr.yaml");
    trial.home.policy(&text.replace("    access: { delete: [] }\n", ""));
    trial.run(&[&["apply", "--auto-approve"], lease].concat()).ends(0);
    trial.plans_nothing();
    assert_eq!(trial.bucket_policy().await, None);
    delete().await.unwrap();
    assert!(trial.client.head_bucket().bucket(&trial.bucket).send().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_heeds_statements() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    made_and_gone(endpoint, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn radosgw_heeds_statements() {
    let Some(endpoint) = endpoint("radosgw") else { return };
    // It honours no conditional writes, so nothing can hold a lease there.
    made_and_gone(endpoint, &["--no-lease"]).await;
}

/// Nothing of the bucket's policy is written then, and nobody is shut out.
#[tokio::test(flavor = "multi_thread")]
async fn what_would_shut_out_everybody_is_refused_by_the_plan() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    let trial = trial(endpoint, "{ tls_only: true }").await;
    // By the environment alone: `lint` does not know of it.
    let text = trial.home.text("bdr.yaml");
    trial.home.policy(&text.replace(&format!(", endpoint: '{}'", endpoint.url), ""));
    let run = |arguments: &[&str]| Ran::of(&trial.command(arguments).env("AWS_ENDPOINT_URL", &endpoint.url).output().unwrap());
    run(&["lint"]).ends(0);
    let plan = run(&["plan"]).ends(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plan.contains("needs a person") && plan.contains("asked without TLS"), "{plan}");
    run(&["apply", "--auto-approve"]);
    assert_eq!(trial.bucket_policy().await, None);
    run(&["list"]).ends(0);
}

/// What the endpoint takes in no statement is told by the plan, and what else the policy says is done.
#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_spares_nobody_and_the_plan_says_so() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    let ada = "arn:aws:iam::111111111111:user/ada";
    let trial = trial(endpoint, &format!("{{ configure: ['{ada}'], delete: [] }}")).await;
    let told = |ran: Ran| ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let lacks = "not supported by this endpoint: bucket policy";
    for _ in 0..2 {
        let plan = told(trial.run(&["plan"]).ends(0));
        assert!(plan.contains(lacks) && plan.contains("`ArnNotLike`") && plan.contains("take it out for this store"), "{plan}");
        assert!(!plan.contains("statement only-configurers"), "{plan}");
        trial.run(&["apply", "--auto-approve"]).ends(0);
        let policy = trial.bucket_policy().await.expect("the statement that it takes").to_string();
        assert!(policy.contains("DeleteObject") && !policy.contains("PutBucketPolicy"), "{policy}");
    }
    trial.plans_nothing();
}
