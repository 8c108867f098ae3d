//! A disk without room, for a store and for a restore: it is said, nothing half-done counts, and the next run goes on.

use super::{Mount, home, manifests, noise, objects};
use crate::tree::compare::assert_same;

#[test]
fn a_full_store_is_told_and_the_next_backup_goes_on_with_what_is_there() {
    let home = home();
    let Some(mount) = Mount::new(&home.path("vault"), 40) else { return };
    crate::binary::set_up(&home.path("vault"), "notes");
    for at in 0..12 {
        std::fs::write(home.path(&format!("docs/{at}")), noise(at, 5 << 20)).unwrap();
    }
    let plan = home.run(&["plan"]);
    let told = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let warned = "Warning BDR-C007 the first backup of docs/nightly reads about 60.0 MiB, before it is compressed, and about";
    assert!(told.contains(warned) && told.contains("are free in store `vault`"), "{plan:#?}");
    let ran = home.run(&["backup", "docs"]).ends(1);
    assert!(ran.stderr.contains("No space left on device") && ran.stderr.contains("Make room there"), "{ran:#?}");
    assert_eq!(ran.stderr.matches("error:").count(), 1, "told once: {ran:#?}");
    let because = ran.stderr.lines().find(|line| line.contains("because about")).unwrap_or_else(|| panic!("{ran:#?}"));
    assert!(because.contains("are free there now") && because.contains("were read so far, and"), "{because}");
    assert!(ran.stderr.contains("Nothing half-done is listed"), "{ran:#?}");
    let listed = home.run(&["list"]).ends(0);
    assert!(listed.stderr.contains("There is no backup yet"), "{listed:#?}");
    let left = objects(&home, "/packs/");
    assert!(!left.is_empty(), "what was written whole stays for the next run");
    let written = |path: &std::path::PathBuf| std::fs::metadata(path).unwrap().modified().unwrap();
    let before: Vec<_> = left.iter().map(written).collect();

    mount.again("size=200m");
    assert!(!home.run(&["plan"]).stdout.contains("BDR-C007"), "there is room");
    home.run(&["backup", "docs"]).ends(0);
    let all = manifests(&home);
    assert_eq!(all.len(), 1);
    assert_eq!(left.iter().map(written).collect::<Vec<_>>(), before, "what was there was written again");
    let there: u64 = objects(&home, "/packs/").iter().map(|path| std::fs::metadata(path).unwrap().len()).sum();
    assert!(there < 65 << 20, "{there} bytes lie there, though {} packs did before", left.len());
    assert_eq!(all[0].1.measured.stored_bytes, there, "whoever wrote it");
    let listed = home.run(&["list"]).ends(0).stdout;
    assert!(listed.contains("60.") && !listed.contains(" 0 B"), "{listed}");
    home.run(&["verify", "docs", "--read-data"]).ends(0);
    home.run(&["restore", "docs", "--to", "back"]).ends(0);
    assert_same(&home.path("docs"), &home.path("back"));
}

#[test]
fn a_full_target_is_told_once_and_the_next_restore_goes_on() {
    let home = home();
    for at in 0..40 {
        std::fs::write(home.path(&format!("docs/{at}")), noise(at, 400_000)).unwrap();
    }
    home.run(&["backup", "docs"]).ends(0);
    let Some(mount) = Mount::new(&home.path("target"), 6) else { return };
    let ran = home.run(&["restore", "docs", "--to", "target"]).ends(1);
    assert!(ran.stderr.contains("No space left on device") && ran.stderr.contains("--overwrite"), "{ran:#?}");
    assert!(ran.stderr.lines().count() < 12, "told once, not for every file: {ran:#?}");
    let told = ran.stderr.lines().find(|line| line.starts_with("error: ")).unwrap();
    let docs = home.path("docs");
    assert!(told.contains(&format!("any further: {}/", docs.display())), "where: {told}");
    assert!(told.contains(" MiB of 44 entries, 15.3 MiB are back"), "how far: {told}");
    assert!(ran.stderr.contains("then run the same command again with `--overwrite`"), "{ran:#?}");
    let whole = |name: &str| std::fs::read(home.path(&format!("docs/{name}"))).unwrap();
    for entry in home.path("target").read_dir().unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with(".bdr-restore"), "half of a file stays: {name}");
        if home.path(&format!("target/{name}")).is_file() {
            assert!(std::fs::read(home.path(&format!("target/{name}"))).unwrap() == whole(&name), "{name} is half restored");
        }
    }
    mount.again("size=60m");
    let ran = home.run(&["restore", "docs", "--to", "target", "--overwrite"]).ends(0);
    assert!(ran.stderr.contains(" identical, "), "{ran:#?}");
    assert_same(&home.path("docs"), &home.path("target"));
}

#[test]
fn a_target_that_cannot_be_written_is_refused_before_anything_is_done() {
    let home = home();
    home.run(&["backup", "docs"]).ends(0);
    let Some(mount) = Mount::new(&home.path("target"), 6) else { return };
    mount.again("ro");
    let ran = home.run(&["restore", "docs", "--to", "target"]).ends(1);
    assert!(ran.stderr.contains("Read-only file system"), "{ran:#?}");
    std::fs::write(home.path("file"), "in the way").unwrap();
    let ran = home.run(&["restore", "docs", "--to", "file"]).ends(1);
    assert!(ran.stderr.contains("could not restore into `file`"), "{ran:#?}");
    assert_eq!(home.text("file"), "in the way");
}
