//! The line that moves at the bottom of a terminal while a job runs.

use std::io::{Read, Write};
use std::process::Stdio;

use super::consent::{at_a_terminal, terminal};
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
            let moving: Vec<String> = lines(&ran.stdout).into_iter().filter(|line| line.contains("B/s)")).collect();
            let longest = moving.iter().map(|line| line.trim_end().chars().count()).max();
            assert!(longest.is_some_and(|longest| longest < columns), "{command} at {columns}: {moving:#?}");
            assert!(columns < 200 || moving.iter().all(|line| line.contains(LONG)), "{moving:#?}");
            assert!(locale != "C" || moving.iter().all(|line| line.is_ascii()), "{moving:#?}");
        }
    }
}

/// How much there is in all is known of what a backup holds, and of the next backup about as much.
#[test]
fn it_tells_how_much_of_how_much_is_done() {
    let home = long();
    let run = |command: &str| {
        let line = format!("stty cols 80 rows 24; TERM=xterm LANG=C.UTF-8 bdr {command}");
        let moving = lines(&at_a_terminal(&home, &line).ends(0).stdout).into_iter().filter(|line| line.contains("B/s)"));
        moving.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>()
    };
    let told = |lines: &[String], how: &str| lines.iter().any(|line| line.contains(how));
    let first = run(&format!("backup {LONG}"));
    assert!(told(&first, " moved, ") && !told(&first, " of "), "nobody knows yet: {first:#?}");
    for at in 0..4 {
        std::fs::write(home.path(&format!("docs/{at}")), noise(100 + at, 10 << 20)).unwrap();
    }
    let second = run(&format!("backup {LONG}"));
    assert!(told(&second, " of about 120.0 MiB ("), "{second:#?}");
    // Of both: the second one refers to packs of the first.
    let verified = run(&format!("verify {LONG} --read-data"));
    assert!(told(&verified, " of 160.0 MiB ("), "{verified:#?}");
    let restored = run(&format!("restore {LONG} --to back"));
    assert!(told(&restored, " of 120.0 MiB (") && !told(&restored, "about"), "{restored:#?}");
    let again = run(&format!("restore {LONG} --to back --overwrite --yes"));
    assert!(told(&again, " of 120.0 MiB ("), "what stands there is counted too: {again:#?}");
    let all = [second, verified, restored, again].concat();
    assert!(told(&all, "MiB of "), "one of the four takes longer than a tick: {all:#?}");
    assert!(all.iter().all(|line| line.chars().count() <= 77), "{all:#?}");
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

/// What a terminal of 80 columns shows in the end: lines wrap, and what is written over is gone (ECMA-48: CR, LF, EL, CUU).
fn screen(out: &str) -> Vec<String> {
    let mut rows: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut rest = out.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                let mut numbers = rest.by_ref().skip(1);
                let mut number = String::new();
                let does = numbers.find(|letter| {
                    number.push(*letter);
                    letter.is_ascii_alphabetic()
                });
                match does {
                    Some('K') => rows[row].clear(),
                    Some('A') => row = row.saturating_sub(number.trim_end_matches('A').parse().unwrap_or(1)),
                    _ => {}
                }
            }
            letter => {
                if column == 80 {
                    (row, column) = (row + 1, 0);
                    rows.resize(rows.len().max(row + 1), Vec::new());
                }
                let length = rows[row].len().max(column + 1);
                rows[row].resize(length, ' ');
                rows[row][column] = letter;
                column += 1;
            }
        }
        rows.resize(rows.len().max(row + 1), Vec::new());
    }
    rows.into_iter().map(|row| row.into_iter().collect::<String>().trim_end().to_owned()).collect()
}

/// Somebody presses Ctrl-C, which the terminal echoes into the line: nothing of it stays, pressed once or twice.
#[test]
fn ctrl_c_leaves_nothing_of_it() {
    for presses in [1, 2] {
        let home = long();
        let line = format!("stty cols 80 rows 24; TERM=xterm LANG=C.UTF-8 bdr backup {LONG}");
        let mut child = terminal(&home, &line).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut typed, mut shown) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (mut out, mut buffer, mut pressed) = (String::new(), [0; 4096], 0);
        while let Ok(length @ 1..) = shown.read(&mut buffer) {
            out.push_str(&String::from_utf8_lossy(&buffer[..length]));
            let due = [" moved, ", "Stopping where"].iter().take(presses).filter(|said| out.contains(**said)).count();
            if pressed < due {
                pressed += 1;
                _ = typed.write_all(b"\x03");
            }
        }
        child.wait().unwrap();
        assert!(out.contains("^C"), "{out:?}");
        let left: Vec<String> = screen(&out).into_iter().filter(|line| line.contains("B/s)")).collect();
        assert!(left.is_empty(), "{presses}: {left:#?} of {out:?}");
    }
}
