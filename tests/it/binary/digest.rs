//! A plan has one digest, from wherever and whenever it is made, and `apply --expect` holds a run to it.

use super::{Home, POLICY, Ran};

fn plan(home: &Home, folder: &str, policy: &str, now: &str) -> serde_json::Value {
    let mut command = home.command(&["plan", "--format", "json", "-p", policy]);
    let ran = Ran::of(&command.current_dir(home.path(folder)).env("BDR_NOW", now).output().unwrap()).ends(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn it_is_the_same_from_every_folder_and_at_every_time_and_apply_holds_to_it() {
    let home = Home::new();
    home.policy(POLICY);
    let absolute = home.path("bdr.yaml").display().to_string();
    let plans = [
        plan(&home, ".", "bdr.yaml", "2026-03-01T12:00:00Z"),
        plan(&home, "docs/deep", "../../bdr.yaml", "2026-03-02T03:00:00Z"),
        plan(&home, "docs", "./../docs/./../bdr.yaml", "2027-10-31T01:30:00Z"),
        plan(&home, ".", &absolute, "2026-03-01T12:00:00Z"),
    ];
    for other in &plans[1..] {
        assert_eq!(plans[0]["digest"], other["digest"]);
        assert_eq!(plans[0]["summary"], other["summary"]);
    }
    let digest = plans[1]["digest"].as_str().unwrap();

    home.policy(&POLICY.replace("0 2 * * *", "0 3 * * *"));
    let refused = home.run(&["apply", "--auto-approve", "--expect", digest]).ends(4);
    assert!(refused.stderr.contains("not") && !home.path("backups").exists(), "{refused:#?}");

    home.policy(POLICY);
    let mut apply = home.command(&["apply", "--auto-approve", "--expect", digest]);
    Ran::of(&apply.env("BDR_NOW", "2026-03-01T13:00:00Z").output().unwrap()).ends(0);
    // Units name the policy by its path: from another folder it is still the same path.
    let later = plan(&home, "docs/deep", "../../bdr.yaml", "2026-03-02T03:00:00Z");
    assert_eq!(later["actions"].as_array().unwrap().len(), 0, "{later:#}");
}
