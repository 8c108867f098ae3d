//! Under a store that fails by the dice, nothing is ever called done that is not, and everything comes to an end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bdr::catalog::manifest::Manifest;
use bdr::source::{Item, Source, Trouble};
use bdr::store::Store;
use bdr::stores::{FolderStore, Patience, Retrying};
use bdr::tree::{Progress, Read, TreeError, backup, verify};
use bdr::units::cadence::Zone;
use bdr::units::duration::Duration as Kept;

use super::compare::{assert_same, tell};
use super::grow::Garden;
use crate::world::faulty_store::{FaultyStore, Odds};

const PATIENCE: Patience = Patience { attempts: 4, total: Duration::from_secs(5) };

/// What a network does.
const NETWORK: Odds = Odds { refused: 4, unanswered: 4, slow: 10, cut: 0, flipped: 0, stale: 0 };
/// What a broken proxy or disk does besides: answers that are not true.
const LIES: Odds = Odds { refused: 2, unanswered: 2, slow: 2, cut: 3, flipped: 3, stale: 5 };

fn seeds() -> Vec<u64> {
    match std::env::var("BDR_SEED").ok().and_then(|text| text.parse().ok()) {
        Some(seed) => vec![seed],
        None => (0..24).map(|_| fastrand::u64(..)).collect(),
    }
}

fn plant(garden: &Garden, round: u8) {
    for at in 0..30_u8 {
        let length = if at % 10 == 0 { 900_000 } else { usize::from(at) * 50 };
        let mut bytes = vec![0; length];
        fastrand::Rng::with_seed(u64::from(at) + if at % 7 == 0 { u64::from(round) } else { 0 }).fill(&mut bytes);
        std::fs::write(garden.source().join(format!("{at}")), bytes).expect("write");
    }
}

/// The garden with its store behind the dice, and a way back to the store itself.
fn behind(garden: &mut Garden, odds: Odds, seed: u64) {
    let inner: Arc<dyn Store> = Arc::new(FolderStore::new(garden.temp.path().join("store")));
    garden.store = Arc::new(Retrying::new(FaultyStore::new(inner, odds, seed), PATIENCE));
}

fn honest(garden: &mut Garden) {
    garden.store = Arc::new(FolderStore::new(garden.temp.path().join("store")));
}

/// Every backup that the honest store lists is whole, and the newest one that was called done comes back.
#[track_caller]
fn is_whole(garden: &mut Garden, done: Option<&Manifest>, seed: u64) {
    honest(garden);
    garden.runtime.block_on(async {
        let shelf = garden.shelf();
        let known = shelf.known().await.expect("catalogue");
        assert!(known.backups.damaged.is_empty(), "BDR_SEED={seed}: {:?}", known.backups.damaged);
        let now = "2026-11-24T12:00:00Z".parse().expect("time");
        let verified = verify(&shelf, &known, Read::All, now, Arc::default()).await.expect("verify");
        assert!(verified.is_good(), "BDR_SEED={seed}: {:?}", verified.verification.backups);
        if let Some(done) = done {
            assert!(known.find(done.id).is_some(), "BDR_SEED={seed}: {} was called done and is not listed", done.id);
        }
    });
    if let Some(done) = done {
        _ = std::fs::remove_dir_all(garden.target());
        assert_eq!(garden.restore(done, &[], false).expect("restore").failures, [], "BDR_SEED={seed}");
        assert_same(&garden.source(), &garden.target());
    }
}

/// Makes what failed look as if its process had died: where not even its end could be written, it would still live.
fn silence(garden: &Garden) {
    for attempt in garden.temp.path().join("store/policy/docs/nightly/_attempts").read_dir().into_iter().flatten() {
        for object in attempt.expect("entry").path().read_dir().expect("attempt") {
            let path = object.expect("entry").path();
            if let Ok(text) = std::fs::read_to_string(&path) {
                std::fs::write(&path, text.replace("\"ended\":false", "\"ended\":true")).expect("write");
            }
        }
    }
}

