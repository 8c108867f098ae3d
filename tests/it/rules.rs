//! The rules' documentation is true: what a rule's example shows is found, and what it says instead is not.

use bdr::diag::{Code, Sources};
use bdr::lint;

use crate::cases::NOW;

/// The YAML blocks below a heading of a rule's documentation.
fn blocks(text: &str, heading: &str) -> Vec<String> {
    let below = text.split("\n## ").find_map(|part| part.strip_prefix(heading)).unwrap_or_default();
    below.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// An example together with what it takes for granted: a name, a store, a component that uses it, a scheduler.
fn whole(example: &str, code: Code) -> String {
    let has = |key: &str| example.lines().any(|line| line.starts_with(key));
    let mut text = "version: 1\nname: example\n".to_owned();
    if !has("scheduler:") && code.name != "no-scheduler" {
        text.push_str("scheduler: { systemd: {} }\n");
    }
    if !has("stores:") && (example.contains("store:") || !has("components:")) {
        text.push_str("stores: { primary: { s3: { bucket: example-backups, region: eu-north-1 }, versioning: true } }\n");
    }
    if !has("components:") {
        text.push_str("components: { other: { files: { paths: [/srv/other] }, ");
        text.push_str("protect: { nightly: { file_backup: {}, schedule: daily, store: primary } } } }\n");
    }
    text + example
}

fn found(text: &str) -> Vec<&'static str> {
    let mut sources = Sources::new();
    sources.add("example.yaml", text);
    lint::lint(sources, NOW.parse().unwrap()).found.iter().map(|finding| finding.code).collect()
}

#[test]
fn examples_are_found_and_what_is_written_instead_is_not() {
    for rule in lint::RULES {
        let about = rule.about();
        let text = format!("\n{}", about.explanation());
        for heading in ["What it finds\n", "Why it matters\n", "Example\n", "Instead\n"] {
            assert!(text.contains(&format!("\n## {heading}")), "{}: no heading `{heading}`", about.code);
        }
        let (wrong, right) = (blocks(&text, "Example\n"), blocks(&text, "Instead\n"));
        assert!(!wrong.is_empty() && !right.is_empty(), "{}: an example and what to write instead", about.code);
        for example in wrong {
            let text = whole(&example, about);
            assert_eq!(found(&text), [about.code], "{text}");
        }
        for example in right {
            let text = whole(&example, about);
            assert_eq!(found(&text), [] as [&str; 0], "{} instead:\n{text}", about.code);
        }
    }
}

#[test]
fn codes_are_unique_and_in_order() {
    let codes = lint::codes();
    assert!(codes.is_sorted_by(|a, b| a.code < b.code), "{:?}", codes.iter().map(|code| code.code).collect::<Vec<_>>());
    let mut names: Vec<&str> = codes.iter().map(|code| code.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), codes.len(), "each name is given once");
}
