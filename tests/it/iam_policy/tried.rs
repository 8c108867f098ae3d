//! Each purpose is tried with its document, then with the document less one thing at a time.

use super::evaluate::Leaf;
use super::{ACCOUNT, Guarded};
use crate::harness::endpoint;

/// What can be taken away without a failure: purpose, part of the leaf's name, why it is there all the same.
pub type Spared = (&'static str, &'static str, &'static str);

const MENDED: &str = "new roles are made as wanted; `roles` shows that it is needed for those that are there";
const BESIDE: &str = "without it, what others set there is not shown";
const NO_TAGS: &str = "only endpoints that keep no tags of buckets have this object; this one keeps them";

fn listed(spared: &[Spared], leaf: &Leaf) -> bool {
    spared.iter().any(|(action, ending, _)| leaf.action == *action && leaf.name().ends_with(ending))
}

/// Takes away one thing at a time; `tried` runs the commands and tells whether all went well.
pub fn one_less(leaves: &[Leaf], spared: &[Spared], mut tried: impl FnMut(usize, &[Leaf]) -> Result<(), String>) {
    tried(0, leaves).unwrap_or_else(|said| panic!("the whole document does not suffice: {said}"));
    let mut wrong = Vec::new();
    for at in (0..leaves.len()).filter(|at| !leaves[*at].denies) {
        let mut less = leaves.to_vec();
        let leaf = less.remove(at);
        let fails = tried(at + 1, &less);
        match (&fails, listed(spared, &leaf)) {
            (Ok(()), false) => wrong.push(format!("not needed, and not listed: {}", leaf.name())),
            (Err(said), true) => wrong.push(format!("needed, and listed as not: {}: {said}", leaf.name())),
            (Err(said), false) if !told(said) => wrong.push(format!("fails without the way out: {}: {said}", leaf.name())),
            _ => {}
        }
    }
    for (action, ending, reason) in spared {
        let known = leaves.iter().any(|leaf| leaf.action == *action && leaf.name().ends_with(ending));
        if !known {
            wrong.push(format!("listed, and not in the document: {action} {ending} ({reason})"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the way out is told, however the lines are broken.
fn told(said: &str) -> bool {
    said.split_whitespace().collect::<Vec<_>>().join(" ").contains("`bdr iam-policy ")
}

pub fn ends_well(ran: &crate::binary::Ran) -> Result<(), String> {
    // Of a plan, its end: what could not be read.
    let from = ran.stdout.len().saturating_sub(6_000);
    let said = format!("{}\n{}", ran.stdout.get(from..).unwrap_or_default(), ran.stderr);
    if ran.code == Some(0) { Ok(()) } else { Err(said) }
}

/// A bucket with backups that were verified, made by a `backup` with these arguments.
async fn with_backups(arguments: &[&str]) -> Option<Guarded> {
    let guarded = Guarded::new(endpoint("ministack")?).await;
    assert_eq!(endpoint("ministack")?.access_key, ACCOUNT);
    guarded.freely(&["apply", "--auto-approve", "--without-backups"]);
    guarded.freely(&[&["backup", "docs"], arguments].concat());
    guarded.freely(&["verify", "docs"]);
    Some(guarded)
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_needs_what_its_document_allows_and_no_less() {
    let Some(guarded) = with_backups(&[]).await else { return };
    let spared: &[Spared] = &[
        ("s3:GetObject", "/.bdr/owner", NO_TAGS),
        ("s3:GetIntelligentTieringConfiguration", "", BESIDE),
        ("s3:GetBucketNotification", "", BESIDE),
        ("s3:GetObject", "/.bdr/*", "without the records of past applies, schedules that moved since are not found"),
    ];
    one_less(&guarded.leaves(&["plan"]), spared, |day, leaves| ends_well(&guarded.with(leaves, day, &["plan"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn write_needs_what_its_document_allows_and_no_less() {
    let Some(guarded) = with_backups(&[]).await else { return };
    let spared: &[Spared] = &[
        ("s3:DeleteObject", "/.bdr/probe/*", "what a probe wrote then stays until the lifecycle takes it"),
        ("s3:GetObject", "/packs/*", "only an interrupted backup that is gone on with reads them; without, it begins anew"),
    ];
    let leaves = guarded.leaves(&["write"]);
    let deletes: Vec<String> =
        leaves.iter().filter(|leaf| !leaf.denies && leaf.action.contains("Delete")).map(|leaf| leaf.resource.clone()).collect();
    assert!(matches!(&deletes[..], [one] if one.ends_with("/some/where/.bdr/probe/*")), "{deletes:?}");
    one_less(&leaves, spared, |day, leaves| {
        std::fs::write(guarded.home.path("docs/a.txt"), format!("{day}")).unwrap();
        // The slot is claimed, then found claimed; then somebody backs up at once, whatever the run before could not remove.
        for _ in 0..2 {
            ends_well(&guarded.with(leaves, day, &["backup", "docs", "--scheduled"]))?;
        }
        ends_well(&guarded.with(leaves, 0, &["backup", "docs"]))
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_needs_what_its_document_allows_and_no_less() {
    let Some(guarded) = with_backups(&[]).await else { return };
    let objects = guarded.asked();
    let backup = objects.iter().find_map(|asked| asked.resource.split_once("/monthly/")?.1.split('/').next().map(str::to_owned));
    let backup = backup.expect("a backup in GLACIER");
    // Asked for once and for all: what is left is whether the right to ask is needed.
    let leaves = guarded.leaves(&["restore"]);
    let retrieval: Vec<&Leaf> = leaves.iter().filter(|leaf| leaf.action == "s3:RestoreObject").collect();
    assert!(matches!(&retrieval[..], [one] if one.resource.ends_with("/*/monthly/*/packs/*")), "{retrieval:?}");
    let restore = |to: &str| ["restore", "docs", "--backup", &backup, "--to", to].map(str::to_owned);
    let run = |leaves: &[Leaf], to: &str| {
        let arguments = restore(to);
        guarded.with(leaves, 0, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let without: Vec<Leaf> = leaves.iter().filter(|leaf| leaf.action != "s3:RestoreObject").cloned().collect();
    let refused = run(&without, "refused");
    assert!(refused.stderr.contains("`s3:RestoreObject`") && refused.stderr.contains("`bdr iam-policy restore`"), "{refused:#?}");
    let asked = run(&leaves, "asked");
    assert!(asked.stderr.contains("retrieval started"), "{asked:#?}");
    let begun = std::time::Instant::now();
    while run(&leaves, "first").code != Some(0) {
        assert!(begun.elapsed() < std::time::Duration::from_secs(30));
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    let spared: &[Spared] = &[("s3:RestoreObject", "/packs/*", "asked for above")];
    one_less(&leaves, spared, |day, leaves| ends_well(&run(leaves, &format!("to-{day}"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_needs_what_its_document_allows_and_no_less() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let spared: &[Spared] = &[
        ("s3:GetObject", "/.bdr/owner", NO_TAGS),
        ("s3:GetIntelligentTieringConfiguration", "", BESIDE),
        ("s3:GetBucketNotification", "", BESIDE),
        ("s3:PutObject", "/.bdr/owner", NO_TAGS),
        ("s3:DeleteObject", "/.bdr/owner", NO_TAGS),
        (
            "s3:PutObject",
            "/.bdr/undo/*",
            "kept only where others have lifecycle rules in the bucket, and gone without where denied",
        ),
        ("s3:DeleteObject", "/.bdr/probe/*", "what a probe wrote then stays until the lifecycle takes it"),
        ("s3:PutBucketOwnershipControls", "", "a new bucket has them already, as on AWS since April 2023; an older one has not"),
        ("s3:DeleteBucketPolicy", "", "asked for when the last statement leaves the policy, and nobody else has one there"),
        ("s3:DeleteObject", "/.bdr/runs/*", "records of applies go after 400 days; they stay"),
        ("s3:PutReplicationConfiguration", "", "takes away what left the policy, and there is no such rule in a new bucket"),
        ("s3:GetObject", "/manifest.json", "there is none in a new bucket; `plan` shows that it is needed"),
        ("s3:GetObject", "/_verified/*", "as with manifests"),
        ("iam:DeleteRole", "", MENDED),
        ("iam:DeleteRolePolicy", "", MENDED),
        ("iam:PutRolePermissionsBoundary", "", MENDED),
        ("iam:UpdateAssumeRolePolicy", "", MENDED),
        ("iam:UpdateRole", "", MENDED),
    ];
    let guarded = Guarded::new(endpoint).await;
    let text = guarded.home.text("bdr.yaml");
    let name = text.lines().find_map(|line| line.strip_prefix("name: ")).unwrap().to_owned();
    let leaves = guarded.leaves(&["apply", "--without-backups"]);
    one_less(&leaves, spared, |day, leaves| {
        // A bucket of its own each time: what an apply sets is not set again.
        let other = format!("{name}-{day}");
        std::fs::write(guarded.home.path("bdr.yaml"), text.replace(&name, &other)).unwrap();
        let renamed: Vec<Leaf> = leaves.iter().map(|leaf| leaf.renamed(&name, &other)).collect();
        ends_well(&guarded.with(&renamed, 0, &["apply", "--auto-approve", "--without-backups"]))
    });
}

/// By default an apply makes the first backups, and its document says so.
#[tokio::test(flavor = "multi_thread")]
async fn apply_with_first_backups_is_allowed_too() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let guarded = Guarded::new(endpoint).await;
    let leaves = guarded.leaves(&["apply"]);
    guarded.with(&leaves, 0, &["apply", "--auto-approve"]).ends(0);
    let without = guarded.leaves(&["apply", "--without-backups"]);
    let packs = |leaves: &[Leaf]| leaves.iter().any(|leaf| !leaf.denies && leaf.resource.ends_with("/packs/*"));
    assert!(packs(&leaves) && !packs(&without));
}

/// Backups are removed with the right to remove them and not without; what a writer could not remove goes as well.
#[tokio::test(flavor = "multi_thread")]
async fn prune_removes_what_a_writer_may_not() {
    let Some(guarded) = with_backups(&["--scheduled"]).await else { return };
    let write = guarded.leaves(&["write"]);
    guarded.with(&write, 0, &["backup", "docs"]).ends(0);
    // Of three moments the first is forgotten in time.
    for day in [40, 80] {
        guarded.with(&write, day, &["backup", "docs", "--scheduled"]).ends(0);
    }
    // The tier goes, and its backup with it.
    let text = guarded.home.text("bdr.yaml").replace(", monthly: { for: 12mo, class: GLACIER }", "");
    std::fs::write(guarded.home.path("bdr.yaml"), text).unwrap();
    let write_only = guarded.with(&write, 0, &["prune", "docs", "--yes"]);
    assert!(
        write_only.stderr.contains("s3:DeleteObject") && write_only.stderr.contains("`bdr iam-policy prune`"),
        "{write_only:#?}"
    );
    guarded.asked();
    // What one document denies no other one allows; named at once they allow what both are for.
    let apart = [write, guarded.leaves(&["prune"])].concat();
    assert!(guarded.with(&apart, 0, &["prune", "docs", "--yes"]).stderr.contains("s3:DeleteObject"));
    let both = guarded.leaves(&["write", "prune"]);
    guarded.with(&both, 0, &["backup", "docs"]).ends(0);
    guarded.with(&guarded.leaves(&["prune"]), 160, &["prune", "docs", "--yes"]).ends(0);
    guarded.with(&both, 0, &["prune", "docs", "--yes"]).ends(0);
    let deleted = |part: &str| {
        let gate = guarded.gate.lock().unwrap();
        gate.asked.iter().any(|asked| asked.action == "s3:DeleteObject" && asked.resource.contains(part))
    };
    assert!(deleted("/packs/") && deleted("/_attempts/") && deleted("/_slots/"));
}

/// On both sides of a replication, of stores and of a bucket of the application; and a restore from where S3 copied to.
#[tokio::test(flavor = "multi_thread")]
async fn status_needs_what_its_document_allows_and_no_less() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let guarded = Guarded::new(endpoint).await;
    let name = crate::harness::fresh_name();
    let client = endpoint.client().await;
    crate::harness::make_bucket(&client, &format!("{name}-files")).await;
    for n in 0..3 {
        let body = aws_sdk_s3::primitives::ByteStream::from_static(b"x");
        client.put_object().bucket(format!("{name}-files")).key(format!("pictures/{n}")).body(body).send().await.unwrap();
    }
    let (url, region) = (&guarded.proxy.url, endpoint.region);
    const KEYED: &str = "encryption: { sse: aws:kms, key: alias/backups }";
    let bucket = |bucket: &str| format!("bucket: {name}-{bucket}, region: {region}, endpoint: '{url}', account: '{ACCOUNT}'");
    guarded.home.policy(&format!(
        "version: 1\nname: {name}\nstores:\n  near:\n    s3: {{ {} }}\n    versioning: true\n    replicate: {{ to: far }}\n    {KEYED}\n  far:\n    s3: {{ {} }}\n    \
         versioning: true\n    {KEYED}\ncomponents:\n  docs:\n    files: {{ paths: ['@/docs'] }}\n    protect: {{ nightly: {{ file_backup: {{}}, schedule: '0 2 \
         * * *', store: near }} }}\n    retain: {{ daily: {{ for: 14d }} }}\n  files:\n    object_storage: {{ {}, prefix: pictures, versioning: \
         managed }}\n    protect: {{ copy: {{ replication: {{ to: far }} }} }}\nscheduler: {{ systemd: {{ directory: '@/units' }} }}\n",
        bucket("near"),
        bucket("far"),
        bucket("files"),
    ));
    guarded.freely(&["apply", "--auto-approve"]);
    guarded.freely(&["verify", "docs", "--store", "near"]);
    // Written once the rule stands, so that it is copied.
    let body = aws_sdk_s3::primitives::ByteStream::from_static(b"y");
    client.put_object().bucket(format!("{name}-files")).key("pictures/new").body(body).send().await.unwrap();
    let leaves = guarded.leaves(&["status"]);
    assert!(
        leaves.iter().all(|leaf| !leaf.denies && !leaf.action.contains("Put") && !leaf.action.contains("Delete")),
        "{leaves:?}"
    );
    one_less(&leaves, &[], |_, leaves| {
        let ran = guarded.with(leaves, 0, &["status"]);
        // Whether all is well is not what is asked here.
        match ran.stderr.contains("could not") || ran.stderr.contains("cannot") {
            true => Err(format!("{}\n{}", ran.stdout, ran.stderr)),
            false => Ok(()),
        }
    });
    let restored = guarded.with(&guarded.leaves(&["restore"]), 0, &["restore", "docs", "--store", "far", "--to", "back"]);
    ends_well(&restored).unwrap();
}
