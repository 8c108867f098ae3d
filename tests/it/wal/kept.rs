//! How long an archived log is kept: as far back as the window says, with the base backup that it begins with, whatever happens on the way.

mod cluster;
mod made;
mod stores;

use std::fs::{self, File};
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use bdr::catalog::manifest::{Cluster, Counts, Kind, Manifest, Measured, Origin};
use bdr::units::storage_class::StorageClass;
use bdr::wal::Lsn;
use jiff::{SignedDuration, Timestamp};

use super::{MIB, SYSTEM, Scene, bytes_of, flat, history_of, name_of};
use crate::binary::Ran;

/// A policy with base backups beside the archive, and these tiers.
fn kept(tiers: &str) -> Scene {
    let scene = Scene::with("  vault: { folder: { path: '@/vault' } }\n", &retaining("store: vault", tiers), Vec::new());
    scene.folder("vault");
    scene
}

fn retaining(stores: &str, tiers: &str) -> String {
    format!("{stores} }}\n      cluster: {{ base_backup: {{}}, schedule: daily, {stores} }}\n    retain: {{ {tiers} }} #")
}

/// With another policy over the same store.
fn now_keeps(scene: &Scene, tiers: &str) {
    scene.policy("  vault: { folder: { path: '@/vault' } }\n", &retaining("store: vault", tiers));
}

fn run(scene: &Scene, arguments: &[&str]) -> Ran {
    Ran::of(&scene.command(arguments).env("NOWHERE_SET", "service=shop").output().unwrap())
}

/// When it was so many hours ago.
fn ago(hours: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(hours)
}

/// A base backup that began in a segment and ended in it, so many hours ago: as a manifest, which is what retention goes by.
pub fn manifest(hours: i64, timeline: u32, number: u64) -> Manifest {
    let at = ago(hours);
    Manifest {
        version: 2,
        id: bdr::address::BackupId::new(at, u32::try_from(number).unwrap()),
        policy: "shop".parse().unwrap(),
        component: "orders".parse().unwrap(),
        protection: "cluster".parse().unwrap(),
        shelf: "daily".to_owned(),
        tiers: vec!["daily".parse().unwrap()],
        by_hand: false,
        class: StorageClass::Standard,
        kind: Kind::Full,
        parent: None,
        needs: Vec::new(),
        origin: Origin {
            kind: "postgresql".to_owned(),
            host: "db1".to_owned(),
            roots: vec!["/".to_owned()],
            held: vec![1],
            bytes: vec![1],
            cluster: Some(Cluster {
                system_identifier: SYSTEM.to_string(),
                timeline,
                start: Lsn(number * MIB as u64 + 0x28),
                stop: Lsn(number * MIB as u64 + 0x158),
                server_version: "15.8".to_owned(),
                segment_bytes: MIB as u64,
                checksums: false,
                tablespaces: Vec::new(),
            }),
        },
        started: at,
        snapshot: at,
        committed: at,
        counts: Counts::default(),
        issues: Vec::new(),
        index: Vec::new(),
        table: Vec::new(),
        measured: Measured::default(),
        tool: "bdr".to_owned(),
        policy_digest: String::new(),
    }
}

/// The same in the store of a folder. Returns its id.
fn base(scene: &Scene, hours: i64, timeline: u32, number: u64) -> String {
    let manifest = manifest(hours, timeline, number);
    let folder = scene.path(&format!("vault/shop/orders/cluster/daily/{}", manifest.id));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("manifest.json"), manifest.encode().unwrap()).unwrap();
    crate::harness::instance::give(&scene.home);
    manifest.id.to_string()
}

/// An archived segment, so many hours old.
fn aged(scene: &Scene, timeline: u32, number: u64, hours: i64) {
    let object = File::options().write(true).open(scene.object("vault", &name_of(timeline, number))).unwrap();
    object.set_modified(SystemTime::now() - Duration::from_secs(hours.unsigned_abs() * 3600)).unwrap();
}

/// Forty segments, one each six hours, and base backups in the 5th, the 15th, the 25th and the 35th.
fn ten_days(tiers: &str) -> (Scene, Vec<String>) {
    let scene = kept(tiers);
    scene.archive(1, 1..=40);
    (1..=40).for_each(|number| aged(&scene, 1, number, (40 - i64::try_from(number).unwrap()) * 6));
    let bases = [5, 15, 25, 35].map(|number| base(&scene, (40 - number) * 6 + 1, 1, u64::try_from(number).unwrap()));
    (scene, bases.to_vec())
}

/// The numbers of the segments of a timeline that are there.
fn numbers(scene: &Scene, timeline: u32) -> Vec<u64> {
    let size = bdr::wal::SegmentSize::new(MIB as u64).unwrap();
    let names = scene.archived("vault").into_iter().filter_map(|key| size.parse(key.rsplit('/').next().unwrap()));
    names.filter(|segment| segment.timeline.0.get() == timeline).map(|segment| segment.number).collect()
}

fn status(scene: &Scene, code: i32) -> serde_json::Value {
    serde_json::from_str(&run(scene, &["wal", "status", "--format", "json"]).ends(code).stdout).unwrap()
}

fn notes(scene: &Scene) -> usize {
    crate::binary::contents(&scene.path("vault/shop/orders/wal/_let_go")).len()
}
