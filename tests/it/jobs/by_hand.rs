//! Backups that somebody makes between those of the schedule.

use super::{home, manifests};

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
