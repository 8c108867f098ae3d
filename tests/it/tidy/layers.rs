//! Who may use whom: `lib.rs` lists the modules in reading order, and a module uses only modules listed above it.

use std::collections::BTreeMap;

use super::rust_text::{line_of, paths, without_tests};
use super::tree_text::{SourceFile, rust_files};
use super::{Breach, assert_tidy};

/// What drivers are driven by, and must not know.
const ENGINE: [&str; 7] = ["compile", "assess", "lint", "diff", "plan", "journal", "apply"];
const DRIVERS: [&str; 2] = ["providers", "stores"];

/// The modules of `lib.rs` with their place in the list.
pub fn reading_order(files: &[SourceFile]) -> BTreeMap<String, usize> {
    let lib = files.iter().find(|file| file.path == "src/lib.rs").unwrap();
    let modules = lib.code.lines().filter_map(|line| line.trim().trim_start_matches("pub ").strip_prefix("mod "));
    modules.enumerate().map(|(at, rest)| (rest.trim_end_matches(';').to_owned(), at)).collect()
}

/// The top-level module that a file belongs to; `None` for `lib.rs` and `main.rs`.
pub fn module_of(file: &SourceFile) -> Option<&str> {
    let inside = file.path.strip_prefix("src/")?;
    let first = inside.split('/').next()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (name != "lib" && name != "main").then_some(name)
}

/// How many `super::` lead from the file's own module to the crate's root.
fn depth(file: &SourceFile) -> usize {
    let inside = file.path.trim_start_matches("src/").trim_end_matches("/mod.rs").trim_end_matches(".rs");
    inside.split('/').count()
}

/// The top-level modules that a file uses, with the lines.
fn used_modules(file: &SourceFile, order: &BTreeMap<String, usize>) -> Vec<(usize, String)> {
    let own = module_of(file).unwrap_or_default();
    let mut used = Vec::new();
    for path in paths(&file.code) {
        let supers = path.segments.iter().take_while(|segment| *segment == "super").count();
        let name = match path.segments[0].as_str() {
            "crate" | "bdr" => &path.segments[1],
            // Enough `super::` to be at the root. Inside an inline module one more is needed; a false alarm is told apart by
            // the name, which then is no module of `lib.rs`.
            "super" if supers >= depth(file) && supers < path.segments.len() => &path.segments[supers],
            _ => continue,
        };
        if order.contains_key(name) && name != own {
            used.push((path.line, name.clone()));
        }
    }
    used
}

#[test]
fn a_module_uses_only_modules_listed_above_it() {
    let files = rust_files(&["src"]);
    let order = reading_order(&files);
    let mut breaches = Vec::new();
    for file in &files {
        let Some(own) = module_of(file) else { continue };
        let Some(place) = order.get(own) else { continue };
        for (line, used) in used_modules(file, &order) {
            if order[&used] > *place {
                let text = format!("`{own}` uses `{used}`, which lib.rs lists below it: move the shared part up, or hand it in");
                breaches.push(Breach::at(file, line, text));
            }
        }
    }
    assert_tidy(breaches);
}

#[test]
fn drivers_do_not_know_the_engine() {
    let files = rust_files(&["src/providers", "src/stores"]);
    let order = reading_order(&rust_files(&["src"]));
    let mut breaches = Vec::new();
    for file in &files {
        let own = module_of(file).unwrap();
        assert!(DRIVERS.contains(&own));
        for (line, used) in used_modules(file, &order) {
            if ENGINE.contains(&used.as_str()) {
                let text = format!("a driver uses `{used}`: say what it needs through the contracts in provider and store");
                breaches.push(Breach::at(file, line, text));
            }
        }
    }
    assert_tidy(breaches);
}

#[test]
fn only_the_command_line_uses_the_command_line() {
    let files = rust_files(&["src"]);
    let mut breaches = Vec::new();
    for file in files.iter().filter(|file| module_of(file).is_some_and(|own| own != "cli")) {
        for path in paths(&file.code) {
            if path.segments[0] == "clap" {
                breaches.push(Breach::at(file, path.line, "clap outside cli/: hand over plain values"));
            }
        }
    }
    assert_tidy(breaches);
}

