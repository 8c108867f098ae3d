//! Backups, verifications, restores and prunes by the binary: faults of disks and people, and what is said about them.

mod at_once;
mod bars;
mod by_hand;
mod causes;
mod clock;
mod consent;
mod damaged;
mod distrust;
mod forgotten;
mod full_disk;
mod future;
mod gone;
mod guards;
mod hostile_names;
mod lost;
mod left;
mod leftovers;
mod long_lines;
mod memory;
mod nothing;
mod other_names;
mod outage;
mod owners;
mod promises;
mod remembered;
mod signals;
mod status;
mod stopped;
mod suspects;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use bdr::catalog::manifest::Manifest;

use crate::binary::{Home, Ran};

const POLICY: &str = "\
version: 1
name: notes
timezone: UTC
stores:
  vault: { folder: { path: '@/vault' } }
components:
  docs:
    files: { paths: ['@/docs'] }
    protect:
      nightly: { file_backup: {}, schedule: '0 2 * * *', store: vault }
    retain: { daily: { for: 7d } }
";

/// A component of one folder, and a store that is there.
fn home() -> Home {
    let home = Home::new();
    home.policy(POLICY);
    crate::binary::set_up(&home.path("vault"), "notes");
    home
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

/// Everything that lies in the store's folders of backups, sorted.
fn objects(home: &Home, part: &str) -> Vec<PathBuf> {
    let all = crate::binary::contents(&home.path("vault/notes/docs/nightly")).into_keys();
    all.filter(|path| path.to_string_lossy().contains(part)).collect()
}

fn manifests(home: &Home) -> Vec<(PathBuf, Manifest)> {
    let read = |path: PathBuf| {
        let manifest = Manifest::decode(&std::fs::read(&path).unwrap(), "a manifest").unwrap();
        (path, manifest)
    };
    objects(home, "manifest.json").into_iter().map(read).collect()
}

/// The ids of all backups of a component.
fn manifests_of(home: &Home, component: &str) -> Vec<String> {
    let all = crate::binary::contents(&home.path("vault/notes").join(component));
    let manifests = all.into_iter().filter(|(path, _)| path.ends_with("manifest.json"));
    manifests.map(|(_, bytes)| Manifest::decode(&bytes, "a manifest").unwrap().id.to_string()).collect()
}

/// What a backup left that died a month ago: a prune removes it.
fn leftover(home: &Home, store: &str) {
    let left = home.path(store).join("notes/docs/nightly/daily/20200101T000000Z-0123abcd/packs/000000");
    std::fs::create_dir_all(left.parent().unwrap()).unwrap();
    std::fs::write(&left, "left").unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(30 * 24 * 3600);
    std::fs::File::open(&left).unwrap().set_modified(old).unwrap();
}

/// Runs the binary as somebody whom permissions bind; `None` where this process cannot become somebody else.
fn as_nobody(home: &Home, arguments: &[&str]) -> Option<Ran> {
    let uid = Command::new("id").arg("-u").output().ok()?;
    if uid.stdout != b"0\n" {
        return Some(home.run(arguments));
    }
    let mut command = Command::new("setpriv");
    let binary = home.path("bdr-of-nobody");
    std::fs::copy(env!("CARGO_BIN_EXE_bdr"), &binary).ok()?;
    for (path, mode) in
        [("", 0o777), ("docs", 0o755), ("docs/deep", 0o755), ("vault", 0o777), ("vault/.bdr", 0o777), ("bdr-of-nobody", 0o755)]
    {
        std::fs::set_permissions(home.path(path), std::fs::Permissions::from_mode(mode)).ok()?;
    }
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(binary).args(arguments);
    command.current_dir(home.path("")).env_clear().env("PATH", "/usr/bin:/bin").env("USER", "nobody");
    Some(Ran::of(&command.output().ok()?))
}

/// A small file system in memory; gone when dropped. `None`, and said, where this process may not mount one.
struct Mount(PathBuf);

impl Mount {
    #[expect(clippy::print_stdout, reason = "why a test did not run is part of its result")]
    fn new(at: &Path, mebibytes: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={mebibytes}m");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        if done.is_ok_and(|output| output.status.success()) {
            return Some(Self(at.to_owned()));
        }
        println!("skipped: this process may not mount a small file system");
        None
    }

    fn again(&self, options: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status().unwrap();
        assert!(done.success(), "remount {options}");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _done = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
