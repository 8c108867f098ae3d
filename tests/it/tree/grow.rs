//! A component made of one folder, its store, and the moves that tests make with them.

use std::path::PathBuf;
use std::sync::Arc;

use bdr::address::{ComponentName, PolicyName, ProtectionName, TierName};
use bdr::apply::Owner;
use bdr::catalog::layout::Series;
use bdr::catalog::manifest::Manifest;
use bdr::diag::Spanned;
use bdr::policy::{Tier, Tiers};
use bdr::source::Source;
use bdr::sources::folder::{Into, Options, Select, Target, Walk};
use bdr::store::Store;
use bdr::stores::FolderStore;
use bdr::tree::{Job, Paths, Progress, Restore, Restored, Shelf, TreeError, Wish, backup, restore};
use bdr::units::cadence::Period;
use bdr::units::duration::Duration;
use bdr::units::storage_class::StorageClass;

pub struct Garden {
    pub temp: tempfile::TempDir,
    pub store: Arc<dyn Store>,
    pub runtime: tokio::runtime::Runtime,
}

pub fn series() -> Series {
    Series {
        policy: PolicyName::new("policy").expect("name"),
        component: ComponentName::new("docs").expect("name"),
        protection: ProtectionName::new("nightly").expect("name"),
    }
}

/// One tier that keeps the first backup of each day for so long.
pub fn tier(name: &str, keep: Duration) -> Tiers {
    let name = TierName::new(name).expect("name");
    let tier = Tier {
        name: Spanned::bare(name.clone()),
        every: Spanned::bare(Period::Day),
        keep: Spanned::bare(keep),
        class: Spanned::bare(StorageClass::Standard),
        span: None,
    };
    Tiers::from_iter([(name, tier)])
}

impl Garden {
    pub fn new() -> Self {
        let temp = tempfile::Builder::new().prefix("tree-").tempdir().expect("temp");
        std::fs::create_dir(temp.path().join("source")).expect("source");
        let store: Arc<dyn Store> = Arc::new(FolderStore::new(temp.path().join("store")));
        std::fs::create_dir(temp.path().join("store")).expect("store");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
        Self { temp, store, runtime }
    }

    pub fn source(&self) -> PathBuf {
        self.temp.path().join("source")
    }

    pub fn target(&self) -> PathBuf {
        self.temp.path().join("target")
    }

    pub fn shelf(&self) -> Shelf {
        Shelf::new(Arc::clone(&self.store), series())
    }

    pub fn job(&self, parent: Option<&Manifest>) -> Job {
        let needs = parent.map(|parent| parent.needs.iter().cloned().chain([parent.place().folder()]).collect());
        Job {
            shelf: self.shelf(),
            wish: Wish { tiers: Vec::new(), tier: None, class: StorageClass::Standard, needs: needs.unwrap_or_default() },
            kind: "files",
            roots: vec![self.source().display().to_string()],
            by_hand: false,
            parent: parent.cloned(),
            before: parent.cloned(),
            seen: None,
            less_is_right: false,
            level: 3,
            lock: None,
            threads: 2,
            policy_digest: "0".repeat(64),
            owner: Owner::of_process("tester"),
            clock: Arc::new(jiff::Timestamp::now),
        }
    }

    pub fn walk(&self) -> Box<dyn Source> {
        let select = Select::new(&[], &[]).expect("globs");
        Box::new(Walk::new(Options { roots: vec![self.source()], select, one_file_system: true, avoid: Vec::new() }))
    }

    pub fn backup(&self, parent: Option<&Manifest>) -> Result<Manifest, TreeError> {
        self.runtime.block_on(backup(&self.job(parent), &|| self.walk(), Arc::new(Progress::default())))
    }

    pub fn restore(&self, manifest: &Manifest, paths: &[&str], overwrite: bool) -> Result<Restored, TreeError> {
        let globs: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let job = Restore {
            shelf: self.shelf(),
            manifest: manifest.clone(),
            paths: Paths::new(&globs, &manifest.origin.roots).expect("globs"),
            compare: overwrite,
            threads: 2,
            each: None,
        };
        self.runtime.block_on(restore(job, self.destination(overwrite), Arc::new(Progress::default())))
    }

    pub fn destination(&self, overwrite: bool) -> Arc<Target> {
        let strip = self.source().display().to_string().trim_start_matches('/').as_bytes().to_vec();
        let into = Into { folder: self.target(), strip, overwrite, owners: true };
        Arc::new(Target::open(into).expect("target"))
    }
}
