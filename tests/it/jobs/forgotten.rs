//! Backups of components that left the policy are not forgotten.

use super::home;
use crate::binary::{Home, POLICY, contents};

#[test]
fn a_plan_says_what_is_left_of_a_component_that_left() {
    let home = home();
    for _ in 0..2 {
        home.run(&["backup", "docs"]).ends(0);
    }
    let plan = home.run(&["plan"]).ends(0).stdout;
    assert!(!plan.contains("not in the policy"), "{plan}");
    std::fs::copy(home.path("bdr.yaml"), home.path("older.yaml")).unwrap();
    std::fs::write(home.path("bdr.yaml"), home.text("bdr.yaml").replace("  docs:", "  papers:")).unwrap();
    let plan = home.run(&["plan", "--all"]).ends(0).stdout;
    let told = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    let note = "note: store.vault/folder: 2 backups of `docs`, which is not in the policy, lie here, and nothing removes them;";
    assert!(told.contains(note) && told.contains("`bdr list docs -p OLDER-POLICY` shows them"), "{plan}");
    assert!(told.contains("where it was renamed, say `moved: { from: docs }`"), "{plan}");
    let text = home.text("bdr.yaml");
    home.policy(&text.replace("  papers:\n", "  papers:\n    moved: { from: docs }\n"));
    assert!(!home.run(&["plan", "--all"]).ends(0).stdout.contains("not in the policy"), "said so, they are its own");
    std::fs::write(home.path("bdr.yaml"), text).unwrap();
    let listed = home.run(&["list", "docs", "-p", "older.yaml"]).ends(0).stdout;
    assert_eq!(listed.matches("by hand").count() + listed.matches("daily").count(), 2, "{listed}");
    let json: serde_json::Value = serde_json::from_str(&home.run(&["plan", "--format", "json"]).ends(0).stdout).unwrap();
    assert!(json["notes"].as_array().unwrap().iter().any(|note| note["text"].as_str().unwrap().contains("`docs`")));
}

#[test]
fn a_plan_says_what_is_left_of_a_protection_that_was_renamed_or_moved() {
    let home = home();
    home.run(&["backup", "docs"]).ends(0);
    let noted = |text: &str| {
        home.policy(text);
        let plan = home.run(&["plan", "--all"]).ends(0).stdout;
        let told = plan.split_whitespace().collect::<Vec<_>>().join(" ");
        let note = "note: store.vault/folder: 1 backup of `docs/nightly`, which the policy does not copy there, lies here";
        assert!(told.contains(note), "{plan}");
    };
    noted(&super::POLICY.replace("nightly:", "often:"));
    noted(
        &super::POLICY
            .replace("components:", "  attic: { folder: { path: '@/attic' } }\ncomponents:")
            .replace("store: vault", "store: attic"),
    );
    home.policy(super::POLICY);
    assert!(!home.run(&["plan", "--all"]).ends(0).stdout.contains("does not copy"));
}

/// The other store tells where the folder was.
#[test]
fn the_folder_of_a_store_that_left_is_released() {
    let both = POLICY
        .replace("  disk:", "  attic: { folder: { path: '@/attic' } }\n  disk:")
        .replace("store: disk", "stores: [attic, disk]");
    let home = Home::new();
    home.policy(&both);
    home.run(&["apply", "--auto-approve"]).ends(0);
    let backups = contents(&home.path("attic/notes/docs"));
    home.policy(POLICY);
    let plan = home.run(&["plan"]).ends(0).stdout;
    let told = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("~ store attic") && told.contains("released") && told.contains("backups stays"), "{plan}");
    home.run(&["apply", "--auto-approve"]).ends(0);
    assert!(!home.path("attic/.bdr/policies/notes.json").exists());
    assert_eq!(contents(&home.path("attic/notes/docs")), backups);
    home.run(&["plan", "--detailed-exitcode"]).ends(0);
    // The store moves to another folder.
    home.policy(&POLICY.replace("@/backups", "@/moved"));
    home.run(&["plan"]).ends(0);
}
