//! What a plan says is promised now: nothing, where nothing can be restored.

use super::noise;
use crate::binary::{Home, POLICY, contents};

fn home() -> Home {
    let home = Home::new();
    home.policy(&POLICY.replace("    protect:", "    objectives: { process: { rpo: 2d } }\n    protect:"));
    home
}

/// What a plan says of the objectives.
fn objectives(home: &Home) -> String {
    let plan = home.run(&["plan"]).ends(0).stdout;
    plan.lines().skip_while(|line| !line.starts_with("Objectives")).collect::<Vec<_>>().join("\n")
}

#[test]
fn schedules_without_a_backup_promise_nothing_yet() {
    let home = home();
    home.run(&["apply", "--auto-approve", "--without-backups"]).ends(0);
    let told = objectives(&home);
    assert!(told.contains("no bound → 1d") && !told.contains("goal, unchanged"), "{told}");
    home.run(&["apply", "--auto-approve"]).ends(0);
    assert!(objectives(&home).contains("1 meets its goal, unchanged"), "{}", objectives(&home));
}

#[test]
fn the_only_backup_is_damaged() {
    let home = home();
    std::fs::write(home.path("docs/a"), noise(1, 100_000)).unwrap();
    home.run(&["apply", "--auto-approve"]).ends(0);
    let pack = contents(&home.path("backups")).into_keys().find(|path| path.to_string_lossy().contains("/packs/")).unwrap();
    std::fs::remove_file(pack).unwrap();
    home.run(&["verify"]).ends(1);
    let told = objectives(&home);
    assert!(told.contains("no bound → 1d"), "{told}");
}
