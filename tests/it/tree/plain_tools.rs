//! A backup comes back without bdr: the script of docs/format.md, with python3 and zstd alone.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bdr::catalog::manifest::Manifest;

use super::compare::assert_same;
use super::grow::Garden;
use super::round_trip::plant;
use crate::tidy::root;

fn series(garden: &Garden) -> PathBuf {
    garden.temp.path().join("store/policy/docs/nightly")
}

fn named(manifest: &Manifest) -> String {
    manifest.place().folder().trim_end_matches('/').to_owned()
}

fn script(garden: &Garden, backup: &str, target: &Path) -> Output {
    let mut command = Command::new("python3");
    command.arg(root().join("docs/restore-without-bdr.py")).arg(series(garden)).arg(backup).arg(target);
    command.output().expect("python3 runs")
}

/// Fails in words, and not in a traceback.
#[track_caller]
fn fails(output: &Output, words: &[&str]) -> String {
    let said = String::from_utf8(output.stderr.clone()).expect("text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("Traceback"), "{said}");
    words.iter().for_each(|words| assert!(said.contains(words), "`{words}` is not in\n{said}"));
    said
}

/// Where the script puts the source.
fn below(garden: &Garden, target: &Path) -> PathBuf {
    target.join(garden.source().strip_prefix("/").expect("an absolute path"))
}

/// The packs of a backup, the largest first.
fn packs(garden: &Garden, manifest: &Manifest) -> Vec<PathBuf> {
    let folder = series(garden).join(manifest.place().packs());
    let mut packs: Vec<PathBuf> = std::fs::read_dir(folder).expect("packs").map(|entry| entry.expect("entry").path()).collect();
    packs.sort_by_key(|path| std::cmp::Reverse(std::fs::metadata(path).expect("metadata").len()));
    packs
}

fn write(garden: &Garden, name: &str, bytes: &[u8]) {
    std::fs::write(garden.source().join(name), bytes).expect("write");
}

fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(7).fill(&mut bytes);
    bytes
}

#[test]
fn a_full_and_an_incremental_backup_come_back_by_public_tools() {
    let garden = Garden::new();
    plant(&garden);
    let first = garden.backup(None).expect("backup");
    write(&garden, "new", b"only in the second");
    std::fs::remove_file(garden.source().join("empty.txt")).expect("remove");
    let second = garden.backup(Some(&first)).expect("backup");
    assert_eq!(second.needs.len(), 1, "the second one refers to the first");
    let target = garden.temp.path().join("plain");
    let output = script(&garden, &named(&second), &target);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_same(&garden.source(), &below(&garden, &target));
}

#[test]
fn the_script_refuses_a_flipped_byte() {
    let garden = Garden::new();
    write(&garden, "a", b"some content");
    let manifest = garden.backup(None).expect("backup");
    let pack = packs(&garden, &manifest).remove(0);
    let mut bytes = std::fs::read(&pack).expect("read");
    bytes[10] ^= 1;
    std::fs::write(&pack, bytes).expect("write");
    let output = script(&garden, &named(&manifest), &garden.temp.path().join("plain"));
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("damaged: "), "{output:?}");
}

#[test]
fn what_a_damaged_or_missing_pack_takes_is_named_and_all_else_comes_back() {
    let garden = Garden::new();
    write(&garden, "large", &noise(5_000_000));
    (0..50).for_each(|at| write(&garden, &format!("small{at}"), format!("number {at}").as_bytes()));
    let first = garden.backup(None).expect("backup");
    write(&garden, "later", &noise(50_000));
    let second = garden.backup(Some(&first)).expect("backup");
    std::fs::hard_link(garden.source().join("later"), garden.source().join("name-of-later")).expect("link");
    let third = garden.backup(Some(&second)).expect("backup");

    // A flipped byte within the large file: the files in the same pack are whole.
    let pack = packs(&garden, &first).remove(0);
    let good = std::fs::read(&pack).expect("read");
    let mut bytes = good.clone();
    bytes[2_000_000] ^= 1;
    std::fs::write(&pack, bytes).expect("write");
    let target = garden.temp.path().join("flipped");
    let said = fails(&script(&garden, &named(&third), &target), &["source/large': ", "restored in part: 53 of 54 entries"]);
    assert_eq!(said.matches("lost: ").count(), 1, "{said}");
    let back = below(&garden, &target);
    assert!(!back.join("large").exists(), "half a file stays");
    assert_eq!(std::fs::read(back.join("small7")).expect("read"), b"number 7");

    // Missing: nothing of it, and everything of the other packs.
    std::fs::write(&pack, &good).expect("write");
    let pack = packs(&garden, &second).remove(0);
    std::fs::remove_file(&pack).expect("remove");
    let target = garden.temp.path().join("missing");
    let words = ["lost: ", "source/later': ", "source/name-of-later': ", "No such file", "restored in part: 52 of 54 entries"];
    fails(&script(&garden, &named(&third), &target), &words);
    let back = below(&garden, &target);
    assert!(std::fs::read(back.join("large")).expect("read") == noise(5_000_000));
    assert_eq!(std::fs::read(back.join("small49")).expect("read"), b"number 49");
}

