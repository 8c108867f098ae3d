//! What stands in names and text: openings, vague names, silenced lints, unfinished work, paths of one machine.

use super::rust_text::line_of;
use super::tree_text::{rust_files, text_files};
use super::{Breach, assert_tidy};

const VAGUE: [&str; 11] = ["util", "utils", "helper", "helpers", "manager", "common", "misc", "base", "core", "imp", "stuff"];

#[test]
fn names_say_what_a_file_is() {
    let mut breaches = Vec::new();
    for file in rust_files(&["src", "tests", "benches", "fuzz"]) {
        let words = file.path.split(['/', '_', '.', '-']);
        if let Some(word) = words.into_iter().find(|word| VAGUE.contains(word)) {
            breaches.push(Breach::at(&file, 1, format!("`{word}` says nothing: name the file by its noun")));
        }
    }
    assert_tidy(breaches);
}

#[test]
fn files_open_with_what_they_are() {
    let mut breaches = Vec::new();
    for file in rust_files(&["src", "tests", "benches", "fuzz"]) {
        if !file.text.starts_with("//! ") {
            breaches.push(Breach::at(&file, 1, "begin with one `//!` sentence that says what the file is"));
        }
    }
    assert_tidy(breaches);
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    let mut breaches = Vec::new();
    for file in rust_files(&["src", "tests", "benches", "fuzz"]) {
        for (at, mark) in ["#[allow", "#![allow"].iter().flat_map(|mark| file.code.match_indices(mark)) {
            breaches.push(Breach::at(&file, line_of(&file.code, at), format!("{mark}…]: use #[expect(lint, reason = \"…\")]")));
        }
    }
    assert_tidy(breaches);
}

#[test]
fn nothing_is_left_for_later() {
    // In two halves, so that this file does not name what it looks for.
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("todo", "!("), concat!("unimple", "mented!(")];
    let mut breaches = Vec::new();
    for file in rust_files(&["src", "tests", "benches", "fuzz"]) {
        for (at, mark) in marks.iter().flat_map(|mark| file.text.match_indices(mark)) {
            breaches.push(Breach::at(&file, line_of(&file.text, at), format!("{mark}: do it, or take it out")));
        }
    }
    assert_tidy(breaches);
}

#[test]
fn nothing_names_one_machine() {
    let marks = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/runner"),
        concat!("pypi", ".org"),
        concat!("npmjs", ".org"),
    ];
    let mut breaches = Vec::new();
    for (path, text) in text_files() {
        if path == "Cargo.lock" {
            continue;
        }
        for (at, mark) in marks.iter().flat_map(|mark| text.match_indices(mark)) {
            let place = format!("{path}:{}", line_of(&text, at));
            breaches.push(Breach { place, text: format!("{mark} belongs to one machine: use a path that everybody has") });
        }
    }
    assert_tidy(breaches);
}
