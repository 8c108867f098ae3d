//! Random policies: what is written is what is read, a second time changes nothing, and systemd's own tools have nothing to say.

use std::process::Command;

use bdr::policy::Policy;
use bdr::provider::Env;
use bdr::providers::schedule::cron::Cron;
use bdr::providers::schedule::systemd::Systemd;

use super::{applied, policy, tree};
use crate::tools::have;

/// Most exposure that `systemd-analyze security` may find: "OK" begins at 5, and a job that may read every file cannot reach 1.
const MOST_EXPOSURE: f64 = 2.5;

fn random_policy(random: &mut fastrand::Rng, scheduler: &str) -> Policy {
    let zones = ["UTC", "Europe/Stockholm", "Australia/Lord_Howe", "Asia/Kolkata", "America/New_York"];
    let paths =
        ["/srv/a", "/home/eve/docs", "/srv/with space", "/srv/50%", "/srv/$HOME/x", "/srv/quote\\\"d", "/tmp/x", "/srv/ünïcode"];
    let times = [
        "every 10m",
        "every 90m",
        "hourly",
        "daily",
        "weekly",
        "quarterly",
        "30 2 * * *",
        "*/7 * * * *",
        "0 3 1,15 * 1",
        "5 */6 * * mon-fri",
    ];
    let mut text = format!("version: 1\nname: safe-pm\ntimezone: {}\nstores:\n", random.choice(zones).expect("not empty"));
    text += "  local:\n    folder: { path: \"/srv/back ups\" }\n  home:\n    folder: { path: /home/eve/backups }\n";
    text += "  away:\n    s3: { bucket: safe-pm-backups, region: eu-north-1 }\ncomponents:\n";
    for component in 0..random.usize(1..4) {
        let path = random.choice(paths).expect("not empty");
        text += &format!(
            "  c-{component}:\n    files: {{ paths: [\"{path}\"] }}\n    objectives: {{ rpo: 1y, rto: 1d }}\n    protect:\n"
        );
        for protection in 0..random.usize(1..4) {
            let (time, store) =
                (random.choice(times).expect("not empty"), random.choice(["local", "home", "away"]).expect("not empty"));
            text += &format!("      p_{protection}: {{ file_backup: {{}}, schedule: \"{time}\", stores: [{store}] }}\n");
        }
    }
    policy(&format!("{text}scheduler: {scheduler}\n"))
}

fn random_env(random: &mut fastrand::Rng) -> Env {
    let zone = random.choice(["UTC", "Europe/Stockholm", "America/New_York", "Asia/Kolkata"]).expect("not empty");
    let policy = random.choice(["/etc/bdr/policy.yaml", "/home/eve/my policy.yaml", "/srv/100%.yaml"]).expect("not empty");
    Env {
        program: "/usr/bin/true".into(),
        policy_paths: vec![policy.into()],
        local_zone: bdr::units::cadence::Zone::parse(zone).ok(),
        ..Env::default()
    }
}

#[tokio::test]
async fn units_read_back_as_written_for_any_policy() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..12 {
        let folder = tempfile::tempdir().expect("folder");
        let scheduler = format!("{{ systemd: {{ user: {}, directory: {} }} }}", random.bool(), folder.path().display());
        let (first, env) = (random_policy(&mut random, &scheduler), random_env(&mut random));
        let made = applied(&Systemd::HERE, &first, &env).await.expect("apply");
        assert!(!made.is_empty());
        let before = tree(folder.path());
        assert_eq!(applied(&Systemd::HERE, &first, &env).await.expect("again"), Vec::new(), "seed {seed}, round {round}");
        // Over to another policy of the same name, and back: the same bytes.
        let second = random_policy(&mut random, &scheduler);
        applied(&Systemd::HERE, &second, &env).await.expect("other");
        assert_eq!(applied(&Systemd::HERE, &second, &env).await.expect("again"), Vec::new(), "seed {seed}, round {round}");
        applied(&Systemd::HERE, &first, &env).await.expect("back");
        assert_eq!(tree(folder.path()), before, "seed {seed}, round {round}");
    }
}

#[tokio::test]
async fn entries_read_back_as_written_for_any_policy() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..12 {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("crontab");
        let foreign = "# theirs\nMAILTO=ops@example.com\n5 4 * * * root /usr/local/bin/other\n";
        std::fs::write(&file, foreign).expect("write");
        let scheduler = format!("{{ cron: {{ file: {} }} }}", file.display());
        let (first, env) = (random_policy(&mut random, &scheduler), random_env(&mut random));
        applied(&Cron::HERE, &first, &env).await.expect("apply");
        let before = std::fs::read_to_string(&file).expect("crontab");
        assert!(before.starts_with(foreign) && before.ends_with('\n'), "seed {seed}, round {round}: {before}");
        assert_eq!(applied(&Cron::HERE, &first, &env).await.expect("again"), Vec::new(), "seed {seed}, round {round}");
        let second = random_policy(&mut random, &scheduler);
        applied(&Cron::HERE, &second, &env).await.expect("other");
        assert_eq!(applied(&Cron::HERE, &second, &env).await.expect("again"), Vec::new(), "seed {seed}, round {round}");
        applied(&Cron::HERE, &first, &env).await.expect("back");
        assert_eq!(std::fs::read_to_string(&file).expect("crontab"), before, "seed {seed}, round {round}");
    }
}

/// Whatever `verify` says counts: it ends with success where it merely ignores a line.
#[tokio::test]
async fn systemd_understands_every_unit_and_finds_it_little_exposed() {
    if !have("systemd-analyze") {
        return;
    }
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for user in [false, true, false] {
        let folder = tempfile::tempdir().expect("folder");
        let scheduler = format!("{{ systemd: {{ user: {user}, directory: {} }} }}", folder.path().display());
        let (policy, env) = (random_policy(&mut random, &scheduler), random_env(&mut random));
        applied(&Systemd::HERE, &policy, &env).await.expect("apply");
        let names = tree(folder.path()).into_keys().filter(|name| !name.contains('/'));
        let paths: Vec<String> = names.map(|name| folder.path().join(name).display().to_string()).collect();
        let scope = if user { "--user" } else { "--system" };
        // A user's manager wants a place for what it keeps while it runs.
        let verify = Command::new("systemd-analyze")
            .env("XDG_RUNTIME_DIR", folder.path())
            .args(["verify", "--man=no", scope])
            .args(&paths)
            .output();
        let output = verify.expect("verify");
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let ours: Vec<&str> = said.lines().filter(|line| line.contains("bdr-")).collect();
        assert!(output.status.success() && ours.is_empty(), "seed {seed}: {said}");
        if !user {
            for service in paths.iter().filter(|path| path.ends_with(".service")) {
                let exposure = exposure(service);
                assert!(exposure <= MOST_EXPOSURE, "seed {seed}: {service} has an exposure of {exposure}");
            }
        }
    }
}

/// The overall figure of `systemd-analyze security`.
fn exposure(service: &str) -> f64 {
    let output =
        Command::new("systemd-analyze").args(["security", "--offline=true", "--no-pager", service]).output().expect("security");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_else(|| panic!("{text}"));
    let figure = line.rsplit_once(": ").and_then(|(_, rest)| rest.split_whitespace().next()).expect("a figure");
    figure.parse().expect("a number")
}
