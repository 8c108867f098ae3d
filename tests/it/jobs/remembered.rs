//! Damage that a restore meets is remembered like damage that a verification finds.

use std::path::Path;

use super::{Mount, home, manifests, noise, objects};
use crate::binary::Home;

/// Two backups, the second of which refers to the pack of the first.
fn two() -> Home {
    let home = home();
    write_two(&home);
    home
}

fn write_two(home: &Home) {
    std::fs::write(home.path("docs/a"), noise(1, 100_000)).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    std::fs::write(home.path("docs/b"), noise(2, 100_000)).unwrap();
    home.run(&["backup", "docs"]).ends(0);
}

/// Ids, oldest first.
fn ids(home: &Home) -> Vec<String> {
    let mut all = manifests(home);
    all.sort_by_key(|(_, manifest)| manifest.snapshot);
    all.into_iter().map(|(_, manifest)| manifest.id.to_string()).collect()
}

fn of(home: &Home, part: &str, backup: &str) -> std::path::PathBuf {
    objects(home, part).into_iter().find(|path| path.to_string_lossy().contains(backup)).unwrap()
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// How many backups `list` calls damaged.
#[track_caller]
fn damaged(home: &Home) -> usize {
    home.run(&["list", "docs"]).stdout.matches("DAMAGED").count()
}

fn verifications(home: &Home) -> usize {
    objects(home, "/verified/").len()
}

#[test]
fn a_flipped_byte_in_a_pack_is_remembered_with_every_backup_that_refers_to_it() {
    let home = two();
    let ids = ids(&home);
    flip(&of(&home, "/packs/", &ids[0]));
    let ran = home.run(&["restore", "docs", "--to", "back"]).ends(3);
    assert!(ran.stderr.contains(&format!("the damage to backup {} is remembered", ids[1])), "{ran:#?}");
    assert_eq!(damaged(&home), 2);
    // It stays until the bytes are read again.
    home.run(&["verify", "docs"]).ends(1);
    assert_eq!(damaged(&home), 2);
    flip(&of(&home, "/packs/", &ids[0]));
    home.run(&["verify", "docs", "--read-data"]).ends(0);
    assert_eq!(damaged(&home), 0);
}

#[test]
fn a_missing_pack_is_remembered_and_the_older_backup_stays_good() {
    let home = two();
    let ids = ids(&home);
    std::fs::remove_file(of(&home, "/packs/", &ids[1])).unwrap();
    home.run(&["restore", "docs", "--to", "back"]).ends(3);
    let listed = home.run(&["list", "docs"]).ends(1);
    assert_eq!(listed.stdout.matches("DAMAGED").count(), 1, "{listed:#?}");
    let pruned = home.run(&["prune", "docs", "--dry-run"]).ends(0);
    let line = |id: &str| pruned.stdout.split("\n").skip_while(|line| !line.contains(id)).take(4).collect::<String>();
    assert!(line(&ids[0]).contains("newest good"), "{pruned:#?}");
    let refused = home.run(&["restore", "docs", "--to", "again"]).ends(1);
    assert!(refused.stderr.contains(&format!("--backup {}", ids[0])), "{refused:#?}");
}

#[test]
fn a_lost_index_or_table_is_remembered() {
    for part in ["/index/", "/table/"] {
        for cut in [false, true] {
            let home = two();
            let object = of(&home, part, &ids(&home)[1]);
            if cut {
                flip(&object)
            } else {
                std::fs::remove_file(&object).unwrap()
            }
            let ran = home.run(&["restore", "docs", "--to", "back"]).ends(1);
            assert!(ran.stderr.contains("is remembered"), "{part}: {ran:#?}");
            assert_eq!(damaged(&home), 1, "{part}");
        }
    }
}

#[test]
fn a_dry_run_and_a_target_that_refuses_leave_no_word() {
    let home = two();
    std::fs::create_dir_all(home.path("back/a")).unwrap();
    home.run(&["restore", "docs", "--to", "back", "--overwrite"]).ends(3);
    flip(&of(&home, "/index/", &ids(&home)[1]));
    home.run(&["restore", "docs", "--to", "other", "--dry-run"]).ends(1);
    assert_eq!((verifications(&home), damaged(&home)), (0, 0));
}

#[test]
fn who_may_only_read_restores_and_hears_that_it_was_not_noted() {
    let home = home();
    let Some(vault) = Mount::new(&home.path("vault"), 16) else { return };
    crate::binary::set_up(&home.path("vault"), "notes");
    write_two(&home);
    flip(&of(&home, "/packs/", &ids(&home)[1]));
    vault.again("ro");
    let ran = home.run(&["restore", "docs", "--to", "back"]).ends(3);
    assert!(ran.stderr.contains("could not be noted"), "{ran:#?}");
    assert_eq!(std::fs::read(home.path("back/a")).unwrap(), noise(1, 100_000));
    vault.again("rw");
    assert_eq!(damaged(&home), 0);
}
