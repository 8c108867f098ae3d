//! A share of the data read each time comes to every pack, whatever stands in the line: damaged, missing, archived or withheld.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bdr::address::BackupId;
use bdr::store::{Capabilities, ErrorKind, ObjectMeta, Put, Retry, Store, StoreError};
use bdr::tree::{Progress, Read, TreeError, Verified, verify};
use bytes::Bytes;

use super::grow::Garden;

const BACKUPS: usize = 10;

/// Does not give the packs of some backups, though they are listed.
struct Keeping {
    inner: Arc<dyn Store>,
    kept: BTreeMap<BackupId, ErrorKind>,
    /// Nor anything else.
    down: bool,
}

#[async_trait]
impl Store for Keeping {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    async fn capabilities(&self) -> Result<Capabilities, StoreError> {
        self.inner.capabilities().await
    }

    async fn put(&self, key: &str, body: Bytes, how: Put) -> Result<String, StoreError> {
        self.inner.put(key, body, how).await
    }

    async fn replace(&self, key: &str, body: Bytes, etag: &str) -> Result<String, StoreError> {
        self.inner.replace(key, body, etag).await
    }

    async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes, StoreError> {
        let kept = self.kept.iter().find(|(id, _)| key.contains("/packs/") && key.contains(&id.to_string()));
        match kept {
            Some((_, kind)) => Err(StoreError::new("read", key, *kind, Retry::Never, "input/output error")),
            None => self.inner.get(key, range).await,
        }
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        if self.down {
            return Err(StoreError::new("look at", key, ErrorKind::Unavailable, Retry::Later, "gone"));
        }
        self.inner.head(key).await
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Vec<ObjectMeta>, StoreError> {
        self.inner.list(prefix, start_after, limit).await
    }

    async fn list_folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.inner.list_folders(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inner.delete(key).await
    }
}

/// Full backups of one pack each, all of about the same size, oldest first.
fn grown() -> (Garden, Vec<BackupId>) {
    let garden = Garden::new();
    let made = (0..BACKUPS).map(|seed| {
        let mut bytes = vec![0; 50_000];
        fastrand::Rng::with_seed(seed as u64).fill(&mut bytes);
        std::fs::write(garden.source().join("file"), bytes).expect("write");
        garden.backup(None).expect("backup").id
    });
    let made = made.collect();
    (garden, made)
}

fn pack(garden: &Garden, id: BackupId) -> std::path::PathBuf {
    let all = crate::binary::contents(&garden.temp.path().join("store")).into_keys();
    let mut own = all.filter(|path| path.to_string_lossy().contains(&format!("{id}/packs/")));
    own.next().expect("a pack")
}

fn flip(path: &std::path::Path) {
    let mut bytes = std::fs::read(path).expect("read");
    bytes[1_000] ^= 1;
    std::fs::write(path, bytes).expect("write");
}

/// The run of one day, which reads one pack that can be read.
fn run(garden: &Garden, day: u8) -> Result<Verified, TreeError> {
    let now = format!("2027-01-{day:02}T04:00:00Z").parse().expect("time");
    garden.runtime.block_on(async {
        let known = garden.shelf().known().await?;
        verify(&garden.shelf(), &known, Read::Percent(9), now, Arc::new(Progress::default())).await
    })
}

fn damaged(verified: &Verified) -> BTreeSet<BackupId> {
    let damaged = verified.verification.backups.iter().filter(|(_, seen)| !seen.damages.is_empty());
    damaged.map(|(id, _)| *id).collect()
}

/// The backups whose pack was read and found good in this run.
fn read(verified: &Verified) -> Vec<BackupId> {
    verified.verification.backups.iter().filter(|(_, seen)| seen.all_packs).map(|(id, _)| *id).collect()
}

#[test]
fn damaged_packs_hold_up_nothing_and_are_told_each_time() {
    let (garden, ids) = grown();
    let bad = BTreeSet::from([ids[0], ids[1], ids[8]]);
    for id in [ids[0], ids[8]] {
        flip(&pack(&garden, id));
    }
    std::fs::remove_file(pack(&garden, ids[1])).expect("remove");
    let (mut good, mut known) = (BTreeSet::new(), BTreeSet::new());
    for day in 1..=11 {
        let verified = run(&garden, day).expect("verify");
        assert!(!verified.is_good(), "day {day}");
        good.extend(read(&verified));
        let told = damaged(&verified);
        assert!(known.is_subset(&told), "day {day}: {known:?} were known, and only {told:?} are told");
        known = told;
    }
    assert_eq!(good, &ids.into_iter().collect() - &bad, "everything in turn");
    assert_eq!(known, bad);
}

#[test]
fn what_was_damaged_has_its_turn_again_and_is_good_once_it_is_mended() {
    let (garden, ids) = grown();
    flip(&pack(&garden, ids[0]));
    assert_eq!(damaged(&run(&garden, 1).expect("verify")), BTreeSet::from([ids[0]]));
    flip(&pack(&garden, ids[0]));
    let told = run(&garden, 2).expect("verify").verification.backups[&ids[0]].damages.concat();
    assert!(told.contains("when it was read on 2027-01-01"), "{told}");
    let days: Vec<bool> = (3..=11).map(|day| run(&garden, day).expect("verify").is_good()).collect();
    assert_eq!(days, [[false; 8].as_slice(), &[true]].concat(), "told until it was read again, as the eleventh");
}

#[test]
fn what_the_store_does_not_give_holds_up_nothing() {
    let (mut garden, ids) = grown();
    let kept = BTreeMap::from([(ids[0], ErrorKind::Unavailable), (ids[1], ErrorKind::Archived), (ids[2], ErrorKind::Other)]);
    garden.store = Arc::new(Keeping { inner: Arc::clone(&garden.store), kept: kept.clone(), down: false });
    let first = run(&garden, 1).expect("verify");
    assert_eq!((first.archived, first.withheld.len(), first.packs_read), (1, 2, 1), "the next in line in their place");
    assert!(!first.is_good() && first.withheld[0].1 == "input/output error", "{:?}", first.withheld);
    assert_eq!(damaged(&first), BTreeSet::new(), "nothing is known of them");
    let mut good = read(&first);
    for day in 2..=7 {
        let verified = run(&garden, day).expect("verify");
        assert!(verified.is_good() && verified.archived == 0, "day {day}: they had their turn");
        good.extend(read(&verified));
    }
    assert_eq!(good, ids[3..]);
    assert_eq!(run(&garden, 8).expect("verify").withheld.len(), 2, "and have it again");
    // Where nothing of the store answers, it is no pack that is to blame.
    garden.store = Arc::new(Keeping { inner: Arc::clone(&garden.store), kept, down: true });
    (9..=20).find_map(|day| run(&garden, day).err()).expect("the store fails");
}
