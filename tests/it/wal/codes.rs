//! The exit codes, which are all that PostgreSQL goes by: 1 is a proven end, and whatever else goes wrong is more than 125 to who restores, and
//! less than 126 to who archives.

use std::fs;

use super::{SYSTEM, Scene, flat, history_of, name_of};
use crate::binary::Ran;

/// To a `restore_command` any doubt is one.
#[track_caller]
fn doubts(ran: Ran, why: &str) {
    assert_eq!(ran.code, Some(255), "{ran:#?}");
    assert!(flat(&ran.stderr).contains(why), "`{why}` is not in {ran:#?}");
}

#[test]
fn only_what_is_proven_is_told_as_the_end() {
    let scene = Scene::in_folder();
    scene.archive(1, 3..=7);
    scene.fetch(&name_of(1, 8)).ends(1);
    scene.fetch("00000002.history").ends(1);
    fs::remove_file(scene.object("vault", &name_of(1, 5))).unwrap();
    doubts(scene.fetch(&name_of(1, 5)), &format!("{} is not in the archive, and {}, after it, is", name_of(1, 5), name_of(1, 6)));
    doubts(scene.fetch(&name_of(1, 2)), "after it, is");
    scene.fetch(&name_of(1, 6)).ends(0);
}

#[test]
fn a_timeline_that_goes_on_is_no_end_and_a_history_that_is_lost_is_none() {
    let scene = Scene::in_folder();
    scene.archive(1, 3..=7);
    scene.file("made", "00000002.history", history_of(1, 7).as_bytes());
    scene.archive(2, 7..=9);
    scene.fetch("00000002.history").ends(0);
    scene.fetch(&name_of(2, 10)).ends(1);
    scene.fetch("00000003.history").ends(1);
    fs::remove_file(scene.object("vault", &name_of(1, 6))).unwrap();
    fs::remove_file(scene.object("vault", &name_of(1, 7))).unwrap();
    doubts(scene.fetch(&name_of(1, 6)), &format!("and {}, after it, is", name_of(2, 7)));
    // Below its beginning, the timeline before is asked for next.
    scene.fetch(&name_of(2, 6)).ends(1);
    fs::remove_file(scene.object("vault", "00000002.history")).unwrap();
    doubts(scene.fetch("00000002.history"), "the history of timeline 2 is not in the archive, and what was written on it is");
    doubts(scene.fetch(&name_of(2, 6)), "neither is the history of its timeline");
    fs::remove_dir_all(scene.path("vault/shop/orders/wal/_wal").join(SYSTEM.to_string()).join("00000002")).unwrap();
    fs::create_dir_all(scene.object("vault", "00000003.history").parent().unwrap()).unwrap();
    fs::write(scene.object("vault", "00000003.history"), "x").unwrap();
    super::give(&scene.path("vault"));
    doubts(scene.fetch("00000002.history"), "and timeline 3 is");
}

#[test]
fn whatever_else_goes_wrong_is_a_doubt() {
    let scene = Scene::in_folder();
    doubts(scene.fetch(&name_of(1, 3)), "nothing of this cluster was ever archived");
    scene.archive(1, 3..=4);
    let name = name_of(1, 4);
    let fetch = |arguments: &[&str]| scene.bdr(&[&["wal", "fetch"], arguments].concat());
    doubts(fetch(&["nothing", &name, "x"]), "there is no component `nothing`");
    doubts(fetch(&[&name]), "Usage:");
    doubts(fetch(&["--bad", &name, "x"]), "--bad");
    doubts(fetch(&["orders", "notes.txt", "x"]), "`notes.txt` is nothing that an archive hands out");
    doubts(fetch(&["orders", &name, "/nowhere/x"]), "could not write `/nowhere/x`");
    doubts(fetch(&["--store", "other", "orders", &name, "x"]), "there is no store of the archive `other`");
    doubts(scene.bdr(&["wal", "fetsh", &name, "x"]), "fetsh");
    // Another cluster asks.
    let control = scene.path("restored/global/pg_control");
    fs::create_dir_all(scene.path("restored/pg_wal")).unwrap();
    fs::create_dir_all(control.parent().unwrap()).unwrap();
    fs::write(&control, [&(SYSTEM + 1).to_le_bytes()[..], &1300_u32.to_le_bytes(), &[0; 64]].concat()).unwrap();
    super::give(&scene.path("restored"));
    doubts(fetch(&[&name, &scene.path("restored/pg_wal/x").display().to_string()]), "and this is of");
    // A disk that is not mounted is empty.
    fs::rename(scene.path("vault"), scene.path("away")).unwrap();
    doubts(scene.fetch(&name), "could not");
    fs::create_dir(scene.path("vault")).unwrap();
    super::give(&scene.path("vault"));
    doubts(scene.fetch(&name_of(1, 5)), "may not be mounted");
    fs::remove_dir(scene.path("vault")).unwrap();
    fs::rename(scene.path("away"), scene.path("vault")).unwrap();
    scene.fetch(&name).ends(0);
    fs::write(scene.path("bdr.yaml"), "version: 1\nname: shop\nsurprise: 1\n").unwrap();
    doubts(scene.fetch(&name), "surprise");
    fs::remove_file(scene.path("bdr.yaml")).unwrap();
    doubts(scene.fetch(&name), "bdr.yaml");
}

#[test]
fn what_is_damaged_is_never_delivered() {
    let scene = Scene::in_folder();
    scene.archive(1, 3..=4);
    let (name, place) = (name_of(1, 3), scene.object("vault", &name_of(1, 3)));
    let whole = fs::read(&place).unwrap();
    let destination = scene.path("restored/pg_wal/RECOVERYXLOG");
    let tried = |object: &[u8]| {
        fs::write(&place, object).unwrap();
        _ = fs::remove_file(&destination);
        doubts(scene.fetch(&name), "damaged");
        assert!(!destination.exists());
    };
    tried(&whole[..whole.len() / 2]);
    tried(b"");
    tried(&fs::read(scene.object("vault", &name_of(1, 4))).unwrap());
    for at in [0, 5, whole.len() / 2, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        tried(&flipped);
    }
    fs::write(&place, &whole).unwrap();
    scene.fetch(&name).ends(0);
    // Nothing is left beside it.
    assert_eq!(fs::read_dir(scene.path("restored/pg_wal")).unwrap().count(), 1);
}

/// The archiver process ends where a command ends with more than 125, and nothing is counted as failed.
#[test]
fn whatever_keeps_a_file_from_being_archived_ends_below_126() {
    let scene = Scene::in_folder();
    let (path, _) = scene.segment(1, 3);
    let codes = [
        scene.bdr(&["wal", "push"]),
        scene.bdr(&["wal", "push", "--bad", &path]),
        scene.bdr(&["wal", "push", "nothing", &path]),
        scene.bdr(&["wal", "push", "orders", "/nowhere/000000010000000000000001"]),
    ]
    .map(|ran| ran.code);
    assert_eq!(codes, [Some(64), Some(64), Some(64), Some(1)]);
    fs::remove_dir_all(scene.path("vault/.bdr/policies")).unwrap();
    let unmounted = scene.push(&path).ends(1);
    assert!(flat(&unmounted.stderr).contains("may not be mounted"), "{unmounted:#?}");
    assert!(!scene.path("vault/shop").exists(), "written to what may be the folder below a mount point");
    fs::write(scene.path("bdr.yaml"), "version: 1\n").unwrap();
    scene.push(&path).ends(1);
}
