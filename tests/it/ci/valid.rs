//! The files of pipelines against the schemas of their forges and against linters, and against the rules that bdr asks for itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::yaml;
use crate::harness::program;
use crate::tidy::root;

#[track_caller]
fn passes(tool: &Path, arguments: &[&str], file: &Path) {
    let ran = Command::new(tool).args(arguments).arg(file).current_dir(root()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{} {}:\n{out}\n{err}", tool.display(), file.display());
}

#[test]
fn the_forges_schemas_hold() {
    let Some(tool) = program("check-jsonschema") else { return };
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("component.yml");
    let text = fs::read_to_string(root().join("templates/bdr.yml")).unwrap();
    fs::write(&component, text.split_once("\n---\n").unwrap().1).unwrap();
    let all: [(&str, PathBuf); 4] = [
        ("vendor.github-actions", root().join("action.yml")),
        ("vendor.github-workflows", root().join("examples/ci/github/bdr.yml")),
        ("vendor.gitlab-ci", root().join("examples/ci/gitlab/.gitlab-ci.yml")),
        ("vendor.gitlab-ci", component),
    ];
    all.iter().for_each(|(schema, file)| passes(&tool, &["--builtin-schema", schema], file));
}

#[test]
fn the_workflow_passes_actionlint() {
    let Some(tool) = program("actionlint") else { return };
    passes(&tool, &["-no-color"], &root().join("examples/ci/github/bdr.yml"));
}

#[test]
fn everything_is_pinned_and_nothing_of_a_pull_request_becomes_shell() {
    let files =
        ["action.yml", "examples/ci/github/bdr.yml", "examples/ci/gitlab/.gitlab-ci.yml", "examples/ci/pre-commit-config.yaml"];
    for file in files {
        let text = fs::read_to_string(root().join(file)).unwrap();
        assert!(!text.contains("pull_request_target"), "{file}");
        let mut pins = 0;
        for line in text.lines() {
            let line = line.trim().trim_start_matches("- ");
            let pinned = ["uses:", "component:", "rev:", "image:"].iter().find_map(|key| line.strip_prefix(key));
            let Some(pinned) = pinned.map(str::trim) else { continue };
            let digest = pinned.rsplit('@').next().unwrap().trim_start_matches("sha256:");
            let digest: String = digest.chars().take_while(char::is_ascii_hexdigit).collect();
            assert!(matches!(digest.len(), 40 | 64), "{file}: not pinned by digest: {line}");
            pins += 1;
        }
        assert!(pins > 0, "{file} names nothing that could be pinned");
    }
    let action = yaml(&fs::read_to_string(root().join("action.yml")).unwrap()).remove(0);
    for step in action["runs"]["steps"].as_sequence().unwrap() {
        let script = step["run"].as_str().unwrap_or_default();
        assert!(!script.contains("${{"), "an expression becomes shell before the shell reads it: {script}");
        assert!(script.is_empty() || step["shell"].as_str() == Some("bash"), "{step:?}");
    }
}

#[test]
fn hooks_name_commands_that_there_are() {
    let hooks = yaml(&fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap()).remove(0);
    for hook in hooks.as_sequence().unwrap() {
        let words: Vec<&str> = hook["entry"].as_str().unwrap().split(' ').collect();
        assert_eq!(words[0], "bdr");
        let ran = Command::new(env!("CARGO_BIN_EXE_bdr")).args(&words[1..]).arg("--help").output().unwrap();
        assert!(ran.status.success(), "{words:?}");
    }
}
