//! `bdr status` as a monitoring system calls it: what is known to be damaged is an alarm, whatever else is good.

use super::{home, manifests, noise, objects};
use crate::binary::{Home, Ran};

fn backup(home: &Home, seed: u64) {
    std::fs::write(home.path("docs/a"), noise(seed, 100_000)).unwrap();
    home.run(&["backup", "docs"]).ends(0);
}

fn json(home: &Home) -> serde_json::Value {
    serde_json::from_str(&home.run(&["status", "--format", "json"]).stdout).unwrap()
}

#[track_caller]
fn alarms(ran: &Ran, id: &str, state: &str) {
    let (told, code) = (&ran.stdout, ran.code);
    assert!(code == Some(2) && told.contains(state) && told.contains(&format!("\n  {id}\n")), "{ran:#?}");
    assert!(told.lines().all(|line| line.chars().count() <= 80), "{ran:#?}");
}

#[test]
fn damaged_backups_are_told_counted_and_end_with_2() {
    let home = home();
    backup(&home, 1);
    home.run(&["status"]).ends(0);
    let id = manifests(&home).remove(0).1.id.to_string();
    let pack = objects(&home, "/packs/").remove(0);
    let good = std::fs::read(&pack).unwrap();
    std::fs::write(&pack, &good[1..]).unwrap();
    home.run(&["verify", "docs"]).ends(1);
    alarms(&home.run(&["status"]), &id, "no good backup, 1 DAMAGED");
    // A newer good one does not make it whole.
    backup(&home, 2);
    alarms(&home.run(&["status"]), &id, "1 DAMAGED");
    let held = json(&home)["held"][0].clone();
    assert_eq!((held["damaged"].as_u64(), held["damaged_backups"][0].as_str()), (Some(1), Some(id.as_str())), "{held:#}");
    std::fs::write(&pack, &good).unwrap();
    home.run(&["verify", "docs", "--read-data"]).ends(0);
    let well = home.run(&["status"]).ends(0);
    assert!(well.stdout.contains("ok") && !well.stdout.contains("DAMAGED"), "{well:#?}");
    assert_eq!(json(&home)["held"][0]["damaged"], 0);
    // So is one whose manifest nobody can read.
    let manifest = manifests(&home).into_iter().find(|(_, manifest)| manifest.id.to_string() == id).unwrap().0;
    std::fs::write(manifest, "{").unwrap();
    alarms(&home.run(&["status"]), &id, "1 DAMAGED");
}
