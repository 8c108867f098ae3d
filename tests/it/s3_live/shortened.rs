//! A tier that leaves the policy, or keeps backups for less long: said first, with how far back can be restored until now and then.

use super::Trial;
use crate::binary::Ran;
use crate::harness::endpoint;

const TIERS: &str = "retain: { daily: { for: 14d }, weekly: { for: 8w } }";

fn words(text: &str) -> String {
    text.replace("> ", "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What each form of a plan says.
fn told(trial: &Trial, now: &str) -> [String; 3] {
    let forms: [&[&str]; 3] = [&["plan"], &["plan", "--format", "markdown"], &["plan", "--summary"]];
    forms.map(|arguments| {
        let text = Ran::of(&trial.command(arguments).env("BDR_NOW", now).output().unwrap()).ends(0).stdout;
        words(&text)
    })
}

impl Trial {
    fn keeping(&self, tiers: &str) {
        self.home.policy(&super::policy(&self.bucket, &self.bucket, &self.url, "eu-north-1").replace(TIERS, tiers));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_there_is_a_backup_the_window_is_told() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    let (long, now) = ("retain: { daily: { for: 14d }, monthly: { for: 365d } }", "2026-03-01T12:00:00Z");
    trial.keeping(long);
    trial.run(&["apply", "--auto-approve", "--without-backups"]).ends(0);

    trial.keeping("retain: { daily: { for: 14d } }");
    let [human, markdown, line] = told(&trial, now);
    let words = "docs in bucket: monthly left the policy, which kept backups for 365 d, so that the window of what can be restored shrinks from \
                365 d to 14 d; no good backup is there yet";
    for text in [&human, &markdown] {
        assert!(text.contains("This loses protection, from its apply on") && text.contains(words), "{text}");
        assert!(
            text.find(words) < text.find("- lifecycle rule docs/nightly/monthly").or(text.find("- store bucket")),
            "first: {text}"
        );
    }
    assert!(line.contains("; shortens: docs in bucket (365 d to 14 d)"), "{line}");

    trial.keeping("retain: { daily: { for: 14d }, monthly: { for: 90d } }");
    let [human, ..] = told(&trial, now);
    assert!(human.contains("monthly keeps backups for 90 d, until now for 365 d, so that the window"), "{human}");
    trial.run(&["apply", "--auto-approve", "--without-backups", "--destroy-data=1"]).ends(0);
    let [human, _, line] = told(&trial, now);
    assert!(!human.contains("monthly") && !line.contains("shortens"), "it is as the policy says: {human}");

    trial.keeping(long);
    let [human, ..] = told(&trial, now);
    assert!(!human.contains("monthly keeps"), "longer is no loss: {human}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_by_it_is_told_with_it() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let trial = Trial::new(endpoint).await;
    std::fs::create_dir_all(trial.home.path("docs")).unwrap();
    trial.keeping("retain: { daily: { for: 14d }, monthly: { for: 365d } }");
    let at = |now: &str, arguments: &[&str]| Ran::of(&trial.command(arguments).env("BDR_NOW", now).output().unwrap()).ends(0);
    at("2026-01-01T12:00:00Z", &["apply", "--auto-approve"]);
    for (n, now) in ["2026-02-01T12:00:00Z", "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z"].into_iter().enumerate() {
        std::fs::write(trial.home.path("docs/a"), n.to_string()).unwrap();
        at(now, &["backup", "docs"]);
    }
    let [human, ..] = told(&trial, "2026-03-02T13:00:00Z");
    assert!(!human.contains("loses protection"), "{human}");
    trial.keeping("retain: { daily: { for: 14d } }");
    let [human, markdown, line] = told(&trial, "2026-03-02T13:00:00Z");
    let words = "shrinks from 365 d to 14 d; the next prune lets go of what is older than 2026-03-01 (2 backups, ";
    for text in [human, markdown] {
        assert!(text.contains(words) && text.contains("until now back to 2026-01-01"), "{text}");
    }
    assert!(line.contains("; shortens: docs in bucket (365 d to 14 d)"), "{line}");
}
