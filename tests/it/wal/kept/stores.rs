//! In several stores, and in a bucket.

use super::*;
use crate::harness::{endpoint, fresh_name, make_bucket};

/// What a log in one store is needed for may lie in another.
#[test]
fn in_two_stores_each_is_pruned_and_while_one_is_away_none() {
    let stores = "  vault: { folder: { path: '@/vault' } }\n  two: { folder: { path: '@/two' } }\n";
    let named = retaining("stores: [vault, two]", "daily: { for: 30d }, wal: { for: 2d }");
    let scene = Scene::with(stores, &named, Vec::new());
    ["vault", "two"].iter().for_each(|store| scene.folder(store));
    scene.archive(1, 1..=6);
    for (number, hours) in [(1, 90), (2, 90), (3, 80), (4, 70), (5, 1), (6, 0)] {
        aged(&scene, 1, number, hours);
        let object = File::options().write(true).open(scene.object("two", &name_of(1, number))).unwrap();
        object.set_modified(SystemTime::now() - Duration::from_secs(hours.unsigned_abs() * 3600)).unwrap();
    }
    // The second store holds no backup but an older one than the first.
    base(&scene, 71, 1, 4);
    base(&scene, 2, 1, 5);
    let older = manifest(81, 1, 3);
    let folder = scene.path(&format!("two/shop/orders/cluster/daily/{}", older.id));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("manifest.json"), older.encode().unwrap()).unwrap();
    crate::harness::instance::give(&scene.home);
    fs::rename(scene.path("two"), scene.path("away")).unwrap();
    let away = run(&scene, &["prune", "--yes"]);
    assert!(matches!(away.code, Some(1 | 3)) && away.stderr.contains("`two`"), "{away:#?}");
    assert_eq!(numbers(&scene, 1), [1, 2, 3, 4, 5, 6]);
    fs::rename(scene.path("away"), scene.path("two")).unwrap();
    run(&scene, &["prune", "--yes"]).ends(0);
    assert_eq!(numbers(&scene, 1), [3, 4, 5, 6]);
    for number in 1..=6 {
        assert_eq!(scene.object("two", &name_of(1, number)).exists(), number >= 3, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_a_bucket_goes_from_before_the_oldest_backup() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let bucket = fresh_name();
    let client = endpoint.client().await;
    make_bucket(&client, &bucket).await;
    let scene = Scene::in_bucket(endpoint, &endpoint.url, &bucket);
    let text = fs::read_to_string(scene.path("bdr.yaml")).unwrap();
    let tail = format!("{} }}", retaining("store: vault", "daily: { for: 30d }, wal: { for: 2d }"));
    fs::write(scene.path("bdr.yaml"), text.replace("store: vault }", &tail)).unwrap();
    crate::harness::instance::give(&scene.home);
    scene.archive(1, 1..=9);
    let manifest = manifest(1, 1, 5);
    let key = format!("shop/orders/cluster/daily/{}/manifest.json", manifest.id);
    client.put_object().bucket(&bucket).key(key).body(manifest.encode().unwrap().into()).send().await.unwrap();
    let pruned = run(&scene, &["prune", "--yes"]).ends(0);
    assert!(flat(&pruned.stdout).contains("5 segments to keep, 4 to let go"), "{pruned:#?}");
    scene.fetch(&name_of(1, 4)).ends(255);
    (5..=9).for_each(|number| _ = scene.fetch(&name_of(1, number)).ends(0));
    scene.fetch(&name_of(1, 10)).ends(1);
    let found = status(&scene, 0);
    assert_eq!(found["stores"][0]["ranges"][0]["first"], name_of(1, 5), "{found:#}");
}
