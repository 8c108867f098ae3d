//! A damaged store by the binary: each damage is named by `verify`, and a restore refuses or says what is missing.

use std::path::Path;

use super::{home, manifests, noise, objects};
use crate::binary::{Home, Ran};

fn grown() -> Home {
    let home = home();
    for at in 0..5 {
        std::fs::write(home.path(&format!("docs/large-{at}")), noise(at, 5 << 20)).unwrap();
    }
    home.run(&["backup", "docs"]).ends(0);
    assert!(objects(&home, "/packs/").len() > 1, "two packs to swap");
    home.run(&["verify", "docs", "--read-data"]).ends(0);
    home
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// `verify` names the object, and a restore ends neither with 0 nor with a file that differs.
#[track_caller]
fn is_named(home: &Home, object: &str) {
    let ran = home.run(&["verify", "docs", "--read-data"]).ends(1);
    assert!(ran.stdout.contains(object) || ran.stderr.contains(object), "{object} is not named: {ran:#?}");
    let ran = home.run(&["restore", "docs", "--to", "back"]);
    assert!(matches!(ran.code, Some(1 | 3)), "{ran:#?}");
    for entry in home.path("back").read_dir().into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let original = std::fs::read(home.path("docs").join(path.file_name().unwrap())).unwrap();
            assert!(std::fs::read(&path).unwrap() == original, "{} was restored wrongly", path.display());
        }
    }
}

#[test]
fn a_flipped_byte_in_a_pack() {
    let home = grown();
    let pack = objects(&home, "/packs/").remove(0);
    let mut bytes = std::fs::read(&pack).unwrap();
    bytes[1_000_000] ^= 1;
    std::fs::write(&pack, bytes).unwrap();
    is_named(&home, &name(&pack));
    // A look at the structure alone cannot see it, and says what is known of it.
    let ran = home.run(&["verify", "docs"]).ends(1);
    assert!(ran.stdout.contains("was not read since") && !ran.stdout.contains("every byte"), "{ran:#?}");
    bytes = std::fs::read(&pack).unwrap();
    bytes[1_000_000] ^= 1;
    std::fs::write(&pack, bytes).unwrap();
    home.run(&["verify", "docs", "--read-data"]).ends(0);
    home.run(&["verify", "docs"]).ends(0);
}

/// The only pack that is not among these.
fn new_pack(home: &Home, before: &[std::path::PathBuf]) -> std::path::PathBuf {
    objects(home, "/packs/").into_iter().find(|pack| !before.contains(pack)).unwrap()
}

fn flip(pack: &Path) {
    let mut bytes = std::fs::read(pack).unwrap();
    bytes[1_000] ^= 1;
    std::fs::write(pack, bytes).unwrap();
}

#[test]
fn a_restore_in_part_tells_the_next_step() {
    let home = grown();
    let older = objects(&home, "manifest.json").remove(0);
    let older = name(older.parent().unwrap());
    let before = objects(&home, "/packs/");
    std::fs::write(home.path("docs/large-1"), noise(9, 100_000)).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    flip(&new_pack(&home, &before));
    let ran = home.run(&["restore", "docs", "--to", "back"]).ends(3);
    assert!(ran.stderr.contains("  help: `bdr verify docs --read-data` tells what is damaged"), "{ran:#?}");
    let path = home.path("docs/large-1").display().to_string();
    let step = format!("`bdr restore docs --backup {older} --to 'back' --path '{path}' --overwrite`");
    assert!(ran.stderr.contains(&format!("Backup {older} holds what is missing, as of 2")), "{ran:#?}");
    assert!(ran.stderr.contains(&step) && !ran.stderr.contains("stands in the way"), "{ran:#?}");
    home.run(&["restore", "docs", "--to", "back", "--backup", &older, "--path", &path, "--overwrite"]).ends(0);
    assert!(std::fs::read(home.path("back/large-1")).unwrap() == noise(1, 5 << 20), "as it was then");
    std::fs::remove_file(home.path("back/large-1")).unwrap();
    std::fs::create_dir(home.path("back/large-1")).unwrap();
    let ran = home.run(&["restore", "docs", "--backup", &older, "--to", "back", "--overwrite"]).ends(3);
    assert!(ran.stderr.contains("  help: Clear what stands in the way") && !ran.stderr.contains("bdr verify"), "{ran:#?}");
}

/// A backup that refers to the same pack, or does not hold what is missing, is no help.
#[test]
fn only_a_backup_that_holds_what_is_missing_is_recommended() {
    let home = grown();
    let before = objects(&home, "/packs/");
    std::fs::write(home.path("docs/new"), noise(9, 100_000)).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    let pack = new_pack(&home, &before);
    std::fs::write(home.path("docs/another"), "x").unwrap();
    home.run(&["backup", "docs"]).ends(0);
    std::fs::remove_file(&pack).unwrap();
    let ran = home.run(&["restore", "docs", "--to", "back"]).ends(3);
    assert!(ran.stderr.contains("docs/new ") && ran.stderr.contains("No other good backup"), "{ran:#?}");
    assert!(!ran.stderr.contains("--backup"), "{ran:#?}");
}

