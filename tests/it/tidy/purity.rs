//! No effects in words, nouns, contracts and passes: all but the modules below are pure, new ones too.

use super::layers::module_of;
use super::rust_text::{line_of, paths, without_tests};
use super::tree_text::{SourceFile, rust_files};
use super::{Breach, assert_tidy};

/// The only modules with effects.
const EFFECTS: [&str; 11] =
    ["apply", "slots", "tree", "archiving", "postgres", "sources", "wire", "stores", "providers", "agent", "cli"];

/// What pure code does not touch, as prefixes of paths, and what it does instead.
const IMPURE: [(&str, &str); 23] = [
    ("tokio", "make it a plain function; the effects await"),
    ("tokio_util", "make it a plain function; the effects await"),
    ("std::fs", "take the text or bytes as an argument"),
    ("std::env", "take the value as an argument; cli reads the environment"),
    ("std::process", "return a value; effects run programs, cli exits"),
    ("std::net", "leave connections to a provider or a store"),
    ("std::thread", "leave concurrency to the effects"),
    ("std::time::SystemTime", "take the moment as an argument"),
    ("std::time::Instant", "take the moment as an argument"),
    ("SystemTime::now", "take the moment as an argument"),
    ("Instant::now", "take the moment as an argument"),
    ("Timestamp::now", "take the moment as an argument"),
    ("Zoned::now", "take the moment as an argument"),
    ("rand", "take the value or the seed as an argument"),
    ("fastrand", "take the value or the seed as an argument"),
    ("rustix", "leave system calls to the effects"),
    ("tempfile", "take the bytes as an argument"),
    ("tokio_postgres", "leave connections to postgres"),
    ("rustls", "leave connections to the effects"),
    ("aws_config", "leave requests to a provider or a store"),
    ("aws_sdk_s3", "leave requests to a provider or a store"),
    ("aws_sdk_iam", "leave requests to a provider or a store"),
    ("aws_sdk_sts", "leave requests to a provider or a store"),
];

const PRINTING: [&str; 5] = ["println!", "eprintln!", "print!", "eprint!", "dbg!"];

/// Not compiled into the program: files that a `#[cfg(test)] mod name;` beside them declares.
fn for_tests_only(file: &SourceFile, all: &[SourceFile]) -> bool {
    let (folder, name) = file.path.rsplit_once('/').unwrap();
    let stem = name.trim_end_matches(".rs");
    if stem == "tests" || file.path.contains("/tests/") {
        return true;
    }
    let beside = |other: &&SourceFile| other.path == format!("{folder}/mod.rs") || other.path == format!("{folder}.rs");
    let declared = format!("#[cfg(test)]\nmod {stem};");
    all.iter().filter(beside).any(|parent| parent.code.contains(&declared))
}

fn starts_with(segments: &[String], prefix: &str) -> bool {
    let wanted: Vec<&str> = prefix.split("::").collect();
    segments.len() >= wanted.len() && segments.iter().zip(&wanted).all(|(have, want)| have == want)
}

/// `Timestamp::now` counts however it is reached, `jiff::Timestamp::now` included.
fn touches(segments: &[String], prefix: &str) -> bool {
    if prefix.ends_with("::now") {
        return (0..segments.len()).any(|at| starts_with(&segments[at..], prefix));
    }
    starts_with(segments, prefix)
}

#[test]
fn no_effects_in_pure_modules() {
    let files = rust_files(&["src"]);
    let mut breaches = Vec::new();
    for file in &files {
        let pure = module_of(file).is_some_and(|own| !EFFECTS.contains(&own));
        if !pure || for_tests_only(file, &files) {
            continue;
        }
        let code = without_tests(&file.code);
        for path in paths(&code) {
            if let Some((what, instead)) = IMPURE.iter().find(|(prefix, _)| touches(&path.segments, prefix)) {
                breaches.push(Breach::at(file, path.line, format!("{what} in a pure module: {instead}")));
            }
        }
    }
    assert_tidy(breaches);
}

#[test]
fn only_the_command_line_prints_reads_the_environment_and_exits() {
    let files = rust_files(&["src"]);
    let mut breaches = Vec::new();
    for file in files.iter().filter(|file| module_of(file).is_some_and(|own| own != "cli")) {
        if for_tests_only(file, &files) {
            continue;
        }
        let code = without_tests(&file.code);
        for (at, what) in PRINTING.iter().flat_map(|mark| code.match_indices(mark)) {
            let alone = at == 0 || !code.as_bytes()[at - 1].is_ascii_alphanumeric();
            if alone {
                breaches.push(Breach::at(file, line_of(&code, at), format!("{what} outside cli/: return a value or an event")));
            }
        }
        for path in paths(&code) {
            let what = ["std::env", "std::process::exit", "std::io::stdout", "std::io::stderr", "std::io::stdin"];
            if let Some(what) = what.iter().find(|prefix| starts_with(&path.segments, prefix)) {
                breaches.push(Breach::at(file, path.line, format!("{what} outside cli/: take it as an argument")));
            }
        }
    }
    assert_tidy(breaches);
}
