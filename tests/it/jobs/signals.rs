//! Ctrl-C and SIGTERM: once ends the work where nothing is half done, twice ends the process.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{home, manifests, noise, objects};
use crate::binary::{Home, Ran};
use crate::tree::compare::assert_same;

const INT: u32 = 2;
const TERM: u32 = 15;

fn start(home: &Home, arguments: &[&str]) -> Child {
    let mut command = home.command(arguments);
    command.env("AWS_ACCESS_KEY_ID", "AK").env("AWS_SECRET_ACCESS_KEY", "SK");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
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
        let left = objects(&home, "/packs/");
        let written = || left.iter().map(|path| std::fs::metadata(path).unwrap().modified().unwrap()).collect::<Vec<_>>();
        let before = written();
        home.run(&["backup", "docs"]).ends(0);
        assert_eq!(written(), before, "the packs that were there are used, and not written again");
        let manifest = manifests(&home).remove(0).1;
        let there: u64 = objects(&home, "/packs/").iter().map(|path| std::fs::metadata(path).unwrap().len()).sum();
        assert_eq!(manifest.measured.stored_bytes, there, "all of them belong to it: {:?}", manifest.measured);
        assert!(there < 25 * (8 << 20), "something was stored twice: {:?}", manifest.measured);
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
    let told = ran.stderr.contains("Stopping") || ran.stderr.contains("catalogues was stopped");
    assert!(matches!(ran.code, Some(0 | 1)) && told, "{ran:#?}");
    assert_eq!(objects(&home, "_verified").len(), 0);
    home.run(&["verify", "docs", "--read-data"]).ends(0);
}

#[test]
fn the_second_signal_ends_the_process_at_once() {
    let home = home();
    home.run(&["backup", "docs"]).ends(0);
    super::leftover(&home, "vault");
    // Whoever removes something takes this lock, so a thread of the prune waits for ever.
    let lock = std::fs::File::create(home.path("vault/.bdr/.bdr-unfinished-lock")).unwrap();
    lock.lock().unwrap();
    for (number, code) in [(INT, 130), (TERM, 143)] {
        let child = start(&home, &["prune", "docs", "--yes"]);
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
    // Takes connections, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let store = format!("s3: {{ bucket: b-a, region: eu-north-1, endpoint: '{endpoint}', path_style: true }}");
    home.policy(&super::POLICY.replace("folder: { path: '@/vault' }", &store));
    for arguments in [&["backup", "docs"][..], &["verify"], &["prune"], &["restore", "docs", "--to", "back"]] {
        let child = start(&home, arguments);
        until_it_listens(&child);
        std::thread::sleep(Duration::from_millis(100));
        signal(&child, INT);
        stopped(child);
    }
}
