//! A flipped byte, a cut or a missing object is found before it is trusted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bdr::catalog::manifest::Manifest;
use bdr::tree::{Progress, Read, verify};

use super::compare::tell;
use super::grow::Garden;

/// Everything that a backup consists of.
fn objects(below: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(below).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            let name = path.file_name().expect("name").to_string_lossy().into_owned();
            if name != "_verified" && name != "_attempts" {
                objects(&path, found);
            }
        } else {
            found.push(path);
        }
    }
}

fn grown() -> (Garden, Manifest, Vec<PathBuf>) {
    let garden = Garden::new();
    std::fs::create_dir(garden.source().join("folder")).expect("folder");
    std::fs::write(garden.source().join("folder/a"), b"the first file").expect("write");
    std::fs::write(garden.source().join("large"), vec![7; 3_000_000]).expect("write");
    let first = garden.backup(None).expect("backup");
    std::fs::write(garden.source().join("folder/b"), b"the second file").expect("write");
    let second = garden.backup(Some(&first)).expect("backup");
    let mut all = Vec::new();
    objects(&garden.temp.path().join("store/policy"), &mut all);
    all.sort();
    assert!(all.len() >= 8, "{all:?}");
    (garden, second, all)
}

/// Whether verifying the whole series finds something wrong.
fn is_noticed(garden: &Garden) -> bool {
    garden.runtime.block_on(async {
        let shelf = garden.shelf();
        let Ok(known) = shelf.known().await else { return true };
        // A manifest that is gone takes its backup with it: what is left of its folder is an unfinished one.
        let gone = !known.backups.unfinished.is_empty();
        let progress = Arc::new(Progress::default());
        let now = "2026-11-24T12:00:00Z".parse().expect("time");
        let verified = verify(&shelf, &known, Read::All, now, progress).await;
        gone || !known.backups.damaged.is_empty() || verified.map_or(true, |verified| !verified.is_good())
    })
}

/// A restore either fails, or brings back exactly what was there: the damaged object was none of its business.
#[track_caller]
fn never_lies(garden: &Garden, manifest: &Manifest, what: &str) {
    let restored = garden.restore(manifest, &[], false);
    let ended_well = restored.as_ref().is_ok_and(|restored| restored.failed == 0);
    if ended_well {
        assert!(tell(&garden.source()) == tell(&garden.target()), "{what}: it ended well with something else");
    }
    _ = std::fs::remove_dir_all(garden.target());
}

fn each_object(damage: impl Fn(&[u8]) -> Vec<Option<Vec<u8>>>) {
    let (garden, manifest, all) = grown();
    assert!(!is_noticed(&garden), "something is wrong with an undamaged series");
    for object in &all {
        let good = std::fs::read(object).expect("read");
        for bad in damage(&good) {
            let what = format!("{} ({} bytes, now {:?})", object.display(), good.len(), bad.as_ref().map(Vec::len));
            match &bad {
                Some(bytes) => std::fs::write(object, bytes).expect("write"),
                None => std::fs::remove_file(object).expect("remove"),
            }
            assert!(is_noticed(&garden), "{what}: verify did not notice");
            never_lies(&garden, &manifest, &what);
            std::fs::write(object, &good).expect("write");
        }
    }
    assert!(!is_noticed(&garden), "the damage did not go away with its cause");
}

#[test]
fn a_flipped_byte_is_noticed_wherever_it_is() {
    each_object(|good| {
        let positions = [0, good.len() / 3, good.len() / 2, good.len() - 9, good.len() - 1];
        let flip = |at: &usize| {
            let mut bytes = good.to_vec();
            bytes[*at] ^= 0x20;
            Some(bytes)
        };
        positions.iter().map(flip).collect()
    });
}

#[test]
fn a_cut_object_is_noticed() {
    each_object(|good| vec![Some(good[..good.len() - 1].to_vec()), Some(good[..good.len() / 2].to_vec()), Some(Vec::new())]);
}

#[test]
fn a_missing_object_is_noticed() {
    each_object(|_| vec![None]);
}
