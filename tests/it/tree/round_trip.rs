//! What is backed up comes back: any names, holes, links and attributes.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};

use bdr::catalog::manifest::Kind;
use bdr::tree::{Paths, needed};

use super::compare::assert_same;
use super::grow::Garden;

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes
}

pub fn plant(garden: &Garden) {
    let root = garden.source();
    let write = |name: &str, bytes: &[u8]| std::fs::write(root.join(name), bytes).expect("write");
    std::fs::create_dir_all(root.join("deep/er/est")).expect("folders");
    std::fs::create_dir(root.join("empty")).expect("folder");
    write("a.txt", b"hello");
    write("empty.txt", b"");
    write("deep/er/est/large.bin", &noise(1, 9_000_000));
    write("deep/zeros", &vec![0; 700_000]);
    write("deep-", b"sorts after deep/ and before deep0");
    write("deep/script", b"#!/bin/sh\n");
    std::fs::set_permissions(root.join("deep/script"), std::fs::Permissions::from_mode(0o4755)).expect("mode");
    std::fs::hard_link(root.join("a.txt"), root.join("deep/b.txt")).expect("link");
    symlink("../nowhere", root.join("deep/link")).expect("link");
    std::fs::write(root.join(std::ffi::OsStr::from_bytes(b"not \xff utf-8\n")), b"x").expect("write");
    xattr::set(root.join("a.txt"), "user.note", b"\x00kept").expect("attribute");
    let holes = std::fs::File::create(root.join("holes")).expect("file");
    holes.set_len(50_000_000).expect("length");
    holes.write_at(b"island", 20_000_000).expect("write");
    let small = std::fs::File::create(root.join("small-holes")).expect("file");
    small.set_len(100_000).expect("length");
    small.write_at(b"x", 50_000).expect("write");
    std::fs::set_permissions(root.join("deep/er"), std::fs::Permissions::from_mode(0o555)).expect("mode");
}

#[test]
fn a_tree_comes_back_as_it_was() {
    let garden = Garden::new();
    plant(&garden);
    let manifest = garden.backup(None).expect("backup");
    assert_eq!((manifest.kind, manifest.is_suspect()), (Kind::Full, false), "{:?}", manifest.issues);
    let restored = garden.restore(&manifest, &[], false).expect("restore");
    assert_eq!(restored.failures, []);
    assert_eq!(restored.files + restored.hard_links, manifest.counts.files + manifest.counts.hard_links);
    assert_same(&garden.source(), &garden.target());
    use std::os::unix::fs::MetadataExt;
    let taken = std::fs::metadata(garden.target().join("holes")).expect("metadata").blocks() * 512;
    assert!(taken < 1_000_000, "holes came back as {taken} bytes on disk");
}

#[test]
fn a_second_backup_stores_only_what_changed() {
    let garden = Garden::new();
    plant(&garden);
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    let first = garden.backup(None).expect("backup");
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    let mut large = noise(1, 9_000_000);
    large.splice(4_000_000..4_000_010, *b"changed in the middle");
    std::fs::write(garden.source().join("deep/er/est/large.bin"), large).expect("write");
    std::fs::remove_file(garden.source().join("a.txt")).expect("remove");
    let second = garden.backup(Some(&first)).expect("backup");
    assert_eq!(second.kind, Kind::Incremental);
    assert_eq!(second.needs, [first.place().folder().trim_end_matches('/')]);
    assert!(second.measured.stored_bytes < 4_500_000, "{}", second.measured.stored_bytes);
    assert!(second.measured.unchanged_files >= 4, "{:?}", second.measured);
    let restored = garden.restore(&second, &[], false).expect("restore");
    assert_eq!(restored.failures, []);
    assert_same(&garden.source(), &garden.target());
    // The first one still comes back too.
    std::fs::remove_dir_all(garden.target()).expect("clear");
    assert_eq!(garden.restore(&first, &[], false).expect("restore").failed, 0);
    assert!(garden.target().join("a.txt").exists());
}

#[test]
fn what_is_named_needs_only_the_packs_that_hold_it() {
    let garden = Garden::new();
    plant(&garden);
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    let first = garden.backup(None).expect("backup");
    std::fs::write(garden.source().join("new.txt"), "came later").expect("write");
    let second = garden.backup(Some(&first)).expect("backup");
    let packs = |path: &str| {
        let paths = Paths::new(&[path.to_owned()], &second.origin.roots).expect("globs");
        let needed = garden.runtime.block_on(needed(&garden.shelf(), &second, &paths)).expect("needed");
        needed.into_iter().collect::<Vec<u32>>()
    };
    assert_eq!((packs("new.txt"), packs("empty.txt")), (vec![1], vec![]));
    assert_eq!((packs("deep/er"), packs("deep/b.txt")), (vec![0], vec![0]), "a hard link needs the file that it names");
    assert_eq!(packs("*"), [0, 1]);
}
