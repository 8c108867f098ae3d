//! Restores that cannot or shall not give things back to their owners: what is back counts as back, and no program keeps rights.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

use super::{as_nobody, home};
use crate::binary::{Home, Ran};

/// A program with the rights of its owner and of its group, a link, and a plain file.
fn planted() -> Home {
    let home = home();
    std::fs::write(home.path("docs/program"), "#!/bin/sh").unwrap();
    std::fs::set_permissions(home.path("docs/program"), std::fs::Permissions::from_mode(0o6755)).unwrap();
    symlink("a.txt", home.path("docs/link")).unwrap();
    home
}

fn mode(home: &Home, path: &str) -> u32 {
    std::fs::metadata(home.path(path)).unwrap().mode() & 0o7777
}

fn ended(ran: &Ran) -> serde_json::Value {
    let last = ran.stdout.lines().last().unwrap();
    serde_json::from_str(last).unwrap()
}

#[test]
fn what_came_back_without_its_owner_counts_as_back() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = planted();
    home.run(&["backup", "docs"]).ends(0);
    let open = std::process::Command::new("chmod").args(["-R", "a+rwX"]).arg(home.path("vault")).status().unwrap();
    assert!(open.success());
    std::fs::create_dir(home.path("open")).unwrap();
    std::fs::set_permissions(home.path("open"), std::fs::Permissions::from_mode(0o777)).unwrap();
    let Some(ran) = as_nobody(&home, &["restore", "docs", "--to", "open/back"]) else { return };
    let ran = ran.ends(3);
    assert!(ran.stderr.contains("6 entries, 4.9 KiB\n"), "{ran:#?}");
    assert!(ran.stderr.contains("owners of 6 entries were not set: run as root, or say `--no-owner`\n"), "{ran:#?}");
    assert!(ran.stderr.contains("capabilities of 1 entry were left off"), "{ran:#?}");
    for wrong in ["could not be", "missing", "Restored in part", "verify"] {
        assert!(!ran.stderr.contains(wrong), "{wrong}: {ran:#?}");
    }
    assert_eq!((home.text("open/back/program").as_str(), mode(&home, "open/back/program")), ("#!/bin/sh", 0o755));
    assert_eq!(std::fs::read_link(home.path("open/back/link")).unwrap().to_str(), Some("a.txt"));

    let Some(ran) = as_nobody(&home, &["restore", "docs", "--to", "open/again", "--format", "json"]) else { return };
    let told = ended(&ran.ends(3));
    let number = |key: &str| told[key].as_u64();
    assert_eq!((number("files"), number("symlinks"), number("bytes")), (Some(3), Some(1), Some(5_010)), "{told}");
    assert_eq!((number("failed"), number("foreign"), number("bared"), number("exit")), (Some(0), Some(6), Some(1), Some(3)));

    let Some(ran) = as_nobody(&home, &["restore", "docs", "--to", "open/asked", "--no-owner"]) else { return };
    let ran = ran.ends(0);
    assert!(!ran.stderr.contains("owners of") && ran.stderr.contains("capabilities of 1 entry were left off"), "{ran:#?}");
    assert_eq!(mode(&home, "open/asked/program"), 0o755);
}

#[test]
fn no_program_runs_as_another_owner_than_it_had() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = planted();
    std::fs::copy(home.path("docs/program"), home.path("docs/of-root")).unwrap();
    std::fs::set_permissions(home.path("docs/of-root"), std::fs::Permissions::from_mode(0o4755)).unwrap();
    chown(home.path("docs/program"), Some(1234), Some(5678)).unwrap();
    std::fs::set_permissions(home.path("docs/program"), std::fs::Permissions::from_mode(0o6755)).unwrap();
    // cap_net_raw+ep (capabilities(7), "File capability extended attribute versioning").
    let capability = [&[1, 0, 0, 2, 0, 32][..], &[0; 14]].concat();
    let capable = xattr::set(home.path("docs/program"), "security.capability", &capability).is_ok();
    home.run(&["backup", "docs"]).ends(0);

    home.run(&["restore", "docs", "--to", "back"]).ends(0);
    crate::tree::compare::assert_same(&home.path("docs"), &home.path("back"));
    // Into an empty folder, and over what came back with everything.
    for arguments in [&["--to", "plain", "--no-owner"][..], &["--to", "back", "--no-owner", "--overwrite"]] {
        if arguments.contains(&"back") {
            chown(home.path("back/program"), Some(0), Some(0)).unwrap();
            std::fs::set_permissions(home.path("back/program"), std::fs::Permissions::from_mode(0o6755)).unwrap();
            _ = xattr::set(home.path("back/program"), "security.capability", &capability);
        }
        let ran = home.run(&[&["restore", "docs"][..], arguments].concat()).ends(0);
        assert!(ran.stderr.contains("capabilities of 1 entry were left off"), "{ran:#?}");
        let program = home.path(arguments[1]).join("program");
        assert_eq!(mode(&home, &format!("{}/program", arguments[1])), 0o755, "{arguments:?}");
        let left = xattr::get(&program, "security.capability").unwrap_or_default();
        assert!(left.is_none(), "{arguments:?}, capable: {capable}");
        assert_eq!(mode(&home, &format!("{}/of-root", arguments[1])), 0o4755, "its owner is the same");
    }
}

#[test]
fn a_target_that_hands_on_its_group_gets_the_groups_of_the_backup() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = planted();
    home.run(&["backup", "docs"]).ends(0);
    std::fs::create_dir(home.path("back")).unwrap();
    chown(home.path("back"), None, Some(5678)).unwrap();
    std::fs::set_permissions(home.path("back"), std::fs::Permissions::from_mode(0o2755)).unwrap();
    home.run(&["restore", "docs", "--to", "back"]).ends(0);
    crate::tree::compare::assert_same(&home.path("docs"), &home.path("back"));
}
