//! Half-written files of a restore that was killed: swept by the next one, left out of backups, and never taken from one that runs.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::{home, manifests, noise};
use crate::binary::Home;
use crate::tree::compare::assert_same;

/// Half-written files right in a folder.
fn halves(home: &Home, folder: &str) -> Vec<String> {
    let names = home.path(folder).read_dir().into_iter().flatten();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".bdr-restore-")).collect()
}

#[test]
fn the_next_restore_sweeps_what_one_left_that_was_killed() {
    let home = home();
    std::fs::write(home.path("docs/deep/large"), noise(1, 300 << 20)).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    let killed = (0..20).any(|_| {
        _ = std::fs::remove_dir_all(home.path("back"));
        let mut command = home.command(&["restore", "docs", "--to", "back"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while halves(&home, "back/deep").is_empty() && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        !halves(&home, "back/deep").is_empty()
    });
    assert!(killed, "no restore was met while it wrote");
    let left = halves(&home, "back/deep").remove(0);

    let restore = ["restore", "docs", "--to", "back", "--overwrite"];
    let told = home.run(&[&restore[..], &["--dry-run"]].concat()).ends(0);
    let line = format!("1 half-written file of an interrupted restore would be removed:\n  deep/{left}\n");
    assert!(told.stderr.contains(&line), "{told:#?}");
    assert_eq!(halves(&home, "back/deep"), [left.as_str()], "a dry run removes nothing");
    // A part of the tree sweeps where it goes.
    let told = home.run(&[&restore[..], &["--path", "a.txt"]].concat()).ends(0);
    assert!(!told.stderr.contains("half-written"), "{told:#?}");
    let told = home.run(&[&restore[..], &["--path", "deep/b.txt"]].concat()).ends(0);
    assert!(told.stderr.contains(&line.replace("would be ", "")), "{told:#?}");
    home.run(&restore).ends(0);
    assert_same(&home.path("docs"), &home.path("back"));
}

#[test]
fn what_is_being_written_and_what_only_looks_like_it_stays() {
    let home = home();
    home.run(&["backup", "docs"]).ends(0);
    home.run(&["restore", "docs", "--to", "back"]).ends(0);
    let (running, dead) = (".bdr-restore-0123456789abcdef", ".bdr-restore-fedcba9876543210");
    for name in [running, dead, ".bdr-restore-notes", ".bdr-restore-0123456789abcdef.txt"] {
        std::fs::write(home.path("back").join(name), "x").unwrap();
    }
    std::fs::create_dir(home.path("back/.bdr-restore-0000000000000000")).unwrap();
    let held = std::fs::File::open(home.path("back").join(running)).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    let ran = home.run(&["restore", "docs", "--to", "back", "--overwrite"]).ends(0);
    assert!(ran.stderr.contains(&format!("1 half-written file of an interrupted restore removed:\n  {dead}\n")), "{ran:#?}");
    let mut left = halves(&home, "back");
    left.sort();
    let stays = [".bdr-restore-0000000000000000", running, ".bdr-restore-0123456789abcdef.txt", ".bdr-restore-notes"];
    assert_eq!(left, stays);
}

#[test]
fn a_backup_leaves_half_written_files_out_and_says_so() {
    let home = home();
    std::fs::write(home.path("docs/.bdr-restore-0123456789abcdef"), "half").unwrap();
    std::fs::write(home.path("docs/.bdr-restore-notes"), "whole").unwrap();
    let ran = home.run(&["backup", "docs"]).ends(0);
    assert!(ran.stderr.contains("note: left by a restore that was killed"), "{ran:#?}");
    assert!(ran.stderr.contains("docs/.bdr-restore-0123456789abcdef: "), "{ran:#?}");
    let counts = manifests(&home).remove(0).1.counts;
    assert_eq!((counts.files, counts.skipped), (3, 1));
}
