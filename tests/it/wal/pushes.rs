//! What `wal push` takes, what it refuses, and that nothing that was archived is ever another thing afterwards.

use std::fs;

use super::{SYSTEM, Scene, bytes_of, flat, history_of, name_of};

/// PostgreSQL hands a file over again where it ended before it noted that it was archived.
#[test]
fn the_same_again_is_well_and_another_of_the_name_is_refused_and_told() {
    let scene = Scene::in_folder();
    let (path, name) = scene.segment(1, 5);
    scene.push(&path).ends(0);
    let before = fs::read(scene.object("vault", &name)).unwrap();
    let again = scene.push(&path).ends(0);
    assert_eq!((again.stdout.as_str(), again.stderr.as_str()), ("", ""));
    let other = scene.file("made", &name, &bytes_of(1, 5, SYSTEM, 1));
    let refused = scene.push(&other).ends(1);
    assert!(flat(&refused.stderr).contains(&format!("ANOTHER {name} IS ARCHIVED ALREADY")), "{refused:#?}");
    assert!(flat(&refused.stderr).contains("Two servers write to one archive"), "{refused:#?}");
    assert_eq!(fs::read(scene.object("vault", &name)).unwrap(), before);
    // It is noted where whoever watches the archive sees it.
    let status = scene.bdr(&["wal", "status"]).ends(2);
    assert!(flat(&status.stdout).contains(&format!("ANOTHER {name} WAS REFUSED")), "{status:#?}");
    let delivered = scene.fetch(&name).ends(0);
    assert_eq!(delivered.stderr, "");
    assert_eq!(fs::read(scene.path("restored/pg_wal/RECOVERYXLOG")).unwrap(), bytes_of(1, 5, SYSTEM, 0));
}

/// Pushes files of one name at the same moment: whoever has what was archived goes well, and nobody else.
pub fn one_of_them_wins(scene: &Scene, name: &str, paths: &[String]) {
    let running: Vec<_> = paths
        .iter()
        .map(|path| (path, scene.command(&["wal", "push", path]).stderr(std::process::Stdio::null()).spawn().unwrap()))
        .collect();
    let codes: Vec<(&String, Option<i32>)> =
        running.into_iter().map(|(path, mut child)| (path, child.wait().unwrap().code())).collect();
    let kept = scene.path("kept");
    scene.bdr(&["wal", "fetch", name, &kept.display().to_string()]).ends(0);
    let kept = fs::read(kept).unwrap();
    for (path, code) in codes {
        let same = fs::read(path).unwrap() == kept;
        assert_eq!(code, Some(i32::from(!same)), "{path}");
    }
}

#[test]
fn of_many_that_push_at_once_one_writes() {
    let scene = Scene::in_folder();
    let name = name_of(1, 5);
    // The archive itself is begun by one of them.
    let paths: Vec<String> =
        (0..8).map(|at| scene.file(&format!("server-{at}"), &name, &bytes_of(1, 5, SYSTEM, at / 4))).collect();
    one_of_them_wins(&scene, &name, &paths);
    let objects = scene.archived("vault");
    assert_eq!(objects.iter().filter(|key| !key.contains("_refused")).count(), 1, "{objects:?}");
}

#[test]
fn a_history_that_says_something_else_is_refused() {
    let scene = Scene::in_folder();
    scene.archive(1, 3..=5);
    let history = scene.file("made", "00000002.history", history_of(1, 5).as_bytes());
    scene.push(&history).ends(0);
    scene.push(&history).ends(0);
    let other = scene.file("made", "00000002.history", history_of(1, 4).as_bytes());
    let refused = scene.push(&other).ends(1);
    assert!(flat(&refused.stderr).contains("ANOTHER 00000002.history IS ARCHIVED ALREADY"), "{refused:#?}");
    // Nor does a segment get in whose server has the other history.
    let (segment, name) = scene.segment(2, 5);
    let refused = scene.push(&segment).ends(1);
    assert!(
        flat(&refused.stderr).contains("timeline 2 of the archive") && flat(&refused.stderr).contains("their histories differ")
    );
    assert!(!scene.object("vault", &name).exists());
    scene.file("made", "00000002.history", history_of(1, 5).as_bytes());
    scene.push(&segment).ends(0);
    let nonsense = scene.file("made", "00000003.history", b"3\t0/0\n");
    let refused = scene.push(&nonsense).ends(1);
    assert!(refused.stderr.contains("ancestors do not follow one another"), "{refused:#?}");
}

