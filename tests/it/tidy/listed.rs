//! Nothing lies about unused: every module is declared, every folder of cases has a runner, every named test exists.

use super::rust_text::functions;
use super::tree_text::{SourceFile, root, rust_files};
use super::{Breach, assert_tidy};

/// The files that could declare a module: `a/b.rs` is declared by `a/mod.rs` or `a.rs`, `a/mod.rs` by what is beside `a`.
fn parents(path: &str) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap();
    let folder = if name == "mod.rs" { folder.rsplit_once('/').unwrap().0 } else { folder };
    ["mod.rs", "main.rs", "lib.rs"].iter().map(|parent| format!("{folder}/{parent}")).chain([format!("{folder}.rs")]).collect()
}

fn module_name(path: &str) -> &str {
    let stem = path.trim_end_matches("/mod.rs").trim_end_matches(".rs");
    stem.rsplit_once('/').unwrap().1
}

#[test]
fn every_file_is_a_declared_module() {
    let files = rust_files(&["src", "tests"]);
    let mut breaches = Vec::new();
    for file in &files {
        if matches!(file.path.as_str(), "src/lib.rs" | "src/main.rs" | "tests/it/main.rs") {
            continue;
        }
        let declaration = format!("mod {};", module_name(&file.path));
        let inline = format!("mod {} {{", module_name(&file.path));
        let parents = parents(&file.path);
        let declared = |other: &&SourceFile| parents.contains(&other.path);
        if !files.iter().filter(declared).any(|other| other.code.contains(&declaration) || other.code.contains(&inline)) {
            breaches.push(Breach::at(file, 1, format!("nothing compiles it: add `{declaration}` to {}", parents.join(" or "))));
        }
    }
    assert_tidy(breaches);
}

#[test]
fn every_folder_of_cases_has_a_runner() {
    let Ok(folders) = std::fs::read_dir(root().join("tests/cases")) else { return };
    let runners: String = rust_files(&["tests/it"]).iter().map(|file| file.text.clone()).collect();
    let names = folders.map(|entry| entry.unwrap()).filter(|entry| entry.path().is_dir());
    let unused: Vec<String> = names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !runners.contains(&format!("\"{name}\"")) && !runners.contains(&format!("cases/{name}")))
        .collect();
    assert!(unused.is_empty(), "tests/cases: no test in tests/it names these folders: {}", unused.join(", "));
}

#[test]
fn the_tests_that_the_map_names_exist() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let files = rust_files(&["tests", "src"]);
    let names: Vec<String> = files.iter().flat_map(|file| functions(&file.code)).map(|function| function.name).collect();
    let mut breaches = Vec::new();
    for (at, line) in map.lines().enumerate() {
        for quoted in line.split('`').skip(1).step_by(2).filter(|quoted| quoted.contains("::") && !quoted.contains(' ')) {
            let test = quoted.rsplit("::").next().unwrap();
            let is_test = test.contains('_') && test == test.to_lowercase();
            if is_test && !names.iter().any(|name| name == test) {
                let place = format!("ARCHITECTURE.md:{}", at + 1);
                breaches.push(Breach { place, text: format!("`{quoted}` is no test: name the one that holds this sentence") });
            }
        }
    }
    assert_tidy(breaches);
}
