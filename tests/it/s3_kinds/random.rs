//! Configurations of full width, one after the other in the same buckets: what is wanted is stored, read and equal, so that the next plan
//! is empty, and what is not bdr's stays, byte for byte.

mod theirs;

use std::fmt::Write;

use bdr::resource::Op;
use fastrand::Rng;

use super::driver::Driver;
use crate::harness::{Endpoint, endpoint, fresh_name, make_bucket};

const CASES: usize = 5;

/// What an endpoint keeps of what can be said.
#[derive(Clone, Copy)]
struct Keeps {
    encryption: bool,
    replication: bool,
    access: bool,
}

/// Letters, digits and what a tag may hold besides (S3 user guide, "Categorizing your storage using tags").
fn word(rng: &mut Rng, most: usize) -> String {
    let signs: Vec<char> = "abcXYZ019 +-=._:/@åß日".chars().collect();
    let word: String = (0..rng.usize(1..=most)).map(|_| signs[rng.usize(..signs.len())]).collect();
    // No `://`: with an `@` behind it that would be a password in a URL, which a policy must not have.
    format!("t{}", word.trim_end().replace("//", "/"))
}

fn principals(rng: &mut Rng) -> String {
    let roles: Vec<String> =
        (0..rng.usize(1..4)).map(|n| format!("'arn:aws:iam::000000000000:role/p/r{n}-{}'", rng.u8(..))).collect();
    format!("[{}]", roles.join(", "))
}

/// The first store's settings, and what its component keeps.
fn settings(rng: &mut Rng, keeps: Keeps) -> String {
    let mut text = String::new();
    let days = |rng: &mut Rng| rng.u32(1..3000);
    if keeps.encryption && rng.bool() {
        let form = ["AES256", "aws:kms", "aws:kms, key: alias/some-key", "aws:kms, key: alias/x, bucket_key: false"];
        let _ = writeln!(text, "    encryption: {{ sse: {} }}", rng.choice(form).unwrap());
    }
    if rng.bool() {
        let _ = writeln!(text, "    noncurrent: {{ for: {}d }}", days(rng));
    }
    if rng.bool() {
        let _ = writeln!(text, "    abort_uploads_after: {}d", days(rng));
    }
    let tags: Vec<String> = (0..rng.usize(0..5)).map(|n| format!("\"{n}{}\": \"{}\"", word(rng, 20), word(rng, 60))).collect();
    let _ = writeln!(text, "    tags: {{ {} }}", tags.join(", "));
    if keeps.replication && rng.bool() {
        let mut entry = "to: zone".to_owned();
        let more =
            ["within: 15m", "storage_class: GLACIER_IR", "delete_markers: true", "kms: alias/copies", "prefix: docs/nightly/"];
        more.iter().filter(|_| rng.bool()).for_each(|more| _ = write!(entry, ", {more}"));
        if text.contains("aws:kms") && !entry.contains("kms:") {
            // Else S3 would copy none of it, which is refused.
            entry += ", kms: alias/copies";
        }
        if !entry.contains("delete_markers") && rng.bool() {
            let _ = write!(entry, ", tags: {{ \"{}\": \"{}\" }}", word(rng, 10), word(rng, 10));
        }
        let _ = writeln!(text, "    replicate: {{ {entry} }}");
    }
    if keeps.access && rng.bool() {
        let lists = [principals(rng), principals(rng), principals(rng), principals(rng)];
        let [write, read, delete, configure] = lists;
        let _ = writeln!(text, "    access: {{ write: {write}, read: {read}, delete: {delete}, configure: {configure} }}");
    }
    text
}

