//! The line that moves at the bottom of a terminal while a job runs.

use super::consent::at_a_terminal;
use super::{POLICY, home, noise};
use crate::binary::Home;

const LONG: &str = "documents-of-the-whole-company-and-its-daughters";

/// A component with a long name, and enough in it to look at for a moment.
fn long() -> Home {
    let home = home();
    home.policy(&POLICY.replace("docs:", &format!("{LONG}:")));
    for at in 0..12 {
        std::fs::write(home.path(&format!("docs/{at}")), noise(at, 10 << 20)).unwrap();
    }
    home
}

/// What stood on the terminal's lines, one after the other, without what moves the cursor.
fn lines(out: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut rest = out.chars();
    while let Some(letter) = rest.next() {
        if letter == '\u{1b}' {
            _ = rest.find(char::is_ascii_alphabetic);
            plain.push('\r');
        } else {
            plain.push(letter);
        }
    }
    plain.split(['\r', '\n']).filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

#[test]
fn it_stays_within_the_terminal_and_keeps_its_counters() {
    let home = long();
    for (columns, locale) in [(80, "C.UTF-8"), (200, "C.UTF-8"), (60, "C")] {
        let commands =
            [format!("backup {LONG}"), format!("verify {LONG} --read-data"), format!("restore {LONG} --to back{columns}")];
        for command in commands {
            let line = format!("stty cols {columns} rows 24; TERM=xterm LANG={locale} bdr {command}");
            let ran = at_a_terminal(&home, &line).ends(0);
            let moving: Vec<String> = lines(&ran.stdout).into_iter().filter(|line| line.contains(" moved, ")).collect();
            let longest = moving.iter().map(|line| line.trim_end().chars().count()).max();
            assert!(longest.is_some_and(|longest| longest < columns), "{command} at {columns}: {moving:#?}");
            assert!(columns < 200 || moving.iter().all(|line| line.contains(LONG)), "{moving:#?}");
            assert!(locale != "C" || moving.iter().all(|line| line.is_ascii()), "{moving:#?}");
        }
    }
}

#[test]
fn what_is_said_meanwhile_takes_its_place_and_leaves_nothing_of_it() {
    let home = long();
    let line = format!("stty cols 80 rows 24; TERM=xterm timeout --signal INT 0.4 '{}' backup {LONG}", env!("CARGO_BIN_EXE_bdr"));
    let ran = at_a_terminal(&home, &line);
    let Some((before, _)) = ran.stdout.split_once("Stopping where") else {
        assert!(ran.stdout.contains("full backup"), "it was done sooner: {ran:#?}");
        return;
    };
    let visible = before.rsplit("\u{1b}[2K").next().unwrap_or_default();
    assert!(before.contains(" moved, ") && lines(visible).is_empty(), "{visible:?} was left: {ran:#?}");
}