#[test]
fn a_backup_that_is_called_done_is_whole_whatever_the_store_did() {
    let mut done = 0;
    for (number, seed) in seeds().into_iter().enumerate() {
        let mut garden = Garden::new();
        let mut parent: Option<Manifest> = None;
        for round in 0..3 {
            plant(&garden, round);
            behind(&mut garden, if number % 2 == 0 { NETWORK } else { LIES }, seed.wrapping_add(u64::from(round)));
            let result = garden.backup(parent.as_ref());
            done += u32::from(result.is_ok());
            is_whole(&mut garden, result.as_ref().ok(), seed);
            // One that failed is gone on with at once.
            let manifest = match result {
                Ok(manifest) => manifest,
                Err(_) => {
                    silence(&garden);
                    garden.backup(parent.as_ref()).unwrap_or_else(|error| panic!("BDR_SEED={seed}: {error}"))
                }
            };
            is_whole(&mut garden, Some(&manifest), seed);
            parent = Some(manifest);
        }
    }
    assert!(done > 0, "the dice let nothing through, so nothing was tested");
}

#[test]
fn a_restore_that_ends_well_brought_back_everything() {
    let mut well = 0;
    for seed in seeds() {
        let mut garden = Garden::new();
        plant(&garden, 0);
        let manifest = garden.backup(None).expect("backup");
        for odds in [NETWORK, LIES] {
            behind(&mut garden, odds, seed);
            _ = std::fs::remove_dir_all(garden.target());
            let restored = garden.restore(&manifest, &[], false);
            if restored.as_ref().is_ok_and(|restored| restored.failed == 0) {
                well += 1;
                assert_same(&garden.source(), &garden.target());
            } else if garden.target().exists() {
                let (source, target) = (tell(&garden.source()), tell(&garden.target()));
                let wrong: Vec<_> =
                    target.iter().filter(|(path, told)| !path.is_empty() && source.get(*path) != Some(*told)).collect();
                assert!(
                    wrong.is_empty(),
                    "BDR_SEED={seed}: half or wrong files: {:?}",
                    wrong.iter().map(|one| one.0).collect::<Vec<_>>()
                );
            }
        }
    }
    assert!(well > 0, "the dice let nothing through, so nothing was tested");
}

#[test]
fn a_verification_never_calls_damage_good() {
    for seed in seeds() {
        let mut garden = Garden::new();
        plant(&garden, 0);
        let manifest = garden.backup(None).expect("backup");
        let packs = garden.temp.path().join("store/policy/docs/nightly").join(manifest.place().packs());
        let pack = std::fs::read_dir(packs).expect("packs").next().expect("a pack").expect("entry").path();
        let mut bytes = std::fs::read(&pack).expect("read");
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        std::fs::write(&pack, bytes).expect("write");
        for odds in [NETWORK, LIES] {
            behind(&mut garden, odds, seed);
            let good = garden.runtime.block_on(async {
                let shelf = garden.shelf();
                let Ok(known) = shelf.known().await else { return false };
                let now = "2026-11-24T12:00:00Z".parse().expect("time");
                let verified = verify(&shelf, &known, Read::All, now, Arc::default()).await;
                verified.is_ok_and(|verified| verified.is_good() && !verified.verification.backups.is_empty())
            });
            assert!(!good, "BDR_SEED={seed}: a flipped bit was called good");
        }
    }
}

#[test]
fn a_prune_leaves_only_whole_backups() {
    for seed in seeds() {
        let mut garden = Garden::new();
        let mut parent = None;
        for round in 0..3 {
            plant(&garden, round);
            parent = Some(garden.backup(parent.as_ref()).expect("backup"));
        }
        behind(&mut garden, NETWORK, seed);
        garden.runtime.block_on(async {
            let shelf = garden.shelf();
            let now = jiff::Timestamp::now();
            let tier = crate::tree::grow::tier("daily", Kept::from_secs(86_400));
            let Ok(known) = shelf.known().await else { return };
            let Ok(plan) = shelf.plan_prune(&known, &tier, &Zone::utc(), now).await else { return };
            _ = shelf.prune(&plan, now, &Progress::default()).await;
        });
        is_whole(&mut garden, None, seed);
    }
}

#[test]
fn trying_again_ends() {
    let mut garden = Garden::new();
    plant(&garden, 0);
    let manifest = garden.backup(None).expect("backup");
    behind(&mut garden, Odds { refused: 100, ..Odds::default() }, 1);
    let begun = Instant::now();
    assert!(matches!(garden.backup(None), Err(TreeError::Store(_))));
    assert!(garden.restore(&manifest, &[], false).is_err());
    assert!(begun.elapsed() < 4 * PATIENCE.total, "{:?}", begun.elapsed());
}

