//! An outage: a base backup and the archive bring a cluster back to the second before a bad `UPDATE`, to the end, or to nothing at all
//! where the archive does not reach what is asked for.

use std::fs;

use super::replay::{SUM, primary, work};
use super::{Scene, flat};
use crate::binary::Ran;
use crate::harness::instance::{Instance, give};

const POLICY: &str = "\
version: 1
name: shop
stores:
  vault: { folder: { path: '@/vault' } }
components:
  orders:
    postgresql: { url: '${env:NOWHERE_SET}' }
    protect:
      cluster: { base_backup: {}, schedule: daily, store: vault }
      wal: { wal_archive: { max_interval: 60s }, store: vault }
scheduler: { systemd: { directory: '@/units' } }
";

fn run(scene: &Scene, primary: &Instance, arguments: &[&str]) -> Ran {
    let url = format!("host={} port={} user=postgres dbname=postgres", scene.home.display(), primary.port);
    Ran::of(&scene.command(arguments).env("NOWHERE_SET", url).output().unwrap())
}

fn restore(scene: &Scene, primary: &Instance, to: &str, more: &[&str]) -> Ran {
    let to = scene.path(to).display().to_string();
    run(scene, primary, &[&["restore", "orders", "--to", &to, "--no-owner"], more].concat())
}

/// Starts a server on what was restored, and waits until it serves.
#[track_caller]
fn recovered(scene: &Scene, primary: &Instance, folder: &str) -> Instance {
    let again = Instance::on(primary, scene.path(folder));
    again.start(&[]);
    again.serves();
    again
}

#[test]
fn a_cluster_comes_back_to_the_second_before_and_nothing_is_copied_for_what_the_archive_does_not_reach() {
    let scene = Scene::in_folder();
    fs::write(scene.path("bdr.yaml"), POLICY.replace('@', &scene.home.display().to_string())).unwrap();
    give(&scene.home);
    let Some(primary) = primary(&scene, &[]) else { return };
    run(&scene, &primary, &["backup", "orders", "--protection", "cluster"]).ends(0);
    work(&primary, 2);
    let good = primary.sql(SUM);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let moment = primary.sql("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
    primary.sql("UPDATE t SET n = 0");
    let bad = primary.sql(SUM);
    work(&primary, 1);
    let last = primary.sql(SUM);
    assert_ne!(good, bad);
    let archived = scene.archived("vault");

    restore(&scene, &primary, "then", &["--at", &moment]).ends(0);
    let then = recovered(&scene, &primary, "then");
    assert_eq!(then.sql(SUM), good);
    // It writes nothing where the cluster that it is a copy of archives.
    assert_eq!(then.sql("SHOW archive_mode"), "off");
    then.sql("SELECT pg_switch_wal()");
    then.stop("fast");
    assert_eq!(scene.archived("vault"), archived);

    let told = restore(&scene, &primary, "end", &[]).ends(0);
    assert!(flat(&told.stderr).contains("the log that is archived reaches 0/"), "{told:#?}");
    let end = recovered(&scene, &primary, "end");
    assert_eq!(end.sql(SUM), last);
    end.stop("fast");

    let late = restore(&scene, &primary, "late", &["--at", "2099-01-01T00:00:00Z"]).ends(1);
    assert!(flat(&late.stderr).contains("is later than what is archived of the log, and nothing was restored"), "{late:#?}");
    let beyond = restore(&scene, &primary, "late", &["--lsn", "FF/0"]).ends(1);
    assert!(flat(&beyond.stderr).contains("and not FF/0, and nothing was restored"), "{beyond:#?}");

    // A segment is lost between others.
    let segments: Vec<&String> = archived.iter().filter(|key| key.rsplit('/').next().unwrap().len() == 24).collect();
    let lost = segments[segments.len() - 2];
    fs::remove_file(scene.path("vault").join("shop/orders/wal/_wal").join(lost.trim_start_matches('/'))).unwrap();
    let name = lost.rsplit('/').next().unwrap();
    let gap = restore(&scene, &primary, "late", &[]).ends(1);
    assert!(flat(&gap.stderr).contains(&format!("the segment {name} of the log is in no store, and later ones are")), "{gap:#?}");
    assert!(!scene.path("late").exists());
    let until = flat(&gap.stderr).split("`--lsn ").nth(1).and_then(|rest| rest.split('`').next()).unwrap().to_owned();
    restore(&scene, &primary, "gap", &["--lsn", &until, "--dry-run"]).ends(0);
    primary.stop("fast");
}
