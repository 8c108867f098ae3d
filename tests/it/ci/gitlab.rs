//! The component of GitLab CI, job by job.

use std::collections::BTreeMap;
use std::fs;

use super::{Forge, POLICY, Ran, yaml};
use crate::tidy::root;

/// The component as a pipeline has it: inputs filled in.
fn component() -> serde_yaml::Value {
    let text = fs::read_to_string(root().join("templates/bdr.yml")).unwrap();
    let inputs = yaml(&text).remove(0)["spec"]["inputs"].as_mapping().unwrap().clone();
    let mut text = text.split_once("\n---\n").unwrap().1.to_owned();
    for (name, input) in inputs {
        let default = input["default"].as_str().unwrap_or_default();
        text = text.replace(&format!("$[[ inputs.{} ]]", name.as_str().unwrap()), &format!("\"{default}\""));
    }
    assert!(!text.contains("$[["), "an input that is not declared: {text}");
    yaml(&text).remove(0)
}

/// Runs the whole shell of a job.
fn job(forge: &Forge, name: &str, variables: &[(&str, &str)]) -> Ran {
    let component = component();
    let mut all: BTreeMap<String, String> = [
        ("CI_API_V4_URL", "http://gitlab.invalid/api/v4"),
        ("CI_PROJECT_ID", "5"),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_JOB_ID", "9"),
        ("CI_JOB_TOKEN", "a-job-token"),
        ("CI_COMMIT_SHA", "abc"),
        ("BDR_ID_TOKEN", "an-identity"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    all.insert("CI_BUILDS_DIR".into(), forge.home.path("builds").display().to_string());
    fs::create_dir_all(forge.home.path("builds")).unwrap();
    for section in [&component[".bdr"]["variables"], &component[name]["variables"]] {
        let own = section.as_mapping().into_iter().flatten();
        all.extend(own.map(|(name, value)| (name.as_str().unwrap().to_owned(), value.as_str().unwrap_or_default().to_owned())));
    }
    all.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let lines = [&component[".bdr"]["before_script"], &component[name]["script"]];
    let script: Vec<&str> =
        lines.into_iter().flat_map(|list| list.as_sequence().unwrap()).map(|line| line.as_str().unwrap()).collect();
    forge.shell(&script.join("\n"), &all)
}

fn keep(forge: &Forge) {
    let to = forge.home.path("forge/artefacts/refs-merge-requests-7-head");
    fs::create_dir_all(&to).unwrap();
    for name in ["plan.json", "plan.md"] {
        fs::copy(forge.home.path("bdr-plan").join(name), to.join(name)).unwrap();
    }
}

const MERGE: (&str, &str) =
    ("CI_COMMIT_MESSAGE", "Merge branch 'x' into 'main'\n\nKeep longer\n\nSee merge request team/notes!7");

#[test]
fn a_plan_is_a_note_that_is_updated_or_an_artefact_alone() {
    let forge = Forge::new();
    let ran = job(&forge, "bdr-plan", &[]).ends(0);
    assert!(ran.stdout.contains("first backup nightly") && forge.home.path("bdr-plan/plan.json").exists(), "{ran:#?}");
    assert_eq!(forge.calls(), [] as [&str; 0], "without a token nothing is asked");
    for _ in 0..2 {
        job(&forge, "bdr-plan", &[("BDR_COMMENT_TOKEN", "a-token")]).ends(0);
    }
    let (calls, notes) = (forge.calls(), forge.comments());
    assert_eq!(notes.len(), 1, "{calls:?}");
    assert!(notes[0]["body"].as_str().unwrap().starts_with("<!-- bdr:plan policy=notes v=1 -->"));
    assert!(
        calls.last().unwrap().contains("--request PUT http://gitlab.invalid/api/v4/projects/5/merge_requests/7/notes/1"),
        "{calls:?}"
    );
    forge.home.policy(&format!("{POLICY}nonsense: 1\n"));
    job(&forge, "bdr-plan", &[]).ends(1);
    job(&forge, "bdr-lint", &[]).ends(2);
    let report: Vec<serde_json::Value> = serde_json::from_str(&forge.home.text("bdr-lint.json")).unwrap();
    assert_eq!(report.len(), 1);
}

#[test]
fn identity_tokens_stand_for_keys() {
    let forge = Forge::new();
    job(&forge, "bdr-plan", &[("BDR_ROLE", "arn:aws:iam::111122223333:role/bdr-plan")]).ends(0);
    let token = forge.home.path("builds/bdr-token-9");
    assert_eq!(fs::read_to_string(&token).unwrap(), "an-identity");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&token).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_reviewed_plan_is_applied_and_a_stale_one_is_refused() {
    let forge = Forge::new();
    job(&forge, "bdr-plan", &[]).ends(0);
    keep(&forge);
    let past = job(&forge, "bdr-apply", &[("CI_COMMIT_MESSAGE", "pushed by hand!7")]).ends(1);
    assert!(past.stderr.contains("no merge request brought abc"), "{past:#?}");
    let ran = job(&forge, "bdr-apply", &[MERGE]).ends(0);
    assert!(ran.stdout.contains("Applied: 3 changes and 1 first backup."), "{ran:#?}");
    let call = forge.calls().pop().unwrap();
    assert!(
        call.contains("JOB-TOKEN: a-job-token")
            && call.contains("/jobs/artifacts/refs%2Fmerge-requests%2F7%2Fhead/download?job=bdr-plan"),
        "{call}"
    );

    forge.home.policy(&POLICY.replace("0 2 * * *", "0 3 * * *"));
    job(&forge, "bdr-plan", &[]).ends(0);
    keep(&forge);
    let drifted = forge.drift();
    let stale = job(&forge, "bdr-apply", &[MERGE]).ends(4);
    assert!(stale.stdout.contains("05:00"), "what would be done now: {stale:#?}");
    assert_eq!(forge.timer(), drifted);
}
