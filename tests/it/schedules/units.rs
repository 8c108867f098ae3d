//! Units of systemd in a folder: their text, their life, and what is not ours.

use std::fs;

use bdr::providers::schedule::systemd::Systemd;

use super::{applied, env, planned, safe_pm, told, tree};

const TIMER: &str = "bdr-safe-pm.docs.nightly.timer";
const SERVICE: &str = "bdr-safe-pm.docs.nightly.service";

fn lab() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("folder");
    let scheduler = format!("{{ systemd: {{ directory: {} }} }}", folder.path().display());
    (folder, scheduler)
}

#[tokio::test]
async fn a_pair_of_units_reads_like_this() {
    let (folder, scheduler) = lab();
    let policy = safe_pm(&scheduler, &[("nightly", "30 2 * * *"), ("often", "every 10m")]);
    applied(&Systemd::HERE, &policy, &env()).await.expect("apply");
    let text = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a unit");
    insta::assert_snapshot!("service", text(SERVICE));
    insta::assert_snapshot!("timer", text(TIMER));
    insta::assert_snapshot!("timer-of-an-interval", text("bdr-safe-pm.docs.often.timer"));
    let link = fs::read_link(folder.path().join("timers.target.wants").join(TIMER)).expect("enabled");
    assert_eq!(
        folder.path().join("timers.target.wants").join(link).canonicalize().expect("a link"),
        folder.path().join(TIMER).canonicalize().expect("a file")
    );
}

/// What scheduled jobs need of secrets lies in a file, a user's in the user's own folder.
#[tokio::test]
async fn each_scope_has_a_file_for_the_environment() {
    for (user, file) in [(false, "-/etc/bdr/environment"), (true, "-%E/bdr/environment")] {
        let folder = tempfile::tempdir().expect("folder");
        let scheduler = format!("{{ systemd: {{ user: {user}, directory: {} }} }}", folder.path().display());
        let policy = safe_pm(&scheduler, &[("nightly", "30 2 * * *")]);
        applied(&Systemd::HERE, &policy, &env()).await.expect("apply");
        let unit = fs::read_to_string(folder.path().join(SERVICE)).expect("a unit");
        assert_eq!(unit.matches(&format!("\nEnvironmentFile={file}\n")).count(), 1, "{unit}");
    }
}

#[tokio::test]
async fn what_left_the_policy_is_found_by_its_mark_and_nothing_else_is_touched() {
    let (folder, scheduler) = lab();
    let foreign = [
        ("bdr-safe-pm.docs.mine.timer", "[Timer]\nOnCalendar=daily\n"),
        ("bdr-safe-pm.docs.theirs.service", "[X-Bdr]\nPolicy=other\nComponent=docs\nProtection=theirs\n"),
        ("backup.timer", "# bdr: policy safe-pm\n[X-Bdr]\nPolicy=safe-pm\nComponent=docs\nProtection=nightly\n"),
    ];
    for (name, text) in foreign {
        fs::write(folder.path().join(name), text).expect("write");
    }
    let both = safe_pm(&scheduler, &[("nightly", "30 2 * * *"), ("weekly", "weekly")]);
    applied(&Systemd::HERE, &both, &env()).await.expect("apply");
    assert_eq!(told(&applied(&Systemd::HERE, &both, &env()).await.expect("again")), Vec::<String>::new());

    let one = safe_pm(&scheduler, &[("weekly", "weekly")]);
    let gone = told(&applied(&Systemd::HERE, &one, &env()).await.expect("apply"));
    assert_eq!(gone, ["delete component.docs/systemd_timer:nightly", "delete component.docs/systemd_service:nightly"]);
    let left = tree(folder.path());
    assert!(!left.keys().any(|name| name.contains("nightly")), "{:?}", left.keys());
    for (name, text) in foreign {
        assert_eq!(left.get(name).map(Vec::as_slice), Some(text.as_bytes()), "{name}");
    }
}

