//! Any tree comes back as it was, and after any edits an incremental backup does too.

use std::ffi::OsString;
use std::fs::{File, FileTimes};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::compare::assert_same;
use super::grow::Garden;

/// One thing to make: where, of what kind, and numbers from which the rest follows.
#[derive(Debug, Clone)]
struct Seed {
    folder: usize,
    name: Vec<u8>,
    kind: u8,
    size: usize,
    mode: u32,
    seconds: i64,
    nanos: u32,
    other: usize,
}

fn names() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[a-z .-]{1,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(prop_oneof![1_u8..=46, 48_u8..=255], 1..40),
        1 => Just(b"with\nnewline".to_vec()),
        1 => prop::sample::select(vec![b'x', 0xff, b'\n']).prop_map(|byte| vec![byte; 255]),
    ]
    .prop_filter("no name of its own", |name| name != b"." && name != b"..")
}

fn seeds() -> impl Strategy<Value = Vec<Seed>> {
    let sizes = prop_oneof![Just(0_usize), 1_usize..5_000, Just(600_000), Just(1_500_000)];
    let modes = prop::sample::select(vec![0o644, 0o600, 0o000, 0o4755, 0o2755, 0o1777, 0o555, 0o111]);
    let one = (
        any::<usize>(),
        names(),
        0_u8..12,
        sizes,
        modes,
        -3_000_000_000_i64..4_000_000_000,
        0_u32..1_000_000_000,
        any::<usize>(),
    );
    let seed = one.prop_map(|(folder, name, kind, size, mode, seconds, nanos, other)| Seed {
        folder,
        name,
        kind,
        size,
        mode,
        seconds,
        nanos,
        other,
    });
    prop::collection::vec(seed, 1..40)
}

/// What was made so far.
struct Grown {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

/// `user::rw-,user:1000:r--,group::r--,mask::r--,other::---` in the kernel's form (acl(5), linux/posix_acl_xattr.h).
fn acl() -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in
        [(1_u16, 6_u16, u32::MAX), (2, 4, 1_000), (4, 4, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)]
    {
        bytes.extend_from_slice(&tag.to_le_bytes());
        bytes.extend_from_slice(&permissions.to_le_bytes());
        bytes.extend_from_slice(&id.to_le_bytes());
    }
    bytes
}

/// Bytes with holes at the start, in the middle or at the end, as the numbers say.
fn fill(path: &Path, seed: &Seed) {
    let file = File::create(path).expect("file");
    let bytes: Vec<u8> = (0..seed.size).map(|at| (at.wrapping_mul(seed.other | 1) >> 7) as u8).collect();
    let hole = 1_u64 << 20;
    match seed.kind {
        0 => {
            file.write_all_at(&bytes, hole).expect("write");
        }
        1 => {
            file.write_all_at(&bytes, 0).expect("write");
            file.write_all_at(b"end", bytes.len() as u64 + 3 * hole).expect("write");
        }
        2 => {
            file.write_all_at(&bytes, 0).expect("write");
            file.set_len(bytes.len() as u64 + hole).expect("length");
        }
        _ => file.write_all_at(&bytes, 0).expect("write"),
    }
}

