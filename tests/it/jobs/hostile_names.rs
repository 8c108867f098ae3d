//! Names of files that steer a terminal: nothing that people read holds them raw, and JSON tells them as they are.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use proptest::prelude::*;

use super::{home, objects};
use crate::binary::{Home, Ran};

/// Parts of names: what moves the cursor, erases, colours, turns around, ends lines, or is no text at all.
const PARTS: &[&[u8]] = &[
    b"\x1b[2K\r",
    b"\x1b]8;;x\x07",
    b"\x1b[31m",
    b"\n",
    b"\t",
    b"\x7f",
    "\u{9b}1m".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{2066}".as_bytes(),
    "\u{2028}".as_bytes(),
    b"\xff\xfe",
    b"nothing wrong",
    "\u{e5}\u{1f600}".as_bytes(),
    b"\\n",
    b"*[?",
    b"`'\"",
];

fn names() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let part = proptest::sample::select(PARTS);
    let name = (0_u8..26, proptest::collection::vec(part, 1..5));
    let name = name.prop_map(|(first, parts)| [&[b'a' + first][..], &parts.concat()].concat());
    proptest::collection::vec(name, 4)
}

/// Nothing but text and the ends of lines.
#[track_caller]
fn is_calm(ran: &Ran) {
    let turns = ['\u{202e}', '\u{2066}', '\u{2028}'];
    for text in [&ran.stdout, &ran.stderr] {
        let wrong = text.chars().find(|c| *c != '\n' && (c.is_control() || turns.contains(c)));
        assert!(wrong.is_none(), "{wrong:?} in {ran:#?}");
    }
}

fn below(home: &Home, folder: &str, name: &[u8]) -> PathBuf {
    home.path(folder).join(OsStr::from_bytes(name))
}

/// Backs up files, a pipe, a folder and a link of such names, and makes every command speak of them.
fn speak(names: &[Vec<u8>]) {
    let home = home();
    let run = |arguments: &[&str]| {
        let ran = home.run(arguments);
        is_calm(&ran);
        ran
    };
    let [file, pipe, folder, link] = names else { return };
    let make = |name: &[u8]| std::fs::write(below(&home, "docs", name), "content").unwrap();
    make(file);
    let piped = [pipe, &b".pipe"[..]].concat();
    let made = Command::new("mkfifo").arg(below(&home, "docs", &piped)).status().unwrap();
    assert!(made.success());
    let folder = [folder, &b".folder"[..]].concat();
    std::fs::create_dir(below(&home, "docs", &folder)).unwrap();
    std::fs::write(below(&home, "docs", &folder).join(OsStr::from_bytes(file)), "deeper").unwrap();
    symlink("nowhere", below(&home, "docs", &[link, &b".link"[..]].concat())).unwrap();

    assert!(run(&["backup", "docs"]).stderr.contains("note: sockets, pipes"));
    run(&["list", "docs"]);
    run(&["verify", "docs", "--read-data"]);
    run(&["restore", "docs", "--to", "back"]).ends(0);
    assert!(run(&["restore", "docs", "--to", "back"]).stderr.contains("is not empty"));
    run(&["restore", "docs", "--to", "none", "--path", "zzzzzzzzz"]).ends(1);
    run(&["restore", "docs", "--to", "none", "--path", "content\u{1b}[2K\u{202e}"]).ends(1);

    std::fs::write(below(&home, "back", &[b"extra", &file[..]].concat()), "x").unwrap();
    std::fs::remove_file(below(&home, "back", file)).unwrap();
    std::fs::create_dir(below(&home, "back", file)).unwrap();
    let over = ["restore", "docs", "--to", "back", "--overwrite", "--delete-extra"];
    assert!(run(&[&over[..], &["--dry-run"]].concat()).ends(0).stderr.contains("would be removed"));
    run(&over).ends(3);

    objects(&home, "/packs/").iter().for_each(|pack| std::fs::remove_file(pack).unwrap());
    let lost = run(&["restore", "docs", "--to", "lost"]).ends(3);
    assert!(lost.stderr.contains("is missing: "), "{lost:#?}");
    run(&["verify", "docs"]).ends(1);
    run(&["list", "docs"]).ends(1);
    let id = super::manifests(&home).remove(0).1.id.to_string();
    let told = home.run(&["restore", "docs", "--to", "told", "--backup", &id, "--format", "json"]).ends(3);
    is_calm(&Ran { stdout: String::new(), stderr: told.stderr.clone(), code: None });
    let path = [home.path("docs").as_os_str().as_bytes(), b"/", file].concat();
    assert!(named(&told).contains(&path[1..].to_vec()), "{told:#?}");
    std::fs::remove_file(below(&home, "docs", file)).unwrap();
    std::fs::remove_dir_all(home.path("docs")).unwrap();
    std::fs::create_dir(home.path("docs")).unwrap();
    run(&["backup", "docs"]).ends(3);
}

/// The true names of what events say did not come back.
fn named(told: &Ran) -> Vec<Vec<u8>> {
    let events = told.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let name = |event: serde_json::Value| match event["path_raw"].as_str() {
        Some(raw) => (0..raw.len()).step_by(2).map(|at| u8::from_str_radix(&raw[at..at + 2], 16).unwrap()).collect(),
        None => event["path"].as_str().unwrap().as_bytes().to_vec(),
    };
    events.filter(|event| event["event"] == "entry_not_restored").map(name).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_name_steers_a_terminal(names in names()) {
        speak(&names);
    }
}

/// A name that erases the line that speaks of it, and writes another one.
#[test]
fn a_name_cannot_hide_what_is_said_of_it() {
    let evil = b"evil\x1b[2K\rnothing wrong\n".to_vec();
    speak(&[evil.clone(), evil.clone(), evil.clone(), evil]);
    let home = home();
    let made = Command::new("mkfifo").arg(below(&home, "docs", b"evil\x1b[2K\rnothing wrong\n")).status().unwrap();
    assert!(made.success());
    let ran = home.run(&["backup", "docs"]).ends(0);
    assert!(ran.stderr.contains("docs/evil\\u{1b}[2K\\rnothing wrong\\n: a named pipe\n"), "{ran:#?}");
}
