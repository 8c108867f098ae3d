//! A base and the archive, replayed by a server: everything that was archived comes back, over promotions too.

use std::fs;

use super::{Scene, flat};
use crate::harness::instance::Instance;

pub const SUM: &str = "SELECT count(*) || ' ' || coalesce(sum(n), 0) FROM t";

/// Starts a cluster that archives, with a table.
pub fn primary(scene: &Scene, initdb: &[&str]) -> Option<Instance> {
    let primary = Instance::new(&scene.home, "primary", initdb)?;
    let archiving = scene.archiving();
    let settings: Vec<(&str, &str)> = archiving.iter().map(|(name, value)| (*name, value.as_str())).collect();
    primary.start(&settings);
    primary.serves();
    primary.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n");
    Some(primary)
}

/// Starts what is to be recovered from the archive, and goes on to archive there.
pub fn recover(scene: &Scene, base: &Instance) {
    base.recover(&scene.call("fetch orders %f %p"));
    let archiving = scene.archiving();
    base.start(&archiving.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>());
}

/// Adds rows until some segments are full, each of them archived. Returns the name of the last.
pub fn work(instance: &Instance, segments: usize) -> String {
    let mut last = String::new();
    for _ in 0..segments {
        instance.sql("INSERT INTO t SELECT n FROM generate_series(1, 2000) n");
        last = instance.archive_all();
    }
    last
}

#[test]
fn a_base_and_the_archive_give_back_what_was_committed_up_to_the_last_segment() {
    let scene = Scene::in_folder();
    let Some(primary) = primary(&scene, &[]) else { return };
    let [first, second] = ["first", "second"].map(|name| Instance::base_of(&primary, name));
    work(&primary, 3);
    let archived = primary.sql(SUM);
    let url = format!("host={} port={} user=postgres dbname=postgres", scene.home.display(), primary.port);
    let status = |url: &str| crate::binary::Ran::of(&scene.command(&["wal", "status"]).env("NOWHERE_SET", url).output().unwrap());
    let told = status(&url).ends(0);
    assert!(flat(&told.stdout).contains("server: it writes at 0/"), "{told:#?}");
    primary.sql("INSERT INTO t VALUES (1000000)");
    assert_ne!(primary.sql(SUM), archived);
    primary.stop("immediate");
    recover(&scene, &first);
    first.serves();
    assert_eq!(first.sql(SUM), archived);
    // The next timeline is archived behind it, its history first.
    work(&first, 2);
    let objects = scene.archived("vault");
    assert!(objects.iter().any(|key| key.ends_with("/00000002/00000002.history")), "{objects:?}");
    assert!(objects.iter().any(|key| key.ends_with(".backup")), "{objects:?}");
    let told = status(&url.replace(&primary.port.to_string(), &first.port.to_string())).ends(0);
    assert!(told.stdout.contains("state: ok") && flat(&told.stdout).contains("on timeline 2"), "{told:#?}");
    let archived = first.sql(SUM);
    first.stop("immediate");
    // Over the fork, from the first base.
    recover(&scene, &second);
    second.serves();
    assert_eq!(second.sql(SUM), archived);
    assert_eq!(second.sql("SELECT timeline_id FROM pg_control_checkpoint()"), "3");
    assert!(
        !fs::read_dir(second.data.join("pg_wal"))
            .unwrap()
            .flatten()
            .any(|entry| { entry.file_name().to_string_lossy().contains("unfinished") })
    );
}

/// What PostgreSQL itself says of a command that fails.
#[test]
fn a_server_counts_what_was_refused_and_the_status_tells_it() {
    let scene = Scene::in_folder();
    let Some(primary) = primary(&scene, &["--wal-segsize=1"]) else { return };
    work(&primary, 1);
    fs::rename(scene.path("vault"), scene.path("away")).unwrap();
    let status = |url: &str| crate::binary::Ran::of(&scene.command(&["wal", "status"]).env("NOWHERE_SET", url).output().unwrap());
    let url = format!("host={} port={} user=postgres dbname=postgres", scene.home.display(), primary.port);
    assert!(status(&url).stdout.contains("state: not known"), "nothing failed yet, and nobody knows what is there");
    primary.sql("INSERT INTO t VALUES (1); SELECT pg_switch_wal()");
    primary.answers("SELECT failed_count > 0 FROM pg_stat_archiver", "t");
    let away = status(&url);
    assert!(flat(&away.stdout).contains("how far the archive is behind is not known: no store could be read"), "{away:#?}");
    assert!(flat(&away.stdout).contains("archive_command FAILS for 0000000100"), "{away:#?}");
    fs::rename(scene.path("away"), scene.path("vault")).unwrap();
    work(&primary, 1);
    primary.stop("fast");
}
