//! What a restore could not bring back, told by its cause, with the step that fits it.

use std::os::unix::fs::PermissionsExt;

use super::{as_nobody, home, noise, objects};
use crate::binary::Home;

const FILES: u64 = 300;

/// Many small files, all in one pack.
fn many() -> Home {
    let home = home();
    for at in 0..FILES {
        std::fs::write(home.path(&format!("docs/small-{at:03}")), noise(at, 2_000)).unwrap();
    }
    home.run(&["backup", "docs"]).ends(0);
    assert_eq!(objects(&home, "/packs/").len(), 1);
    home
}

#[test]
fn a_lost_pack_is_told_once_and_each_file_in_it_as_an_event() {
    let home = many();
    let pack = objects(&home, "/packs/").remove(0);
    std::fs::remove_file(&pack).unwrap();
    let name = pack.file_name().unwrap().to_str().unwrap();
    let ran = home.run(&["restore", "docs", "--to", "back"]).ends(3);
    let told = format!("packs/{name} is missing: {} entries\n", FILES + 2);
    assert!(ran.stderr.contains(&told), "{ran:#?}");
    assert!(ran.stderr.contains(&format!("    … and {} more; `--format json` names each\n", FILES - 3)), "{ran:#?}");
    assert!(ran.stderr.lines().count() < 25, "{ran:#?}");
    assert!(ran.stderr.contains("`bdr verify docs --read-data` tells what is damaged"), "{ran:#?}");
    let ran = home.run(&["restore", "docs", "--to", "again", "--backup", &id(&home), "--format", "json"]).ends(3);
    let named = ran.stdout.lines().filter(|line| line.contains("\"event\":\"entry_not_restored\"")).count();
    assert_eq!(named as u64, FILES + 2);
}

fn id(home: &Home) -> String {
    super::manifests(home).remove(0).1.id.to_string()
}

/// A store that does not give what it holds is not damaged: the step is to run again.
#[test]
fn what_a_store_does_not_give_is_not_called_damage() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = many();
    let pack = objects(&home, "/packs/").remove(0);
    let open = std::process::Command::new("chmod").args(["-R", "a+rwX"]).arg(home.path("vault")).status().unwrap();
    assert!(open.success());
    let allow = |mode| std::fs::set_permissions(&pack, std::fs::Permissions::from_mode(mode)).unwrap();
    allow(0o000);
    let restore = ["restore", "docs", "--to", "back", "--no-owner"];
    let Some(ran) = as_nobody(&home, &restore) else { return };
    let ran = ran.ends(3);
    let told = ["the store did not give it: could not read `", &format!(": {} entries\n", FILES + 2)];
    assert!(told.iter().all(|told| ran.stderr.contains(*told)), "{ran:#?}");
    assert!(ran.stderr.contains("run the same command again with `--overwrite`: it takes only what differs"), "{ran:#?}");
    for wrong in ["verify", "damaged", "Another backup", "stands in the way"] {
        assert!(!ran.stderr.contains(wrong), "{wrong}: {ran:#?}");
    }
    let Some(ran) = as_nobody(&home, &[&restore[..], &["--overwrite", "--format", "json"]].concat()) else { return };
    let ran = ran.ends(3);
    let ended: serde_json::Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&ended["failed"], &ended["not_given"]), (&(FILES + 2).into(), &(FILES + 2).into()), "{ended}");
    assert!(ran.stderr.contains("run the same command again: it takes only"), "{ran:#?}");
    allow(0o644);
    as_nobody(&home, &[&restore[..], &["--overwrite"]].concat()).unwrap().ends(0);
    assert_eq!(std::fs::read(home.path("back/small-007")).unwrap(), noise(7, 2_000));
}
