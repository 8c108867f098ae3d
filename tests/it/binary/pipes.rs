//! What a policy names may be a pipe or a device: no command waits for it, and what it is gets told.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{Home, POLICY, Ran, set_up};

fn make_pipe(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Runs a command for at most half a minute; none of these takes a second.
#[track_caller]
fn within(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("bdr {arguments:?} waits");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ran::of(&child.wait_with_output().unwrap())
}

#[track_caller]
fn told(home: &Home, what: &str) {
    for arguments in [["plan"].as_slice(), &["drift"], &["apply", "--auto-approve"]] {
        let ran = within(home, arguments);
        assert_ne!(ran.code, Some(0), "bdr {arguments:?}: {ran:#?}");
        let said = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(what), "bdr {arguments:?}: {ran:#?}");
    }
}

#[test]
fn a_crontab_that_is_a_pipe() {
    let home = Home::new();
    home.policy(&POLICY.replace("systemd: { directory: '@/units' }", "cron: { file: '@/pipe' }"));
    make_pipe(&home.path("pipe"));
    told(&home, "it is a pipe, not a file");
    std::fs::remove_file(home.path("pipe")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", home.path("pipe")).unwrap();
    told(&home, "it is a device, not a file");
}

#[test]
fn a_unit_that_is_a_pipe() {
    for name in ["bdr-notes.docs.nightly.timer", "bdr-notes.docs.nightly.service", "bdr-notes.docs.nightly.timer.d/x.conf"] {
        let home = Home::new();
        home.policy(POLICY);
        make_pipe(&home.path("units").join(name));
        told(&home, "it is a pipe, not a file");
    }
}

#[test]
fn a_marker_that_is_a_pipe() {
    let home = Home::new();
    home.policy(POLICY);
    set_up(&home.path("backups"), "notes");
    let marker = home.path("backups/.bdr/policies/notes.json");
    std::fs::remove_file(&marker).unwrap();
    make_pipe(&marker);
    told(&home, "it is a pipe, not a file");
    assert_ne!(within(&home, &["backup", "docs"]).code, Some(0));
}
