//! Names and values of a stranger are shown as text: they are commands neither to a terminal nor to a CI system that reads its log.

use super::{Home, Ran};
use crate::harness::canned::Canned;

/// Whatever stands before it, wrapping puts it to the beginning of a line.
const LONG: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const COMMANDS: &str = "::error file=README.md::pwned ##[error]pwned ##vso[task.complete]pwned";
/// As an escape within double quotes: hidden text, the window's title, a line of its own.
const CONTROLS: &str = "\\e[8m\\e]0;x\\a\\u009b2J\\r\\n::error::pwned\\n\\u2028::error::pwned";

/// A policy in which everything that may be any text is hostile; `@` stands for the folder.
fn policy(value: &str, contact: &str) -> String {
    format!(
        "version: 1
name: notes
contacts: {{ \"{contact}\": {{ phone: \"1\" }} }}
stores:
  disk: {{ folder: {{ path: \"@/backups {value}\" }} }}
components:
  docs:
    files: {{ paths: [\"@/docs {value}\"], exclude: [\"x{value}\"] }}
    protect:
      nightly: {{ file_backup: {{}}, schedule: '0 2 * * *', store: disk }}
    retain: {{ daily: {{ for: 7d }} }}
scheduler: {{ systemd: {{ directory: \"@/units\" }} }}
"
    )
}

#[track_caller]
fn harmless(arguments: &[&str], ran: &Ran) {
    let github = arguments.contains(&"github");
    for line in ran.stdout.lines().chain(ran.stderr.lines()) {
        let ours = ["::error file=", "::warning file=", "::notice file="].iter().any(|command| line.starts_with(command));
        let command = line.trim_start().starts_with("::") && !(github && ours && line.contains("title=BDR-"));
        let signs = !github && (line.contains("##[") || line.contains("##vso["));
        assert!(!command && !signs, "bdr {arguments:?} prints a command: {line}\n{ran:#?}");
    }
    for text in [&ran.stdout, &ran.stderr] {
        // Colours are our own.
        let plain = arguments.contains(&"never");
        let control = |c: char| c.is_control() && c != '\n' && (plain || c != '\u{1b}');
        assert!(!text.contains(control), "bdr {arguments:?} prints a control: {ran:#?}");
        for hostile in ["\u{1b}[8m", "\u{1b}]", "\u{2028}"] {
            assert!(!text.contains(hostile), "bdr {arguments:?} prints a control: {ran:#?}");
        }
    }
}

const LOOKING: [&[&str]; 19] = [
    &["lint"],
    &["lint", "--format", "json"],
    &["lint", "--format", "sarif"],
    &["lint", "--format", "github"],
    &["lint", "--format", "gitlab"],
    &["lint", "--format", "junit"],
    &["fmt", "--diff"],
    &["fmt", "--check"],
    &["assess"],
    &["assess", "--format", "json"],
    &["graph"],
    &["graph", "--format", "mermaid"],
    &["graph", "--format", "svg"],
    &["plan", "--summary"],
    &["plan"],
    &["plan", "--format", "json"],
    &["plan", "--format", "markdown"],
    &["drift"],
    &["list"],
];

#[track_caller]
fn all_harmless(home: &Home) {
    for color in ["always", "never"] {
        for arguments in LOOKING {
            let arguments = [arguments, &["--color", color]].concat();
            harmless(&arguments, &home.run(&arguments));
        }
    }
}

#[test]
fn values_and_keys_are_text() {
    let home = Home::new();
    for value in [format!("{LONG} {COMMANDS}"), format!("{LONG}{CONTROLS}"), format!("{LONG} {COMMANDS}{CONTROLS}")] {
        home.policy(&policy(&value, "ops"));
        all_harmless(&home);
        home.policy(&policy(&value, &value));
        all_harmless(&home);
        home.policy(&format!(
            "version: 1\nname: \"{value}\"\n\"{value}\": 1\nstores: {{ \"{value}\": {{ s3: \"{value}\" }} }}\n"
        ));
        all_harmless(&home);
    }
    let value = format!("{LONG} {COMMANDS}");
    home.policy(&policy(&value, "ops"));
    for arguments in
        [["apply", "--auto-approve"].as_slice(), &["backup", "docs"], &["verify"], &["prune", "--dry-run"], &["plan"]]
    {
        harmless(arguments, &home.run(arguments));
    }
}

#[test]
fn names_of_files_are_text() {
    for (name, text) in [
        ("a\n::error file=README.md::pwned\n.yaml", "nonsense: 1\n"),
        ("a\u{1b}[8m\u{1b}]0;x\u{7}\u{9b}2J\r.yaml", "nonsense:   1\n"),
        ("::error ##[error]x ##vso[x]y.yaml", "a: ]\n"),
    ] {
        let home = Home::new();
        std::fs::create_dir(home.path("bdr")).unwrap();
        std::fs::write(home.path("bdr").join(name), text).unwrap();
        all_harmless(&home);
        std::fs::remove_file(home.path("bdr").join(name)).unwrap();
        std::os::unix::fs::symlink("/nowhere", home.path("bdr").join(name)).unwrap();
        all_harmless(&home);
        std::fs::remove_file(home.path("bdr").join(name)).unwrap();
        let home = Home::new();
        home.policy(&policy("", "ops"));
        std::fs::create_dir(home.path("docs ")).unwrap();
        std::fs::write(home.path("docs ").join(name), "a").unwrap();
        for arguments in [["apply", "--auto-approve"].as_slice(), &["backup", "docs"], &["restore", "docs", "--to", "back"]] {
            harmless(arguments, &home.run(arguments));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_text() {
    let s3 = Canned::new(&[]).await;
    let home = Home::new();
    let value = format!("{LONG} ::error file=README.md::pwned");
    home.policy(&format!(
        "version: 1
name: notes
stores:
  away: {{ s3: {{ bucket: example-backups, region: eu-north-1, endpoint: \"{}\" }}, tags: {{ team: \"{value}\" }} }}
components:
  docs:
    files: {{ paths: ['@/docs'] }}
    protect: {{ nightly: {{ file_backup: {{}}, schedule: '0 2 * * *', store: away }} }}
    retain: {{ daily: {{ for: 7d }} }}
scheduler: {{ systemd: {{ directory: '@/units' }} }}
",
        s3.endpoint.url
    ));
    let arguments = ["plan", "--all", "--allow-endpoint", &s3.endpoint.url];
    let mut command = home.command(&arguments);
    command.env("AWS_ACCESS_KEY_ID", &s3.endpoint.access_key).env("AWS_SECRET_ACCESS_KEY", &s3.endpoint.secret_key);
    let ran = tokio::task::spawn_blocking(move || Ran::of(&command.output().unwrap())).await.unwrap().ends(0);
    assert!(ran.stdout.contains("README.md::pwned"), "the tag is shown: {ran:#?}");
    harmless(&arguments, &ran);
}
