//! With a manager that runs: what is asked of `systemctl`, in which order, and what its answers mean. The manager is a script that
//! keeps what it was told, since none runs where tests do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bdr::provider::Env;
use bdr::providers::schedule::systemd::Systemd;

use super::{applied, env, planned, safe_pm, told};
use crate::tools::have;

const SYSTEMCTL: &str = r#"#!/bin/sh
# A manager: units that were started lie in $units/active, calls in $here/calls.
here=$(dirname "$0")
case $1 in --user) units=$here/home/.config/systemd/user ;; *) units=$here/units ;; esac
echo "$*" >>"$here/calls"
verb=
for word in "$@"; do
  case $word in
    --*) ;;
    *.timer) case $verb in
        restart) mkdir -p "$units/active"; touch "$units/active/$word" ;;
        disable) rm -f "$units/active/$word" "$units/timers.target.wants/$word" ;;
        enable) mkdir -p "$units/timers.target.wants"; ln -sf "../$word" "$units/timers.target.wants/$word" ;;
      esac ;;
    *.service) ;;
    *) [ -n "$verb" ] || verb=$word ;;
  esac
done
if [ "$verb" = daemon-reload ]; then rm -f "$here/stale"; fi
if [ "$verb" = show ]; then
  for unit in "$units"/bdr-*.timer; do
    [ -e "$unit" ] || continue
    name=$(basename "$unit")
    [ -e "$units/active/$name" ] && state=active || state=inactive
    [ -e "$here/stale" ] && stale=yes || stale=no
    over=$(cat "$here/drop-ins" 2>/dev/null)
    printf 'Id=%s\nActiveState=%s\nNeedDaemonReload=%s\nDropInPaths=%s\n\n' "$name" "$state" "$stale" "$over"
  done
fi
"#;

struct Lab {
    folder: tempfile::TempDir,
    systemd: Systemd,
}

fn lab() -> Lab {
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    for name in ["units", "running"] {
        fs::create_dir(at(name)).expect("folder");
    }
    fs::write(at("systemctl"), SYSTEMCTL).expect("write");
    fs::set_permissions(at("systemctl"), fs::Permissions::from_mode(0o755)).expect("mode");
    let systemd = Systemd {
        systemctl: at("systemctl").into(),
        analyze: if have("systemd-analyze") { "systemd-analyze" } else { "" }.into(),
        running: at("running").into(),
        system_folder: at("units").into(),
    };
    Lab { folder, systemd }
}

/// The calls since the last time, without the options that each has; asking is not changing.
fn calls(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("calls")).unwrap_or_default();
    _ = fs::remove_file(folder.join("calls"));
    let plain = |line: &str| line.replace("--no-pager --no-ask-password ", "").replace("-- ", "");
    text.lines().map(plain).filter(|line| !line.starts_with("show")).collect()
}

#[tokio::test]
async fn units_are_loaded_once_enabled_started_and_taken_down_again() {
    let Lab { folder, systemd } = lab();
    let timers = ["bdr-safe-pm.docs.a.timer", "bdr-safe-pm.docs.b.timer"];
    let both = safe_pm("{ systemd: {} }", &[("a", "30 2 * * *"), ("b", "every 1h")]);
    let made = applied(&systemd, &both, &env()).await.expect("apply");
    assert_eq!(made.len(), 4, "{made:?}");
    let pair = timers.join(" ");
    assert_eq!(calls(folder.path()), ["daemon-reload".to_owned(), format!("enable {pair}"), format!("restart {pair}")]);
    assert_eq!(planned(&systemd, &both, &env()).await.expect("plan").len(), 0);

    let one = safe_pm("{ systemd: {} }", &[("b", "every 1h")]);
    applied(&systemd, &one, &env()).await.expect("apply");
    let (timer, service) = (timers[0], "bdr-safe-pm.docs.a.service");
    let expected = [
        format!("disable --now {timer}"),
        format!("clean --what=state {timer}"),
        "daemon-reload".to_owned(),
        format!("reset-failed {timer}"),
        "daemon-reload".to_owned(),
        format!("reset-failed {service}"),
    ];
    assert_eq!(calls(folder.path()), expected);
    assert!(!folder.path().join("units").join(timer).exists());
}

