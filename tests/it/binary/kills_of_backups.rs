//! Backups and prunes killed at random moments, and two of everything at once: nothing half-done is ever listed, what is comes back.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use super::moments::{Moments, tries};
use crate::tree::compare::assert_same;

/// A policy in a folder of its own, with a tree to protect.
struct Scene {
    folder: tempfile::TempDir,
    moments: Moments,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { folder: tempfile::Builder::new().prefix("kills-").tempdir().unwrap(), moments: Moments::new() };
        let at = scene.path("").display().to_string();
        let policy = format!(
            "version: 1\nname: crash\nstores:\n  vault: {{ folder: {{ path: {at}vault }} }}\ncomponents:\n  docs:\n    \
             files: {{ paths: [{at}source] }}\n    protect:\n      often: {{ file_backup: {{}}, schedule: every 1h, store: vault }}\n    \
             retain: {{ daily: {{ for: 3d }} }}\nscheduler: {{ systemd: {{ directory: {at}units }} }}\n"
        );
        std::fs::write(scene.path("bdr.yaml"), policy).unwrap();
        std::fs::create_dir(scene.path("source")).unwrap();
        scene
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Some hundred files, a few of them large and hard to compress.
    fn grow(&mut self) {
        for at in 0..200 {
            let folder = self.path("source").join(format!("{}", at % 7));
            std::fs::create_dir_all(&folder).unwrap();
            let length = if at % 40 == 0 { 1_500_000 } else { self.moments.random.usize(0..4_000) };
            let mut bytes = vec![0; length];
            self.moments.random.fill(&mut bytes);
            std::fs::write(folder.join(format!("{at}")), bytes).unwrap();
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bdr"));
        command.args(arguments).arg("-p").arg(self.path("bdr.yaml")).env_remove("BDR_POLICY").env_remove("BDR_NOW");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    #[track_caller]
    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "bdr {} ended with {}:\n{out}\n{err}", arguments.join(" "), output.status);
        format!("{out}{err}")
    }

    fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Starts it and kills it at a random moment.
    fn kill(&mut self, arguments: &[&str]) {
        let command = self.command(arguments);
        self.moments.kill(command);
    }

    /// Runs it to its end; the kills that follow come within the time that this took.
    #[track_caller]
    fn left_alone(&mut self, arguments: &[&str]) {
        let command = self.command(arguments);
        let output = self.moments.left_alone(|| {
            let mut command = command;
            command.output().unwrap()
        });
        assert!(output.status.success(), "seed {}: {}", self.moments.seed, String::from_utf8_lossy(&output.stderr));
    }

    /// Everything that is listed is whole, and the newest comes back as the source is.
    #[track_caller]
    fn is_whole(&self) {
        self.succeed(&["verify", "docs", "--read-data=all"]);
        let target = self.path("restored");
        _ = std::fs::remove_dir_all(&target);
        self.succeed(&["restore", "docs", "--to", &target.display().to_string()]);
        assert_same(&self.path("source"), &target);
    }
}

fn listed(scene: &Scene) -> usize {
    let text = scene.succeed(&["list", "--format", "json"]);
    text.matches("\"id\"").count()
}

#[test]
fn a_backup_that_is_killed_at_any_moment_goes_on_and_is_whole() {
    let mut scene = Scene::new();
    scene.grow();
    super::set_up(&scene.path("vault"), "crash");
    for round in 0..tries(150) {
        if round % 10 == 0 {
            std::fs::write(scene.path("source").join("changed"), format!("{round}")).unwrap();
        }
        if round % 30 == 0 {
            // A first backup in a store of its own takes its whole time.
            let vault = scene.path("vault");
            let aside = scene.path("aside");
            std::fs::rename(&vault, &aside).unwrap();
            super::set_up(&vault, "crash");
            scene.left_alone(&["backup", "docs"]);
            std::fs::remove_dir_all(&vault).unwrap();
            std::fs::rename(&aside, &vault).unwrap();
        }
        scene.kill(&["backup", "docs"]);
        if round % 15 == 14 && listed(&scene) > 0 {
            // Whatever is listed by now is whole.
            scene.succeed(&["verify", "docs", "--read-data=all"]);
        }
    }
    scene.moments.told();
    scene.succeed(&["backup", "docs"]);
    scene.is_whole();
}

#[test]
fn a_prune_that_is_killed_at_any_moment_leaves_whole_backups() {
    let mut scene = Scene::new();
    scene.grow();
    super::set_up(&scene.path("vault"), "crash");
    for day in 1..=8 {
        std::fs::write(scene.path("source").join("day"), format!("{day}")).unwrap();
        let output = scene
            .command(&["backup", "docs", "--scheduled"])
            .env("BDR_NOW", format!("2026-03-{day:02}T12:00:00Z"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let before = listed(&scene);
    // As long as this takes, prune takes to decide; what it then does takes longer.
    scene.left_alone(&["prune", "--dry-run"]);
    for _ in 0..tries(60) {
        scene.kill(&["prune", "--yes"]);
    }
    scene.moments.told();
    scene.succeed(&["prune", "--yes"]);
    assert!(listed(&scene) < before, "nothing was pruned of {before}");
    scene.is_whole();
}

#[test]
fn two_backups_at_once_and_a_prune_between_them_leave_whole_backups() {
    let mut scene = Scene::new();
    scene.grow();
    super::set_up(&scene.path("vault"), "crash");
    for _ in 0..3 {
        let all = [scene.start(&["backup", "docs"]), scene.start(&["backup", "docs"]), scene.start(&["prune", "--yes"])];
        for mut child in all {
            child.wait().unwrap();
        }
    }
    scene.succeed(&["backup", "docs"]);
    scene.is_whole();
}