/// Whoever is not root can read only what permissions let them read.
fn allow(path: &Path, mode: u32) {
    let mode = if rustix::process::geteuid().is_root() { mode } else { mode | 0o600 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("mode");
}

fn settle(path: &Path, seed: &Seed) {
    let at = |seconds: i64| match u64::try_from(seconds) {
        Ok(after) => SystemTime::UNIX_EPOCH + Duration::new(after, seed.nanos),
        Err(_) => SystemTime::UNIX_EPOCH - Duration::new(seconds.unsigned_abs(), seed.nanos),
    };
    if seed.other.is_multiple_of(3) {
        xattr::set(path, "user.binary", &[0, 255, 10, seed.kind]).expect("attribute");
    }
    allow(path, seed.mode);
    if seed.other.is_multiple_of(5) && path.is_file() {
        _ = xattr::set(path, "system.posix_acl_access", &acl());
    }
    File::open(path).and_then(|file| file.set_times(FileTimes::new().set_modified(at(seed.seconds)))).expect("times");
}

fn plant(grown: &mut Grown, seed: &Seed) {
    let folder = grown.folders[seed.folder % grown.folders.len()].clone();
    let path = folder.join(OsString::from_vec(seed.name.clone()));
    if path.symlink_metadata().is_ok() || path.as_os_str().len() > 3_000 {
        return;
    }
    match seed.kind {
        0..=5 => {
            fill(&path, seed);
            settle(&path, seed);
            grown.files.push(path);
        }
        6 | 7 => {
            std::fs::create_dir(&path).expect("folder");
            grown.folders.push(path);
        }
        8 => {
            let target = [&b"nowhere"[..], b".", b"../..", &seed.name][seed.other % 4].to_vec();
            symlink(PathBuf::from(OsString::from_vec(target)), &path).expect("link");
            // Only whoever may administrate can; a link of anybody else has none.
            _ = xattr::set(&path, "trusted.bdr", b"\x00of the link");
        }
        9 => {
            let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo");
            assert!(made.success());
        }
        _ => {
            if !grown.files.is_empty() {
                let first = &grown.files[seed.other % grown.files.len()];
                if std::fs::hard_link(first, &path).is_ok() {
                    grown.files.push(path);
                }
            }
        }
    }
}

/// Removes, rewrites, renames, or changes only the mode of something that is there.
fn edit(grown: &mut Grown, seed: &Seed) {
    if grown.files.is_empty() {
        return;
    }
    let at = seed.other % grown.files.len();
    let path = grown.files[at].clone();
    match seed.kind % 4 {
        0 => {
            std::fs::remove_file(&path).expect("remove");
            grown.files.swap_remove(at);
        }
        1 => fill(&path, &Seed { other: seed.other ^ 0xff, ..seed.clone() }),
        2 => {
            let other = path.with_file_name(format!("renamed {}", seed.other));
            std::fs::rename(&path, &other).expect("rename");
            grown.files[at] = other;
        }
        _ => allow(&path, seed.mode),
    }
}

fn comes_back(garden: &Garden, parent: Option<&bdr::catalog::manifest::Manifest>) -> bdr::catalog::manifest::Manifest {
    let manifest = garden.backup(parent).expect("backup");
    _ = std::fs::remove_dir_all(garden.target());
    let restored = garden.restore(&manifest, &[], false).expect("restore");
    assert_eq!(restored.failures, []);
    assert_same(&garden.source(), &garden.target());
    manifest
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_and_any_edits_come_back(seeds in seeds(), edits in seeds()) {
        let garden = Garden::new();
        let mut grown = Grown { folders: vec![garden.source()], files: Vec::new() };
        seeds.iter().for_each(|seed| plant(&mut grown, seed));
        std::fs::write(garden.source().join("at least one"), "x").expect("write");
        let first = comes_back(&garden, None);
        for seed in &edits {
            if seed.kind < 6 { edit(&mut grown, seed) } else { plant(&mut grown, seed) }
        }
        let second = comes_back(&garden, Some(&first));
        prop_assert!(second.issues.iter().all(|issue| !issue.suspect), "{:?}", second.issues);
    }
}

#[test]
fn deep_and_long_paths_come_back() {
    let garden = Garden::new();
    let mut at = garden.source();
    // Near the longest path that one call takes (PATH_MAX, 4,096 bytes).
    while at.as_os_str().len() < 3_600 {
        at = at.join("d".repeat(120));
        std::fs::create_dir(&at).expect("folder");
    }
    std::fs::write(at.join("deep"), "x").expect("write");
    let mut at = garden.source();
    for _ in 0..500 {
        at = at.join("n");
        std::fs::create_dir(&at).expect("folder");
    }
    comes_back(&garden, None);
}
