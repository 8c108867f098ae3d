//! Ctrl-C and SIGTERM: once ends the work where nothing is half done, twice ends the process.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{home, manifests, noise, objects};
use crate::binary::{Home, Ran};
use crate::tree::compare::assert_same;

const INT: u32 = 2;
const TERM: u32 = 15;

fn start(home: &Home, arguments: &[&str]) -> Child {
    home.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[track_caller]
fn wait_until(what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < end, "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the process catches signals (proc(5), `SigCgt`): before that they end it, and nothing was begun.
#[track_caller]
fn until_it_listens(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    wait_until("the process does not listen for signals", || {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mask =
            text.lines().find_map(|line| line.strip_prefix("SigCgt:")).and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
        mask.is_some_and(|mask| mask & (1 << (INT - 1)) != 0 && mask & (1 << (TERM - 1)) != 0)
    });
}

fn signal(child: &Child, number: u32) {
    let done = Command::new("kill").args([format!("-{number}"), child.id().to_string()]).status().unwrap();
    assert!(done.success());
}

#[track_caller]
fn stopped(child: Child) {
    let begun = Instant::now();
    let ran = Ran::of(&child.wait_with_output().unwrap()).ends(1);
    assert!(begun.elapsed() < Duration::from_secs(30), "it took {:?} to stop", begun.elapsed());
    assert!(ran.stderr.contains("was stopped") && ran.stderr.contains("help:"), "{ran:#?}");
    assert_eq!(ran.stderr.matches("error:").count(), 1, "{ran:#?}");
}

fn grown() -> Home {
    let home = home();
    for at in 0..24 {
        std::fs::write(home.path(&format!("docs/large-{at}")), noise(at, 8 << 20)).unwrap();
    }
    home
}

#[test]
fn a_stopped_backup_is_not_listed_and_the_next_one_goes_on() {
    for number in [INT, TERM] {
        let home = grown();
        let child = start(&home, &["backup", "docs"]);
        until_it_listens(&child);
        wait_until("no pack was written", || !objects(&home, "/packs/").is_empty());
        signal(&child, number);
        stopped(child);
        assert_eq!(manifests(&home).len(), 0, "a backup that was stopped is not one");
        let attempts = objects(&home, "_attempts");
        assert!(std::fs::read_to_string(&attempts[0]).unwrap().contains("\"ended\":true"), "nobody has to wait for its silence");
        home.run(&["backup", "docs"]).ends(0);
        let manifest = manifests(&home).remove(0).1;
        assert!(manifest.measured.stored_bytes < 24 * (8 << 20), "the packs that were there are used: {:?}", manifest.measured);
        home.run(&["verify", "docs", "--read-data"]).ends(0);
    }
}

#[test]
fn a_stopped_restore_leaves_whole_files_and_the_next_one_goes_on() {
    let home = grown();
    home.run(&["backup", "docs"]).ends(0);
    let child = start(&home, &["restore", "docs", "--to", "back"]);
    until_it_listens(&child);
    wait_until("no file was restored", || home.path("back").read_dir().is_ok_and(|mut entries| entries.next().is_some()));
    signal(&child, TERM);
    stopped(child);
    let names: Vec<_> = home.path("back").read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with(".bdr-restore")), "{names:?}");
    home.run(&["restore", "docs", "--to", "back", "--overwrite"]).ends(0);
    assert_same(&home.path("docs"), &home.path("back"));
}

#[test]
fn a_stopped_verification_is_not_remembered_and_a_stopped_prune_removes_nothing_half() {
    let home = grown();
    home.run(&["backup", "docs"]).ends(0);
    let child = start(&home, &["verify", "docs", "--read-data"]);
    until_it_listens(&child);
    signal(&child, INT);
    stopped(child);
    let child = start(&home, &["prune", "--yes"]);
    until_it_listens(&child);
    signal(&child, INT);
    // With nothing to remove it may have come to its end before the signal did.
    let ran = Ran::of(&child.wait_with_output().unwrap());
    assert!(matches!(ran.code, Some(0 | 1)) && ran.stderr.contains("Stopping"), "{ran:#?}");
    assert_eq!(objects(&home, "_verified").len(), 0);
    home.run(&["verify", "docs", "--read-data"]).ends(0);
}

/// An object that can be opened and never comes: reading it blocks for ever.
fn never_comes(path: &std::path::Path) {
    _ = std::fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn the_second_signal_ends_the_process_at_once() {
    let home = home();
    home.run(&["backup", "docs"]).ends(0);
    never_comes(&objects(&home, "/index/")[0]);
    for (number, code) in [(INT, 130), (TERM, 143)] {
        let child = start(&home, &["verify", "docs"]);
        until_it_listens(&child);
        std::thread::sleep(Duration::from_millis(300));
        signal(&child, number);
        std::thread::sleep(Duration::from_millis(300));
        let begun = Instant::now();
        signal(&child, number);
        let ran = Ran::of(&child.wait_with_output().unwrap()).ends(code);
        assert!(ran.stderr.contains("Once more stops at once"), "{ran:#?}");
        assert!(begun.elapsed() < Duration::from_millis(1_500), "{:?}", begun.elapsed());
    }
}

#[test]
fn a_catalogue_that_does_not_come_is_let_go() {
    let home = home();
    let place = home.path("vault/notes/docs/nightly/daily/20261124T020000Z-0a1b2c3d");
    std::fs::create_dir_all(&place).unwrap();
    never_comes(&place.join("manifest.json"));
    for arguments in [&["backup", "docs"][..], &["verify"], &["prune"], &["restore", "docs", "--to", "back"]] {
        let child = start(&home, arguments);
        until_it_listens(&child);
        std::thread::sleep(Duration::from_millis(100));
        signal(&child, INT);
        stopped(child);
    }
}
