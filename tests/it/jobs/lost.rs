//! A manifest that was removed by a hand: what says that the backup was committed is heeded, and nothing of it is swept.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{home, manifests, noise, objects};
use crate::binary::{Home, contents};

fn backup(home: &Home, file: u64) {
    std::fs::write(home.path(&format!("docs/{file}")), noise(file, 100_000)).unwrap();
    home.run(&["backup", "docs"]).ends(0);
}

/// The folders of all backups, oldest first.
fn folders(home: &Home) -> Vec<PathBuf> {
    let mut all = manifests(home);
    all.sort_by_key(|(_, manifest)| manifest.snapshot);
    all.into_iter().map(|(path, _)| path.parent().unwrap().to_owned()).collect()
}

fn id(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

fn lose(folder: &Path) {
    std::fs::remove_file(folder.join("manifest.json")).unwrap();
}

/// As if two days had passed.
fn age(home: &Home) {
    let old = SystemTime::now() - Duration::from_secs(48 * 3600);
    for path in contents(&home.path("vault")).into_keys() {
        std::fs::File::options().append(true).open(path).unwrap().set_modified(old).unwrap();
    }
}

/// Every command says of the backup that its manifest is missing, and why that is known; and none touches it.
#[track_caller]
fn is_told(home: &Home, lost: &Path, why: &str) {
    age(home);
    let told = format!("the manifest is missing, though {why}");
    let there = contents(lost);
    for arguments in
        [&["list"][..], &["verify"], &["prune", "--yes"], &["restore", "docs", "--to", "back", "--backup", &id(lost)]]
    {
        let ran = home.run(arguments).ends(1);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(&told) && said.contains(&id(lost)), "{arguments:?} {ran:#?}");
        assert!(!said.contains("no backup yet") && !said.contains("interrupted backup:"), "{arguments:?} {ran:#?}");
    }
    let json = home.run(&["list", "--format", "json"]).ends(1).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json["unreadable_manifests"][0]["backup"].as_str().unwrap().ends_with(&id(lost)), "{json:#}");
    let planned = home.run(&["plan"]).ends(0);
    assert!(planned.stdout.contains("BDR-C005"), "{planned:#?}");
    assert!(contents(lost) == there && !there.is_empty(), "something of it was removed");
}

#[test]
fn a_verification_knows_the_backup() {
    let home = home();
    backup(&home, 1);
    home.run(&["verify"]).ends(0);
    let all = folders(&home);
    std::fs::remove_dir_all(all[0].join("index")).unwrap();
    lose(&all[0]);
    is_told(&home, &all[0], "a verification saw it");
}

#[test]
fn a_later_backup_refers_to_it() {
    let home = home();
    backup(&home, 1);
    backup(&home, 2);
    let all = folders(&home);
    lose(&all[0]);
    home.run(&["restore", "docs", "--to", "newest"]).ends(0);
    age(&home);
    for arguments in [&["list"][..], &["verify"], &["prune", "--yes"]] {
        let ran = home.run(arguments).ends(1);
        let told = format!("missing, though {} refers to this backup", id(&all[1]));
        assert!(ran.stdout.contains(&told) || ran.stderr.contains(&told), "{ran:#?}");
    }
    assert!(!contents(&all[0].join("packs")).is_empty());
}

#[test]
fn its_index_is_there_and_no_attempt() {
    let home = home();
    backup(&home, 1);
    backup(&home, 2);
    let all = folders(&home);
    lose(&all[1]);
    is_told(&home, &all[1], "its index is there");
    let refused = home.run(&["restore", "docs", "--to", "back"]).ends(1);
    assert!(refused.stderr.contains(&format!("the newest backup {} is damaged", id(&all[1]))), "{refused:#?}");
    assert!(refused.stderr.contains(&format!("--backup {}", id(&all[0]))), "{refused:#?}");
    // Ids tell seconds: what is made in the same one may be older.
    std::thread::sleep(Duration::from_secs(1));
    home.run(&["backup", "docs"]).ends(0);
    home.run(&["restore", "docs", "--to", "again"]).ends(0);
}

/// What a backup leaves that is killed between its index and its manifest.
#[test]
fn an_interrupted_backup_is_no_damage_and_is_swept_after_a_day() {
    let home = home();
    backup(&home, 1);
    backup(&home, 2);
    let left = folders(&home).remove(1);
    lose(&left);
    let attempt = home.path(&format!("vault/notes/docs/nightly/_attempts/{}/000000.json", id(&left)));
    std::fs::create_dir_all(attempt.parent().unwrap()).unwrap();
    let tier = left.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
    let owner = r#"{"user":"u","host":"h","pid":1,"started":null,"boot":null,"namespace":null}"#;
    let text = format!(
        r#"{{"version":1,"id":"{}","shelf":"{tier}","tiers":[],"class":"STANDARD","generation":0,"owner":{owner},"nonce":1,"started":"2026-01-01T00:00:00Z","ended":true,"needs":[]}}"#,
        id(&left)
    );
    std::fs::write(&attempt, text).unwrap();
    home.run(&["list"]).ends(0);
    home.run(&["verify"]).ends(0);
    home.run(&["prune", "--yes"]).ends(0);
    assert!(left.exists() && attempt.exists(), "it may go on yet");
    age(&home);
    home.run(&["verify"]).ends(0);
    let pruned = home.run(&["prune", "--yes"]).ends(0);
    assert!(
        pruned.stdout.contains("left by an interrupted backup") && pruned.stderr.contains("1 leftover removed"),
        "{pruned:#?}"
    );
    assert!(!left.exists() && !attempt.exists(), "{pruned:#?}");
    home.run(&["list"]).ends(0);
}

/// What a prune leaves that is killed after the manifest: it noted before that the backup goes.
#[test]
fn what_a_prune_let_go_is_no_damage_and_is_swept() {
    let home = home();
    backup(&home, 1);
    backup(&home, 2);
    home.run(&["verify"]).ends(0);
    let left = folders(&home).remove(0);
    lose(&left);
    let note = home.path(&format!("vault/notes/docs/nightly/_attempts/{}/expired.json", id(&left)));
    std::fs::create_dir_all(note.parent().unwrap()).unwrap();
    std::fs::write(&note, "{}").unwrap();
    home.run(&["list"]).ends(0);
    age(&home);
    // A backup that stays refers to its packs.
    home.run(&["prune", "--yes"]).ends(0);
    assert!(left.exists() && note.exists());
    let newest = folders(&home).remove(0);
    std::fs::remove_dir_all(newest).unwrap();
    home.run(&["prune", "--yes"]).ends(0);
    assert!(!left.exists() && !note.exists());
    assert!(objects(&home, "_attempts").is_empty());
}

/// A prune notes what it lets go, and leaves no note behind.
#[test]
fn a_prune_leaves_no_note_behind() {
    let home = home();
    for day in [1, 5, 10, 20] {
        let mut command = home.command(&["backup", "docs", "--scheduled"]);
        let output = command.env("BDR_NOW", format!("2026-03-{day:02}T12:00:00Z")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let before = manifests(&home).len();
    home.run(&["prune", "--yes"]).ends(0);
    assert!(manifests(&home).len() < before, "nothing went");
    assert!(objects(&home, "_attempts").is_empty());
    home.run(&["verify"]).ends(0);
}
