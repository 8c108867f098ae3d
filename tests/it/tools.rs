//! Programs of the operating system that suites hold bdr against: asked for here, so that a missing one is never missed quietly.

use std::io::Write as _;
use std::process::Command;

/// Whether a program is there; where not, the test says so past the runner's capture, and fails in continuous integration.
pub fn have(program: &str) -> bool {
    if Command::new(program).arg("--version").output().is_ok() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "{program} is not installed: run scripts/servers install");
    let line = format!("\nSKIPPED, AND NOT PROVED: {program} is not installed; scripts/test installs it\n");
    std::io::stderr().write_all(line.as_bytes()).expect("stderr");
    false
}
