//! Consent is what somebody at a terminal says, and never what is missing: an answer that ends, a pipe behind the program.

use std::process::{Command, Stdio};

use super::{home, leftover};
use crate::binary::{Home, Ran};

/// Runs a line of the shell on a terminal of its own at which nobody types (script(1)); `bdr` is the program.
pub fn at_a_terminal(home: &Home, line: &str) -> Ran {
    Ran::of(&terminal(home, line).output().unwrap())
}

/// The same, not begun yet.
pub fn terminal(home: &Home, line: &str) -> Command {
    let text = format!("bdr() {{ '{}' \"$@\"; }}; {line}", env!("CARGO_BIN_EXE_bdr"));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &text, "/dev/null"]).stdin(Stdio::null()).current_dir(home.path(""));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home.path("")).env("SHELL", "/bin/sh").env("TERM", "dumb");
    command
}

#[test]
fn the_end_of_the_input_replaces_nothing() {
    let home = home();
    home.run(&["backup", "docs"]).ends(0);
    std::fs::write(home.path("docs/a.txt"), "newer").unwrap();
    let ran = at_a_terminal(&home, "bdr restore docs --to docs --overwrite").ends(1);
    assert!(ran.stdout.contains("Type yes:") && ran.stdout.contains("nothing was restored"), "{ran:#?}");
    assert_eq!(home.text("docs/a.txt"), "newer");
}

#[test]
fn a_prune_that_is_read_through_a_pipe_removes_nothing() {
    let home = home();
    home.run(&["backup", "docs"]).ends(0);
    leftover(&home, "vault");
    let left = home.path("vault/notes/docs/nightly/daily/20200101T000000Z-0123abcd");
    let ran = at_a_terminal(&home, "bdr prune | cat").ends(0);
    assert!(ran.stdout.contains("Nothing was removed. `bdr prune --yes` does it."), "{ran:#?}");
    assert!(left.exists());
    home.run(&["prune"]).ends(0);
    assert!(!left.exists(), "without a terminal it is removed");
}
