//! A policy of a stranger: links and pipes among its files are neither followed out of its folder nor opened.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Home, POLICY, Ran};

const LOOKING: [&[&str]; 10] = [
    &["lint"],
    &["lint", "--format", "json"],
    &["lint", "--format", "sarif"],
    &["lint", "--format", "github"],
    &["lint", "--format", "gitlab"],
    &["lint", "--format", "junit"],
    &["fmt"],
    &["fmt", "--diff"],
    &["plan"],
    &["assess"],
];

/// A home with a folder of a policy, and a file outside that is not the author's to see: its key is unknown, so a finding would show the line.
fn home() -> Home {
    let home = Home::new();
    std::fs::create_dir_all(home.path("repo/bdr/deep")).unwrap();
    std::fs::write(home.path("repo/bdr/a.yaml"), POLICY.replace("@", &home.path("").display().to_string())).unwrap();
    std::fs::write(home.path(".netrc"), "c4n4ry-key:   1\n").unwrap();
    home
}

fn run(home: &Home, arguments: &[&str]) -> Ran {
    Ran::of(&home.command(arguments).current_dir(home.path("repo")).output().unwrap())
}

#[track_caller]
fn refused(home: &Home, code: &str) {
    for arguments in LOOKING {
        let ran = run(home, arguments);
        assert!(matches!(ran.code, Some(1 | 2)), "bdr {arguments:?}: {ran:#?}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(code), "bdr {arguments:?}: {ran:#?}");
        assert!(!said.contains("c4n4ry"), "bdr {arguments:?} tells: {ran:#?}");
    }
    assert_eq!(home.text(".netrc"), "c4n4ry-key:   1\n", "nothing is written through the link");
}

#[test]
fn a_link_that_leads_out_of_the_folder_is_not_followed() {
    for target in ["../../.netrc", "/proc/self/environ", "/dev/zero", "../../nothing"] {
        let home = home();
        symlink(target, home.path("repo/bdr/e.yaml")).unwrap();
        refused(&home, "BDR-P070");
    }
    let home = home();
    symlink("../../../.netrc", home.path("repo/bdr/deep/e.yml")).unwrap();
    symlink("deep/e.yml", home.path("repo/bdr/b.yaml")).unwrap();
    refused(&home, "BDR-P070");
    let human = run(&home, &["lint"]).ends(2).stdout;
    for part in ["bdr/b.yaml:1:1", "bdr/deep/e.yml:1:1", "not followed", "note: through such a link", "help: Put the text itself"]
    {
        assert!(human.contains(part), "{part}: {human}");
    }
}

#[test]
fn the_default_is_nobodys_word_either() {
    let home = home();
    symlink("../.netrc", home.path("repo/bdr.yaml")).unwrap();
    refused(&home, "BDR-P070");
    std::fs::remove_file(home.path("repo/bdr.yaml")).unwrap();
    std::fs::rename(home.path("repo/bdr"), home.path("elsewhere")).unwrap();
    symlink("../elsewhere", home.path("repo/bdr")).unwrap();
    refused(&home, "BDR-P070");
    std::fs::remove_file(home.path("repo/bdr")).unwrap();
    std::fs::rename(home.path("elsewhere"), home.path("repo/policies")).unwrap();
    symlink("policies", home.path("repo/bdr")).unwrap();
    run(&home, &["lint"]).ends(0);
}

#[test]
fn a_link_within_the_folder_is_followed_and_stays_a_link() {
    let home = home();
    // As Kubernetes mounts a ConfigMap.
    let folder = home.path("repo/bdr");
    std::fs::create_dir(folder.join("..2026")).unwrap();
    std::fs::rename(folder.join("a.yaml"), folder.join("..2026/a.yaml")).unwrap();
    symlink("..2026", folder.join("..data")).unwrap();
    symlink("..data/a.yaml", folder.join("a.yaml")).unwrap();
    run(&home, &["lint"]).ends(0);
    run(&home, &["fmt"]).ends(0);
    assert!(folder.join("a.yaml").is_symlink());
    let text = std::fs::read_to_string(folder.join("..2026/a.yaml")).unwrap();
    assert!(text.contains("schedule: \"0 2 * * *\""), "laid out: {text}");
}

#[test]
fn what_is_no_file_is_not_opened() {
    let make = |name: &str, path: &Path| assert!(Command::new(name).arg(path).status().unwrap().success());
    let home = home();
    make("mkfifo", &home.path("repo/bdr/p.yaml"));
    refused(&home, "BDR-P071");
    std::fs::remove_file(home.path("repo/bdr/p.yaml")).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(home.path("repo/bdr/s.yaml")).unwrap();
    refused(&home, "BDR-P071");
    assert!(run(&home, &["lint"]).ends(2).stdout.contains("bdr/s.yaml:1:1"));
}

#[test]
fn what_the_caller_names_may_be_a_link_or_a_pipe() {
    let home = home();
    symlink("bdr/a.yaml", home.path("repo/link.yaml")).unwrap();
    symlink("bdr", home.path("repo/folder")).unwrap();
    symlink("../../.netrc", home.path("repo/deep.yaml")).unwrap();
    run(&home, &["lint", "link.yaml"]).ends(0);
    run(&home, &["lint", "-p", "folder"]).ends(0);
    let piped = |command: &str| {
        let mut command = home.command(&[command, "-p", "/dev/stdin"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let text = std::fs::read(home.path("repo/bdr/a.yaml")).unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &text).unwrap();
        Ran::of(&child.wait_with_output().unwrap())
    };
    piped("lint").ends(0);
    assert!(piped("fmt").ends(1).stderr.contains("could not write `/dev/stdin`: it is not a file"));
    run(&home, &["fmt", "link.yaml"]).ends(0);
    assert!(home.path("repo/link.yaml").is_symlink());
    assert!(home.text("repo/bdr/a.yaml").contains("schedule: \"0 2 * * *\""));
}
