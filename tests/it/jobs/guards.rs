//! What a restore never does: replace, remove or follow something unasked, or leave its folder.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, symlink};

use bdr::catalog::digest::Digest;
use bdr::catalog::manifest::Manifest;

use super::{home, manifests};
use crate::binary::Home;
use crate::tree::compare::{assert_same, tell};

fn backed_up() -> Home {
    let home = home();
    home.run(&["backup", "docs"]).ends(0);
    home
}

#[test]
fn nothing_that_exists_is_replaced_unasked_and_what_is_there_is_named() {
    let home = backed_up();
    std::fs::create_dir(home.path("back")).unwrap();
    std::fs::write(home.path("back/a.txt"), "mine").unwrap();
    std::fs::write(home.path("back/other"), "mine too").unwrap();
    let before = tell(&home.path("back"));
    let ran = home.run(&["restore", "docs", "--to", "back"]).ends(1);
    assert!(ran.stderr.contains("it holds 2 things: `a.txt`, `other`"), "{ran:#?}");
    assert!(tell(&home.path("back")) == before, "something was touched");
    home.run(&["restore", "docs", "--to", "back", "--overwrite"]).ends(0);
    assert_eq!((home.text("back/a.txt"), home.text("back/other")), ("a".to_owned(), "mine too".to_owned()));
}

#[test]
fn only_what_differs_is_written() {
    let home = backed_up();
    home.run(&["restore", "docs", "--to", "back"]).ends(0);
    let inode = |path: &str| std::fs::metadata(home.path(path)).unwrap().ino();
    let (same, other) = (inode("back/deep/b.txt"), inode("back/a.txt"));
    std::fs::write(home.path("back/a.txt"), "x").unwrap();
    let ran = home.run(&["restore", "docs", "--to", "back", "--overwrite"]).ends(0);
    assert!(ran.stderr.contains("; 1 file identical, 1 written\n"), "{ran:#?}");
    assert!(inode("back/deep/b.txt") == same && inode("back/a.txt") != other);
    assert_same(&home.path("docs"), &home.path("back"));
}

/// Files of every sort, so many of them: links, another name, and one that the index tells in several lines.
fn of_every_sort(home: &Home) -> u64 {
    symlink("a.txt", home.path("docs/link")).unwrap();
    std::fs::hard_link(home.path("docs/a.txt"), home.path("docs/second-name")).unwrap();
    let sparse = std::fs::File::create(home.path("docs/sparse")).unwrap();
    for at in 0..1_200 {
        sparse.write_all_at(&[1 + (at % 200) as u8; 4_096], at * 65_536).unwrap();
    }
    sparse.set_len(1_200 * 65_536).unwrap();
    let deep = home.path("docs/deep").read_dir().unwrap().count();
    (home.path("docs").read_dir().unwrap().count() - 1 + deep) as u64
}

#[test]
fn a_dry_run_and_the_restore_count_alike() {
    let home = home();
    let all = of_every_sort(&home);
    home.run(&["backup", "docs"]).ends(0);
    home.run(&["restore", "docs", "--to", "back"]).ends(0);
    let arguments = ["restore", "docs", "--to", "back", "--overwrite"];
    let count = |new: u64, changed: u64| {
        let identical = all - new - changed;
        let ran = home.run(&[&arguments[..], &["--dry-run"]].concat()).ends(0);
        let told = format!("  files    {new} new, {changed} changed, {identical} identical, 0 in the way\n");
        assert!(ran.stderr.contains(&told), "{told}{ran:#?}");
        let ran = home.run(&arguments).ends(0);
        let told = format!("; {identical} files identical, {} written\n", new + changed);
        assert!(ran.stderr.contains(&told), "{told}{ran:#?}");
        assert_same(&home.path("docs"), &home.path("back"));
    };
    let inode = || std::fs::metadata(home.path("back/sparse")).unwrap().ino();
    let before = inode();
    count(0, 0);
    assert_eq!(inode(), before, "it was written again");
    std::fs::remove_file(home.path("back/link")).unwrap();
    count(1, 0);
    // The other name goes with it.
    std::fs::remove_file(home.path("back/a.txt")).unwrap();
    std::fs::write(home.path("back/a.txt"), "another").unwrap();
    std::fs::remove_file(home.path("back/second-name")).unwrap();
    std::fs::hard_link(home.path("back/a.txt"), home.path("back/second-name")).unwrap();
    count(0, 2);
    std::fs::File::options().write(true).open(home.path("back/sparse")).unwrap().write_all_at(b"x", 70_000_000).unwrap();
    count(0, 1);
}

