//! The archive of PostgreSQL's log, by the binary as `archive_command` and `restore_command`: segments that are made for it, and clusters
//! that run.

mod bucket;
mod codes;
mod gaps;
pub mod kept;
mod kills;
mod outage;
mod pushes;
mod replay;
mod several;
mod status;
mod unconditional;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binary::{Ran, set_up};
use crate::harness::instance::{give, shared_folder};
use crate::harness::postgres::as_somebody;
use crate::harness::{Endpoint, fresh_name};

/// The identity of the cluster that made-up segments are of.
pub const SYSTEM: u64 = 7_123_456_789_012_345_678;
/// Bytes of these segments: the least, so that many cost little.
const MIB: usize = 1 << 20;

/// A policy with an archive, and everything that it names, below a folder that a server may use.
struct Scene {
    home: PathBuf,
    /// Given to bdr wherever it runs.
    env: Vec<(&'static str, String)>,
}

const COMPONENT: &str =
    "  orders:\n    postgresql: { url: '${env:NOWHERE_SET}' }\n    protect:\n      wal: { wal_archive: { max_interval: 60s }, ";

impl Scene {
    /// An archive in a folder.
    fn in_folder() -> Self {
        let scene = Self::with("  vault: { folder: { path: '@/vault' } }\n", "store: vault", Vec::new());
        scene.folder("vault");
        scene
    }

    /// An archive in a bucket, reached by this URL.
    fn in_bucket(endpoint: &Endpoint, url: &str, bucket: &str) -> Self {
        let region = endpoint.region;
        let store = format!("  vault: {{ s3: {{ bucket: {bucket}, region: {region}, endpoint: '{url}', path_style: true }} }}\n");
        let keys = [("AWS_ACCESS_KEY_ID", &endpoint.access_key), ("AWS_SECRET_ACCESS_KEY", &endpoint.secret_key)];
        Self::with(&store, "store: vault", keys.map(|(name, value)| (name, value.clone())).to_vec())
    }

    fn with(stores: &str, named: &str, env: Vec<(&'static str, String)>) -> Self {
        let scene = Self { home: shared_folder(&format!("wal-{}", fresh_name())), env };
        scene.policy(stores, named);
        scene
    }

    fn policy(&self, stores: &str, named: &str) {
        let text = format!("version: 1\nname: shop\nstores:\n{stores}components:\n{COMPONENT}{named} }}\n");
        fs::write(self.path("bdr.yaml"), text.replace('@', &self.home.display().to_string())).unwrap();
        give(&self.home);
    }

    /// A folder that is set up as a store.
    fn folder(&self, name: &str) {
        set_up(&self.path(name), "shop");
        give(&self.home);
    }

    fn path(&self, below: &str) -> PathBuf {
        self.home.join(below)
    }

    /// What the store in a folder holds of the log.
    fn archived(&self, store: &str) -> Vec<String> {
        let mut found: Vec<String> = crate::binary::contents(&self.path(store).join("shop/orders/wal/_wal"))
            .into_keys()
            .map(|path| path.strip_prefix(self.path(store).join("shop/orders/wal/_wal")).unwrap().display().to_string())
            .filter(|path| !path.ends_with("cluster.json"))
            .collect();
        found.sort();
        found
    }

    /// The object of a file, in a folder.
    fn object(&self, store: &str, name: &str) -> PathBuf {
        self.path(store).join(format!("shop/orders/wal/_wal/{SYSTEM}/{}/{name}", &name[..8]))
    }

    /// As whoever a server runs as.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = as_somebody(Path::new(env!("CARGO_BIN_EXE_bdr")));
        command.current_dir(&self.home).arg("-p").arg(self.path("bdr.yaml")).args(arguments);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", &self.home).env("USER", "ada");
        self.env.iter().for_each(|(name, value)| _ = command.env(name, value));
        command.stdin(std::process::Stdio::null());
        command
    }

    fn bdr(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// As a server calls it.
    fn call(&self, rest: &str) -> String {
        let keys: String = self.env.iter().map(|(name, value)| format!("{name}={value} ")).collect();
        format!("{keys}{} -p {} wal {rest}", env!("CARGO_BIN_EXE_bdr"), self.path("bdr.yaml").display())
    }

    /// Settings of a server that archives.
    fn archiving(&self) -> [(&'static str, String); 3] {
        [
            ("archive_mode", "on".to_owned()),
            ("archive_timeout", "60".to_owned()),
            ("archive_command", self.call("push orders %p")),
        ]
    }

    /// A file in the pg_wal of a cluster that is only made up.
    fn file(&self, cluster: &str, name: &str, bytes: &[u8]) -> String {
        let folder = self.path(cluster).join("pg_wal");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
        give(&self.path(cluster));
        folder.join(name).display().to_string()
    }

    /// A segment of a made-up cluster, and its name.
    fn segment(&self, timeline: u32, number: u64) -> (String, String) {
        let name = name_of(timeline, number);
        let path = self.file("made", &name, &bytes_of(timeline, number, SYSTEM, 0));
        (path, name)
    }

    fn push(&self, path: &str) -> Ran {
        self.bdr(&["wal", "push", path])
    }

    /// Archives segments of a timeline.
    #[track_caller]
    fn archive(&self, timeline: u32, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            let (path, _) = self.segment(timeline, number);
            self.push(&path).ends(0);
        }
    }

    /// Asks for a file, as of a cluster with this identity.
    fn fetch(&self, name: &str) -> Ran {
        let control = self.path("restored/global/pg_control");
        fs::create_dir_all(control.parent().unwrap()).unwrap();
        fs::create_dir_all(self.path("restored/pg_wal")).unwrap();
        fs::write(&control, [&SYSTEM.to_le_bytes()[..], &1300_u32.to_le_bytes(), &[0; 64]].concat()).unwrap();
        give(&self.path("restored"));
        self.bdr(&["wal", "fetch", "orders", name, &self.path("restored/pg_wal/RECOVERYXLOG").display().to_string()])
    }
}

pub fn name_of(timeline: u32, number: u64) -> String {
    format!("{timeline:08X}{:08X}{:08X}", number / 4096, number % 4096)
}

/// A segment as far as bdr looks: the header of its first page (PostgreSQL's `XLogLongPageHeaderData`), then noise.
pub fn bytes_of(timeline: u32, number: u64, system: u64, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; MIB];
    fastrand::Rng::with_seed(seed ^ (number << 8)).fill(&mut bytes[40..MIB / 8]);
    let fields: [(usize, &[u8]); 7] = [
        (0, &0xD110_u16.to_le_bytes()),
        (2, &2_u16.to_le_bytes()),
        (4, &timeline.to_le_bytes()),
        (8, &(number * MIB as u64).to_le_bytes()),
        (24, &system.to_le_bytes()),
        (32, &u32::try_from(MIB).unwrap().to_le_bytes()),
        (36, &8192_u32.to_le_bytes()),
    ];
    fields.iter().for_each(|(at, field)| bytes[*at..at + field.len()].copy_from_slice(field));
    bytes
}

/// A history by which a timeline leaves another one within a segment.
pub fn history_of(from: u32, number: u64) -> String {
    let at = number * MIB as u64 + 0x158;
    format!("{from}\t{:X}/{:X}\tno recovery target specified\n", at >> 32, at & 0xFFFF_FFFF)
}

/// Text on one line, however it was broken.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
