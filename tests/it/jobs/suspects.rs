//! Backups that are less than what was asked for: told, counted, marked in `list`, and never taken for good ones.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{as_nobody, home, manifests, noise};
use crate::binary::{Home, Ran};

/// Told with exit code 3, marked in `list`, and not what a restore picks by itself.
#[track_caller]
fn is_suspect(home: &Home, ran: Ran, why: &str) {
    let ran = ran.ends(3);
    assert!(ran.stderr.contains(&format!("suspect: {why}")), "{ran:#?}");
    let listed = home.run(&["list", "docs"]).ends(0).stdout;
    assert!(listed.contains("suspect: "), "{listed}");
    let restored = home.run(&["restore", "docs", "--to", "never"]).ends(1);
    assert!(restored.stderr.contains("there is no good backup of `docs`"), "{restored:#?}");
    let pruned = home.run(&["prune", "docs", "--dry-run"]).ends(0).stdout;
    assert!(!pruned.contains("last good"), "{pruned}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let home = home();
    std::fs::write(home.path("docs/secret"), "x").unwrap();
    std::fs::set_permissions(home.path("docs/secret"), std::fs::Permissions::from_mode(0o000)).unwrap();
    let Some(ran) = as_nobody(&home, &["backup", "docs"]) else { return };
    assert!(ran.stderr.contains("docs/secret: Permission denied"), "{ran:#?}");
    is_suspect(&home, ran, "could not be read (1)");
    let counts = manifests(&home).remove(0).1.counts;
    assert_eq!((counts.files, counts.skipped), (2, 1));
}

#[test]
fn a_file_that_changes_while_it_is_read_is_named() {
    let home = home();
    std::fs::write(home.path("docs/log"), noise(1, 64 << 20)).unwrap();
    let done = AtomicBool::new(false);
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| {
            use std::io::Write;
            let mut log = std::fs::OpenOptions::new().append(true).open(home.path("docs/log")).unwrap();
            while !done.load(Ordering::Relaxed) {
                log.write_all(b"line\n").unwrap();
                std::thread::sleep(std::time::Duration::from_micros(200));
            }
        });
        let ran = home.run(&["backup", "docs"]);
        done.store(true, Ordering::Relaxed);
        ran
    });
    is_suspect(&home, ran, "changed while being read (1)");
}

#[test]
fn an_empty_source_is_suspect_and_a_missing_one_is_no_backup() {
    let home = home();
    std::fs::remove_dir_all(home.path("docs")).unwrap();
    let ran = home.run(&["backup", "docs"]).ends(1);
    assert!(ran.stderr.contains("could not find anything to back up") && ran.stderr.contains("help: Check"), "{ran:#?}");
    assert_eq!(manifests(&home).len(), 0);
    std::fs::create_dir(home.path("docs")).unwrap();
    is_suspect(&home, home.run(&["backup", "docs"]), "no files in the source (1)");
}

#[test]
fn a_disk_that_is_not_mounted_is_noticed_and_the_backup_before_stays_the_good_one() {
    let home = home();
    let text = super::POLICY.replace("['@/docs']", "['@/docs', '@/disk']").replace("for: 7d", "for: 1d");
    home.policy(&text);
    std::fs::create_dir(home.path("disk")).unwrap();
    std::fs::write(home.path("disk/data"), "x").unwrap();
    let run = |day: u32, arguments: &[&str]| {
        Ran::of(&home.command(arguments).env("BDR_NOW", format!("2026-03-{day:02}T12:00:00Z")).output().unwrap())
    };
    run(1, &["backup", "docs"]).ends(0);
    let good = manifests(&home).remove(0).1.id.to_string();
    std::fs::remove_file(home.path("disk/data")).unwrap();
    for day in 2..6 {
        let ran = run(day, &["backup", "docs"]).ends(3);
        assert!(ran.stderr.contains("is its disk mounted?") && ran.stderr.contains("disk: 1 file then, none now"), "{ran:#?}");
    }
    run(20, &["prune", "docs", "--yes"]).ends(0);
    let listed = home.run(&["list", "docs"]).ends(0).stdout;
    assert!(listed.contains(&good), "the last good backup went:\n{listed}");
    home.run(&["restore", "docs", "--to", "back"]).ends(0);
    let data = home.path("back").join(home.path("disk/data").strip_prefix("/").unwrap());
    assert_eq!(std::fs::read_to_string(data).unwrap(), "x");
}

/// An unmounted disk with a stray file on its mount point: the good backup stays the one that restores, until a person agrees.
#[test]
fn a_source_that_shrank_to_next_to_nothing_is_suspect_until_somebody_says_that_it_is_right() {
    let home = home();
    for at in 0..40 {
        std::fs::write(home.path(&format!("docs/{at}")), noise(at, 1_000)).unwrap();
    }
    home.run(&["backup", "docs"]).ends(0);
    std::fs::rename(home.path("docs"), home.path("away")).unwrap();
    std::fs::create_dir(home.path("docs")).unwrap();
    std::fs::write(home.path("docs/stray"), "").unwrap();
    // However often it runs: nobody looked.
    for _ in 0..3 {
        let ran = home.run(&["backup", "docs"]).ends(3);
        assert!(ran.stderr.contains("suspect: a path holds a tenth or less of what it held in the backup before"), "{ran:#?}");
        assert!(ran.stderr.contains("docs: 42 files, 43.9 KiB then; 1 file, 0 B now"), "{ran:#?}");
        assert!(ran.stderr.contains("say so once: `bdr backup docs --accept-less`"), "{ran:#?}");
    }
    let listed = home.run(&["list", "docs"]).ends(0);
    assert_eq!(
        listed.stdout.split_whitespace().collect::<Vec<_>>().join(" ").matches("suspect: a path holds a tenth").count(),
        3
    );
    home.run(&["restore", "docs", "--to", "back"]).ends(0);
    assert!(home.path("back/7").exists(), "the newest good one is from before");

    let agreed = home.run(&["backup", "docs", "--accept-less"]).ends(0);
    assert!(agreed.stderr.contains("note: a path holds a tenth or less"), "{agreed:#?}");
    assert!(!agreed.stderr.contains("--accept-less"), "{agreed:#?}");
    let again = home.run(&["backup", "docs"]).ends(0);
    assert!(!again.stderr.contains("a tenth"), "held against the one that was agreed to: {again:#?}");
    home.run(&["backup", "docs", "--scheduled", "--accept-less"]).ends(64);
}

#[test]
fn a_source_of_a_handful_may_shrink() {
    let home = home();
    std::fs::write(home.path("docs/c"), noise(1, 100_000)).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    std::fs::remove_file(home.path("docs/c")).unwrap();
    std::fs::remove_dir_all(home.path("docs/deep")).unwrap();
    home.run(&["backup", "docs"]).ends(0);
}

/// Who mends the one reason that is told must not meet the next.
#[test]
fn a_first_backup_that_is_suspect_for_two_reasons_tells_both() {
    let home = home();
    home.policy(&super::POLICY.replace("['@/docs']", "['@/docs', '@/link', '@/gone']"));
    std::os::unix::fs::symlink(home.path("docs"), home.path("link")).unwrap();
    let ran = home.run(&["apply", "--auto-approve"]).ends(3);
    let told = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("was made but is suspect"), "{ran:#?}");
    for (reason, path) in [("symbolic link", "/link"), ("could not be read", "/gone")] {
        assert!(told.contains(reason) && told.contains(path), "{reason}: {ran:#?}");
    }
}
