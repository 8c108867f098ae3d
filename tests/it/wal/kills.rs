//! `wal push` killed at any moment: the next one makes it good, and what is there is whole.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{SYSTEM, Scene, bytes_of, name_of};

#[test]
fn a_push_that_is_killed_is_made_good_by_the_next() {
    let scene = Scene::in_folder();
    // The quickest of some: after a part of that nearly every push still runs, however busy the machine was.
    let takes = (0..4).map(|number| took_to_push(&scene, number)).min().unwrap_or_default();
    let mut random = fastrand::Rng::with_seed(20_261_128);
    let mut killed = 0;
    for number in 4..=40 {
        let (path, name) = scene.segment(1, number);
        let mut child = scene.command(&["wal", "push", &path]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(takes.mul_f64(random.f64()).max(Duration::from_millis(1)));
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        let object = scene.object("vault", &name);
        // Whole or not there at all, before anybody makes it good.
        if object.exists() {
            scene.fetch(&name).ends(0);
        }
        scene.push(&path).ends(0);
        scene.fetch(&name).ends(0);
        assert!(fs::read(scene.path("restored/pg_wal/RECOVERYXLOG")).unwrap() == bytes_of(1, number, SYSTEM, 0), "{name}");
    }
    assert!(killed > 10, "only {killed} were killed while they ran");
    let objects = scene.archived("vault").into_iter().filter(|key| !key.contains("unfinished")).count();
    assert_eq!(objects, 41);
    scene.fetch(&name_of(1, 41)).ends(1);
}

fn took_to_push(scene: &Scene, number: u64) -> Duration {
    let (path, _) = scene.segment(1, number);
    let begun = Instant::now();
    scene.push(&path).ends(0);
    begun.elapsed()
}

/// What is delivered is whole or not there, whatever happens to who delivers it.
#[test]
fn a_fetch_that_is_killed_leaves_nothing_under_the_name_and_is_swept_up() {
    let scene = Scene::in_folder();
    scene.archive(1, [3]);
    let name = name_of(1, 3);
    let begun = Instant::now();
    scene.fetch(&name).ends(0);
    let takes = begun.elapsed();
    let destination = scene.path("restored/pg_wal/RECOVERYXLOG");
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..25 {
        fs::remove_file(&destination).unwrap();
        let place = destination.display().to_string();
        let mut child = scene.command(&["wal", "fetch", &name, &place]).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(takes.mul_f64(random.f64()));
        child.kill().unwrap();
        child.wait().unwrap();
        if destination.exists() {
            assert!(fs::read(&destination).unwrap() == bytes_of(1, 3, SYSTEM, 0));
        }
        scene.fetch(&name).ends(0);
    }
    assert_eq!(fs::read_dir(scene.path("restored/pg_wal")).unwrap().count(), 1);
}
