//! What `bdr init` writes is what `bdr lint` has nothing against, and `bdr fmt` leaves whose it is.

use super::Home;

#[test]
fn what_init_writes_lints_clean_for_every_scheduler() {
    let home = Home::new();
    let (docs, store) = (home.path("docs").display().to_string(), home.path("vault").display().to_string());
    for scheduler in ["systemd", "systemd-user", "cron", "crontab"] {
        let file = format!("{scheduler}.yaml");
        home.run(&[
            "init",
            "--name",
            "notes",
            "--path",
            &docs,
            "--store-folder",
            &store,
            "--scheduler",
            scheduler,
            "--out",
            &file,
        ])
        .ends(0);
        home.run(&["lint", "--deny-warnings", &file]).ends(0);
    }
}

#[test]
fn a_name_that_is_none_is_answered_with_one_to_take() {
    let home = Home::new();
    for (name, near) in [("My_Shop!", "my-shop"), ("_x", "x"), ("Ä", "backups"), (&"x y".repeat(40), "")] {
        let ran = home.run(&["init", "--name", name, "--path", "docs", "--store-folder", "vault"]).ends(64);
        assert!(ran.stderr.contains("is not a name: use 1 to 63 of a-z, 0-9, `-` and `_`"), "{ran:#?}");
        let Some(said) = ran.stderr.split("`--name ").nth(1).and_then(|rest| rest.split('`').next()) else { panic!("{ran:#?}") };
        assert!(said == near || name.len() > 63, "{ran:#?}");
        home.run(&["init", "--name", said, "--path", "docs", "--store-folder", "vault", "--out", "-"]).ends(0);
    }
}

#[test]
fn a_refusal_names_the_file_that_was_asked_for() {
    let home = Home::new();
    let docs = home.path("docs").display().to_string();
    let inside = home.path("docs/backups").display().to_string();
    let arguments = ["init", "--name", "notes", "--path", &docs, "--store-folder", &inside, "--out", "other.yaml"];
    let ran = home.run(&arguments).ends(1);
    assert!(ran.stderr.contains("other.yaml:10") && !ran.stderr.contains("bdr.yaml"), "{ran:#?}");
}

#[test]
fn fmt_leaves_a_file_to_its_owner() {
    use std::os::unix::fs::{MetadataExt, chown};
    let home = Home::new();
    home.policy("version:   1\nname: notes\n");
    let file = home.path("bdr.yaml");
    // Only root gives files away.
    if chown(&file, Some(1234), Some(2345)).is_err() {
        return;
    }
    home.run(&["fmt"]).ends(0);
    let after = std::fs::metadata(&file).unwrap();
    assert_eq!((after.uid(), after.gid(), home.text("bdr.yaml").as_str()), (1234, 2345, "version: 1\nname: notes\n"));
}
