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

/// A cluster that archives, and one base backup of it.
fn scene() -> Option<(Scene, Instance)> {
    let scene = Scene::in_folder();
    fs::write(scene.path("bdr.yaml"), POLICY.replace('@', &scene.home.display().to_string())).unwrap();
    give(&scene.home);
    let primary = primary(&scene, &[])?;
    run(&scene, &primary, &["backup", "orders", "--protection", "cluster"]).ends(0);
    Some((scene, primary))
}

fn archiving(scene: &Scene, instance: &Instance) {
    let settings = scene.archiving();
    instance.start(&settings.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>());
    instance.serves();
}

fn now(instance: &Instance) -> String {
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    instance.sql("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
}

#[test]
fn what_took_the_place_of_the_lost_one_is_what_comes_back_next() {
    let Some((scene, primary)) = scene() else { return };
    work(&primary, 1);
    let moment = now(&primary);
    primary.sql("UPDATE t SET n = 0");
    work(&primary, 1);
    // Of the line that is about to be left.
    run(&scene, &primary, &["backup", "orders", "--protection", "cluster"]).ends(0);
    work(&primary, 1);
    restore(&scene, &primary, "then", &["--at", &moment]).ends(0);
    primary.stop("fast");
    let then = Instance::on(&primary, scene.path("then"));
    archiving(&scene, &then);
    let good = then.sql(SUM);
    work(&then, 1);
    let last = then.sql(SUM);
    assert_ne!(good, last);
    restore(&scene, &primary, "again", &[]).ends(0);
    let again = recovered(&scene, &primary, "again");
    assert_eq!(again.sql(SUM), last);
    again.stop("fast");
    // And a moment before it took over, on the way to it.
    restore(&scene, &primary, "before", &["--at", &moment]).ends(0);
    let before = recovered(&scene, &primary, "before");
    assert_eq!(before.sql(SUM), good);
    before.stop("fast");
    then.stop("fast");
}

#[test]
fn a_backup_from_before_the_archive_began_is_rolled_forward_by_it() {
    let scene = Scene::in_folder();
    fs::write(scene.path("bdr.yaml"), POLICY.replace('@', &scene.home.display().to_string())).unwrap();
    give(&scene.home);
    let Some(primary) = Instance::new(&scene.home, "primary", &[]) else { return };
    primary.start(&[]);
    primary.serves();
    primary.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n");
    run(&scene, &primary, &["backup", "orders", "--protection", "cluster"]).ends(0);
    primary.stop("fast");
    archiving(&scene, &primary);
    work(&primary, 2);
    let last = primary.sql(SUM);
    primary.stop("fast");
    restore(&scene, &primary, "back", &[]).ends(0);
    let back = recovered(&scene, &primary, "back");
    assert_eq!(back.sql(SUM), last);
    back.stop("fast");
}

#[test]
fn nothing_is_lost_by_a_restore_over_what_is_there() {
    let Some((scene, primary)) = scene() else { return };
    work(&primary, 1);
    let over = ["--overwrite", "--delete-extra", "--yes"];
    fs::create_dir_all(scene.path("15/main")).unwrap();
    fs::write(scene.path("15/main/PG_VERSION"), "15\n").unwrap();
    give(&scene.path("15"));
    let refused = |to: &str| flat(&restore(&scene, &primary, to, &over).ends(1).stderr);
    for (to, why) in [
        ("15", "it holds the data directory"),
        ("primary/base/new", "it lies in the data directory"),
        ("primary", "`postmaster.pid` is there"),
    ] {
        let said = refused(to);
        assert!(said.contains(why), "{to}: {said}");
    }
    // What it wrote last is in no store.
    primary.sql("INSERT INTO t VALUES (1000000)");
    let newest = primary.sql("SELECT pg_walfile_name(pg_current_wal_lsn())");
    primary.stop("immediate");
    let said = refused("primary");
    assert!(said.contains("holds log that is archived nowhere") && said.contains(&newest), "{said}");
    archiving(&scene, &primary);
    assert!(primary.sql(SUM).starts_with("3001 "), "nothing was touched");
    primary.stop("immediate");
    let whole = ["--overwrite", "--delete-extra", "--yes", "--discard-wal"];
    restore(&scene, &primary, "primary", &whole).ends(0);
    let again = recovered(&scene, &primary, "primary");
    assert!(again.sql(SUM).starts_with("3000 "), "up to the last segment that was archived");
    again.stop("fast");
}

#[test]
fn a_cluster_comes_back_to_the_second_before_and_nothing_is_copied_for_what_the_archive_does_not_reach() {
    let Some((scene, primary)) = scene() else { return };
    work(&primary, 2);
    let good = primary.sql(SUM);
    let moment = now(&primary);
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
    assert!(flat(&late.stderr).contains("is later than what can be replayed of the log, and nothing was restored"), "{late:#?}");
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
