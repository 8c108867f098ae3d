//! What commands say to people in the same words stands in one place.

use std::collections::BTreeMap;

use super::rust_text::line_of;
use super::tree_text::rust_files;
use super::{Breach, assert_tidy};

/// The texts of a line that are a sentence, from a capital letter to a full stop or a question mark.
fn sentences(line: &str) -> Vec<&str> {
    let is_sentence = |text: &&str| text.len() > 15 && text.starts_with(char::is_uppercase) && text.ends_with(['.', '?']);
    line.split('"').skip(1).step_by(2).filter(is_sentence).collect()
}

#[test]
fn a_sentence_of_several_commands_is_a_function_of_one_file() {
    let files = rust_files(&["src/cli"]);
    let mut first: BTreeMap<&str, String> = BTreeMap::new();
    let mut breaches = Vec::new();
    for file in &files {
        let code = file.text.split("#[cfg(test)]").next().unwrap();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for sentence in sentences(line) {
                let number = line_of(&file.text, file.text.find(line).unwrap());
                let place = format!("{}:{number}", file.path);
                if let Some(before) = first.insert(sentence, place) {
                    let text = format!("{before} says it too; make it a function of src/cli/hint.rs: {sentence}");
                    breaches.push(Breach::at(file, number, text));
                }
            }
        }
    }
    assert!(first.len() > 30, "the sentences are found");
    assert_tidy(breaches);
}
