//! `scripts/servers install` beside another process that installs, as a fresh machine's own upgrades do.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::fs::{FlockOperation, fcntl_lock};

use crate::{tidy, tools};

/// What Debian knows and locks, in a folder of its own: one package, which is installed as far as apt can see.
fn world(root: &Path) {
    for folder in ["lists/partial", "cache/archives/partial", "none"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let installed = "Package: zstd\nStatus: install ok installed\nMaintainer: n\nVersion: 1\nArchitecture: all\nDescription: d\n";
    fs::write(root.join("status"), installed).unwrap();
    let root = root.display();
    let configuration = format!(
        "Dir::State \"{root}\";\nDir::State::status \"{root}/status\";\nDir::State::Lists \"{root}/lists\";\nDir::Cache \"{root}/cache\";\n\
         Dir::Etc::sourcelist \"/dev/null\";\nDir::Etc::sourceparts \"{root}/none\";\n"
    );
    fs::write(format!("{root}/apt.conf"), configuration).unwrap();
}

#[test]
fn what_another_process_has_locked_is_waited_for() {
    if !tools::have("apt-get") {
        return;
    }
    for lock in ["lists/lock", "lock-frontend"] {
        let root = tempfile::tempdir().unwrap();
        world(root.path());
        let held = File::create(root.path().join(lock)).unwrap();
        fcntl_lock(&held, FlockOperation::NonBlockingLockExclusive).unwrap();
        let other = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(1));
            drop(held);
        });
        // Whoever runs the tests, and whatever is installed.
        let script = "source scripts/servers help >/dev/null; id() { echo 0; }; installed() { false; }; \
                      without_starting_services() { \"$@\"; }; install_debian zstd";
        let mut command = Command::new("bash");
        command.args(["-euc", script]).current_dir(tidy::root()).env("BDR_SERVERS", root.path());
        let output = command.env("APT_CONFIG", root.path().join("apt.conf")).output().unwrap();
        assert!(output.status.success(), "{lock}: {output:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("servers: waiting: E: Could not get lock"),
            "{lock}: {output:?}"
        );
        other.join().unwrap();
    }
}
