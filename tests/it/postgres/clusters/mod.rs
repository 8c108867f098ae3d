//! Base backups of whole clusters, by the binary: what comes back is a data directory on which a server starts.

mod damage;
mod moment;
mod plain_tools;
mod round_trip;
mod second;

use std::path::{Path, PathBuf};
use std::process::Command;

use bdr::catalog::manifest::Manifest;

use super::{POLICY, run};
use crate::binary::{Home, contents, set_up};
use crate::harness::own_cluster::space;
use crate::harness::process;

fn home() -> Home {
    let home = Home::new();
    home.policy(&POLICY.replace("logical_dump", "base_backup"));
    set_up(&home.path("vault"), "shop");
    home
}

fn manifests(home: &Home) -> Vec<Manifest> {
    let all = contents(&home.path("vault")).into_iter().filter(|(path, _)| path.ends_with("manifest.json"));
    let mut all: Vec<Manifest> = all.map(|(_, bytes)| Manifest::decode(&bytes, "a manifest").unwrap()).collect();
    all.sort_by_key(|manifest| manifest.id);
    all
}

/// A folder that is not there yet, in one that a server may look into.
fn target(name: &str) -> PathBuf {
    space(name).join("back")
}

/// Restores the newest backup, whole.
#[track_caller]
fn restore(home: &Home, to: &Path, more: &[&str]) {
    let to = to.display().to_string();
    let arguments: Vec<&str> = ["restore", "orders", "--to", &to].into_iter().chain(more.iter().copied()).collect();
    run(home, "postgresql://nobody@127.0.0.1:1/none", &arguments).ends(0);
}

/// PostgreSQL's own look at the files. Its manifest knows nothing of where tablespaces go now.
#[track_caller]
fn assert_verified(mut verify: Command, data: &Path) {
    process::run(verify.args(["-n", "-i", "tablespaces", "-i", "tablespace_map"]).arg(data));
}
