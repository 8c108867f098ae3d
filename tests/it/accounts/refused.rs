//! A role that may not be taken on: one cause, told once, with what would let it.

use crate::accounts::{CALLER, OTHER, World};

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cause_is_told_once_with_role_caller_and_way_out() {
    let Some(world) = World::new().await else { return };
    let planned = world.run_with("something-else", &["plan"]).ends(1);
    let said = words(&planned.stderr);
    let (role, caller) =
        (format!("arn:aws:iam::{OTHER}:role/{}", world.name), format!("arn:aws:iam::{CALLER}:user/{}", world.name));
    assert_eq!(said.matches("no session as").count(), 1, "{said}");
    assert!(said.contains(&format!("no session as {role} (account `backups`): {caller} may not take it on: ")), "{said}");
    assert!(said.contains(&format!("The caller needs `sts:AssumeRole` on {role} (`bdr iam-policy` prints it)")), "{said}");
    let trusting = format!("the role's trust must allow `sts:AssumeRole` to {caller} with the external id ${{env:SHARED}}.");
    assert!(said.contains(&trusting), "{said}");
    assert_eq!(planned.stdout.matches("not read:").count(), 1, "{planned:#?}");
    assert!(!said.contains("something-else") && !planned.stdout.contains("something-else"));
    assert_eq!(world.taken(), 1, "what was refused is not asked for by each request");
    let made = world.run_with("something-else", &["backup", "docs"]).ends(1);
    assert!(words(&made.stderr).contains(&trusting), "{made:#?}");
}

/// Who plans a stranger's policy sends nothing of it to a service that was not allowed, and nothing of the environment.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_where_the_endpoint_or_the_external_id_is_not_allowed() {
    let Some(world) = World::new().await else { return };
    let command = |arguments: &[&str]| {
        let mut command = world.home.command(&[&["plan"], arguments].concat());
        command.env("AWS_ACCESS_KEY_ID", &world.key).env("AWS_SECRET_ACCESS_KEY", &world.secret).env("SHARED", "known-to-both");
        crate::binary::Ran::of(&command.output().unwrap())
    };
    let ran = command(&["--allow-env", "SHARED"]).ends(1);
    assert!(words(&ran.stderr).contains("--allow-endpoint"), "{ran:#?}");
    let ran = command(&["--allow-endpoint", &world.proxy.url]);
    assert!(ran.code != Some(0) && words(&ran.stderr).contains("--allow-env"), "{ran:#?}");
    assert_eq!((world.taken(), world.proxy.seen().len()), (0, 0));
}
