//! What `bdr init` writes is what `bdr lint` has nothing against.

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