/// A source that fails after so many items.
struct Failing(Box<dyn Source>, usize);

impl Source for Failing {
    fn next(&mut self) -> Result<Option<Item>, Trouble> {
        self.1 = self.1.checked_sub(1).ok_or_else(|| Trouble::suspect("failed", "as it was told to"))?;
        self.0.next()
    }
}

#[test]
fn what_an_interrupted_backup_left_counts_as_stored() {
    let garden = Garden::new();
    for at in 0..6_u64 {
        let mut bytes = vec![0; 7 << 20];
        fastrand::Rng::with_seed(at).fill(&mut bytes);
        std::fs::write(garden.source().join(at.to_string()), bytes).expect("write");
    }
    let make = || -> Box<dyn Source> { Box::new(Failing(garden.walk(), 6)) };
    let failed = garden.runtime.block_on(backup(&garden.job(None), &make, Arc::default()));
    assert!(matches!(failed, Err(TreeError::Source(_))), "{failed:?}");
    let packs = || -> Vec<u64> {
        let all = crate::binary::contents(&garden.temp.path().join("store"));
        all.iter().filter(|(path, _)| path.to_string_lossy().contains("/packs/")).map(|(_, bytes)| bytes.len() as u64).collect()
    };
    assert!(!packs().is_empty(), "nothing was left to go on with");
    let manifest = garden.backup(None).expect("backup");
    let there = packs();
    assert_eq!((manifest.measured.stored_bytes, manifest.measured.new_packs), (there.iter().sum(), there.len() as u64));
    assert!(manifest.measured.stored_bytes > 42 << 20);
}

/// What was committed since the catalogue was read is not stored again: who reads it anew builds on it.
#[test]
fn a_backup_that_was_overtaken_writes_nothing() {
    let garden = Garden::new();
    plant(&garden, 0);
    let seen = Some(garden.runtime.block_on(garden.shelf().known()).expect("known").committed());
    let first = garden.backup(None).expect("backup");
    let job = bdr::tree::Job { seen, ..garden.job(None) };
    let before = crate::binary::contents(&garden.temp.path().join("store"));
    let overtaken = garden.runtime.block_on(backup(&job, &|| garden.walk(), Arc::default()));
    assert!(matches!(overtaken, Err(TreeError::Overtaken { by }) if by == first.id), "{overtaken:?}");
    assert!(crate::binary::contents(&garden.temp.path().join("store")) == before, "something was written");
    let seen = Some(garden.runtime.block_on(garden.shelf().known()).expect("known").committed());
    let job = bdr::tree::Job { seen, ..garden.job(Some(&first)) };
    let second = garden.runtime.block_on(backup(&job, &|| garden.walk(), Arc::default())).expect("backup");
    assert_eq!(second.measured.new_packs, 0);
}

/// A source that loses a file between the moment it names it and the moment it is read.
struct Losing(Box<dyn Source>, std::path::PathBuf);

impl Source for Losing {
    fn next(&mut self) -> Result<Option<Item>, Trouble> {
        let item = self.0.next()?;
        if item.as_ref().is_some_and(|item| item.entry.path.ends_with(b"/7")) {
            std::fs::remove_file(&self.1).expect("remove");
        }
        Ok(item)
    }
}

#[test]
fn a_file_that_vanishes_is_named_and_the_backup_is_suspect() {
    let garden = Garden::new();
    plant(&garden, 0);
    let lost = garden.source().join("7");
    let make = || -> Box<dyn Source> { Box::new(Losing(garden.walk(), lost.clone())) };
    let manifest = garden.runtime.block_on(backup(&garden.job(None), &make, Arc::default())).expect("backup");
    assert!(manifest.is_suspect());
    assert_eq!((manifest.issues[0].what.as_str(), manifest.issues[0].count), ("vanished while the backup ran", 1));
    assert!(manifest.issues[0].examples[0].contains("/7: "), "{:?}", manifest.issues);
    assert_eq!(garden.restore(&manifest, &[], false).expect("restore").failures, []);
}
