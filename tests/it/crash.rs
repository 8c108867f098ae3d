//! kill -9 at random moments, and two of everything at once: the next run converges, and nothing half-done is ever listed.
//!
//! `BDR_KILLS` sets how many kills each test makes, `BDR_SEED` repeats a run; the seed is printed where a test fails.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::tree::compare::assert_same;

/// A policy in a folder of its own, with a tree to protect.
struct Scene {
    folder: tempfile::TempDir,
    random: fastrand::Rng,
}

fn kills() -> usize {
    std::env::var("BDR_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(150)
}

impl Scene {
    #[expect(clippy::print_stdout, reason = "the seed by which a failed run is repeated")]
    fn new() -> Self {
        let seed = std::env::var("BDR_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
        println!("BDR_SEED={seed}");
        let scene =
            Self { folder: tempfile::Builder::new().prefix("crash-").tempdir().unwrap(), random: fastrand::Rng::with_seed(seed) };
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
            let length = if at % 40 == 0 { 1_500_000 } else { self.random.usize(0..4_000) };
            let mut bytes = vec![0; length];
            self.random.fill(&mut bytes);
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

    /// Starts it and kills it at a random moment within `most`.
    fn kill(&mut self, arguments: &[&str], most: Duration) {
        let mut child = self.start(arguments);
        std::thread::sleep(Duration::from_micros(self.random.u64(0..most.as_micros() as u64)));
        child.kill().unwrap();
        child.wait().unwrap();
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
    std::fs::create_dir(scene.path("vault")).unwrap();
    for round in 0..kills() {
        scene.kill(&["backup", "docs"], Duration::from_millis(300));
        if round % 10 == 9 {
            std::fs::write(scene.path("source").join("changed"), format!("{round}")).unwrap();
        }
        if round % 15 == 14 {
            // Whatever is listed by now is whole.
            scene.succeed(&["verify", "docs", "--read-data=all"]);
        }
    }
    scene.succeed(&["backup", "docs"]);
    scene.is_whole();
}

#[test]
fn an_apply_that_is_killed_at_any_moment_converges_and_its_lease_ends() {
    let mut scene = Scene::new();
    scene.grow();
    let apply = ["apply", "--auto-approve", "--lease-ttl", "3"];
    for _ in 0..kills() / 6 {
        scene.kill(&apply, Duration::from_millis(250));
        if scene.random.bool() {
            _ = std::fs::remove_dir_all(scene.path("units"));
        }
    }
    scene.succeed(&apply);
    let output = scene.run(&["plan", "--detailed-exitcode"]);
    assert!(output.status.success(), "the plan is not empty:\n{}", String::from_utf8_lossy(&output.stdout));
    scene.is_whole();
}

#[test]
fn a_prune_that_is_killed_at_any_moment_leaves_whole_backups() {
    let mut scene = Scene::new();
    scene.grow();
    std::fs::create_dir(scene.path("vault")).unwrap();
    for day in 1..=8 {
        std::fs::write(scene.path("source").join("day"), format!("{day}")).unwrap();
        let output = scene.command(&["backup", "docs"]).env("BDR_NOW", format!("2026-03-{day:02}T12:00:00Z")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let before = listed(&scene);
    for _ in 0..kills() / 3 {
        scene.kill(&["prune", "--yes"], Duration::from_millis(60));
    }
    scene.succeed(&["prune", "--yes"]);
    assert!(listed(&scene) < before, "nothing was pruned of {before}");
    scene.is_whole();
}

#[test]
fn two_backups_at_once_and_a_prune_between_them_leave_whole_backups() {
    let mut scene = Scene::new();
    scene.grow();
    std::fs::create_dir(scene.path("vault")).unwrap();
    for _ in 0..3 {
        let all = [scene.start(&["backup", "docs"]), scene.start(&["backup", "docs"]), scene.start(&["prune", "--yes"])];
        for mut child in all {
            child.wait().unwrap();
        }
    }
    scene.succeed(&["backup", "docs"]);
    scene.is_whole();
}

#[test]
fn of_two_applies_at_once_one_wins_and_the_other_says_so() {
    let mut scene = Scene::new();
    scene.grow();
    let apply = ["apply", "--auto-approve", "--lease-ttl", "3"];
    let (one, other) = (scene.command(&apply).spawn().unwrap(), scene.command(&apply).spawn().unwrap());
    let outputs = [one.wait_with_output().unwrap(), other.wait_with_output().unwrap()];
    let codes: Vec<Option<i32>> = outputs.iter().map(|output| output.status.code()).collect();
    assert!(codes.contains(&Some(0)), "{outputs:?}");
    for output in outputs.iter().filter(|output| output.status.code() != Some(0)) {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(said.contains("another apply of this policy runs"), "{said}");
    }
    let output = scene.run(&["plan", "--detailed-exitcode"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_plan_that_became_stale_is_shown_and_the_rest_is_done() {
    let scene = Scene::new();
    std::fs::write(scene.path("source").join("a"), "a").unwrap();
    scene.succeed(&["apply", "--auto-approve"]);
    let timer = first_timer(&scene.path("units"));
    let edit = |from: &str, to: &str| std::fs::write(&timer, std::fs::read_to_string(&timer).unwrap().replace(from, to)).unwrap();
    edit("AccuracySec=1s", "AccuracySec=2min");
    let plan = scene.path("plan.json").display().to_string();
    scene.succeed(&["plan", "--out", &plan]);
    edit("AccuracySec=2min", "AccuracySec=9min");
    let output = scene.run(&["apply", &plan, "--auto-approve"]);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(matches!(output.status.code(), Some(3 | 4)), "{:?}\n{said}", output.status);
    assert!(said.contains("2min") && said.contains("9min"), "what was reviewed and what is there now:\n{said}");
    scene.succeed(&["apply", "--auto-approve"]);
    assert!(std::fs::read_to_string(&timer).unwrap().contains("AccuracySec=1s"));
}

fn first_timer(units: &Path) -> PathBuf {
    let all = std::fs::read_dir(units).unwrap().map(|entry| entry.unwrap().path());
    all.into_iter().find(|path| path.extension().is_some_and(|ext| ext == "timer")).unwrap()
}
