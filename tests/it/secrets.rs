//! Values from outside the policy are seen nowhere, and commands that only look see, ask and run no more than they are allowed.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::binary::{Home, Ran, contents};

/// Part of every value that must not be seen. The paths of a component are none of them: its backups name them (docs/security.md).
const CANARY: &str = "c4n4ry";

const POLICY: &str = "\
version: 1
name: notes
stores:
  disk: { folder: { path: '${env:DISK}' } }
  second: { folder: { path: '${file:place}' } }
components:
  docs:
    files: { paths: ['${env:DOCS}'] }
    protect:
      nightly: { file_backup: {}, schedule: '0 2 * * *', stores: [disk, second] }
    retain: { daily: { for: 7d } }
scheduler: { systemd: { directory: '${env:UNITS}' } }
";

const AWAY: &str = "\
version: 1
name: notes
stores:
  away: { s3: { bucket: '${env:BUCKET}', region: eu-north-1, endpoint: '${env:URL}' } }
components:
  docs:
    files: { paths: ['@/docs'] }
    protect:
      nightly: { file_backup: {}, schedule: '0 2 * * *', store: away }
scheduler: { systemd: { directory: '@/units' } }
";

struct Hidden {
    home: Home,
    url: String,
}

impl Hidden {
    fn new(policy: &str, url: &str) -> Self {
        let home = Home::new();
        std::fs::write(home.path("place"), format!("{}\n", home.path("c4n4ry-second").display())).unwrap();
        home.policy(policy);
        Self { home, url: url.to_owned() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(arguments);
        let at = |below: &str| self.home.path(below).display().to_string();
        command.env("DISK", at("c4n4ry-disk")).env("DOCS", at("docs")).env("UNITS", at("c4n4ry-units"));
        command.env("BUCKET", "c4n4ry-bucket").env("URL", &self.url);
        command.env("AWS_ACCESS_KEY_ID", "c4n4ryKEYID").env("AWS_SECRET_ACCESS_KEY", "c4n4rySECRETKEY");
        command
            .env("AWS_SESSION_TOKEN", "c4n4ryTOKEN")
            .env("BDR_ALLOW_ENV", "DISK,DOCS,UNITS,BUCKET,URL")
            .env("BDR_ALLOW_FILE", "place");
        command
    }

    /// Runs a command, and fails where a value is seen in what it says.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Ran {
        let ran = Ran::of(&self.command(arguments).output().unwrap());
        assert!(!ran.stdout.contains(CANARY) && !ran.stderr.contains(CANARY), "bdr {arguments:?} tells: {ran:#?}");
        ran
    }

    /// Fails where a value is seen in anything that was written.
    #[track_caller]
    fn nothing_is_written(&self) {
        for (path, bytes) in contents(&self.home.path("")) {
            if path.ends_with("place") {
                continue;
            }
            let plain = zstd::decode_all(bytes.as_slice()).unwrap_or_default();
            for text in [bytes, plain] {
                assert!(
                    !String::from_utf8_lossy(&text).contains(CANARY),
                    "{}: {}",
                    path.display(),
                    String::from_utf8_lossy(&text)
                );
            }
        }
    }
}

const LOOKING: [&[&str]; 14] = [
    &["lint"],
    &["lint", "--format", "json"],
    &["lint", "--format", "sarif"],
    &["lint", "--format", "github"],
    &["lint", "--format", "gitlab"],
    &["lint", "--format", "junit"],
    &["fmt", "--diff"],
    &["assess"],
    &["graph"],
    &["plan", "--log", "debug"],
    &["plan", "--format", "json"],
    &["plan", "--format", "markdown", "--out", "p.json"],
    &["show", "p.json"],
    &["drift", "--log", "debug"],
];

