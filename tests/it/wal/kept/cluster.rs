//! A cluster that runs: after the prune it comes back to the edge of the window.

use super::*;
use crate::harness::instance::Instance;
use crate::wal::replay::{SUM, primary, work};

/// What was made in the last minutes as if it had been made so many days ago.
fn made_earlier(scene: &Scene, manifest: &std::path::Path, days: i64) {
    let mut made = Manifest::decode(&fs::read(manifest).unwrap(), "a manifest").unwrap();
    made.snapshot -= SignedDuration::from_hours(days * 24);
    fs::write(manifest, made.encode().unwrap()).unwrap();
    crate::harness::instance::give(&scene.home);
}

#[test]
fn the_edge_of_the_window_is_restored_after_the_prune() {
    let scene = kept("daily: { for: 30d }, wal: { for: 7d }");
    let Some(primary) = primary(&scene, &["--wal-segsize=1"]) else { return };
    let url = format!("host={} port={} user=postgres dbname=postgres", scene.home.display(), primary.port);
    let run = |arguments: &[&str]| Ran::of(&scene.command(arguments).env("NOWHERE_SET", &url).output().unwrap());
    let mut made: Vec<std::path::PathBuf> = Vec::new();
    let mut back_up = || {
        run(&["backup", "orders", "--protection", "cluster"]).ends(0);
        let mut all = crate::binary::contents(&scene.path("vault/shop/orders/cluster")).into_keys();
        let new = all.find(|path| path.ends_with("manifest.json") && !made.contains(path)).unwrap();
        made.push(new);
    };
    back_up();
    work(&primary, 3);
    back_up();
    // The first moment of the window, which nothing but the second and the log leads to.
    work(&primary, 1);
    let (edge, then) = (primary.sql("SELECT pg_current_wal_insert_lsn()"), primary.sql(SUM));
    work(&primary, 3);
    let before_the_third = numbers(&scene, 1);
    back_up();
    work(&primary, 2);
    let last = primary.sql(SUM);
    made_earlier(&scene, &made[0], 20);
    made_earlier(&scene, &made[1], 10);
    for (path, _) in crate::binary::contents(&scene.path("vault/shop/orders/wal/_wal")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if before_the_third.iter().any(|number| name == name_of(1, *number)) {
            let object = File::options().write(true).open(&path).unwrap();
            object.set_modified(SystemTime::now() - Duration::from_secs(9 * 24 * 3600)).unwrap();
        }
    }
    let pruned = run(&["prune", "--yes"]).ends(0);
    let began =
        Manifest::decode(&fs::read(&made[1]).unwrap(), "a manifest").unwrap().origin.cluster.unwrap().start.0 / MIB as u64;
    assert_eq!(numbers(&scene, 1).first(), Some(&began), "{pruned:#?}");
    for (name, more, expected) in [("edge", vec!["--lsn", edge.as_str()], &then), ("end", vec![], &last)] {
        let to = scene.path(name);
        let arguments = ["restore", "orders", "--protection", "cluster", "--to", to.to_str().unwrap()];
        run(&arguments.into_iter().chain(more).collect::<Vec<_>>()).ends(0);
        let back = Instance::on(&primary, to);
        back.start(&[]);
        back.serves();
        assert_eq!(back.sql(SUM), *expected, "{name}");
        back.stop("immediate");
    }
    // The oldest comes back as it ended, without any log but its own.
    let (to, first) = (scene.path("oldest"), made[0].parent().unwrap().file_name().unwrap().to_str().unwrap());
    run(&["restore", "orders", "--to", to.to_str().unwrap(), "--backup", first]).ends(0);
    let back = Instance::on(&primary, to);
    back.start(&[]);
    back.serves();
    assert_eq!(back.sql("SELECT count(*) FROM t"), "1000");
    back.stop("immediate");
    primary.stop("fast");
}
