//! Backups of many nights, and those that somebody makes between them.

use super::{home, manifests};
use crate::binary::Ran;

#[test]
fn a_backup_made_by_hand_outlives_the_next_prune() {
    let home = home();
    home.run(&["backup", "docs", "--scheduled"]).ends(0);
    for _ in 0..2 {
        let ran = home.run(&["backup", "docs"]).ends(0);
        assert!(ran.stderr.contains("made by hand: kept as long as daily keeps one, 7d"), "{ran:#?}");
    }
    home.run(&["backup", "docs", "--scheduled"]).ends(0);
    let pruned = home.run(&["prune", "--yes"]).ends(0);
    let told = pruned.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("made by hand: as long as daily, until"), "{pruned:#?}");
    assert_eq!(manifests(&home).len(), 3, "{pruned:#?}");
    assert_eq!(home.run(&["list"]).ends(0).stdout.matches("by hand").count(), 2);
}

#[test]
fn of_many_nights_those_stay_that_the_tier_keeps() {
    let home = home();
    let run = |day: u32, arguments: &[&str]| {
        let mut command = home.command(arguments);
        Ran::of(&command.env("BDR_NOW", format!("2026-03-{day:02}T12:00:00Z")).output().unwrap()).ends(0)
    };
    for day in 1..=12 {
        std::fs::write(home.path("docs/a.txt"), format!("{day}")).unwrap();
        run(day, &["backup", "docs", "--scheduled"]);
    }
    let days = || manifests(&home).iter().map(|(_, manifest)| manifest.snapshot.to_string()).collect::<Vec<_>>();
    assert_eq!(days().first().map(String::as_str), Some("2026-03-01T12:00:00Z"), "made when it says");
    run(13, &["prune", "docs", "--yes"]);
    let kept: Vec<String> = [2, 6, 7, 8, 9, 10, 11, 12].map(|day| format!("2026-03-{day:02}T12:00:00Z")).into();
    assert_eq!(days(), kept, "seven days, counted from the newest, and the full one of a Monday that they refer to");
}
