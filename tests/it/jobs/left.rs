//! A component that leaves the policy: what that costs is said first, as long as something of it stands.

use crate::binary::{Home, POLICY};

fn words(text: &str) -> String {
    text.replace("> ", "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Applied, with a backup; then without the component.
fn left() -> Home {
    let home = Home::new();
    home.policy(POLICY);
    home.run(&["apply", "--auto-approve"]).ends(0);
    let other = POLICY.split("  docs:").next().unwrap().to_owned()
        + "  papers:\n    files: { paths: ['@/papers'] }\n    protect: { weekly: { file_backup: {}, schedule: weekly, store: disk } }\nscheduler: { \
           systemd: { directory: '@/units' } }\n";
    std::fs::create_dir_all(home.path("papers")).unwrap();
    std::fs::write(home.path("papers/a"), "a").unwrap();
    home.policy(&other);
    home
}

#[test]
fn what_it_could_bear_until_now_is_told_first() {
    let home = left();
    let (human, markdown) = (home.run(&["plan"]).ends(0).stdout, home.run(&["plan", "--format", "markdown"]).ends(0).stdout);
    for text in [human, markdown] {
        let told = words(&text);
        let head = told.split("removed").next().unwrap();
        assert!(head.contains("This loses protection"), "{text}");
        assert!(
            head.contains("docs left the policy: a crash") && head.contains("is no longer survived, until now it cost at most"),
            "{text}"
        );
        assert!(head.contains("docs left the policy: 1 backup in disk, from ") && head.contains("is no longer listed"), "{text}");
    }
    let line = home.run(&["plan", "--summary"]).ends(0).stdout;
    assert!(line.contains("; shortens: docs in disk (left the policy)"), "{line}");
    let json: serde_json::Value = serde_json::from_str(&home.run(&["plan", "--format", "json"]).ends(0).stdout).unwrap();
    let rows = json["objectives"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["component"] == "docs" && row["left"] == true), "{rows:#?}");

    // Once it is gone it is no loss of a later plan, and its backups are noted as ever.
    home.run(&["apply", "--auto-approve", "--remove=2"]).ends(0);
    let after = home.run(&["plan"]).ends(0).stdout;
    assert!(
        !after.contains("loses protection") && words(&after).contains("1 backup of `docs`, which is not in the policy"),
        "{after}"
    );
}

#[test]
fn one_that_was_renamed_did_not_leave() {
    let home = left();
    home.policy(&POLICY.replace("  docs:\n", "  papers:\n    moved: { from: docs }\n"));
    let plan = home.run(&["plan"]).ends(0).stdout;
    assert!(!plan.contains("left the policy") && !plan.contains("loses protection"), "{plan}");
}
