//! What keeps scheduled backups from being made though their units stand as written: drop-ins, masks, timers that are off.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::LazyLock;

use super::Home;

static POLICY: LazyLock<String> =
    LazyLock::new(|| super::POLICY.replace("    protect:", "    objectives: { process: { rpo: 30h } }\n    protect:"));

const TIMER: &str = "bdr-notes.docs.nightly.timer";
const SERVICE: &str = "bdr-notes.docs.nightly.service";

fn applied() -> Home {
    let home = Home::new();
    home.policy(&POLICY);
    home.run(&["apply", "--auto-approve"]).ends(0);
    let plan = home.run(&["plan"]).ends(0).stdout;
    assert!(plan.contains("meets its goal, unchanged") && !plan.contains('!'), "{plan}");
    home
}

fn drop_in(home: &Home, folder: &str, name: &str, text: &str) {
    fs::create_dir_all(home.path(&format!("units/{folder}"))).unwrap();
    fs::write(home.path(&format!("units/{folder}/{name}")), text).unwrap();
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Seconds of the data loss under a crash, before and after.
fn loss(home: &Home) -> (Option<u64>, Option<u64>) {
    let plan: serde_json::Value = serde_json::from_str(&home.run(&["plan", "--format", "json"]).ends(0).stdout).unwrap();
    let row = &plan["objectives"].as_array().unwrap()[0]["rpo"];
    (row["before"]["seconds"].as_u64(), row["after"]["seconds"].as_u64())
}

#[test]
fn a_drop_in_that_runs_something_else_is_told_first_and_the_objective_is_not_kept() {
    let home = applied();
    drop_in(&home, &format!("{SERVICE}.d"), "x.conf", "[Service]\nExecStart=\nExecStart=/bin/true --token hunter2\n");
    let plan = home.run(&["plan"]).ends(0).stdout;
    let told = words(&plan);
    let alarm = format!("overrides Service.ExecStart of {SERVICE}: whether it makes a backup is not known");
    assert!(told.contains(&alarm) && told.contains("x.conf`"), "{plan}");
    assert!(told.find(&alarm) < told.find("unchanged"), "told first: {plan}");
    assert!(told.contains("no bound BROKEN") && !told.contains("meets its goal"), "{plan}");
    assert!(!plan.contains("hunter2"), "{plan}");
    assert_eq!(loss(&home), (None, None), "neither before nor after: an apply keeps it");
    let drift = home.run(&["drift"]).ends(2);
    assert!(words(&drift.stdout).contains(&alarm) && !drift.stdout.contains("Nothing differs"), "{drift:#?}");
    let markdown = home.run(&["plan", "--format", "markdown"]).ends(0).stdout;
    assert!(words(&markdown).contains(&alarm), "{markdown}");
    // What wraps the command may do anything with it; what only adds to the unit overrides nothing.
    drop_in(&home, &format!("{SERVICE}.d"), "x.conf", "[Service]\nMemoryMax=1G\nEnvironment=A=b\n");
    assert!(home.run(&["plan"]).ends(0).stdout.contains("meets its goal, unchanged"));
    home.run(&["drift"]).ends(0);
}

#[test]
fn a_drop_in_that_moves_the_times_moves_the_objective() {
    let home = applied();
    let folder = format!("{TIMER}.d");
    drop_in(&home, &folder, "50-rare.conf", "[Timer]\nOnCalendar=\nOnCalendar=*-*-01 00:00:00\n");
    let plan = home.run(&["plan"]).ends(0).stdout;
    assert!(
        words(&plan).contains(&format!("overrides Timer.OnCalendar of {TIMER}: it does not run as the policy says")),
        "{plan}"
    );
    assert!(plan.contains("BROKEN"), "{plan}");
    let month = |seconds: Option<u64>| seconds.is_some_and(|seconds| (30 * 86_400..33 * 86_400).contains(&seconds));
    let (before, after) = loss(&home);
    assert!(month(before) && month(after), "{before:?} {after:?}");
    home.run(&["drift"]).ends(2);

    // Files are read by their names, wherever they lie; of one name the unit's own is read.
    drop_in(&home, "timer.d", "60-back.conf", "[Timer]\nOnCalendar=\nOnCalendar=*-*-* 02:00:00 UTC\n");
    assert!(home.run(&["plan"]).ends(0).stdout.contains("meets its goal, unchanged"));
    drop_in(&home, &folder, "60-back.conf", "[Timer]\nRandomizedDelaySec=12h\n");
    drop_in(&home, &folder, "50-rare.conf", "");
    let (before, after) = loss(&home);
    let late = |seconds: Option<u64>| seconds.is_some_and(|seconds| (36 * 3_600..37 * 3_600).contains(&seconds));
    assert!(late(before) && late(after), "{before:?} {after:?}");
    drop_in(&home, &folder, "60-back.conf", "[Timer]\nPersistent=false\n");
    let plan = home.run(&["plan"]).ends(0).stdout;
    assert!(words(&plan).contains(&format!("overrides Timer.Persistent of {TIMER}")), "{plan}");
}

#[test]
fn a_drop_in_that_waits_for_units_that_are_not_there_yet_is_told_before_they_are() {
    let home = Home::new();
    home.policy(&POLICY);
    drop_in(&home, "bdr-.service.d", "never.conf", "[Unit]\nConditionPathExists=/no/such/path\n");
    let plan = home.run(&["plan"]).ends(0).stdout;
    assert!(words(&plan).contains(&format!("overrides Unit.ConditionPathExists of {SERVICE}")), "{plan}");
    assert_eq!(loss(&home), (None, None));
    // A link to /dev/null of the same name takes it away.
    fs::create_dir_all(home.path(&format!("units/{SERVICE}.d"))).unwrap();
    symlink("/dev/null", home.path(&format!("units/{SERVICE}.d/never.conf"))).unwrap();
    let plan = home.run(&["plan"]).ends(0).stdout;
    assert!(!plan.contains("overrides"), "{plan}");
}

#[test]
fn a_unit_that_is_masked_or_off_is_told_first_and_an_apply_puts_it_right() {
    for (unit, what) in [(TIMER, "masked"), (SERVICE, "masked"), (TIMER, "not enabled")] {
        let home = applied();
        let path = home.path(&format!("units/{unit}"));
        if what == "masked" {
            fs::remove_file(&path).unwrap();
            symlink("/dev/null", &path).unwrap();
        } else {
            fs::remove_file(home.path(&format!("units/timers.target.wants/{unit}"))).unwrap();
        }
        let told = words(&home.run(&["plan"]).ends(0).stdout);
        let alarm = format!("{unit} is {what}: its backup is not made by itself `bdr apply` puts it right");
        assert!(told.contains(&alarm), "{told}");
        let (before, after) = loss(&home);
        assert!(before.is_none() && after.is_some(), "{before:?} {after:?}");
        home.run(&["apply", "--auto-approve"]).ends(0);
        assert!(!home.run(&["plan"]).ends(0).stdout.contains('!'));
    }
}
