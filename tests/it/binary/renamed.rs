//! A store and a component that are renamed: what was made under the earlier name goes on, and nothing is made twice or lost.

use super::{Home, POLICY};

/// The policy with both renamed, as a person does it.
fn renamed() -> String {
    POLICY
        .replace("  disk: { folder", "  vault: { moved: { from: disk }, folder")
        .replace("store: disk", "store: vault")
        .replace("  docs:\n", "  papers:\n    moved: { from: docs }\n")
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn backups_go_on_under_the_new_name_and_the_schedule_moves() {
    let home = Home::new();
    home.policy(POLICY);
    home.run(&["apply", "--auto-approve"]).ends(0);
    home.policy(&renamed());
    let plan = words(&home.run(&["plan"]).ends(0).stdout);
    assert!(plan.contains("moved to component.papers/systemd_timer:nightly"), "{plan}");
    assert!(!plan.contains("first backup") && !plan.contains("weakens") && !plan.contains("store vault"), "{plan}");
    // What still runs by its earlier name makes its backup, and builds on the one before.
    home.run(&["backup", "docs"]).ends(0);
    home.run(&["plan", "--out", "p.json"]).ends(0);
    home.run(&["apply", "p.json"]).ends(0);
    home.run(&["plan", "--detailed-exitcode"]).ends(0);
    assert!(home.path("units/bdr-notes.papers.nightly.timer").exists());
    assert!(!home.path("units/bdr-notes.docs.nightly.timer").exists());

    std::fs::write(home.path("docs/new.txt"), "new").unwrap();
    home.run(&["backup", "papers"]).ends(0);
    let listed: serde_json::Value =
        serde_json::from_str(&home.run(&["list", "papers", "--format", "json"]).ends(0).stdout).unwrap();
    let text = listed.to_string();
    assert_eq!(text.matches("\"id\"").count(), 3, "{listed:#}");
    home.run(&["verify", "papers", "--read-data"]).ends(0);
    home.run(&["restore", "papers", "--to", "back"]).ends(0);
    assert_eq!(home.text("back/new.txt"), "new");
    let plan = home.run(&["plan"]).ends(0).stdout;
    assert!(!plan.contains("which is not in the policy"), "nothing is forgotten: {plan}");
    // Once the marks are renamed, the store needs no word of it; the component's copies lie where they lay.
    home.policy(&renamed().replace("moved: { from: disk }, ", ""));
    home.run(&["plan", "--detailed-exitcode"]).ends(0);
}

#[test]
fn entries_of_cron_move_too() {
    let home = Home::new();
    let cron = |policy: &str| policy.replace("systemd: { directory: '@/units' }", "cron: { file: '@/table' }");
    home.policy(&cron(POLICY));
    home.run(&["apply", "--auto-approve"]).ends(0);
    home.policy(&cron(&renamed()));
    let plan = words(&home.run(&["plan"]).ends(0).stdout);
    assert!(plan.contains("moved to component.papers/cron_entry:nightly"), "{plan}");
    home.run(&["apply", "--auto-approve"]).ends(0);
    let table = home.text("table");
    assert!(table.contains("# papers/nightly") && !table.contains("docs/nightly"), "{table}");
    home.run(&["plan", "--detailed-exitcode"]).ends(0);
}

#[test]
fn a_folder_that_is_gone_is_missed_under_its_new_name() {
    let home = Home::new();
    home.policy(POLICY);
    home.run(&["apply", "--auto-approve"]).ends(0);
    home.policy(&renamed());
    std::fs::rename(home.path("backups"), home.path("away")).unwrap();
    let plan = words(&home.run(&["plan"]).stdout);
    assert!(plan.contains("its folder is gone"), "{plan}");
}
