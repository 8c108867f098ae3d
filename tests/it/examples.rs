//! The examples and the README: what they tell a person to run is run, with the program that was just built.

mod safe_pm;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use crate::tidy::root;

/// A finished run, with what it printed.
fn quickstart(arguments: &[&str]) -> Output {
    let mut command = Command::new(root().join("scripts/quickstart"));
    command.args(arguments).env("BDR", env!("CARGO_BIN_EXE_bdr")).env_remove("BDR_POLICY");
    command.stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn assert_went_well(output: &Output) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "ended with {}:\n{out}\n{err}", output.status);
    assert!(out.contains("Same names, contents, modes, times and links."), "{out}\n{err}");
    assert!(!out.contains("Everything of this run is in"), "the scratch folder was left behind:\n{out}");
}

#[test]
fn the_quickstart_goes_the_whole_way() {
    assert_went_well(&quickstart(&[]));
}

#[test]
fn the_quickstart_goes_the_whole_way_with_cron() {
    let output = quickstart(&["--cron"]);
    assert_went_well(&output);
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("+ cron entry nightly"), "{out}");
}

#[test]
fn the_quickstart_goes_the_whole_way_with_an_s3_endpoint() {
    if std::env::var_os("BDR_TEST_SERVERS").is_none() {
        return;
    }
    assert_went_well(&quickstart(&["--s3"]));
}

/// A server is started, lost, and brought back to the second before a bad UPDATE; the script compares what came back itself.
#[test]
fn the_quickstart_goes_the_whole_way_with_a_database() {
    if std::env::var_os("BDR_TEST_SERVERS").is_none() {
        return;
    }
    let output = quickstart(&["--postgres"]);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "ended with {}:\n{out}\n{err}", output.status);
    assert!(out.contains("All of it as it was a second before the UPDATE: 1010 orders, 501500."), "{out}\n{err}");
}

#[test]
fn the_quickstart_refuses_what_it_does_not_know() {
    let output = quickstart(&["--gcs"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--s3"));
}

/// Pipelines, whose shell the suite `ci` runs.
const PIPELINES: &str = "ci";

#[test]
fn every_example_is_run_by_the_quickstart_or_by_a_test_of_its_own() {
    let script = fs::read_to_string(root().join("scripts/quickstart")).unwrap();
    // What needs more than a machine and a bucket.
    let tests = [
        "tests/it/iam_kinds/example.rs",
        "tests/it/examples/safe_pm.rs",
        "tests/it/accounts/example.rs",
        "tests/it/postgres/example.rs",
    ];
    let tests = tests.map(|path| fs::read_to_string(root().join(path)).unwrap()).concat();
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let run = script.contains(&format!("example={name}")) || tests.contains(&format!("examples/{name}/"));
        assert!(name == PIPELINES || run, "examples/{name}: nothing runs it");
    }
}

#[test]
fn the_readme_sets_up_with_exactly_two_commands() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let block = readme.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(block.lines().collect::<Vec<_>>(), ["scripts/quickstart", "scripts/test"]);
    for command in block.lines() {
        let mode = fs::metadata(root().join(command)).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{command} can't be executed");
    }
}

#[test]
fn the_tour_of_the_readme_is_what_the_quickstart_runs() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let script = fs::read_to_string(root().join("scripts/quickstart")).unwrap();
    let commands: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("$ bdr ")).collect();
    assert!(commands.len() >= 5, "the tour has become short: {commands:?}");
    for command in commands {
        assert!(script.contains(&format!("run bdr {command}\n")), "README.md: the quickstart does not run `bdr {command}`");
    }
}
