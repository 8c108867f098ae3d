//! How long files and functions may be.

use super::rust_text::functions;
use super::tree_text::rust_files;
use super::{Breach, assert_tidy};

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 70;
const PAGE_LINES: usize = 150;

#[test]
fn files_and_functions_stay_short() {
    let mut breaches = Vec::new();
    for file in rust_files(&["src", "tests", "benches", "fuzz"]) {
        let lines = file.text.lines().count();
        if lines > FILE_LINES {
            breaches.push(Breach::at(
                &file,
                1,
                format!("{lines} lines, more than {FILE_LINES}: it is two things; split it by noun"),
            ));
        }
        for function in functions(&file.code) {
            if function.lines > FUNCTION_LINES {
                let text =
                    format!("fn {} has {} lines, more than {FUNCTION_LINES}: name its parts", function.name, function.lines);
                breaches.push(Breach::at(&file, function.line, text));
            }
        }
    }
    assert_tidy(breaches);
}

#[test]
fn the_map_stays_a_page() {
    let text = std::fs::read_to_string(super::tree_text::root().join("ARCHITECTURE.md")).unwrap();
    let lines = text.lines().count();
    assert!(lines <= PAGE_LINES, "ARCHITECTURE.md has {lines} lines, more than {PAGE_LINES}: move details to docs/");
}
