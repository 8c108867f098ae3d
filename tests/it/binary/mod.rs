//! The binary against folders, units and crontabs: exit codes, what is said, kills at any moment, and two at once.

mod allowed;
mod baselines;
mod begun;
mod digest;
mod exits;
mod kills;
mod kills_of_backups;
mod links;
mod machine;
mod moments;
mod moves;
mod narrow;
mod one_place;
mod overridden;
mod packs;
mod pipes;
mod places;
mod renamed;
mod signals;
mod signatures;
mod strangers;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// One component that a timer backs up every night.
pub const POLICY: &str = "\
version: 1
name: notes
stores:
  disk: { folder: { path: '@/backups' } }
components:
  docs:
    files: { paths: ['@/docs'] }
    protect:
      nightly: { file_backup: {}, schedule: '0 2 * * *', store: disk }
    retain: { daily: { for: 7d } }
scheduler: { systemd: { directory: '@/units' } }
";

/// A policy with everything that it names below one temporary folder.
pub struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("docs/deep")).unwrap();
        std::fs::write(dir.path().join("docs/a.txt"), "a").unwrap();
        std::fs::write(dir.path().join("docs/deep/b.txt"), "b".repeat(5_000)).unwrap();
        Self { dir }
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub fn text(&self, below: &str) -> String {
        std::fs::read_to_string(self.path(below)).unwrap()
    }

    /// Writes the policy; `@` stands for the folder.
    pub fn policy(&self, text: &str) {
        std::fs::write(self.path("bdr.yaml"), text.replace("@", &self.dir.path().display().to_string())).unwrap();
    }

    /// The binary, with nothing of the caller's surroundings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_bdr"));
        command.args(arguments);
        command
    }

    fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path()).env_clear().stdin(Stdio::null());
        command.env("USER", "ada").env("HOME", self.dir.path());
        command
    }

    /// One that hangs is ended, so that the test fails and tells which it was.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.program("timeout");
        command.args(["--foreground", "--signal=KILL", "300", env!("CARGO_BIN_EXE_bdr")]).args(arguments);
        Ran::of(&command.output().unwrap())
    }
}

/// How a run ended, and what it said.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

/// Makes a folder that is set up as a store, as an apply does.
pub fn set_up(store: &Path, policy: &str) {
    let marks = store.join(".bdr/policies");
    std::fs::create_dir_all(&marks).unwrap();
    std::fs::write(marks.join(format!("{policy}.json")), format!("{{\"version\":1,\"policy\":\"{policy}\"}}")).unwrap();
}

/// Names of everything below a folder, with contents.
pub fn contents(folder: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(at) = left.pop() {
        for entry in std::fs::read_dir(at).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                left.push(path);
            } else {
                found.insert(path.clone(), std::fs::read(&path).unwrap_or_default());
            }
        }
    }
    found
}
