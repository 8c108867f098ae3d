//! What `bdr --version` tells: the commit where a release is built from git, and nothing that is not so.

use std::path::Path;
use std::process::Command;

use crate::{tidy, tools};

/// What the build script tells cargo about a folder.
fn told(script: &Path, folder: &Path, profile: &str) -> String {
    let mut command = Command::new(script);
    command.current_dir(folder).env("CARGO_MANIFEST_DIR", folder).env("PROFILE", profile);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_release_from_git_tells_its_commit_and_nothing_else_does() {
    if !tools::have("git") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("script");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let source = tidy::root().join("build.rs");
    let built = Command::new(rustc).args(["--edition", "2024", "-o"]).arg(&script).arg(source).status().unwrap();
    assert!(built.success());
    let repository = dir.path().join("repository");
    std::fs::create_dir_all(repository.join("unpacked")).unwrap();
    assert!(!told(&script, &repository, "release").contains("BDR_COMMIT"), "no git here");
    let git = |arguments: &[&str]| {
        let named = ["-c", "user.name=n", "-c", "user.email=n@localhost", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").current_dir(&repository).args(named).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "-q"]);
    git(&["commit", "-q", "--allow-empty", "-m", "first"]);
    let commit = git(&["rev-parse", "--short=12", "HEAD"]);
    let release = told(&script, &repository, "release");
    assert!(release.contains(&format!("cargo:rustc-env=BDR_COMMIT={commit}\n")), "{release}");
    for watched in
        release.lines().filter_map(|line| line.strip_prefix("cargo:rerun-if-changed=")).filter(|path| *path != "build.rs")
    {
        assert!(repository.join(watched).exists(), "{watched} is not there, so each build would begin anew");
    }
    assert_eq!(told(&script, &repository, "debug"), "cargo:rerun-if-changed=build.rs\n", "a commit makes no debug build anew");
    let unpacked = told(&script, &repository.join("unpacked"), "release");
    assert!(!unpacked.contains("BDR_COMMIT"), "it is of another repository: {unpacked}");
}

#[test]
fn the_version_is_the_packages() {
    let output = Command::new(env!("CARGO_BIN_EXE_bdr")).arg("--version").output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.starts_with(&format!("bdr {}", env!("CARGO_PKG_VERSION"))), "{told}");
}
