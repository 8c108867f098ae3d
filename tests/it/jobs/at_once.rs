//! Two backups of one series at once: one is written, and the other says by whom and since when, or builds on it.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{manifests, noise, objects};
use crate::binary::{Home, Ran};

const BYTES: u64 = 48 << 20;

fn home() -> Home {
    let home = super::home();
    home.policy(&super::POLICY.replace("timezone: UTC", "timezone: Europe/Stockholm"));
    for at in 0..12 {
        std::fs::write(home.path(&format!("docs/{at}")), noise(at, 4 << 20)).unwrap();
    }
    home
}

fn start(home: &Home) -> Child {
    home.command(&["backup", "docs"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn ended(child: Child) -> Ran {
    Ran::of(&child.wait_with_output().unwrap())
}

/// Whole packs in the store: what a killed process did not finish writing is none.
fn packs(home: &Home) -> Vec<std::path::PathBuf> {
    objects(home, "/packs/").into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "zst")).collect()
}

fn stored(home: &Home) -> u64 {
    packs(home).iter().map(|pack| std::fs::metadata(pack).unwrap().len()).sum()
}

#[test]
fn the_second_one_says_who_writes_and_stores_nothing() {
    let home = home();
    let first = start(&home);
    let pid = Pid::from_child(&first);
    let begun = Instant::now();
    while packs(&home).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(120), "nothing is written");
        std::thread::sleep(Duration::from_millis(2));
    }
    kill_process(pid, Signal::STOP).unwrap();
    let held = manifests(&home).is_empty();
    let second = home.command(&["backup", "docs"]).env_remove("USER").output().unwrap();
    kill_process(pid, Signal::CONT).unwrap();
    let (first, second) = (ended(first).ends(0), Ran::of(&second));
    assert!(held, "the first one was through before it could be held: {first:#?}");
    assert_eq!(second.code, Some(4), "{second:#?}");
    let told = second.stderr.lines().next().unwrap();
    let since = told.split_once("another one is being written since ").map(|(_, since)| since).unwrap_or_default();
    assert!(since.contains(" Europe/Stockholm by ada@") && !since.contains('.'), "{told}");
    assert_eq!(manifests(&home).len(), 1);
    assert!(objects(&home, "_attempts").is_empty(), "{:?}", objects(&home, "_attempts"));
}

#[test]
fn however_close_together_they_begin_everything_is_stored_once() {
    for pause in [0, 50, 300] {
        let home = home();
        let first = start(&home);
        std::thread::sleep(Duration::from_millis(pause));
        let (second, first) = (ended(start(&home)), ended(first));
        for ran in [&first, &second] {
            assert!(matches!(ran.code, Some(0 | 4)), "{ran:#?}");
        }
        assert!(first.code == Some(0) || second.code == Some(0), "{first:#?}{second:#?}");
        assert!(stored(&home) < BYTES + BYTES / 4, "{} bytes: {first:#?}{second:#?}", stored(&home));
        home.run(&["verify", "--read-data"]).ends(0);
        assert!(objects(&home, "_attempts").is_empty());
    }
}

/// One that was killed holds up nobody on its machine.
#[test]
fn one_that_was_killed_is_gone_on_with_at_once() {
    let home = home();
    let mut first = start(&home);
    let begun = Instant::now();
    while packs(&home).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(120), "nothing is written");
        std::thread::sleep(Duration::from_millis(2));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    home.run(&["backup", "docs"]).ends(0);
    assert!(stored(&home) < BYTES + BYTES / 4);
    assert!(objects(&home, "_attempts").is_empty());
}

#[test]
fn who_has_no_name_is_told_by_number() {
    let home = home();
    let mut command = home.command(&["backup", "docs", "--scheduled"]);
    assert!(command.env_remove("USER").output().unwrap().status.success());
    let slots = crate::binary::contents(&home.path("vault/notes/_slots"));
    assert!(slots.values().any(|bytes| String::from_utf8_lossy(bytes).contains("\"user\":\"uid ")), "{slots:?}");
}
