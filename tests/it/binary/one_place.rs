//! Two stores that turn out to be one place: said at once, by what they are, and never waited for.

use std::time::{Duration, Instant};

use super::{Home, POLICY};

fn two(second: &str) -> String {
    let stores = format!("  disk: {{ folder: {{ path: '@/backups' }} }}\n  other: {{ folder: {{ path: '{second}' }} }}\n");
    POLICY.replace("  disk: { folder: { path: '@/backups' } }\n", &stores).replace("store: disk", "stores: [disk, other]")
}

#[test]
fn one_folder_by_two_spellings_is_refused_before_anything_is_done() {
    let home = Home::new();
    home.policy(&two("@/./backups/"));
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["drift"]] {
        let ran = home.run(command).ends(1);
        assert!(ran.stderr.contains("BDR-C006") && ran.stderr.contains("stores `disk` and `other` are one place"), "{ran:#?}");
    }
    home.run(&["lint"]).ends(2);
    assert!(!home.path("backups").exists());
}

#[test]
fn one_folder_by_a_link_is_told_and_the_lease_of_this_run_is_not_waited_for() {
    let home = Home::new();
    home.policy(POLICY);
    home.run(&["apply", "--auto-approve"]).ends(0);
    std::os::unix::fs::symlink(home.path("backups"), home.path("link")).unwrap();
    home.policy(&two("@/link"));
    let plan = home.run(&["plan"]).ends(1);
    let told = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("it is the folder of store `disk`") && told.contains("give each store a folder of its own"),
        "{plan:#?}"
    );
    let begun = Instant::now();
    let applied = home.run(&["apply", "--auto-approve"]).ends(4);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(applied.stderr.contains("two stores of this policy are one place"), "{applied:#?}");
    assert!(!applied.stderr.contains("another apply"), "{applied:#?}");
    // The lease that the run did take is free again.
    home.policy(&POLICY.replace("0 2 * * *", "0 4 * * *"));
    home.run(&["apply", "--auto-approve"]).ends(0);
}

#[test]
fn one_folder_that_the_run_itself_makes_is_told_too() {
    let home = Home::new();
    std::fs::create_dir(home.path("real")).unwrap();
    std::os::unix::fs::symlink(home.path("real"), home.path("link")).unwrap();
    home.policy(&two("@/link/x").replace("@/backups", "@/real/x"));
    let begun = Instant::now();
    let applied = home.run(&["apply", "--auto-approve"]);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_ne!(applied.code, Some(0), "{applied:#?}");
    assert!(applied.stderr.contains("what another store of `notes` is too"), "{applied:#?}");
}