#[test]
fn every_module_is_in_the_reading_order() {
    let files = rust_files(&["src"]);
    let order = reading_order(&files);
    let mut breaches = Vec::new();
    for file in &files {
        if module_of(file).is_some_and(|own| !order.contains_key(own)) {
            breaches.push(Breach::at(file, 1, "its module is not listed in src/lib.rs: list it where it belongs"));
        }
        for (at, _) in file.code.match_indices("#[path") {
            breaches.push(Breach::at(
                file,
                line_of(&file.code, at),
                "#[path] hides where a module lies: put it where its name says",
            ));
        }
    }
    assert_tidy(breaches);
}

/// The fuzz target takes modules in by `#[path]`, and is built by nothing but its own script, at the end of CI.
#[test]
fn the_fuzz_target_lists_every_module_that_its_modules_use() {
    let files = rust_files(&["src"]);
    let order = reading_order(&files);
    let target = rust_files(&["fuzz"]).into_iter().find(|file| file.path == "fuzz/src/policy.rs").unwrap();
    let listed: Vec<&str> = target.code.lines().filter_map(|line| line.trim().strip_prefix("mod ")?.strip_suffix(';')).collect();
    assert!(listed.contains(&"policy"));
    let mut breaches = Vec::new();
    for file in files.iter().filter(|file| module_of(file).is_some_and(|own| listed.contains(&own))) {
        let used = used_modules(&SourceFile { code: without_tests(&file.code), ..file.clone() }, &order);
        for (line, used) in used.into_iter().filter(|(_, used)| !listed.contains(&used.as_str())) {
            breaches.push(Breach::at(file, line, format!("fuzz/src/policy.rs lacks `mod {used};`, which is used here")));
        }
    }
    assert_tidy(breaches);
}

/// The modules beside a file that it names: `crate::a::b::…` and `super::b::…` from `a/c.rs`.
fn siblings_used(file: &SourceFile, beside: &[&str]) -> Vec<(usize, String)> {
    let folder: Vec<&str> =
        file.path.trim_start_matches("src/").rsplit_once('/').map_or(Vec::new(), |(f, _)| f.split('/').collect());
    let mut used = Vec::new();
    for path in paths(&without_tests(&file.code)) {
        let segments: Vec<&str> = path.segments.iter().map(String::as_str).collect();
        let rest = match segments[0] {
            "crate" => segments[1..].strip_prefix(folder.as_slice()),
            "super" => Some(&segments[1..]),
            _ => None,
        };
        if let Some(name) = rest.and_then(|rest| rest.first()).filter(|name| beside.contains(name)) {
            used.push((path.line, (*name).to_owned()));
        }
    }
    used
}

#[test]
fn no_two_files_of_a_module_use_each_other() {
    let files = rust_files(&["src"]);
    let name = |file: &SourceFile| file.path.rsplit('/').next().unwrap().trim_end_matches(".rs").to_owned();
    let folder = |file: &SourceFile| file.path.rsplit_once('/').unwrap().0.to_owned();
    let inside: Vec<&SourceFile> = files.iter().filter(|file| folder(file) != "src" && name(file) != "mod").collect();
    let mut used: BTreeMap<(String, String), Vec<(usize, String)>> = BTreeMap::new();
    for file in &inside {
        let beside: Vec<String> = inside
            .iter()
            .filter(|other| folder(other) == folder(file))
            .map(|other| name(other))
            .filter(|other| *other != name(file))
            .collect();
        let beside: Vec<&str> = beside.iter().map(String::as_str).collect();
        used.insert((folder(file), name(file)), siblings_used(file, &beside));
    }
    let mut breaches = Vec::new();
    for file in &inside {
        for (line, other) in &used[&(folder(file), name(file))] {
            let back =
                used.get(&(folder(file), other.clone())).is_some_and(|back| back.iter().any(|(_, back)| *back == name(file)));
            if back {
                let text = format!("it and `{other}` use each other: move what they share to a third file, or hand it in");
                breaches.push(Breach::at(file, *line, text));
            }
        }
    }
    assert_tidy(breaches);
}
