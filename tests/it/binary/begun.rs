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
