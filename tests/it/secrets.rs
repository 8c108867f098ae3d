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

const LOOKING: [&[&str]; 17] = [
    &["lint"],
    &["lint", "--format", "json"],
    &["lint", "--format", "sarif"],
    &["lint", "--format", "github"],
    &["lint", "--format", "gitlab"],
    &["lint", "--format", "junit"],
    &["lint", "--write-baseline", "known.json"],
    &["fmt", "--diff"],
    &["assess"],
    &["graph"],
    &["graph", "--format", "svg"],
    &["plan", "--summary"],
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

/// Ways in which people write a secret in plain, and how many there are in each. Behind each stands a mistake, so that its line is shown.
const PLAIN: [(&str, usize); 26] = [
    ("password: c4n4ry", 1),
    ("password: c4n4ry, password: c4n4ry3", 2),
    ("password: { value: c4n4ry }", 1),
    ("password: { c4n4ry }", 1),
    ("<<: { password: c4n4ry }", 1),
    ("secret: [c4n4ry, [c4n4ry2]]", 2),
    ("token: c4n4ry", 1),
    ("api_key: c4n4ry123456", 1),
    ("dbPass: \"c4n4ry\"", 1),
    ("pass: c4n4", 1),
    ("phone: &a c4n4ry, password: *a", 1),
    ("'client-secret': 'it''s c4n4ry'", 1),
    ("\"p\\u0061ssword\": c4n4ry", 1),
    ("note: 'host=db password=c4n4ry'", 1),
    ("url: 'postgres://app:c4n4ry@db'", 1),
    ("note: AKIAC4N4RYC4N4RYC4N4", 1),
    ("AKIAC4N4RYC4N4RYC4N4: 1", 1),
    ("note: ghp_c4n4ryc4n4ry", 1),
    ("phone: 1 } # AKIAC4N4RYC4N4RYC4N4 password=c4n4ry", 2),
    ("phone: 1 } # password: c4n4ry", 1),
    ("phone: 1 } # password: c4n4ry, says 'ops'", 1),
    ("phone: 1 } # password: c a c4n4ry horse", 0),
    ("password: ${env:c4n4ry", 0),
    ("password: a${env:X}c4n4ry", 0),
    ("password: [c4n4ry", 0),
    ("password: c4n4ry, b: ]", 0),
];

/// A contact that holds one of them, and a mistake on its line.
fn contact(name: &str, shape: &str) -> String {
    let shape = match shape.strip_prefix("phone: 1 } ") {
        Some(comment) => format!("phone: 1, nonsense: 1 }} {comment}"),
        None => format!("{shape}, nonsense: 1 }}"),
    };
    format!("  {name}: {{ {shape}\n")
}

#[test]
fn a_secret_written_in_plain_is_shown_by_no_command_in_no_format() {
    let home = Home::new();
    let run = |arguments: &[&str], text: &str| {
        let ran = Ran::of(&home.command(arguments).output().unwrap());
        let tells = [&ran.stdout, &ran.stderr].iter().any(|told| told.to_lowercase().contains("c4n4"));
        assert!(!tells, "bdr {arguments:?} tells: {ran:#?}\n{text}");
        ran
    };
    let write = |contacts: &str| {
        home.policy(POLICY);
        let text = home.text("bdr.yaml").replace("components:", &format!("contacts:\n{contacts}components:"));
        std::fs::write(home.path("bdr.yaml"), &text).unwrap();
        text
    };
    for (shape, count) in PLAIN {
        let text = write(&contact("ops", shape));
        run(&["fmt", "--diff"], &text);
        run(&["plan"], &text);
        let report: serde_json::Value = serde_json::from_str(&run(&["lint", "--format", "json"], &text).ends(2).stdout).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        let codes: Vec<&str> = findings.map(|finding| finding["code"].as_str().unwrap()).collect();
        let found = codes.iter().filter(|code| **code == "BDR-P053").count();
        // Of a text that cannot be read, only that is told.
        assert!(found == count || (count == 0 && codes.contains(&"BDR-P001")), "{shape}: {codes:?}");
        let shown = run(&["lint"], &text).stdout;
        assert!(count == 0 || shown.contains("nonsense: 1"), "{shape}: the rest of the line is shown: {shown}");
    }
    let readable = PLAIN.iter().enumerate().filter(|(_, (_, count))| *count > 0);
    let all: String = readable.map(|(at, (shape, _))| contact(&format!("c{at}"), shape)).collect();
    let torn: String = PLAIN.iter().enumerate().map(|(at, (shape, _))| contact(&format!("c{at}"), shape)).collect();
    for contacts in [all, torn] {
        let text = write(&contacts);
        LOOKING.iter().for_each(|arguments| drop(run(arguments, &text)));
    }
    for key in ["version", "name", "timezone", "stores", "components", "scheduler"] {
        let text = format!("{key}:\n  password: c4n4ry\n");
        home.policy(&text);
        run(&["lint"], &text);
    }
}

#[test]
fn the_caret_stands_where_the_secret_stood() {
    let home = Home::new();
    home.policy("version: 1\nname: x\ncontacts: { ops: { password: 'c4n4ry', nonsense: 1 } }\n");
    let shown = home.run(&["lint", "--color", "never"]).ends(2).stdout;
    let lines: Vec<&str> = shown.lines().collect();
    let line = "3 │ contacts: { ops: { password: '******', nonsense: 1 } }";
    let below: Vec<&str> = lines.windows(2).filter(|pair| pair[0] == line).map(|pair| pair[1]).collect();
    let caret = |word: &str| format!("  │ {}", " ".repeat(line.split_once("│ ").unwrap().1.find(word).unwrap()));
    assert!(below.len() > 2, "{shown}");
    for word in ["password", "******", "nonsense"] {
        let wanted = format!("{}{}", caret(word), "━".repeat(word.len()));
        assert!(below.iter().any(|line| line.starts_with(&wanted)), "{word}: {shown}");
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
