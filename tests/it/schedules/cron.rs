//! Entries of cron in a file: their text, their life, other zones, and what is not ours.

use std::fs;
use std::path::PathBuf;

use bdr::provider::Env;
use bdr::providers::schedule::cron::Cron;
use bdr::units::cadence::Zone;

use super::{applied, env, planned, safe_pm, told};

fn lab() -> (tempfile::TempDir, Cron, PathBuf) {
    let folder = tempfile::tempdir().expect("folder");
    let cron = Cron { crontab: "/nowhere/crontab".into(), system_folder: folder.path().display().to_string().into() };
    let file = folder.path().join("bdr-safe-pm");
    (folder, cron, file)
}

fn in_stockholm() -> Env {
    Env { local_zone: Zone::parse("Europe/Stockholm").ok(), ..env() }
}

#[tokio::test]
async fn a_file_of_entries_reads_like_this() {
    let (_folder, cron, file) = lab();
    let jobs = [("nightly", "30 2 * * *"), ("either", "0 3 1,15 * 1"), ("often", "every 10m"), ("slow", "every 6h")];
    let policy = safe_pm("{ cron: {} }", &jobs);
    let odd = Env { policy_paths: vec!["/srv/it's 50%.yaml".to_owned()], ..in_stockholm() };
    applied(&cron, &policy, &odd).await.expect("apply");
    insta::assert_snapshot!("crontab-in-the-zone", fs::read_to_string(&file).expect("crontab"));
    applied(&cron, &policy, &env()).await.expect("apply");
    insta::assert_snapshot!("crontab-under-utc", fs::read_to_string(&file).expect("crontab"));
}

#[tokio::test]
async fn the_file_of_a_policy_goes_with_its_last_entry() {
    let (_folder, cron, file) = lab();
    applied(&cron, &safe_pm("{ cron: {} }", &[("nightly", "30 2 * * *")]), &env()).await.expect("apply");
    assert!(file.exists());
    let other = safe_pm("{ systemd: {} }", &[("nightly", "30 2 * * *")]);
    let gone = told(&applied(&cron, &other, &env()).await.expect("apply"));
    assert_eq!(gone, [format!("delete component.docs/cron_entry:nightly@{}", file.display())]);
    assert!(!file.exists());
}

#[tokio::test]
async fn drift_inside_the_block_is_told_line_by_line_and_put_back() {
    let (_folder, cron, file) = lab();
    let policy = safe_pm("{ cron: {} }", &[("nightly", "30 2 * * *")]);
    applied(&cron, &policy, &in_stockholm()).await.expect("apply");
    let before = fs::read_to_string(&file).expect("crontab");
    let changed = before.replace("30 2 * * *", "30 5 * * *").replace("# bdr end", "@reboot root echo hello\n# bdr end");
    fs::write(&file, changed).expect("write");
    let changes = planned(&cron, &policy, &in_stockholm()).await.expect("plan");
    let differences: Vec<String> = changes
        .iter()
        .flat_map(|(change, _)| bdr::diff::differences(change.before.as_ref(), change.after.as_ref()))
        .map(|d| format!("{}: {:?} -> {:?}", d.path, d.before, d.after))
        .collect();
    assert_eq!(
        differences,
        ["schedule: Some([30 5 * * *]) -> Some([30 2 * * *])", "unexpected: Some([@reboot root echo hello]) -> None"]
    );
    applied(&cron, &policy, &in_stockholm()).await.expect("apply");
    assert_eq!(fs::read_to_string(&file).expect("crontab"), before);
}

#[tokio::test]
async fn a_command_longer_than_cron_takes_is_an_error_of_the_policy() {
    let (_folder, cron, _) = lab();
    let policy = safe_pm("{ cron: {} }", &[("nightly", "30 2 * * *")]);
    let env = Env { policy_paths: (0..60).map(|at| format!("/etc/bdr/part-{at}.yaml")).collect(), ..env() };
    let (_, findings) = bdr::compile::compile(&policy, &[&cron], &env);
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["BDR-S002"]);
}

/// cron(8): only names of letters, digits, `_` and `-`, and only what root alone can write.
#[tokio::test]
async fn a_file_that_cron_passes_over_is_told_and_one_that_bdr_makes_is_none() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let (folder, cron, file) = lab();
    let jobs = [("nightly", "30 2 * * *")];
    let hindered = async |scheduler: &str| {
        let policy = safe_pm(scheduler, &jobs);
        let (compiled, _) = bdr::compile::compile(&policy, &[&cron], &env());
        let session = bdr::provider::Connect::connect(&cron, policy.clone().into(), env().into()).await.expect("a session");
        let entry = compiled.desired.iter().next().expect("an entry");
        let live = session.read(&entry.id, Some(entry), bdr::provider::Freshness::Fresh).await.expect("read");
        let seen = [(entry.id.clone(), live.clone())];
        let running = bdr::providers::schedule::live_schedules(
            &policy,
            &env(),
            &compiled.desired,
            seen.iter().map(|(id, live)| (id, live)),
        );
        let runs = running.values().any(Option::is_some);
        (live.hindered.into_iter().map(|one| one.what).collect::<Vec<_>>().join("; "), runs)
    };
    let dotted = format!("{{ cron: {{ file: {}/bdr.demo }} }}", folder.path().display());
    applied(&cron, &safe_pm(&dotted, &jobs), &env()).await.expect("apply");
    let (what, runs) = hindered(&dotted).await;
    assert!(what.contains("bdr.demo, since its name has other characters") && !runs, "{what}");

    applied(&cron, &safe_pm("{ cron: {} }", &jobs), &env()).await.expect("apply");
    let meta = fs::metadata(&file).expect("a crontab");
    assert_eq!(meta.mode() & 0o7777, 0o644);
    // Whoever runs the tests makes the file; only root's is taken.
    if meta.uid() != 0 {
        return;
    }
    assert_eq!(hindered("{ cron: {} }").await, (String::new(), true));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).expect("mode");
    let (what, runs) = hindered("{ cron: {} }").await;
    assert!(what.contains("others than root can write it") && !runs, "{what}");
}