#[test]
fn what_cannot_be_done_is_told_in_words() {
    let garden = Garden::new();
    write(&garden, "a", b"some content");
    let manifest = garden.backup(None).expect("backup");
    let place = |name: &str| garden.temp.path().join(name);
    std::fs::create_dir(place("there")).expect("folder");
    fails(&script(&garden, &named(&manifest), &place("there")), &["File exists"]);
    let without_tier = manifest.id.to_string();
    fails(&script(&garden, &without_tier, &place("x")), &["there is no backup", &format!("there is: {}", named(&manifest))]);
    fails(&script(&garden, &named(&manifest), Path::new("/proc/no/such/place")), &["could not restore"]);
    let index = series(&garden).join(&manifest.index[0].key);
    std::fs::rename(&index, place("index")).expect("move");
    fails(&script(&garden, &named(&manifest), &place("y")), &["No such file"]);
    std::fs::write(&index, b"something else").expect("write");
    fails(&script(&garden, &named(&manifest), &place("z")), &["damaged: ", "index/"]);
    let path = series(&garden).join(manifest.place().manifest());
    let text = std::fs::read_to_string(&path).expect("text");
    std::fs::write(&path, text.replace("\"entries\":2", "\"entries\":3")).expect("write");
    fails(&script(&garden, &named(&manifest), &place("w")), &["damaged: ", "manifest.json"]);
}

#[test]
fn a_path_longer_than_the_system_takes_at_once_comes_back() {
    let garden = Garden::new();
    let name = "n".repeat(200);
    let dig = format!("for at in $(seq 30); do mkdir {name}; cd {name}; done; echo found > bottom");
    let shell = |folder: PathBuf, line: &str| Command::new("bash").args(["-c", line]).current_dir(folder).output().expect("bash");
    assert!(shell(garden.source(), &dig).status.success());
    let manifest = garden.backup(None).expect("backup");
    assert!(!manifest.is_suspect(), "{:?}", manifest.issues);
    let target = garden.temp.path().join("plain");
    let output = script(&garden, &named(&manifest), &target);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let dug = shell(below(&garden, &target), &format!("for at in $(seq 30); do cd {name} || exit 1; done; cat bottom"));
    assert_eq!(dug.stdout, b"found\n");
}

/// Runs the script as somebody who may not give files away; `None` where this process cannot become somebody else.
fn as_nobody(garden: &Garden, backup: &str, target: &Path) -> Option<Output> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let fall = "import functools, glob, hashlib, json, os, subprocess, sys\n\
                text = open(sys.argv[1]).read(); sys.argv = sys.argv[1:]\n\
                os.setgroups([]); os.setgid(65534); os.setuid(65534); exec(compile(text, 'script', 'exec'))";
    let mut command = Command::new("python3");
    command.args(["-c", fall]).arg(root().join("docs/restore-without-bdr.py")).arg(series(garden)).arg(backup).arg(target);
    Some(command.current_dir("/").output().expect("python3 runs"))
}

#[test]
fn who_may_not_give_files_away_gets_them_without_owners_and_is_told_once() {
    let garden = Garden::new();
    plant(&garden);
    let manifest = garden.backup(None).expect("backup");
    let target = garden.temp.path().join("open/plain");
    std::fs::create_dir(garden.temp.path().join("open")).expect("folder");
    let open = Command::new("chmod").args(["-R", "a+rwX"]).arg(garden.temp.path()).status().expect("chmod");
    assert!(open.success());
    let Some(output) = as_nobody(&garden, &named(&manifest), &target) else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.lines().count() == 1, "{said}");
    assert!(said.contains(&format!("the owners of {} entries were not set", manifest.counts.entries - 1)), "{said}");
    let script = std::fs::metadata(below(&garden, &target).join("deep/script")).expect("metadata");
    assert_eq!((script.uid(), script.permissions().mode() & 0o7777), (65534, 0o755), "root's program under another owner");
}
