//! Of a made-up cluster, in a folder.

use super::*;

#[test]
fn a_log_goes_from_before_the_backup_that_the_window_begins_with() {
    // The newest backup is 31 hours old, and four days before it the 15th segment was the last to begin one.
    let (scene, bases) = ten_days("daily: { for: 30d }, wal: { for: 4d }");
    let shown = run(&scene, &["prune", "--dry-run"]).ends(0);
    let words = flat(&shown.stdout);
    assert!(words.contains("26 segments to keep, 14 to let go"), "{shown:#?}");
    assert!(words.contains(&format!("{} is the newest base backup from before the window", bases[1])), "{shown:#?}");
    assert_eq!((numbers(&scene, 1).len(), notes(&scene)), (40, 0));
    let pruned = run(&scene, &["prune", "--yes"]).ends(0);
    assert!(flat(&pruned.stderr).contains("14 segments of the log removed"), "{pruned:#?}");
    assert_eq!(numbers(&scene, 1), (15..=40).collect::<Vec<_>>());
    let found = status(&scene, 0);
    assert_eq!(found["keep_seconds"], 4 * 86_400);
    let from: Timestamp = found["window"]["from"].as_str().unwrap().parse().unwrap();
    assert!(from <= ago(4 * 24), "{found:#}");
    assert!(found["stores"][0]["let_go"].is_string(), "{found:#}");
    scene.fetch(&name_of(1, 14)).ends(255);
    scene.fetch(&name_of(1, 15)).ends(0);
    scene.fetch(&name_of(1, 41)).ends(1);
    // Every backup comes back as it ended: it carries its own log.
    let listed = run(&scene, &["list", "--format", "json"]).ends(0).stdout;
    assert!(bases.iter().all(|id| listed.contains(id)), "{listed}");
    let again = run(&scene, &["prune", "--yes"]).ends(0);
    assert!(flat(&again.stdout).contains("26 segments to keep, 0 to let go"), "{again:#?}");
    assert_eq!(notes(&scene), 1);
}

#[test]
fn a_window_that_is_made_shorter_is_told_by_a_plan_and_takes_more_with_it() {
    let (scene, _) = ten_days("daily: { for: 30d }, wal: { for: 4d }");
    run(&scene, &["prune", "--yes"]).ends(0);
    let plan = |scene: &Scene| flat(&run(scene, &["plan", "--allow-env", "NOWHERE_SET"]).stdout);
    assert!(!plan(&scene).contains("loses protection"), "{}", plan(&scene));
    now_keeps(&scene, "daily: { for: 30d }, wal: { for: 2d }");
    let told = plan(&scene);
    assert!(told.contains("orders in vault: any moment can be restored 2d back, until now 4d"), "{told}");
    assert!(told.contains("prune lets 10 segments of the log go"), "{told}");
    run(&scene, &["prune", "--yes", "orders", "--protection", "wal"]).ends(0);
    assert_eq!(numbers(&scene, 1), (25..=40).collect::<Vec<_>>());
    // A longer one takes nothing, and brings nothing back.
    now_keeps(&scene, "daily: { for: 30d }, wal: { for: 30d }");
    run(&scene, &["prune", "--yes"]).ends(0);
    assert_eq!(numbers(&scene, 1), (25..=40).collect::<Vec<_>>());
    // Without one it stays as far as the oldest backup, though there is less of it.
    now_keeps(&scene, "daily: { for: 30d }");
    run(&scene, &["prune", "--yes"]).ends(0);
    assert_eq!(numbers(&scene, 1), (25..=40).collect::<Vec<_>>());
}

#[test]
fn without_a_window_the_log_stays_as_far_as_the_oldest_backup() {
    let (scene, _) = ten_days("daily: { for: 30d }");
    run(&scene, &["prune", "--yes"]).ends(0);
    assert_eq!(numbers(&scene, 1), (5..=40).collect::<Vec<_>>());
    now_keeps(&scene, "daily: { for: 3d }");
    run(&scene, &["prune", "--yes"]).ends(0);
    assert_eq!(numbers(&scene, 1), (25..=40).collect::<Vec<_>>(), "older ones went");
}

/// What the tiers let go stays while the window needs it: otherwise it would never reach as far as it says.
#[test]
fn the_window_keeps_the_backup_that_it_begins_with() {
    let (scene, bases) = ten_days("daily: { for: 2d }, wal: { for: 4d }");
    let pruned = run(&scene, &["prune", "--yes"]).ends(0);
    let listed = run(&scene, &["list", "--format", "json"]).ends(0).stdout;
    let there: Vec<bool> = bases.iter().map(|id| listed.contains(id)).collect();
    assert_eq!(there, [false, true, false, true], "{pruned:#?}");
    assert!(flat(&pruned.stdout).contains("the window of the archived log needs it"), "{pruned:#?}");
    assert_eq!(numbers(&scene, 1), (15..=40).collect::<Vec<_>>());
}