#[tokio::test]
async fn a_stopped_disabled_or_not_yet_loaded_timer_is_drift() {
    let Lab { folder, systemd } = lab();
    let policy = safe_pm("{ systemd: {} }", &[("a", "30 2 * * *")]);
    applied(&systemd, &policy, &env()).await.expect("apply");
    let timer = "bdr-safe-pm.docs.a.timer";
    for state in ["active", "enabled", "loaded"] {
        match state {
            "active" => fs::remove_file(folder.path().join("units/active").join(timer)).expect("stop"),
            "enabled" => fs::remove_file(folder.path().join("units/timers.target.wants").join(timer)).expect("disable"),
            _ => fs::write(folder.path().join("stale"), "").expect("stale"),
        }
        let changes = planned(&systemd, &policy, &env()).await.expect("plan");
        let paths: Vec<String> = changes
            .iter()
            .flat_map(|(change, _)| bdr::diff::differences(change.before.as_ref(), change.after.as_ref()))
            .map(|difference| difference.path)
            .collect();
        assert_eq!(paths, [state]);
        assert_eq!(told(&applied(&systemd, &policy, &env()).await.expect("apply")), ["update component.docs/systemd_timer:a"]);
        assert_eq!(planned(&systemd, &policy, &env()).await.expect("plan").len(), 0, "{state}");
    }
}

/// Such as those of `systemctl edit --runtime`, which lie below `/run`.
#[tokio::test]
async fn a_drop_in_that_only_the_manager_knows_of_counts() {
    let Lab { folder, systemd } = lab();
    let policy = safe_pm("{ systemd: {} }", &[("a", "30 2 * * *")]);
    applied(&systemd, &policy, &env()).await.expect("apply");
    let path = folder.path().join("far.conf");
    fs::write(&path, "[Timer]\nOnCalendar=\nOnCalendar=Mon 05:00\n").expect("write");
    fs::write(folder.path().join("drop-ins"), path.display().to_string()).expect("write");
    let (compiled, _) = bdr::compile::compile(&policy, &[&systemd], &env());
    let session = bdr::provider::Connect::connect(&systemd, policy.clone().into(), env().into()).await.expect("a session");
    let timer = compiled.desired.iter().find(|resource| resource.id.kind == "systemd_timer").expect("a timer");
    let live = session.read(&timer.id, Some(timer), bdr::provider::Freshness::Fresh).await.expect("read");
    assert_eq!(live.hindered.len(), 1, "{live:?}");
    assert!(live.hindered[0].foreign && live.hindered[0].what.contains("far.conf` overrides Timer.OnCalendar"), "{live:?}");
    fs::remove_file(folder.path().join("units/active/bdr-safe-pm.docs.a.timer")).expect("stop");
    let live = session.read(&timer.id, Some(timer), bdr::provider::Freshness::Fresh).await.expect("read");
    assert!(live.hindered.iter().any(|one| !one.foreign && one.what.ends_with("a.timer is stopped")), "{live:?}");
}

#[tokio::test]
async fn moving_to_another_folder_or_scheduler_takes_the_old_units_away() {
    let Lab { folder, systemd } = lab();
    let home = folder.path().join("home");
    let env = Env { home: Some(home.display().to_string()), ..env() };
    let jobs = [("a", "30 2 * * *")];
    applied(&systemd, &safe_pm("{ systemd: {} }", &jobs), &env).await.expect("apply");
    let moved = told(&applied(&systemd, &safe_pm("{ systemd: { user: true } }", &jobs), &env).await.expect("apply"));
    let units = folder.path().join("units").display().to_string();
    let expected = [
        "create component.docs/systemd_service:a".to_owned(),
        "create component.docs/systemd_timer:a".to_owned(),
        format!("delete component.docs/systemd_timer:a@{units}"),
        format!("delete component.docs/systemd_service:a@{units}"),
    ];
    assert_eq!(moved, expected);
    assert!(home.join(".config/systemd/user/bdr-safe-pm.docs.a.timer").exists());
    let cron = safe_pm("{ cron: { user: true } }", &jobs);
    assert_eq!(applied(&systemd, &cron, &env).await.expect("apply").len(), 2);
    assert!(!home.join(".config/systemd/user/bdr-safe-pm.docs.a.timer").exists());
}

/// T-e: `verify` itself ends with success and merely ignores the bad line.
#[tokio::test]
async fn a_timer_with_one_bad_line_is_refused_before_it_stands() {
    if !have("systemd-analyze") {
        return;
    }
    let Lab { folder, systemd } = lab();
    let policy = safe_pm("{ systemd: {} }", &[("a", "30 2 * * *")]);
    let changes = planned(&systemd, &policy, &env()).await.expect("plan");
    let (change, wanted) = changes.into_iter().find(|(change, _)| change.id.kind == "systemd_timer").expect("a timer");
    let mut wanted = wanted.expect("wanted");
    let times = bdr::attrs::Attr::list(["*-*-* 02:30:00 Europe/Stockholm", "*-*-* 25:00:00 UTC"]);
    wanted.attrs.insert("Timer".to_owned(), bdr::attrs::Attr::map([("OnCalendar", times)]));
    let session = bdr::provider::Connect::connect(&systemd, policy.into(), env().into()).await.expect("a session");
    let error = session.apply(&[change], &[Some(wanted)]).await.expect_err("refused");
    assert!(error.reason.contains("25:00:00"), "{error}");
    assert_eq!(fs::read_dir(folder.path().join("units")).expect("folder").count(), 0);
}