/// Where the server handed the history over before there was an archive, or another archive has it.
#[test]
fn a_timeline_that_began_before_the_archive_brings_its_history_with_it() {
    let scene = Scene::in_folder();
    let (path, _) = scene.segment(2, 9);
    let refused = scene.push(&path).ends(1);
    assert!(flat(&refused.stderr).contains("nothing tells where timeline 2 comes from"), "{refused:#?}");
    scene.file("made", "00000002.history", history_of(1, 8).as_bytes());
    scene.push(&path).ends(0);
    assert!(scene.object("vault", "00000002.history").exists());
    let (before, _) = scene.segment(2, 7);
    let refused = scene.push(&before).ends(1);
    assert!(flat(&refused.stderr).contains("it lies before timeline 2 begins"), "{refused:#?}");
}

#[test]
fn what_is_no_file_of_this_cluster_is_refused() {
    let scene = Scene::in_folder();
    scene.archive(1, [5]);
    let name = name_of(1, 6);
    let refused = |path: &str, why: &str| {
        let ran = scene.push(path).ends(1);
        assert!(flat(&ran.stderr).contains(why), "{ran:#?}");
    };
    let other = scene.file("other", &name, &bytes_of(1, 6, SYSTEM + 1, 0));
    refused(&other, &format!("holds the log of the cluster with system identifier {SYSTEM}, and this is of {}", SYSTEM + 1));
    refused(&scene.file("made", &name, &bytes_of(1, 7, SYSTEM, 0)), "it begins at 0/700000, and its name says 0/600000");
    refused(&scene.file("made", &name, &bytes_of(2, 6, SYSTEM, 0)), "it is of timeline 2, and its name says 1");
    refused(&scene.file("made", &name, &bytes_of(1, 6, SYSTEM, 0)[..4096]), "it is of 4096 bytes");
    refused(&scene.file("made", &name, b""), "it is no segment of a write-ahead log");
    refused(&scene.file("made", "notes.txt", b"x"), "no file that PostgreSQL archives is called so");
    refused(&scene.path("made/pg_wal/000000010000000000000099").display().to_string(), "could not read");
    // The cluster in whose folder it lies is another one.
    let control = scene.path("made/global/pg_control");
    fs::create_dir_all(control.parent().unwrap()).unwrap();
    fs::write(&control, [&(SYSTEM + 2).to_le_bytes()[..], &1300_u32.to_le_bytes(), &[0; 64]].concat()).unwrap();
    super::give(&scene.path("made"));
    refused(&scene.segment(1, 6).0, &format!("it is of the cluster with system identifier {SYSTEM}, and not of {}", SYSTEM + 2));
    assert_eq!(scene.archived("vault").len(), 1);
}

#[test]
fn parts_and_labels_of_backups_are_kept_and_in_nobodys_way() {
    let scene = Scene::in_folder();
    scene.archive(1, [5]);
    let part = |seed| scene.file("made", &format!("{}.partial", name_of(1, 6)), &bytes_of(1, 6, SYSTEM, seed));
    for seed in [1, 2, 1] {
        scene.push(&part(seed)).ends(0);
    }
    let label = scene.file("made", &format!("{}.00000028.backup", name_of(1, 5)), b"START WAL LOCATION: 0/500028\n");
    scene.push(&label).ends(0);
    let objects = scene.archived("vault");
    assert_eq!(objects.iter().filter(|key| key.contains(".partial.")).count(), 2, "{objects:?}");
    assert!(objects.iter().any(|key| key.ends_with(".00000028.backup")), "{objects:?}");
    // Recovery asks for none of them, and the part is not the segment.
    scene.fetch(&name_of(1, 6)).ends(1);
}

/// As docs/format.md says it.
#[test]
fn plain_zstd_reads_what_was_archived() {
    let scene = Scene::in_folder();
    let (path, name) = scene.segment(1, 5);
    scene.push(&path).ends(0);
    let object = fs::File::open(scene.object("vault", &name)).unwrap();
    let plain = std::process::Command::new("zstd").arg("-dc").stdin(object).output().unwrap();
    assert!(plain.status.success(), "{plain:?}");
    assert!(plain.stdout == bytes_of(1, 5, SYSTEM, 0), "{} bytes came back", plain.stdout.len());
    let object = fs::read(scene.object("vault", &name)).unwrap();
    let length = u32::from_le_bytes(object[4..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&object[8..8 + length]).unwrap();
    assert_eq!(
        (header["name"].as_str(), header["start"].as_str(), header["end"].as_str()),
        (Some(&*name), Some("0/500000"), Some("0/600000"))
    );
}