#[test]
fn values_of_references_are_neither_told_nor_written() {
    let hidden = Hidden::new(POLICY, "");
    LOOKING.iter().for_each(|arguments| drop(hidden.run(arguments)));
    hidden.run(&["apply", "p.json", "--log", "debug"]).ends(0);
    for arguments in [
        ["backup", "docs", "--log", "debug"].as_slice(),
        &["list", "--log", "debug"],
        &["verify", "docs", "--log", "debug"],
        &["prune", "docs", "--dry-run"],
        &["restore", "docs", "--to", "out"],
        &["drift"],
        &["apply", "--auto-approve", "--format", "json"],
    ] {
        hidden.run(arguments);
    }
    assert!(hidden.home.path("out").exists(), "restored");
    hidden.nothing_is_written();
    // And where things go wrong.
    std::fs::remove_dir_all(hidden.home.path("docs")).unwrap();
    std::fs::remove_dir_all(hidden.home.path("c4n4ry-disk")).unwrap();
    std::fs::write(hidden.home.path("c4n4ry-disk"), "in the way").unwrap();
    LOOKING.iter().for_each(|arguments| drop(hidden.run(arguments)));
    for arguments in [["backup", "docs"].as_slice(), &["list"], &["verify", "docs"], &["apply", "--auto-approve"]] {
        hidden.run(arguments);
    }
}

#[test]
fn an_endpoint_that_does_not_answer_is_told_by_its_reference() {
    for url in ["http://c4n4ry.invalid:9", "http://user:c4n4ry@127.0.0.1:9"] {
        let hidden = Hidden::new(AWAY, url);
        LOOKING.iter().for_each(|arguments| drop(hidden.run(arguments)));
        assert_ne!(hidden.run(&["list", "--log", "debug"]).code, Some(0));
        hidden.nothing_is_written();
    }
}

#[test]
fn looking_at_a_policy_reads_asks_and_runs_only_what_is_allowed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let text = AWAY.replace("'${env:BUCKET}'", "bucket").replace("'${env:URL}'", &url).replace("{ directory: '@/units' }", "{}");
    let with_secret = format!("{text}contacts: {{}}\n").replace("bucket: bucket", "bucket: '${env:BUCKET}'");
    let crontab = text.replace("{ systemd: {} }", "{ cron: { user: true } }");
    for policy in [&text, &with_secret, &crontab] {
        let hidden = Hidden::new(policy, "");
        let programs = hidden.home.path("programs");
        std::fs::create_dir(&programs).unwrap();
        for name in ["systemctl", "crontab", "systemd-analyze", "systemd-run"] {
            let path = programs.join(name);
            std::fs::write(&path, format!("#!/bin/sh\necho {name} $* >> {}/called\nexit 1\n", programs.display())).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        for arguments in LOOKING {
            let mut command = hidden.command(arguments);
            command.env("PATH", &programs).env_remove("BDR_ALLOW_ENV").env_remove("BDR_ALLOW_FILE");
            let ran = Ran::of(&command.output().unwrap());
            assert!(!ran.stdout.contains(CANARY) && !ran.stderr.contains(CANARY), "bdr {arguments:?} tells: {ran:#?}");
            let called = std::fs::read_to_string(programs.join("called")).unwrap_or_default();
            if !matches!(arguments[0], "plan" | "drift") {
                assert_eq!(called, "", "bdr {arguments:?}");
            }
            let reads = |line: &str| {
                ["crontab -l", "systemctl show", "systemctl is-", "systemctl list-", "systemctl --user show"]
                    .iter()
                    .any(|start| line.starts_with(start))
            };
            assert!(called.lines().all(reads), "bdr {arguments:?} runs {called}");
            std::fs::write(programs.join("called"), "").unwrap();
            assert!(listener.accept().is_err(), "bdr {arguments:?} asks an endpoint that nobody allowed");
        }
    }
}

#[test]
fn references_need_leave_where_nobody_sits_at_a_terminal() {
    let hidden = Hidden::new(POLICY, "");
    let mut command = hidden.command(&["plan"]);
    let ran = Ran::of(&command.env_remove("BDR_ALLOW_ENV").env_remove("BDR_ALLOW_FILE").output().unwrap()).ends(1);
    for wanted in ["`${env:DISK}` has no value: not allowed", "--allow-env DISK", "`${file:place}`", "--allow-file place"] {
        assert!(ran.stderr.contains(wanted), "{wanted}: {ran:#?}");
    }
}
