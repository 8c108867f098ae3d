//! Files that are generated from the program and checked in: this test fails when one is stale, and `BDR_BLESS=1` writes it anew.

mod command_line;

use std::fs;

use crate::tidy::root;

/// Where a file lies, and what makes it.
type Generated = (&'static str, fn() -> String);

/// Every generated file. One more file is one more line.
const GENERATED: &[Generated] = &[
    ("docs/cli.md", command_line::page),
    ("docs/rules.md", bdr::cli::explain::rules_page),
    ("schemas/assessment.json", bdr::cli::view::assessment::schema),
    ("schemas/baseline.json", || bdr::cli::schema::Name::Baseline.text()),
    ("schemas/findings.json", || bdr::cli::schema::Name::Findings.text()),
    ("schemas/policy.json", || bdr::cli::schema::Name::Policy.text()),
    ("schemas/event.json", || bdr::cli::schema::Name::Event.text()),
    ("schemas/status.json", bdr::cli::view::status::schema),
    ("schemas/wal-status.json", bdr::cli::view::wal::schema),
    ("schemas/plan.json", || bdr::cli::schema::Name::Plan.text()),
];

#[test]
fn generated_files_are_fresh() {
    let bless = std::env::var_os("BDR_BLESS").is_some();
    let mut stale = Vec::new();
    for (path, make) in GENERATED {
        let (fresh, place) = (make(), root().join(path));
        if fs::read_to_string(&place).is_ok_and(|old| old == fresh) {
            continue;
        }
        if bless {
            fs::write(&place, fresh).unwrap();
        } else {
            stale.push(*path);
        }
    }
    let how = "BDR_BLESS=1 cargo test --test it generated:: writes them anew; read the difference before you commit it";
    assert!(stale.is_empty(), "stale: {}. {how}", stale.join(", "));
}

#[test]
fn nothing_lies_among_the_schemas_that_is_not_generated() {
    let Ok(folder) = fs::read_dir(root().join("schemas")) else { return };
    for entry in folder {
        let name = format!("schemas/{}", entry.unwrap().file_name().to_string_lossy());
        assert!(
            GENERATED.iter().any(|(path, _)| *path == name),
            "{name} is not in the list of tests/it/generated.rs: who makes it?"
        );
    }
}
