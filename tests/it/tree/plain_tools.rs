//! A backup comes back without bdr: the script of docs/format.md, with python3 and zstd alone.

use std::process::Command;

use super::compare::assert_same;
use super::grow::Garden;
use super::round_trip::plant;
use crate::tidy::root;

#[test]
fn a_full_and_an_incremental_backup_come_back_by_public_tools() {
    let garden = Garden::new();
    plant(&garden);
    let first = garden.backup(None).expect("backup");
    std::fs::write(garden.source().join("new"), b"only in the second").expect("write");
    std::fs::remove_file(garden.source().join("empty.txt")).expect("remove");
    let second = garden.backup(Some(&first)).expect("backup");
    assert_eq!(second.needs.len(), 1, "the second one refers to the first");
    let series = garden.temp.path().join("store/policy/docs/nightly");
    let target = garden.temp.path().join("plain");
    let output = Command::new("python3")
        .arg(root().join("docs/restore-without-bdr.py"))
        .args([series.as_os_str(), second.place().folder().trim_end_matches('/').as_ref(), target.as_os_str()])
        .output()
        .expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let below = target.join(garden.source().strip_prefix("/").expect("an absolute path"));
    assert_same(&garden.source(), &below);
}

#[test]
fn the_script_refuses_a_flipped_byte() {
    let garden = Garden::new();
    std::fs::write(garden.source().join("a"), b"some content").expect("write");
    let manifest = garden.backup(None).expect("backup");
    let series = garden.temp.path().join("store/policy/docs/nightly");
    let packs = series.join(manifest.place().packs());
    let pack = std::fs::read_dir(packs).expect("packs").next().expect("a pack").expect("entry").path();
    let mut bytes = std::fs::read(&pack).expect("read");
    bytes[10] ^= 1;
    std::fs::write(&pack, bytes).expect("write");
    let output = Command::new("python3")
        .arg(root().join("docs/restore-without-bdr.py"))
        .args([series.as_os_str(), manifest.place().folder().trim_end_matches('/').as_ref()])
        .arg(garden.temp.path().join("plain"))
        .output()
        .expect("python3 runs");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("damaged: "), "{output:?}");
}