#[test]
fn what_is_removed_is_named_first_and_a_dry_run_removes_nothing() {
    let home = backed_up();
    home.run(&["restore", "docs", "--to", "back"]).ends(0);
    std::fs::create_dir_all(home.path("back/new/folder")).unwrap();
    std::fs::write(home.path("back/new/folder/file"), "x").unwrap();
    std::fs::write(home.path("back/deep/extra"), "x").unwrap();
    let arguments = ["restore", "docs", "--to", "back", "--overwrite", "--delete-extra"];
    let ran = home.run(&[&arguments[..], &["--dry-run"]].concat()).ends(0);
    assert!(ran.stderr.contains("2 things that the backup does not hold would be removed:\n  deep/extra\n  new\n"), "{ran:#?}");
    assert!(home.path("back/new/folder/file").exists());
    let ran = home.run(&arguments).ends(0);
    let (told, done) = (ran.stderr.find("will be removed:\n  deep/extra\n  new\n"), ran.stderr.find("does not hold removed"));
    assert!(told.is_some() && told < done, "{ran:#?}");
    assert_same(&home.path("docs"), &home.path("back"));
    home.run(&["restore", "docs", "--to", "back", "--delete-extra"]).ends(64);
}

#[test]
fn before_anything_is_replaced_the_files_are_counted() {
    let home = home();
    for name in ["b", "c", "d", "e"] {
        std::fs::write(home.path("docs").join(name), "12345").unwrap();
    }
    symlink("a.txt", home.path("docs/link")).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    home.run(&["restore", "docs", "--to", "back"]).ends(0);
    std::fs::remove_file(home.path("back/a.txt")).unwrap();
    std::fs::write(home.path("back/b"), "another size").unwrap();
    std::fs::write(home.path("back/c"), "54321").unwrap();
    std::fs::write(home.path("back/d"), "12345").unwrap();
    std::fs::remove_file(home.path("back/e")).unwrap();
    std::fs::create_dir(home.path("back/e")).unwrap();
    let before = tell(&home.path("back"));
    let ran = home.run(&["restore", "docs", "--to", "back", "--overwrite", "--dry-run"]).ends(0);
    // Identical: `d`, whose time alone is another, `deep/b.txt` and the link.
    assert!(ran.stderr.contains("  files    1 new, 2 changed, 3 identical, 1 in the way\n"), "{ran:#?}");
    assert!(ran.stderr.contains("    a folder is in the way: e\n"), "{ran:#?}");
    let ran = home.run(&["restore", "docs", "--to", "back", "--dry-run"]).ends(1);
    assert!(ran.stderr.contains("`back` is not empty"), "{ran:#?}");
    assert!(tell(&home.path("back")) == before, "something was touched");
}

#[test]
fn no_target_lies_in_a_store() {
    let home = backed_up();
    symlink(home.path("vault"), home.path("alias")).unwrap();
    let before = tell(&home.path("vault"));
    for target in ["vault", "vault/back", "alias/back/deeper", "new/../vault/x", "vault/notes/docs"] {
        let ran = home.run(&["restore", "docs", "--to", target, "--overwrite"]).ends(1);
        assert!(ran.stderr.contains(&format!("`{target}` lies in the folder of store `vault`")), "{ran:#?}");
        assert!(ran.stderr.contains("help: Name a folder outside"), "{ran:#?}");
    }
    let above = ["restore", "docs", "--to", ".", "--overwrite", "--delete-extra"];
    let ran = home.run(&above).ends(1);
    assert!(ran.stderr.contains("`--delete-extra` would remove the backups in it"), "{ran:#?}");
    assert!(tell(&home.path("vault")) == before && !home.path("new").exists(), "something was touched");
    home.run(&["restore", "docs", "--to", "vault-too"]).ends(0);
}

#[test]
fn a_link_that_stands_in_the_target_is_not_followed() {
    let home = backed_up();
    std::fs::create_dir_all(home.path("elsewhere")).unwrap();
    std::fs::create_dir_all(home.path("back")).unwrap();
    symlink(home.path("elsewhere"), home.path("back/deep")).unwrap();
    symlink(home.path("elsewhere/planted"), home.path("back/a.txt")).unwrap();
    home.run(&["restore", "docs", "--to", "back", "--overwrite"]).ends(0);
    assert_eq!(home.path("elsewhere").read_dir().unwrap().count(), 0, "something was written outside of the target");
    assert_same(&home.path("docs"), &home.path("back"));
}

#[test]
fn parts_are_restored_by_path_and_glob_and_a_path_that_is_not_there_is_told() {
    let home = backed_up();
    home.run(&["restore", "docs", "--to", "one", "--path", "deep/b.txt"]).ends(0);
    assert!(home.path("one/deep/b.txt").exists() && !home.path("one/a.txt").exists());
    home.run(&["restore", "docs", "--to", "two", "--path", "**/*.txt"]).ends(0);
    assert!(home.path("two/deep/b.txt").exists() && home.path("two/a.txt").exists());
    for (wanted, hint) in
        [("b.txt", "Did you mean `deep/b.txt`?"), ("deep/c.txt", "Did you mean `deep/b.txt`?"), ("zzzz", "`a.txt`, `deep`")]
    {
        let ran = home.run(&["restore", "docs", "--to", "three", "--path", "a.txt", "--path", wanted]).ends(1);
        assert!(ran.stderr.contains(&format!("holds nothing at `{wanted}`")) && ran.stderr.contains(hint), "{ran:#?}");
        assert!(!home.path("three").exists(), "nothing is begun");
    }
}

