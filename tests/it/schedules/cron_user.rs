//! The crontab of a user through crontab(1): a script that behaves as Debian's does, and Debian's own for the syntax.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use bdr::providers::schedule::cron::Cron;

use super::{applied, env, planned, safe_pm};

/// `crontab -l`, `-r`, and `-` as in Debian 12; the table lies beside the script.
const CRONTAB: &str = r#"#!/bin/sh
table=$(dirname "$0")/table
case $1 in
  -l) [ -e "$table" ] && exec cat "$table"; echo "no crontab for $(id -un)" >&2; exit 1 ;;
  -r) rm "$table" ;;
  -) cat >"$table.new" && { tail -c 1 "$table.new" | od -c | grep -q '\\n' || { echo "missing newline before EOF" >&2; exit 1; }; } && mv "$table.new" "$table" ;;
esac
"#;

fn lab() -> (tempfile::TempDir, Cron) {
    let folder = tempfile::tempdir().expect("folder");
    let program = folder.path().join("crontab");
    fs::write(&program, CRONTAB).expect("write");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("mode");
    let cron = Cron {
        crontab: program.display().to_string().into(),
        system_folder: folder.path().join("cron.d").display().to_string().into(),
    };
    (folder, cron)
}

fn table(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join("table")).ok()
}

const FOREIGN: &str = "MAILTO=me@example.com\n*/5 * * * *\t/home/me/bin/poll  # mine\n\n";

#[tokio::test]
async fn lines_of_the_user_survive_byte_for_byte() {
    let (folder, cron) = lab();
    fs::write(folder.path().join("table"), FOREIGN).expect("write");
    let policy = safe_pm("{ cron: { user: true } }", &[("nightly", "30 2 * * *"), ("often", "*/10 * * * *")]);
    applied(&cron, &policy, &env()).await.expect("apply");
    let with = table(folder.path()).expect("a table");
    assert!(with.starts_with(FOREIGN) && with.contains("# docs/nightly") && !with.contains(" root "), "{with}");
    fs::write(folder.path().join("table"), format!("{with}@daily /home/me/bin/tidy\n")).expect("write");
    assert_eq!(planned(&cron, &policy, &env()).await.expect("plan").len(), 0);
    applied(&cron, &safe_pm("{ systemd: {} }", &[("nightly", "daily")]), &env()).await.expect("apply");
    assert_eq!(table(folder.path()).expect("a table"), format!("{FOREIGN}@daily /home/me/bin/tidy\n"));
}

#[tokio::test]
async fn a_crontab_that_is_not_utf_8_survives_byte_for_byte() {
    let (folder, cron) = lab();
    let foreign = b"# sauvegarde d\xe9j\xe0 faite\n@daily echo \xff | cat\n";
    fs::write(folder.path().join("table"), foreign).expect("write");
    applied(&cron, &safe_pm("{ cron: { user: true } }", &[("nightly", "30 2 * * *")]), &env()).await.expect("apply");
    let with = fs::read(folder.path().join("table")).expect("a table");
    assert!(with.starts_with(foreign) && with.len() > foreign.len(), "{}", with.escape_ascii());
    applied(&cron, &safe_pm("{ systemd: {} }", &[("nightly", "daily")]), &env()).await.expect("apply");
    assert_eq!(fs::read(folder.path().join("table")).expect("a table"), foreign);
}

#[tokio::test]
async fn a_user_without_a_crontab_gets_one_and_loses_it_with_the_last_entry() {
    let (folder, cron) = lab();
    let policy = safe_pm("{ cron: { user: true } }", &[("nightly", "30 2 * * *")]);
    applied(&cron, &policy, &env()).await.expect("apply");
    let text = table(folder.path()).expect("a table");
    check_with_debians_own(&text);
    applied(&cron, &safe_pm("{ systemd: {} }", &[("nightly", "daily")]), &env()).await.expect("apply");
    assert_eq!(table(folder.path()), None);
}

/// T-f.
#[tokio::test]
async fn a_crontab_with_one_marker_is_refused_and_left_alone() {
    let (folder, cron) = lab();
    let policy = safe_pm("{ cron: { user: true } }", &[("nightly", "30 2 * * *")]);
    applied(&cron, &policy, &env()).await.expect("apply");
    let whole = table(folder.path()).expect("a table");
    for marker in ["# bdr begin", "# bdr end"] {
        let torn: String = whole.lines().filter(|line| !line.starts_with(marker)).map(|line| format!("{line}\n")).collect();
        fs::write(folder.path().join("table"), &torn).expect("write");
        let error = applied(&cron, &policy, &env()).await.expect_err("refused");
        assert!(error.contains("bdr"), "{error}");
        assert_eq!(table(folder.path()).expect("a table"), torn);
    }
}

/// `crontab -n` checks the syntax and changes nothing.
fn check_with_debians_own(text: &str) {
    if !Path::new("/usr/bin/crontab").exists() && !crate::tools::have("crontab") {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("table");
    fs::write(&file, text).expect("write");
    let output = Command::new("crontab").arg("-n").arg(&file).output().expect("crontab");
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    fs::write(&file, text.replace("30 ", "61 ")).expect("write");
    assert!(!Command::new("crontab").arg("-n").arg(&file).output().expect("crontab").status.success(), "it checks nothing");
}
