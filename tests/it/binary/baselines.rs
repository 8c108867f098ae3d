//! Findings that are known: `lint --write-baseline`, `--baseline`, and `--deny-warnings` of `lint` and `plan`.

use serde_json::Value;

use super::{Home, POLICY};

/// A policy with one warning, a store that nothing uses; `lines` move it.
fn with_spare(lines: &str, more: &str) -> String {
    POLICY.replace("stores:\n", &format!("{lines}stores:\n  spare: {{ folder: {{ path: '@/spare' }} }}\n{more}"))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn what_is_known_is_left_out_of_every_format_wherever_it_moves_to() {
    let home = Home::new();
    home.policy(&with_spare("", ""));
    home.run(&["lint", "--deny-warnings"]).ends(2);
    let wrote = home.run(&["lint", "--deny-warnings", "--write-baseline", "known.json"]).ends(0);
    assert!(wrote.stderr.contains("to known.json."), "{wrote:#?}");
    let schema = json(&home.run(&["schema", "baseline"]).ends(0).stdout);
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&json(&home.text("known.json"))));

    home.policy(&with_spare("\n# moved\n\n", "  fresh: { folder: { path: '@/fresh' } }\n"));
    let lint = |format: &str| home.run(&["lint", "--baseline", "known.json", "--format", format]).ends(0).stdout;
    for format in ["human", "json", "github", "gitlab", "junit"] {
        let text = lint(format);
        assert!(text.contains("`fresh`") && !text.contains("`spare`"), "{format}: {text}");
    }
    assert!(lint("human").contains("in the baseline."), "{}", lint("human"));
    let sarif = json(&lint("sarif"));
    let results = sarif["runs"][0]["results"].as_array().unwrap().clone();
    let of = |name: &str| results.iter().find(|one| one["message"]["text"].as_str().unwrap().contains(name)).unwrap();
    assert_eq!((&of("fresh")["baselineState"], &of("fresh")["suppressions"]), (&"new".into(), &Value::Null));
    assert_eq!(
        (&of("spare")["baselineState"], &of("spare")["suppressions"][0]["kind"]),
        (&"unchanged".into(), &"external".into())
    );
    home.run(&["lint", "--baseline", "known.json", "--deny-warnings"]).ends(2);
}

#[test]
fn what_no_longer_occurs_is_told_and_what_could_not_be_read_is_not() {
    let home = Home::new();
    home.policy(&with_spare("", ""));
    home.run(&["lint", "--write-baseline", "known.json"]).ends(0);
    home.policy(POLICY);
    let mended = home.run(&["lint", "--baseline", "known.json"]).ends(0).stdout;
    assert!(mended.contains("Of the baseline 1 finding is mended:\n  BDR-L005 at stores.spare\n"), "{mended}");
    let told = json(&home.run(&["lint", "--baseline", "known.json", "--format", "json"]).ends(0).stdout);
    assert_eq!(told["mended"][0]["path"], "stores.spare");

    home.policy(&format!("{POLICY}nonsense: 1\n"));
    let broken = home.run(&["lint", "--baseline", "known.json"]).ends(2).stdout;
    assert!(broken.contains("nonsense") && !broken.contains("mended"), "{broken}");
    let before = home.text("known.json");
    let refused = home.run(&["lint", "--write-baseline", "known.json"]).ends(2);
    assert!(refused.stderr.contains("No baseline is written"), "{refused:#?}");
    assert_eq!(home.text("known.json"), before);
    home.run(&["lint", "--baseline", "bdr.yaml"]).ends(1);
}

#[test]
fn a_plan_fails_for_warnings_where_that_is_asked_for_unless_they_are_known() {
    let home = Home::new();
    home.policy(&with_spare("", ""));
    home.run(&["plan"]).ends(0);
    let denied = home.run(&["plan", "--deny-warnings", "--out", "p.json"]).ends(1);
    assert!(denied.stdout.contains("BDR-L005") && denied.stderr.contains("--deny-warnings was said"), "{denied:#?}");
    home.run(&["lint", "--write-baseline", "known.json"]).ends(0);
    let known = home.run(&["plan", "--deny-warnings", "--baseline", "known.json", "--detailed-exitcode"]).ends(2);
    assert!(!known.stdout.contains("BDR-L005"), "{known:#?}");
}
