//! What a policy may have looked up in a pipeline, by command, as the table of docs/security.md says.

use super::{Home, POLICY};

#[test]
fn who_looks_needs_leave_and_who_tells_of_the_stores_does_not() {
    let home = Home::new();
    home.policy(&POLICY.replace("'@/backups'", "'${env:PLACE}'"));
    let place = home.path("backups");
    let run = |arguments: &[&str]| super::Ran::of(&home.command(arguments).env("PLACE", &place).output().unwrap());
    for looking in ["plan", "drift"] {
        let refused = run(&[looking]).ends(1);
        assert!(refused.stderr.contains("--allow-env PLACE"), "{looking}: {refused:#?}");
        let told = run(&[looking, "--allow-env", "PLACE"]);
        assert!(told.code != Some(1) && !told.stderr.contains("--allow-env"), "{looking}: {told:#?}");
    }
    for nothing in [&["lint"][..], &["assess"], &["graph"], &["iam-policy", "plan"]] {
        run(nothing).ends(0);
    }
    run(&["apply", "--auto-approve"]).ends(0);
    for telling in ["list", "status", "verify"] {
        run(&[telling]).ends(0);
        run(&[telling, "--allow-env", "OTHER"]).ends(0);
    }
}
