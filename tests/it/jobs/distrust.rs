//! What is known to be damaged is not built upon, not called good, and not passed over in silence.

use super::{home, manifests, noise, objects};
use crate::binary::Home;

/// Two backups: all of `a`, then `b` beside it in a pack of its own.
fn two() -> Home {
    let home = home();
    std::fs::write(home.path("docs/a"), noise(1, 100_000)).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    std::fs::write(home.path("docs/b"), noise(2, 100_000)).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    home
}

/// The folder of the backup that came second.
fn second(home: &Home) -> String {
    let (path, _) = manifests(home).into_iter().max_by_key(|(_, manifest)| manifest.snapshot).unwrap();
    path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned()
}

fn pack_of(home: &Home, backup: &str) -> std::path::PathBuf {
    objects(home, "/packs/").into_iter().find(|path| path.to_string_lossy().contains(backup)).unwrap()
}

fn flip(path: &std::path::Path) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[1_000] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[track_caller]
fn comes_back_whole(home: &Home, to: &str) {
    home.run(&["restore", "docs", "--to", to]).ends(0);
    for name in ["a", "b"] {
        let (was, is) = (std::fs::read(home.path("docs").join(name)).unwrap(), std::fs::read(home.path(to).join(name)).unwrap());
        assert!(was == is, "{name} differs");
    }
}

#[test]
fn after_damage_was_found_the_next_backup_stores_again_what_was_lost() {
    let home = two();
    let damaged = second(&home);
    flip(&pack_of(&home, &damaged));
    home.run(&["verify", "docs", "--read-data"]).ends(1);

    let listed = home.run(&["list", "docs"]).ends(1);
    assert!(listed.stdout.contains("DAMAGED, seen"), "{listed:#?}");
    let planned = home.run(&["plan"]).ends(0);
    assert!(planned.stdout.contains("BDR-C005") && planned.stdout.contains(&damaged), "{planned:#?}");
    let refused = home.run(&["restore", "docs", "--to", "refused"]).ends(1);
    assert!(refused.stderr.contains(&damaged) && refused.stderr.contains("--backup"), "{refused:#?}");
    assert!(!home.path("refused").exists(), "nothing was written");
    let why = refused.stderr.lines().find(|line| line.contains("because")).unwrap();
    assert!(why.contains("packs/") && why.contains("(seen 20") && why.ends_with(" UTC)"), "what is damaged: {refused:#?}");

    home.run(&["backup", "docs"]).ends(0);
    home.run(&["verify", "docs"]).ends(1);
    comes_back_whole(&home, "back");
}

#[test]
fn a_lost_pack_does_not_keep_the_next_backup_from_being_made() {
    for cut in [false, true] {
        let home = two();
        let pack = pack_of(&home, &second(&home));
        if cut {
            let bytes = std::fs::read(&pack).unwrap();
            std::fs::write(&pack, &bytes[..bytes.len() / 2]).unwrap();
        } else {
            std::fs::remove_file(&pack).unwrap();
        }
        let ran = home.run(&["backup", "docs"]).ends(0);
        assert!(ran.stderr.contains("everything was stored again"), "{ran:#?}");
        comes_back_whole(&home, "back");
    }
}

#[test]
fn a_lost_table_or_index_does_not_keep_the_next_backup_from_being_made() {
    for part in ["/table/", "/index/"] {
        let home = two();
        let newest = second(&home);
        let object = objects(&home, part).into_iter().find(|path| path.to_string_lossy().contains(&newest)).unwrap();
        std::fs::remove_file(&object).unwrap();
        let ran = home.run(&["backup", "docs"]).ends(0);
        assert!(ran.stderr.contains("everything was stored again"), "{part}: {ran:#?}");
        comes_back_whole(&home, "back");
    }
}

#[test]
fn an_unreadable_newest_manifest_is_not_passed_over_in_silence() {
    let home = two();
    let newest = second(&home);
    let manifest = objects(&home, "manifest.json").into_iter().find(|path| path.to_string_lossy().contains(&newest)).unwrap();
    std::fs::write(&manifest, "{").unwrap();
    let older = manifests_that_read(&home);
    let refused = home.run(&["restore", "docs", "--to", "back"]).ends(1);
    assert!(refused.stderr.contains(&newest) && refused.stderr.contains(&older), "{refused:#?}");
    home.run(&["restore", "docs", "--to", "back", "--backup", &older]).ends(0);
    assert!(!home.path("back/b").exists());
}

/// The id of the only backup whose manifest reads.
fn manifests_that_read(home: &Home) -> String {
    let reads = |path: &std::path::PathBuf| std::fs::read(path).unwrap().len() > 10;
    let path = objects(home, "manifest.json").into_iter().find(reads).unwrap();
    path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn a_path_that_is_a_symbolic_link_makes_a_suspect_backup() {
    let home = home();
    std::fs::write(home.path("docs/a"), "content").unwrap();
    std::os::unix::fs::symlink(home.path("docs"), home.path("current")).unwrap();
    home.policy(&super::POLICY.replace("'@/docs'", "'@/current'"));
    let ran = home.run(&["backup", "docs"]).ends(3);
    assert!(ran.stderr.contains("symbolic link"), "{ran:#?}");
    let listed = home.run(&["list"]).ends(0);
    assert!(listed.stdout.contains("suspect"), "{listed:#?}");
}