/// Two packs of the same backup go: each file is looked for where it lies, also under its other name.
#[test]
fn what_lies_beside_a_lost_pack_still_helps() {
    let home = grown();
    let before = objects(&home, "/packs/");
    std::fs::write(home.path("docs/it's new"), noise(9, 100_000)).unwrap();
    std::fs::hard_link(home.path("docs/it's new"), home.path("docs/other")).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    let helps = manifests(&home).into_iter().max_by_key(|(_, manifest)| manifest.snapshot).unwrap().1.id;
    let second = objects(&home, "/packs/");
    std::fs::remove_file(home.path("docs/it's new")).unwrap();
    std::fs::write(home.path("docs/other"), noise(10, 100_000)).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    std::fs::remove_file(new_pack(&home, &second)).unwrap();
    // The second backup lost something else.
    let lost = objects(&home, "/packs/").into_iter().find(|pack| before.contains(pack)).unwrap();
    std::fs::remove_file(&lost).unwrap();
    let ran = home.run(&["restore", "docs", "--to", "back"]).ends(3);
    let path = home.path("docs/other").display().to_string();
    let step = format!("`bdr restore docs --backup {helps} --to 'back' --path '{path}' --overwrite`");
    assert!(ran.stderr.contains(&format!("Backup {helps} holds some of what is missing")), "{ran:#?}");
    assert!(ran.stderr.contains(&step), "{ran:#?}");
}

#[test]
fn a_missing_pack() {
    let home = grown();
    let pack = objects(&home, "/packs/").remove(0);
    std::fs::remove_file(&pack).unwrap();
    is_named(&home, &name(&pack));
    let ran = home.run(&["verify", "docs"]).ends(1);
    assert!(ran.stdout.contains("1 of 1 backup damaged"), "{ran:#?}");
}

#[test]
fn a_cut_index_and_a_missing_table() {
    let home = grown();
    let index = objects(&home, "/index/").remove(0);
    let bytes = std::fs::read(&index).unwrap();
    std::fs::write(&index, &bytes[..bytes.len() / 2]).unwrap();
    is_named(&home, &name(&index));
    std::fs::write(&index, &bytes).unwrap();
    _ = std::fs::remove_dir_all(home.path("back"));
    let table = objects(&home, "/table/").remove(0);
    std::fs::remove_file(&table).unwrap();
    is_named(&home, &name(&table));
}

#[test]
fn a_cut_manifest() {
    let home = grown();
    let manifest = objects(&home, "manifest.json").remove(0);
    let bytes = std::fs::read(&manifest).unwrap();
    std::fs::write(&manifest, &bytes[..bytes.len() - 20]).unwrap();
    let backup = name(manifest.parent().unwrap());
    is_named(&home, &backup);
    let ran = home.run(&["list", "docs"]).ends(1);
    assert!(ran.stderr.contains(&backup), "{ran:#?}");
    home.run(&["prune", "docs", "--yes"]).ends(1);
    assert!(manifest.exists(), "what is damaged is left to a person");
}

#[test]
fn a_pipe_in_the_place_of_a_manifest_and_of_a_pack() {
    let home = grown();
    let (manifest, pack) = (objects(&home, "manifest.json").remove(0), objects(&home, "/packs/").remove(0));
    let make_pipe = |path: &Path| {
        let saved = std::fs::read(path).unwrap();
        std::fs::remove_file(path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        saved
    };
    let saved = make_pipe(&manifest);
    for arguments in [["list"], ["verify"]] {
        let ran = home.run(&arguments).ends(1);
        assert!(ran.stdout.contains("it is a pipe") || ran.stderr.contains("it is a pipe"), "{ran:#?}");
    }
    home.run(&["prune", "--yes"]).ends(1);
    home.run(&["restore", "docs", "--to", "back"]).ends(1);
    std::fs::remove_file(&manifest).unwrap();
    std::fs::write(&manifest, saved).unwrap();
    make_pipe(&pack);
    is_named(&home, &name(&pack));
}

#[test]
fn two_packs_that_were_swapped() {
    let home = grown();
    let packs = objects(&home, "/packs/");
    let (one, other) = (std::fs::read(&packs[0]).unwrap(), std::fs::read(&packs[1]).unwrap());
    std::fs::write(&packs[0], other).unwrap();
    std::fs::write(&packs[1], one).unwrap();
    is_named(&home, &name(&packs[0]));
}

#[test]
fn a_store_that_is_not_there_is_an_error_and_not_an_empty_catalogue() {
    let home = grown();
    std::fs::rename(home.path("vault"), home.path("moved")).unwrap();
    for arguments in [&["list"][..], &["verify"], &["prune"], &["restore", "docs", "--to", "back"], &["backup", "docs"]] {
        let ran: Ran = home.run(arguments).ends(1);
        let why = if arguments[0] == "backup" { "its mark is missing" } else { "there is no such folder" };
        let told = [why, "mounted", "bdr apply"].iter().all(|words| ran.stderr.contains(words));
        assert!(told && !home.path("vault").exists(), "{ran:#?}");
    }
}
