//! A restore that finds nothing good says what is there instead, where, and the command that brings it back.

use super::{home, manifests, noise, objects};
use crate::binary::Home;

/// Two protections, each in a store of its own, with one backup each.
fn two() -> Home {
    let home = super::home();
    home.policy(
        &super::POLICY
            .replace("components:", "  attic: { folder: { path: '@/attic' } }\ncomponents:")
            .replace("    retain:", "      offsite: { file_backup: {}, schedule: daily, store: attic }\n    retain:"),
    );
    crate::binary::set_up(&home.path("attic"), "notes");
    std::fs::write(home.path("docs/a"), noise(1, 100_000)).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    home
}

fn id_of(home: &Home, protection: &str) -> String {
    let listed = home.run(&["list", "--protection", protection, "--format", "json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&listed).unwrap();
    json["backups"][0]["manifest"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn every_backup_is_damaged_and_another_protection_has_a_good_one() {
    let home = two();
    let (bad, good) = (id_of(&home, "nightly"), id_of(&home, "offsite"));
    std::fs::remove_file(objects(&home, "/packs/").remove(0)).unwrap();
    home.run(&["verify"]).ends(1);
    let ran = home.run(&["restore", "docs", "--protection", "nightly", "--to", "back"]).ends(1);
    assert!(ran.stderr.contains(&format!("docs/nightly in vault: damaged: {bad}")), "{ran:#?}");
    assert!(ran.stderr.contains(&format!("docs/offsite in attic has a good one, {good}")), "{ran:#?}");
    assert!(!ran.stderr.contains("suspect"), "{ran:#?}");
    let command = "restore docs --protection offsite --store attic --to";
    assert!(ran.stderr.contains(&format!("`bdr {command} back`")), "{ran:#?}");
    let mut words: Vec<&str> = command.split(' ').collect();
    words.push("back");
    home.run(&words).ends(0);

    std::fs::remove_dir_all(home.path("attic/notes")).unwrap();
    let ran = home.run(&["restore", "docs", "--to", "other"]).ends(1);
    assert!(ran.stderr.contains("of a damaged one comes back by its id"), "{ran:#?}");
    let ran = home.run(&["restore", "docs", "--backup", &bad, "--to", "part"]).ends(3);
    assert!(home.path("part/deep/b.txt").exists() || !ran.stderr.is_empty());
}

#[test]
fn an_id_that_is_not_there_is_answered_with_those_that_are() {
    let home = two();
    let (nightly, offsite) = (id_of(&home, "nightly"), id_of(&home, "offsite"));
    let ran = home.run(&["restore", "docs", "--backup", "20200101T000000Z-00000000", "--to", "back"]).ends(1);
    let both = [&nightly, &offsite].iter().all(|id| ran.stderr.contains(*id));
    assert!(both && !ran.stderr.contains("suspect"), "{ran:#?}");
    let mut near = nightly.clone();
    near.replace_range(near.len() - 1.., if nightly.ends_with('0') { "1" } else { "0" });
    let ran = home.run(&["restore", "docs", "--backup", &near, "--to", "back"]).ends(1);
    assert!(ran.stderr.contains(&format!("Did you mean `{nightly}`?")), "{ran:#?}");
    let ran = home.run(&["restore", "docs", "--protection", "nightly", "--backup", &offsite, "--to", "back"]).ends(1);
    assert!(ran.stderr.contains("one of docs/offsite in attic: say `--protection offsite --store attic`"), "{ran:#?}");
    std::fs::write(manifests(&home).remove(0).0, "{").unwrap();
    let ran = home.run(&["restore", "docs", "--backup", &nightly, "--to", "back"]).ends(1);
    assert!(ran.stderr.contains("docs/nightly in vault: ") && ran.stderr.contains("cannot be restored"), "{ran:#?}");
}

#[test]
fn a_first_backup_that_somebody_made_meanwhile_is_not_counted_as_made() {
    let home = home();
    home.run(&["plan", "--out", "plan.json"]).ends(0);
    home.run(&["backup", "docs"]).ends(0);
    let ran = home.run(&["apply", "plan.json"]).ends(0);
    assert!(ran.stdout.contains("1 first backup as wanted already"), "{ran:#?}");
}

#[test]
fn a_moment_before_the_first_backup_is_answered_with_the_first() {
    let home = two();
    let ran = home.run(&["restore", "docs", "--at", "2020-01-01 00:00", "--to", "back"]).ends(1);
    let first = id_of(&home, "nightly");
    assert!(ran.stderr.contains("from before 2020-01-01 00:00") && ran.stderr.contains(&format!("oldest good one is {first}")));
}