fn tiers(rng: &mut Rng) -> String {
    let classes = ["STANDARD", "STANDARD_IA", "GLACIER", "DEEP_ARCHIVE"];
    let all = ["daily", "weekly", "monthly", "quarterly", "yearly"];
    let chosen = all.iter().filter(|tier| **tier == "yearly" || rng.bool()).collect::<Vec<_>>();
    // Each longer than the one before, and than its own period.
    let mut days = 370;
    let mut tier = |tier: &&&str| {
        days += rng.u32(0..900);
        format!("{tier}: {{ for: {days}d, class: {} }}", rng.choice(classes).unwrap())
    };
    let tiers: Vec<String> = chosen.iter().map(&mut tier).collect();
    format!("{{ {} }}", tiers.join(", "))
}

fn yaml(rng: &mut Rng, endpoint: &Endpoint, [first, second]: [&str; 2], keeps: Keeps) -> String {
    let Endpoint { url, region, .. } = endpoint;
    let place =
        |bucket: &str| format!("s3: {{ bucket: {bucket}, endpoint: \"{url}\", region: {region}, account: \"000000000000\" }}");
    format!(
        "stores:\n  primary:\n    {}\n    versioning: true\n{}  zone:\n    {}\n    versioning: true\ncomponents:\n  docs:\n    files: {{ paths: \
         [/srv/docs] }}\n    protect:\n      nightly: {{ file_backup: {{}}, schedule: daily, store: primary }}\n      often: {{ file_backup: {{ full: \
         monthly }}, schedule: every 4h, store: primary }}\n    retain: {}\n",
        place(first),
        settings(rng, keeps),
        place(second),
        tiers(rng)
    )
}

/// Cases of one endpoint; `BDR_CASES` asks for more or fewer.
fn cases() -> usize {
    std::env::var("BDR_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES)
}

/// One apply for each case, in buckets that others share.
#[expect(clippy::print_stdout, reason = "how many ran is part of the result")]
async fn kept(endpoint: &Endpoint, keeps: Keeps) {
    let seed = std::env::var("BDR_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    let mut rng = Rng::with_seed(seed);
    let names = [fresh_name(), fresh_name()];
    let buckets = names.each_ref().map(String::as_str);
    let client = endpoint.client().await;
    for bucket in buckets {
        make_bucket(&client, bucket).await;
    }
    theirs::put(&client, buckets, keeps).await;
    let before = theirs::read(&client, buckets[0], keeps).await;
    let mut applies = 0;
    for case in 0..cases() {
        let yaml = yaml(&mut rng, endpoint, buckets, keeps);
        let told = format!("case {case} of seed {seed}:\n{yaml}");
        let driver = Driver::new(buckets[0], &yaml, endpoint.env());
        let seen = driver.plan().await.unwrap_or_else(|error| panic!("{error}: {told}"));
        driver.apply(&seen).await.unwrap_or_else(|error| panic!("{error}: {:?}: {told}", error.help));
        applies += usize::from(seen.changes.iter().any(|change| change.op != Op::None));
        assert_eq!(driver.todo().await, Vec::<String>::new(), "{told}");
        assert_eq!(theirs::read(&client, buckets[0], keeps).await, before, "{told}");
    }
    println!("{applies} applies beside {} foreign parts on {}, seed {seed}", before.len(), endpoint.url);
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_stores_what_is_wanted_however_much_that_is() {
    let Some(endpoint) = endpoint("ministack") else { return };
    kept(endpoint, Keeps { encryption: true, replication: true, access: true }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moto_stores_what_is_wanted_however_much_that_is() {
    let Some(endpoint) = endpoint("moto") else { return };
    kept(endpoint, Keeps { encryption: true, replication: false, access: true }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seaweedfs_stores_what_is_wanted_however_much_that_is() {
    let Some(endpoint) = endpoint("seaweedfs") else { return };
    // With it no object can be written there, and what a write replaces is kept as one.
    kept(endpoint, Keeps { encryption: false, replication: false, access: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn radosgw_stores_what_is_wanted_however_much_that_is() {
    let Some(endpoint) = endpoint("radosgw") else { return };
    kept(endpoint, Keeps { encryption: false, replication: false, access: false }).await;
}
