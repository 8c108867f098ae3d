//! Backups of components that left the policy are not forgotten.

use super::home;

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
    let listed = home.run(&["list", "docs", "-p", "older.yaml"]).ends(0).stdout;
    assert_eq!(listed.matches("by hand").count() + listed.matches("daily").count(), 2, "{listed}");
    let json: serde_json::Value = serde_json::from_str(&home.run(&["plan", "--format", "json"]).ends(0).stdout).unwrap();
    assert!(json["notes"].as_array().unwrap().iter().any(|note| note["text"].as_str().unwrap().contains("`docs`")));
}
