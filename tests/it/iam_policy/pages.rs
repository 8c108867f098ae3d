//! What is printed: the documents of the example, of keys and parts of the cloud, and what is said beside them.

use crate::binary::{Home, POLICY, Ran};
use crate::tidy::root;

fn printed(purpose: &str) -> String {
    let home = Home::new();
    std::fs::copy(root().join("examples/s3/bdr.yaml"), home.path("bdr.yaml")).unwrap();
    let ran = home.run(&["iam-policy", purpose]).ends(0);
    format!("{}---\n{}", ran.stdout, ran.stderr)
}

#[test]
fn the_documents_of_the_example() {
    for purpose in ["plan", "apply", "write", "restore", "prune"] {
        insta::assert_snapshot!(purpose, printed(purpose));
    }
}

const TWO: &str = "\
version: 1
name: p
stores:
  here: { s3: { bucket: p-backups, region: eu-north-1, account: '111122223333' }, encryption: { sse: aws:kms, key: alias/p } }
  away:
    s3: { bucket: p-backups-cn, region: cn-north-1, prefix: 'a*b' }
    encryption: { sse: aws:kms, key: arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab }
components:
  docs:
    files: { paths: [/srv] }
    protect: { nightly: { file_backup: {}, schedule: daily, stores: [here, away] } }
    retain: { daily: { for: 7d }, monthly: { for: 12mo, class: GLACIER } }
";

fn run(text: &str, arguments: &[&str]) -> Ran {
    let home = Home::new();
    home.policy(text);
    home.run(&[&["iam-policy"], arguments].concat())
}

#[test]
fn each_part_of_the_cloud_has_a_document_of_its_own() {
    let all = run(TWO, &["restore"]).ends(0);
    insta::assert_snapshot!("two-parts-of-the-cloud", format!("{}---\n{}", all.stdout, all.stderr));
    let parts: String = ["1", "2"].map(|part| run(TWO, &["restore", "--part", part]).ends(0).stdout).concat();
    assert_eq!(parts, all.stdout);
    run(TWO, &["restore", "--part", "3"]).ends(64);
    let one = run(TWO, &["restore", "--store", "here"]).ends(0);
    assert!(!one.stdout.contains("aws-cn") && !one.stderr.contains("documents"), "{one:#?}");
    let unknown = run(TWO, &["restore", "--store", "her"]).ends(64);
    assert!(unknown.stderr.contains("`here`"), "{unknown:#?}");
}

/// No right helps whom the bucket's own policy denies, so who uses a document is told where else to stand.
#[test]
fn who_is_let_in_by_name_alone_is_told_so() {
    let reader = "access: { write: ['arn:aws:iam::111122223333:role/w'], read: ['arn:aws:iam::111122223333:role/r'] }";
    let text = TWO.replacen("encryption: { sse: aws:kms, key: alias/p }", reader, 1);
    for (purpose, told) in [("restore", true), ("status", true), ("write", false), ("plan", false)] {
        let ran = run(&text, &[purpose]).ends(0);
        assert_eq!(ran.stderr.contains("`access.read` too"), told, "{purpose}: {ran:#?}");
    }
    assert!(!run(TWO, &["restore"]).ends(0).stderr.contains("access."));
}

#[test]
fn folders_need_nothing() {
    let ran = run(POLICY, &["write"]).ends(0);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("Nothing is needed"), "{ran:#?}");
}

/// A reference that is allowed and has a value stands with it; another one is a name to fill in, never a variable of IAM.
#[test]
fn references_are_used_where_they_are_known() {
    let home = Home::new();
    std::fs::copy(root().join("examples/s3/bdr.yaml"), home.path("bdr.yaml")).unwrap();
    let mut command = home.command(&["iam-policy", "restore", "--allow-env", "BDR_EXAMPLE_BUCKET"]);
    let known = Ran::of(&command.env("BDR_EXAMPLE_BUCKET", "documents-of-ada").output().unwrap()).ends(0);
    assert!(known.stdout.contains("arn:aws:s3:::documents-of-ada/backups/") && known.stderr.is_empty(), "{known:#?}");
    let mut command = home.command(&["iam-policy", "restore"]);
    let unknown = Ran::of(&command.env("BDR_EXAMPLE_BUCKET", "documents-of-ada").output().unwrap()).ends(0);
    assert!(!format!("{unknown:?}").contains("documents-of-ada") && !unknown.stdout.contains("${"), "{unknown:#?}");
    assert!(unknown.stderr.contains("BDR_EXAMPLE_BUCKET"), "{unknown:#?}");
}

/// More than the inline policies of a role hold: managed policies are made of it.
#[test]
fn many_stores_take_several_documents() {
    let stores: String =
        (0..40).map(|n| format!("  s{n}: {{ s3: {{ bucket: bucket-number-{n:02}-of-many, region: eu-north-1 }} }}\n")).collect();
    let names: Vec<String> = (0..40).map(|n| format!("s{n}")).collect();
    let text = format!(
        "version: 1\nname: p\nstores:\n{stores}components:\n  docs:\n    files: {{ paths: [/srv] }}\n    protect: {{ nightly: {{ \
         file_backup: {{}}, schedule: daily, stores: [{}] }} }}\n    retain: {{ daily: {{ for: 7d }} }}\n",
        names.join(", ")
    );
    let ran = run(&text, &["write"]).ends(0);
    assert!(ran.stderr.contains("6144") && ran.stderr.contains("--part"), "{}", ran.stderr);
    let documents: Vec<serde_json::Value> =
        serde_json::Deserializer::from_str(&ran.stdout).into_iter().map(Result::unwrap).collect();
    assert!(documents.len() > 1);
    assert!(documents.iter().all(|one| serde_json::to_string(one).unwrap().len() <= 6_144));
    assert!((0..40).all(|n| ran.stdout.contains(&format!("bucket-number-{n:02}-of-many/p/*/packs/*"))));
}

/// Who writes a replication rule hands its role to S3, and may hand it to nobody else.
#[test]
fn the_role_of_a_replication_may_be_passed_to_s3_alone() {
    let replicated = TWO.replace(
        "  away:",
        "  copy: { s3: { bucket: p-copy, region: eu-west-1, account: '111122223333' }, versioning: true }\n  away:",
    );
    let entry = "versioning: true, replicate: { to: copy, kms: 'arn:aws:kms:eu-west-1:111122223333:alias/p' }, encryption: { sse: aws:kms, key: alias/p } }";
    let replicated = replicated.replace("encryption: { sse: aws:kms, key: alias/p } }", entry);
    let all = run(&replicated, &["apply", "--part", "1"]).ends(0).stdout;
    let leaves = super::evaluate::leaves(&all);
    let role = "arn:aws:iam::111122223333:role/bdr/p/bdr-p-replication-here";
    let ask = |service: &str| {
        super::evaluate::Asked { action: "iam:PassRole", resource: role.to_owned(), context: Default::default() }
            .with("iam:PassedToService", service)
    };
    let allows = |service: &str| super::evaluate::allows(&leaves, &ask(service));
    assert!(allows("s3.amazonaws.com") && !allows("ec2.amazonaws.com"), "{all}");
    assert!(!run(&replicated, &["plan"]).ends(0).stdout.contains("PassRole"));
}