#[test]
fn where_anything_is_in_doubt_nothing_goes() {
    let (scene, bases) = ten_days("daily: { for: 30d }, wal: { for: 2d }");
    let all = (1..=40).collect::<Vec<_>>();
    let place = |id: &str| scene.path(&format!("vault/shop/orders/cluster/daily/{id}/manifest.json"));
    let good = fs::read(place(&bases[0])).unwrap();
    fs::write(place(&bases[0]), "cut").unwrap();
    let doubt = run(&scene, &["prune", "--yes"]).ends(1);
    assert!(flat(&doubt.stdout).contains("holds a manifest that cannot be read"), "{doubt:#?}");
    assert_eq!(numbers(&scene, 1), all);
    fs::write(place(&bases[0]), good).unwrap();
    // Of a timeline nobody knows where it comes from.
    let (stray, from) = (scene.object("vault", &name_of(2, 41)), scene.object("vault", &name_of(1, 40)));
    fs::create_dir_all(stray.parent().unwrap()).unwrap();
    fs::copy(from, &stray).unwrap();
    crate::harness::instance::give(&scene.home);
    let doubt = run(&scene, &["prune", "--yes"]).ends(0);
    assert!(flat(&doubt.stdout).contains("the history of timeline 2 is not archived"), "{doubt:#?}");
    assert_eq!(numbers(&scene, 1), all);
    fs::remove_file(stray).unwrap();
    // Nothing is there that it could be rolled forward from.
    fs::remove_dir_all(scene.path("vault/shop/orders/cluster")).unwrap();
    let alone = run(&scene, &["prune", "--yes"]).ends(0);
    assert!(flat(&alone.stdout).contains("there is no good base backup yet"), "{alone:#?}");
    assert_eq!(numbers(&scene, 1), all);
}

#[test]
fn a_timeline_that_was_left_goes_and_what_an_archive_is_known_by_stays() {
    let scene = kept("daily: { for: 30d }, wal: { for: 2d }");
    scene.archive(1, 1..=12);
    scene.file("made", "00000002.history", history_of(1, 8).as_bytes());
    scene.archive(2, 8..=20);
    let partial = scene.file("made", &format!("{}.partial", name_of(1, 13)), &bytes_of(1, 13, SYSTEM, 0));
    scene.push(&partial).ends(0);
    let foreign = scene.object("vault", "00000001.notes.txt");
    fs::write(&foreign, "somebody's").unwrap();
    (1..=12).for_each(|number| aged(&scene, 1, number, 400));
    (8..=18).for_each(|number| aged(&scene, 2, number, 300));
    base(&scene, 401, 1, 3);
    base(&scene, 301, 2, 14);
    base(&scene, 1, 2, 19);
    let told = run(&scene, &["prune", "--yes"]).ends(0);
    assert_eq!((numbers(&scene, 1), numbers(&scene, 2)), (vec![], (14..=20).collect::<Vec<_>>()), "{told:#?}");
    let left = scene.archived("vault");
    assert!(left.iter().any(|key| key.ends_with("00000002/00000002.history")), "{left:?}");
    assert!(foreign.exists() && !left.iter().any(|key| key.contains(".partial")), "{left:?}");
    scene.fetch("00000002.history").ends(0);
    scene.fetch(&name_of(2, 21)).ends(1);
    status(&scene, 0);
}

#[test]
fn what_a_kill_leaves_is_no_gap_and_goes_with_the_next_prune() {
    let mut cut_off = 0;
    for _ in 0..5 {
        let scene = kept("daily: { for: 30d }, wal: { for: 2d }");
        scene.archive(1, [3000, 3001]);
        let folder = scene.object("vault", &name_of(1, 3000)).parent().unwrap().to_owned();
        (0..3000).for_each(|number| fs::write(folder.join(name_of(1, number)), "old").unwrap());
        crate::harness::instance::give(&scene.home);
        (0..=3000).for_each(|number| aged(&scene, 1, number, 100));
        base(&scene, 101, 1, 3000);
        base(&scene, 1, 1, 3001);
        let mut child = scene.command(&["prune", "--yes"]);
        child.env("NOWHERE_SET", "service=shop").stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = child.spawn().unwrap();
        let begun = Instant::now();
        while fs::read_dir(&folder).unwrap().count() > 2900 && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let left = numbers(&scene, 1);
        cut_off += usize::from(left.len() > 2);
        assert!(left.ends_with(&[3000, 3001]), "{left:?}");
        let found = status(&scene, 0);
        assert_eq!(found["stores"][0]["ranges"][0]["segments"], 2, "{found:#}");
        run(&scene, &["prune", "--yes"]).ends(0);
        assert_eq!((numbers(&scene, 1), notes(&scene)), (vec![3000, 3001], 1));
    }
    assert!(cut_off > 0, "each was done before it was killed");
}

#[test]
fn what_is_handed_over_during_a_prune_stays() {
    let (scene, _) = ten_days("daily: { for: 30d }, wal: { for: 4d }");
    std::thread::scope(|scope| {
        let prunes = scope.spawn(|| (0..6).for_each(|_| _ = run(&scene, &["prune", "--yes"]).ends(0)));
        scene.archive(1, 41..=60);
        prunes.join().unwrap();
    });
    assert_eq!(numbers(&scene, 1), (15..=60).collect::<Vec<_>>());
    // The server hands one over again that it was told nothing of.
    let (path, _) = scene.segment(1, 60);
    scene.push(&path).ends(0);
    status(&scene, 0);
}

#[test]
fn a_prune_is_told_to_programs() {
    let (scene, bases) = ten_days("daily: { for: 30d }, wal: { for: 4d }");
    let told = run(&scene, &["prune", "--yes", "--format", "json"]).ends(0).stdout;
    let events: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| events.iter().find(|event| event["event"] == name).unwrap();
    let decided = of("log_decided");
    assert_eq!(decided["goes"][0]["last"], name_of(1, 14));
    assert_eq!(decided["stays"][0]["first"], name_of(1, 15));
    assert!(decided["because"].as_str().unwrap().contains(&bases[1]), "{decided:#}");
    assert!(decided["after"]["from"].as_str() > decided["before"]["from"].as_str(), "{decided:#}");
    assert_eq!(of("log_pruned")["segments"], 14);
}
