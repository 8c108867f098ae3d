//! An archive in several stores: durable in each before it is told as archived, and handed out by whichever has it whole.

use std::fs;

use super::{SYSTEM, Scene, bytes_of, flat, name_of};

fn in_two() -> Scene {
    let stores = "  one: { folder: { path: '@/one' } }\n  two: { folder: { path: '@/two' } }\n";
    let scene = Scene::with(stores, "stores: [one, two]", Vec::new());
    scene.folder("one");
    scene.folder("two");
    scene
}

#[test]
fn a_file_is_archived_when_every_store_has_it() {
    let scene = in_two();
    scene.archive(1, [3]);
    fs::rename(scene.path("two"), scene.path("away")).unwrap();
    let (path, name) = scene.segment(1, 4);
    let failed = scene.push(&path).ends(1);
    assert!(failed.stderr.contains("(store `two`)") && failed.stderr.contains(&path), "{failed:#?}");
    assert!(scene.object("one", &name).exists());
    fs::rename(scene.path("away"), scene.path("two")).unwrap();
    scene.push(&path).ends(0);
    assert_eq!(fs::read(scene.object("one", &name)).unwrap(), fs::read(scene.object("two", &name)).unwrap());
}

#[test]
fn what_one_store_has_not_whole_comes_from_the_other_and_the_end_is_told_by_both() {
    let scene = in_two();
    scene.archive(1, 3..=5);
    let (name, got) = (name_of(1, 4), scene.path("restored/pg_wal/RECOVERYXLOG"));
    fs::write(scene.object("one", &name), "cut").unwrap();
    scene.fetch(&name).ends(0);
    assert!(fs::read(&got).unwrap() == bytes_of(1, 4, SYSTEM, 0));
    fs::remove_file(scene.object("one", &name)).unwrap();
    scene.fetch(&name).ends(0);
    scene.fetch(&name_of(1, 6)).ends(1);
    // What the one has lost the other knows of.
    fs::remove_file(scene.object("one", &name_of(1, 5))).unwrap();
    fs::remove_file(scene.object("two", &name)).unwrap();
    let gap = scene.fetch(&name).ends(255);
    assert!(flat(&gap.stderr).contains(&format!("and {}, after it, is", name_of(1, 5))), "{gap:#?}");
    // One that is away may have what comes next.
    fs::rename(scene.path("two"), scene.path("away")).unwrap();
    let doubt = scene.fetch(&name_of(1, 6)).ends(255);
    assert!(doubt.stderr.contains("(store `two`)"), "{doubt:#?}");
    scene.fetch(&name_of(1, 3)).ends(0);
    // Who knows that it is gone says so.
    scene.bdr(&["wal", "fetch", "--store", "one", &name_of(1, 4), "x"]).ends(1);
}
