//! Tells a release build the commit that it is built from, as `BDR_COMMIT`. A tarball has none.
//!
//! Only a release build asks, so that no other is made anew at each commit; there, whoever builds may set the variable: only
//! `src/main.rs` reads it.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile != "release") {
        return;
    }
    // Unpacked inside of another repository, it is not of that one's commit.
    let here = std::env::var("CARGO_MANIFEST_DIR").ok().and_then(|here| std::fs::canonicalize(here).ok());
    let top = git(&["rev-parse", "--show-toplevel"]).and_then(|top| std::fs::canonicalize(top).ok());
    if here.is_none() || here != top {
        return;
    }
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return };
    // The log of HEAD grows with each commit and checkout. What is not there must not be named: cargo would build anew each time.
    let places = ["logs/HEAD", "HEAD", "packed-refs"].iter().filter_map(|name| git(&["rev-parse", "--git-path", name]));
    places.filter(|path| Path::new(path).exists()).for_each(|path| println!("cargo:rerun-if-changed={path}"));
    println!("cargo:rustc-env=BDR_COMMIT={commit}");
}

/// What git answers; `None` where there is no git, or nothing of it here.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
