//! What is said on a terminal of 80 columns stays within them, and breaks between words.

use super::consent::at_a_terminal;
use super::{home, noise};

/// What is longer than the terminal breaks between words, and a command to copy stays in one piece.
#[test]
fn lines_break_between_words() {
    let home = home();
    let long = "documents-of-the-whole-company-and-its-daughters";
    home.policy(&super::POLICY.replace("  docs:", &format!("  {long}:")));
    for at in 0..40 {
        std::fs::write(home.path(&format!("docs/{at}")), noise(at, 1_000)).unwrap();
    }
    for arguments in ["backup", "verify --read-data", "restore --to back", "list"] {
        let (command, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
        let ran = at_a_terminal(&home, &format!("bdr {command} {long} {rest}")).ends(0);
        fits(&ran.stdout);
    }
    std::fs::remove_dir_all(home.path("docs")).unwrap();
    std::fs::create_dir(home.path("docs")).unwrap();
    std::fs::write(home.path("docs/stray"), "").unwrap();
    let ran = at_a_terminal(&home, &format!("bdr backup {long}")).ends(3);
    fits(&ran.stdout);
    let command = format!("`bdr backup {long} --accept-less`");
    assert!(ran.stdout.contains(&command), "{ran:#?}");
}

/// Lines within 80 columns, but for what moves, and for words and commands that are longer.
#[track_caller]
fn fits(text: &str) {
    for line in text.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.contains(['\r', '\u{1b}'])) {
        let is_one = line.trim_start().split_once(' ').is_none() || line.trim_start().starts_with('`');
        assert!(line.chars().count() <= 80 || is_one, "{line}\nin\n{text}");
    }
}
