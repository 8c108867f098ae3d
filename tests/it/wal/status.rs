//! What `wal status` tells, to people and to programs.

use std::fs;

use super::{Scene, flat, history_of, name_of};
use crate::binary::Ran;

fn json(scene: &Scene, code: i32) -> serde_json::Value {
    serde_json::from_str(&scene.bdr(&["wal", "status", "--format", "json"]).ends(code).stdout).unwrap()
}

#[test]
fn ranges_and_gaps_are_told_by_timeline() {
    let scene = Scene::in_folder();
    let empty = scene.bdr(&["wal", "status"]).ends(2);
    assert!(empty.stdout.contains("NOTHING WAS EVER ARCHIVED"), "{empty:#?}");
    scene.archive(1, 3..=9);
    scene.file("made", "00000002.history", history_of(1, 9).as_bytes());
    scene.archive(2, 9..=11);
    let well = scene.bdr(&["wal", "status", "orders"]).ends(0);
    assert!(well.stdout.contains("state: ok"), "{well:#?}");
    for number in [5, 6] {
        fs::remove_file(scene.object("vault", &name_of(1, number))).unwrap();
    }
    fs::remove_file(scene.object("vault", &name_of(2, 9))).unwrap();
    let told = scene.bdr(&["wal", "status"]).ends(2);
    let steady = told.stdout.replace(|c: char| !c.is_ascii(), "?");
    let steady: Vec<&str> = steady.lines().filter(|line| !line.starts_with("newest:") && !line.starts_with("rate:")).collect();
    insta::assert_snapshot!(steady.join("\n"));
    let found = json(&scene, 2);
    let stored = &found["stores"][0];
    let gaps: Vec<(u64, &str, &str)> = stored["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| (gap["timeline"].as_u64().unwrap(), gap["first"].as_str().unwrap(), gap["last"].as_str().unwrap()))
        .collect();
    let names = [name_of(1, 5), name_of(1, 6), name_of(2, 9)];
    assert_eq!(gaps, [(1, &*names[0], &*names[1]), (2, &*names[2], &*names[2])]);
    assert_eq!(stored["newest"]["segment"], name_of(2, 11));
    assert_eq!(stored["rate"]["segments"], 7);
    assert!(found["server"].is_null() && found["server_unread"].as_str().unwrap().contains("NOWHERE_SET"), "{found:#}");
}

/// Commands that speak of backups leave it alone, and say where to look.
#[test]
fn a_log_is_no_backup() {
    let scene = Scene::in_folder();
    scene.archive(1, [3]);
    let run = |arguments: &[&str]| Ran::of(&scene.command(arguments).env("NOWHERE_SET", "service=shop").output().unwrap());
    for arguments in [["backup", "orders"], ["list", "orders"], ["verify", "orders"]] {
        let refused = run(&arguments).ends(1);
        assert!(flat(&refused.stderr).contains("is its WAL, and no backup"), "{refused:#?}");
        assert!(refused.stderr.contains("`bdr wal status orders`"), "{refused:#?}");
    }
    let status = run(&["status"]).ends(0);
    assert!(status.stdout.contains("`bdr wal status`"), "{status:#?}");
    assert_eq!(scene.archived("vault").len(), 1);
}

#[test]
fn what_cannot_be_read_is_no_archive_that_is_well() {
    let scene = Scene::in_folder();
    scene.archive(1, [3]);
    fs::rename(scene.path("vault"), scene.path("away")).unwrap();
    let unread = scene.bdr(&["wal", "status"]).ends(1);
    assert!(unread.stderr.contains("warning: store `vault`"), "{unread:#?}");
    fs::rename(scene.path("away"), scene.path("vault")).unwrap();
    let unknown = scene.bdr(&["wal", "status", "nothing"]).ends(64);
    assert!(unknown.stderr.contains("there is no component `nothing`"), "{unknown:#?}");
}
