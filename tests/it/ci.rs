//! What pipelines run: the action, the component and the examples are valid, pinned, and their shell does what it says.
//!
//! No runner is there. So the steps' own shell runs, with the program that was just built, and with stand-ins for the forges'
//! commands, which keep comments and artefacts as files and note every call.

mod github;
mod gitlab;
mod valid;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::binary::{Home, POLICY, Ran};

/// A forge as files, the commands that stand for it, and a checkout of a policy.
struct Forge {
    home: Home,
}

const STANDINS: [(&str, &str); 3] =
    [("gh", include_str!("ci/gh.py")), ("curl", include_str!("ci/curl.py")), ("unzip", include_str!("ci/unzip.py"))];

impl Forge {
    fn new() -> Self {
        let home = Home::new();
        home.policy(POLICY);
        fs::create_dir_all(home.path("forge/artefacts")).unwrap();
        fs::create_dir_all(home.path("bin")).unwrap();
        for (name, text) in STANDINS {
            let path = home.path("bin").join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bdr"), home.path("bin/bdr")).unwrap();
        fs::write(home.path("forge/comments.json"), "[]").unwrap();
        Self { home }
    }

    /// Runs a script as a runner does, in the checkout, with nothing but what is given.
    fn shell(&self, script: &str, variables: &BTreeMap<String, String>) -> Ran {
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]);
        command.current_dir(self.home.path("")).env_clear().stdin(Stdio::null()).envs(variables);
        command.env("PATH", format!("{}:/usr/bin:/bin", self.home.path("bin").display()));
        command.env("FORGE", self.home.path("forge")).env("HOME", self.home.path("")).env("CI", "true");
        Ran::of(&command.output().unwrap())
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.home.text(name)).unwrap()
    }

    /// The calls so far, and none from now on.
    fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.home.path("forge/calls")).unwrap_or_default();
        fs::write(self.home.path("forge/calls"), "").unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn comments(&self) -> Vec<Value> {
        self.json("forge/comments.json").as_array().unwrap().clone()
    }

    /// What somebody changed by hand on the machine.
    fn drift(&self) -> String {
        let timer = self.home.path("units/bdr-notes.docs.nightly.timer");
        let drifted = fs::read_to_string(&timer).unwrap().replace("02:00", "05:00");
        fs::write(&timer, &drifted).unwrap();
        drifted
    }

    fn timer(&self) -> String {
        self.home.text("units/bdr-notes.docs.nightly.timer")
    }
}

/// A text of the checkout, as YAML documents.
fn yaml(text: &str) -> Vec<serde_yaml::Value> {
    serde_yaml::Deserializer::from_str(text).map(|one| serde::Deserialize::deserialize(one).unwrap()).collect()
}