#[tokio::test]
async fn drift_is_told_setting_by_setting_and_put_back() {
    let (folder, scheduler) = lab();
    let policy = safe_pm(&scheduler, &[("nightly", "30 2 * * *")]);
    applied(&Systemd::HERE, &policy, &env()).await.expect("apply");
    let before = tree(folder.path());
    let timer = folder.path().join(TIMER);
    let text = fs::read_to_string(&timer)
        .expect("timer")
        .replace("02:30", "05:30")
        .replace("AccuracySec=1s", "AccuracySec=1h\nRandomizedDelaySec=2h");
    fs::write(&timer, text).expect("write");
    fs::remove_file(folder.path().join("timers.target.wants").join(TIMER)).expect("disable");
    let service = folder.path().join(SERVICE);
    let text = fs::read_to_string(&service).expect("service").replace("[Service]", "[Service]\nEnvironment=KEY=hunter2");
    fs::write(&service, text).expect("write");

    let changes = planned(&Systemd::HERE, &policy, &env()).await.expect("plan");
    let lines: Vec<String> = changes
        .iter()
        .flat_map(|(change, _)| bdr::diff::differences(change.before.as_ref(), change.after.as_ref()))
        .map(|d| format!("{}: {:?} -> {:?}", d.path, d.before, d.after))
        .collect();
    insta::assert_snapshot!("drift", lines.join("\n"));
    assert!(
        !serde_json::to_string(&changes.iter().map(|(change, _)| change).collect::<Vec<_>>()).expect("json").contains("hunter2")
    );
    applied(&Systemd::HERE, &policy, &env()).await.expect("apply");
    assert_eq!(tree(folder.path()), before);
}

/// T-d: shown, and kept.
#[tokio::test]
async fn a_drop_in_of_somebody_else_is_shown_by_what_it_sets_and_kept() {
    let (folder, scheduler) = lab();
    let policy = safe_pm(&scheduler, &[("nightly", "30 2 * * *")]);
    let drop_in = folder.path().join(format!("{TIMER}.d/override.conf"));
    fs::create_dir(drop_in.parent().expect("a folder")).expect("folder");
    fs::write(&drop_in, "[Timer]\nOnCalendar=\nOnCalendar=Mon 05:00\n[Service]\nEnvironment=TOKEN=hunter2\n").expect("write");
    let changes = applied(&Systemd::HERE, &policy, &env()).await.expect("apply");
    let foreign: Vec<_> = changes.iter().flat_map(|change| &change.foreign).collect();
    assert_eq!(foreign.len(), 1, "{foreign:?}");
    assert_eq!(foreign[0].summary, "drop-in: sets Service.Environment, Timer.OnCalendar");
    assert!(foreign[0].name.ends_with("override.conf"));
    assert!(drop_in.exists());
}

#[tokio::test]
async fn a_unit_of_somebody_else_under_our_name_is_refused_and_a_masked_one_is_drift() {
    let (folder, scheduler) = lab();
    let policy = safe_pm(&scheduler, &[("nightly", "30 2 * * *")]);
    let theirs = "[Timer]\nOnCalendar=daily\n";
    fs::write(folder.path().join(TIMER), theirs).expect("write");
    let error = planned(&Systemd::HERE, &policy, &env()).await.expect_err("refused");
    assert!(error.contains("is not this policy's") && error.contains(TIMER), "{error}");
    assert_eq!(fs::read_to_string(folder.path().join(TIMER)).expect("timer"), theirs);

    fs::remove_file(folder.path().join(TIMER)).expect("remove");
    applied(&Systemd::HERE, &policy, &env()).await.expect("apply");
    fs::remove_file(folder.path().join(TIMER)).expect("remove");
    std::os::unix::fs::symlink("/dev/null", folder.path().join(TIMER)).expect("mask");
    let changes = applied(&Systemd::HERE, &policy, &env()).await.expect("apply");
    assert_eq!(told(&changes), ["update component.docs/systemd_timer:nightly"]);
    assert_eq!(
        changes[0].before.as_ref().and_then(|before| before.get("masked")).and_then(bdr::attrs::Attr::as_bool),
        Some(true)
    );
    assert!(fs::symlink_metadata(folder.path().join(TIMER)).expect("timer").is_file());
}
