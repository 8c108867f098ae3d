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

/// What goes is told before anybody is asked, and the question says how much it is.
#[test]
fn the_question_counts_what_will_be_removed() {
    let home = home();
    home.run(&["backup", "docs"]).ends(0);
    std::fs::write(home.path("docs/extra"), "x").unwrap();
    std::fs::create_dir(home.path("docs/more")).unwrap();
    let ran = at_a_terminal(&home, "bdr restore docs --to docs --overwrite --delete-extra").ends(1);
    let told = ran.stdout.replace('\r', "");
    let question = told.find("Replace what differs in `docs` and remove 2 things? Type yes:");
    let named = told.find("2 things that the backup does not hold will be removed:\n  extra\n  more\n");
    assert!(named.is_some() && named < question, "{ran:#?}");
    assert_eq!(ran.stdout.matches("Type yes:").count(), 1, "asked once: {ran:#?}");
    assert!(home.path("docs/extra").exists() && told.contains("nothing was restored"), "{ran:#?}");
    let ran = at_a_terminal(&home, "echo yes > answer; bdr restore docs --to docs --overwrite --delete-extra < answer");
    assert!(!ran.stdout.contains("Type yes"), "no terminal to ask on: {ran:#?}");
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
