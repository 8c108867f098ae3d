//! The action, step by step, in a pull request and after its merge.

use std::collections::BTreeMap;
use std::fs;

use super::{Forge, POLICY, Ran, yaml};
use crate::tidy::root;

/// One run of the action: the job's files, and what expressions stand for.
struct Job<'a> {
    forge: &'a Forge,
    expressions: BTreeMap<String, String>,
    folder: std::path::PathBuf,
    sha: &'a str,
}

impl<'a> Job<'a> {
    fn new(forge: &'a Forge, name: &str, command: &str, sha: &'a str, inputs: &[(&str, &str)]) -> Self {
        let folder = forge.home.path(name);
        fs::create_dir_all(&folder).unwrap();
        let mut expressions: BTreeMap<String, String> = defaults();
        expressions.insert("inputs.command".into(), command.into());
        expressions.insert("inputs.token".into(), "a-token".into());
        expressions.extend(inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Self { forge, expressions, folder, sha }
    }

    /// Runs the steps in order until one fails. What a step sets is there for those after it.
    fn run(&mut self) -> Ran {
        let mut last = None;
        for step in steps() {
            let condition = step["if"].as_str().unwrap_or_default();
            let wanted = condition.strip_prefix("inputs.command == '").and_then(|rest| rest.strip_suffix('\''));
            assert!(condition.is_empty() || wanted.is_some(), "a condition that this test cannot judge: {condition}");
            let Some(script) = step["run"].as_str() else { continue };
            if wanted.is_some_and(|wanted| wanted != self.expressions["inputs.command"]) {
                continue;
            }
            let ran = self.forge.shell(script, &self.variables(&step));
            self.take_outputs(step["id"].as_str().unwrap());
            let failed = ran.code != Some(0);
            last = Some(ran);
            if failed {
                break;
            }
        }
        last.unwrap()
    }

    fn variables(&self, step: &serde_yaml::Value) -> BTreeMap<String, String> {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let mut variables: BTreeMap<String, String> = [
            ("RUNNER_TEMP", path("temp")),
            ("GITHUB_OUTPUT", path("output")),
            ("GITHUB_STEP_SUMMARY", path("summary")),
            ("GITHUB_PATH", path("path")),
            ("GITHUB_REPOSITORY", "example/notes".to_owned()),
            ("GITHUB_SHA", self.sha.to_owned()),
            ("GITHUB_ACTION_PATH", root().display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        fs::create_dir_all(path("temp")).unwrap();
        for (name, value) in step["env"].as_mapping().into_iter().flatten() {
            let expression = value.as_str().unwrap().trim().trim_start_matches("${{").trim_end_matches("}}").trim();
            let value = self.expressions.get(expression).unwrap_or_else(|| panic!("no value for {expression}"));
            variables.insert(name.as_str().unwrap().to_owned(), value.clone());
        }
        variables
    }

    fn take_outputs(&mut self, step: &str) {
        let text = fs::read_to_string(self.folder.join("output")).unwrap_or_default();
        let outputs = text.lines().map(|line| line.split_once('=').unwrap());
        self.expressions.extend(outputs.map(|(name, value)| (format!("steps.{step}.outputs.{name}"), value.to_owned())));
        _ = fs::remove_file(self.folder.join("output"));
    }

    /// What the step that uploads keeps.
    fn keep(&self, run: &str) {
        let to = self.forge.home.path("forge/artefacts").join(run).join("bdr-plan");
        fs::create_dir_all(&to).unwrap();
        for name in ["plan.json", "comment.md"] {
            fs::copy(self.folder.join("temp/bdr-plan").join(name), to.join(name)).unwrap();
        }
    }
}

fn steps() -> Vec<serde_yaml::Value> {
    action()["runs"]["steps"].as_sequence().unwrap().clone()
}

fn action() -> serde_yaml::Value {
    yaml(&fs::read_to_string(root().join("action.yml")).unwrap()).remove(0)
}

/// Every input with its default.
fn defaults() -> BTreeMap<String, String> {
    let inputs = action()["inputs"].as_mapping().unwrap().clone();
    inputs
        .iter()
        .map(|(name, input)| {
            (format!("inputs.{}", name.as_str().unwrap()), input["default"].as_str().unwrap_or_default().to_owned())
        })
        .collect()
}

const PULL: [(&str, &str); 1] = [("github.event.pull_request.number", "7")];

/// Plans in a pull request; the plan is the artefact of run 41.
#[track_caller]
fn planned<'a>(forge: &'a Forge, name: &str) -> Job<'a> {
    let mut job = Job::new(forge, name, "plan", "merge-of-7", &PULL);
    job.run().ends(0);
    job.keep("41");
    job
}

/// Commit `abc` is the merge of a pull request whose head had run 41.
fn merged(forge: &Forge) {
    fs::write(
        forge.home.path("forge/pulls.json"),
        r#"{"abc": [{"merged_at": null, "head": {"sha": "no"}}, {"merged_at": "x", "head": {"sha": "head"}}]}"#,
    )
    .unwrap();
    fs::write(forge.home.path("forge/runs.json"), r#"[{"databaseId": 41, "headSha": "head"}]"#).unwrap();
}

#[test]
fn the_comment_is_made_once_then_updated_and_a_strangers_is_left_alone() {
    let forge = Forge::new();
    let marker = "<!-- bdr:plan policy=notes v=1 -->";
    let strangers = serde_json::json!([{ "id": 1, "user": { "type": "User" }, "body": marker, "pull": "7" }]);
    fs::write(forge.home.path("forge/comments.json"), strangers.to_string()).unwrap();
    let job = planned(&forge, "one");
    assert_eq!(job.expressions["steps.plan.outputs.changes"], "true");
    let digest = &job.expressions["steps.plan.outputs.digest"];
    assert_eq!(forge.json("one/temp/bdr-plan/plan.json")["digest"], digest.as_str());
    let comments = forge.comments();
    assert_eq!((comments.len(), comments[0]["body"].as_str()), (2, Some(marker)));
    let body = comments[1]["body"].as_str().unwrap();
    assert!(body.starts_with(marker) && body.contains(digest.as_str()), "{body}");
    assert_eq!(forge.home.text("one/summary"), body);

    forge.home.policy(&POLICY.replace("0 2 * * *", "0 3 * * *"));
    forge.calls();
    planned(&forge, "two");
    let calls = forge.calls();
    assert!(calls.iter().any(|call| call.starts_with("api --method PATCH repos/example/notes/issues/comments/2 ")), "{calls:?}");
    let comments = forge.comments();
    assert_eq!(comments.len(), 2, "no second one");
    assert_ne!(comments[1]["body"].as_str(), Some(body));
}

#[test]
fn nothing_to_do_begins_no_comment_but_updates_one_and_a_wrong_policy_fails() {
    let forge = Forge::new();
    forge.home.run(&["apply", "--auto-approve"]).ends(0);
    let job = planned(&forge, "one");
    assert_eq!(job.expressions["steps.plan.outputs.changes"], "false");
    assert_eq!(forge.comments().len(), 0);
    let kept = forge.drift();
    planned(&forge, "two");
    fs::write(forge.home.path("units/bdr-notes.docs.nightly.timer"), kept.replace("05:00", "02:00")).unwrap();
    planned(&forge, "three");
    assert!(forge.comments()[0]["body"].as_str().unwrap().contains("nothing to do"), "{:?}", forge.comments());
    forge.home.policy(&format!("{POLICY}nonsense: 1\n"));
    Job::new(&forge, "four", "plan", "merge-of-7", &PULL).run().ends(1);
    let lint = Job::new(&forge, "five", "lint", "merge-of-7", &[]).run().ends(2);
    assert!(lint.stdout.starts_with("::error file="), "{lint:#?}");
}

#[test]
fn the_reviewed_plan_is_applied_after_the_merge() {
    let forge = Forge::new();
    planned(&forge, "one");
    merged(&forge);
    let mut apply = Job::new(&forge, "two", "apply", "abc", &[]);
    let ran = apply.run().ends(0);
    assert!(ran.stdout.contains("Applied: 3 changes and 1 first backup."), "{ran:#?}");
    let reviewed = fs::read(forge.home.path("forge/artefacts/41/bdr-plan/plan.json")).unwrap();
    assert_eq!(fs::read(forge.home.path("two/temp/bdr-reviewed/plan.json")).unwrap(), reviewed, "that artefact and no other");
    assert_eq!(apply.expressions["steps.apply.outputs.digest"], forge.json("one/temp/bdr-plan/plan.json")["digest"]);
    forge.home.run(&["plan", "--detailed-exitcode"]).ends(0);
}

#[test]
fn a_stale_plan_a_forged_one_and_a_push_past_review_are_refused() {
    let forge = Forge::new();
    forge.home.run(&["apply", "--auto-approve"]).ends(0);
    forge.home.policy(&POLICY.replace("0 2 * * *", "0 3 * * *"));
    planned(&forge, "one");
    merged(&forge);
    let drifted = forge.drift();
    let stale = Job::new(&forge, "two", "apply", "abc", &[]).run().ends(4);
    assert!(
        stale.stdout.contains("what was reviewed is not what would be done now") && stale.stdout.contains("05:00"),
        "{stale:#?}"
    );
    assert_eq!(forge.timer(), drifted, "left as it is");

    // A plan of something else that is whole in itself and says that it is of this policy.
    let wanted = forge.json("one/temp/bdr-plan/plan.json")["policy"]["digest"].as_str().unwrap().to_owned();
    forge.home.policy(&POLICY.replace("0 2 * * *", "0 4 * * *"));
    forge.home.run(&["plan", "--out", "forged.json"]).ends(0);
    forge.home.policy(&POLICY.replace("0 2 * * *", "0 3 * * *"));
    let mut forged = bdr::plan::file::read(&forge.home.text("forged.json")).unwrap();
    forged.policy.digest = wanted;
    let text = bdr::plan::file::write(&forged.sealed()).unwrap();
    fs::write(forge.home.path("forge/artefacts/41/bdr-plan/plan.json"), text).unwrap();
    let refused = Job::new(&forge, "three", "apply", "abc", &[]).run().ends(4);
    assert!(refused.stderr.contains("the plan's digest is"), "{refused:#?}");
    assert_eq!(forge.timer(), drifted);

    let pushed = Job::new(&forge, "four", "apply", "def", &[]).run().ends(1);
    assert!(pushed.stdout.contains("no merged pull request brought def"), "{pushed:#?}");
    fs::write(forge.home.path("forge/runs.json"), "[]").unwrap();
    let unplanned = Job::new(&forge, "five", "apply", "abc", &[]).run().ends(1);
    assert!(unplanned.stdout.contains("no run of bdr.yml for head made a plan"), "{unplanned:#?}");
}