#[test]
fn names_that_cannot_be_typed_and_roots_that_are_files_are_told_so_that_they_can_be_asked_for() {
    let home = backed_up();
    std::fs::write(home.path("docs/*a?[x]"), "signs of globs").unwrap();
    std::fs::create_dir(home.path("docs").join(OsStr::from_bytes(b"bad\xffdir"))).unwrap();
    std::fs::write(home.path("one.conf"), "a root").unwrap();
    home.policy(&super::POLICY.replace("paths: ['@/docs']", "paths: ['@/docs', '@/one.conf']"));
    home.run(&["backup", "docs"]).ends(0);
    let root = home.path("one.conf").display().to_string();
    for (at, (wanted, near)) in
        [("*a?[y]", "[*]a[?][[]x[]]"), ("bad dir", "bad?dir"), ("one.conf", &root)].into_iter().enumerate()
    {
        let ran = home.run(&["restore", "docs", "--to", "none", "--path", wanted]).ends(1);
        assert!(ran.stderr.contains(&format!("Did you mean `{near}`?")), "{ran:#?}");
        home.run(&["restore", "docs", "--to", &format!("back{at}"), "--path", near]).ends(0);
    }
    home.run(&["restore", "docs", "--to", "as-it-is", "--path", "*a?[x]"]).ends(0);
    let back = crate::binary::contents(&home.path("as-it-is")).into_keys();
    assert_eq!(back.filter(|path| path.ends_with("*a?[x]")).count(), 1);
}

#[test]
fn a_path_that_names_nothing_is_told_as_such() {
    let home = backed_up();
    for empty in ["", "/", "//"] {
        let ran = home.run(&["restore", "docs", "--to", "back", "--path", empty]).ends(64);
        assert!(ran.stderr.contains(&format!("`--path '{empty}'` names nothing")), "{ran:#?}");
        assert!(ran.stderr.contains("Leave `--path` away") && !ran.stderr.contains("Did you mean"), "{ran:#?}");
    }
    let ran = home.run(&["restore", "docs", "--to", "back", "--path", "d"]).ends(1);
    assert!(!ran.stderr.contains("Did you mean ``"), "{ran:#?}");
    assert!(!home.path("back").exists());
}

#[test]
fn nothing_is_removed_where_not_everything_came_back() {
    let home = backed_up();
    home.run(&["restore", "docs", "--to", "back"]).ends(0);
    std::fs::write(home.path("back/extra"), "x").unwrap();
    std::fs::remove_file(home.path("back/a.txt")).unwrap();
    std::fs::create_dir(home.path("back/a.txt")).unwrap();
    let ran = home.run(&["restore", "docs", "--to", "back", "--overwrite", "--delete-extra"]).ends(3);
    assert!(ran.stderr.contains("What the backup does not hold was left"), "{ran:#?}");
    assert!(home.path("back/extra").exists());
}

/// Rewrites the index of the only backup, with digests and manifest that fit it.
fn forge(home: &Home, from: &str, to: &str) {
    let (path, manifest) = manifests(home).remove(0);
    let series = home.path("vault/notes/docs/nightly");
    let part = manifest.index[0].clone();
    let text = zstd::decode_all(&std::fs::read(series.join(&part.key)).unwrap()[..]).unwrap();
    let forged = String::from_utf8(text).unwrap().replace(from, to);
    assert!(forged.contains(to), "nothing to forge in {forged}");
    let body = zstd::encode_all(forged.as_bytes(), 3).unwrap();
    let sha256 = Digest::sha256(&body);
    let key = part.key.replace(&part.sha256.to_string()[..16], &sha256.to_string()[..16]);
    std::fs::write(series.join(&key), &body).unwrap();
    let part = bdr::catalog::part::Part { key, size: body.len() as u64, sha256, ..part };
    std::fs::write(path, Manifest { index: vec![part], ..manifest }.encode().unwrap()).unwrap();
}

#[test]
fn an_index_that_leaves_the_target_is_refused() {
    for evil in ["../../evil", "/evil", "x/../../../evil", "./evil"] {
        let home = backed_up();
        let path = format!("{}/a.txt", home.path("docs").display());
        forge(&home, path.trim_start_matches('/'), evil);
        let ran = home.run(&["restore", "docs", "--to", "back"]).ends(1);
        assert!(ran.stderr.contains("leaves the tree"), "{ran:#?}");
        let ran = home.run(&["verify", "docs"]).ends(1);
        assert!(ran.stdout.contains("leaves the tree"), "{ran:#?}");
        assert!(!home.path("evil").exists() && !home.path("../evil").exists() && !std::path::Path::new("/evil").exists());
    }
}
