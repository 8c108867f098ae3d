//! Slots: however many start a job for one moment, one runs it; what nobody ran is seen.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bdr::address::{ComponentName, PolicyName, ProtectionName};
use bdr::apply::Owner;
use bdr::catalog::layout::Series;
use bdr::slots::{Claim, Ending, SlotState, Slots, Ticket};
use bdr::store::{Capabilities, ObjectMeta, Put, Store, StoreError};
use bdr::stores::FolderStore;
use bdr::units::cadence::{Schedule, Semantics, Zone};
use bytes::Bytes;
use jiff::Timestamp;

/// A store that overwrites whatever it is told, as radosgw 16 does with `If-None-Match: *`.
struct Overwriting(FolderStore);

#[async_trait]
impl Store for Overwriting {
    fn describe(&self) -> String {
        self.0.describe()
    }
    async fn capabilities(&self) -> Result<Capabilities, StoreError> {
        Ok(Capabilities::default())
    }
    async fn put(&self, key: &str, body: Bytes, how: Put) -> Result<String, StoreError> {
        // Answers as late as a busy endpoint does, so that claimers overtake each other.
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..20))).await;
        self.0.put(key, body, Put { if_absent: false, ..how }).await
    }
    async fn replace(&self, key: &str, body: Bytes, etag: &str) -> Result<String, StoreError> {
        self.0.replace(key, body, etag).await
    }
    async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes, StoreError> {
        self.0.get(key, range).await
    }
    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        self.0.head(key).await
    }
    async fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Vec<ObjectMeta>, StoreError> {
        self.0.list(prefix, start_after, limit).await
    }
    async fn list_folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.0.list_folders(prefix).await
    }
    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.0.delete(key).await
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn slots(store: &dyn Store) -> Slots<'_> {
    slots_of("p", store)
}

fn slots_of<'a>(policy: &str, store: &'a dyn Store) -> Slots<'a> {
    let series = Series {
        policy: PolicyName::new(policy).expect("name"),
        component: ComponentName::new("docs").expect("name"),
        protection: ProtectionName::new("nightly").expect("name"),
    };
    Slots::new(store, series).with_pause(Duration::from_millis(250))
}

/// Claims one moment from many tasks at once; how many won.
async fn race(store: Arc<dyn Store>, claimers: usize, moment: Timestamp) -> Vec<Ticket> {
    let tasks: Vec<_> = (0..claimers)
        .map(|claimer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(fastrand::u64(0..30))).await;
                let owner = Owner::of_process(format!("claimer-{claimer}"));
                slots(store.as_ref()).claim(moment, &owner, Timestamp::now()).await.expect("the store answers")
            })
        })
        .collect();
    let mut won = Vec::new();
    for task in tasks {
        if let Claim::Claimed { ticket, .. } = task.await.expect("no panic") {
            won.push(ticket);
        }
    }
    won
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_claimers_exactly_one_wins() {
    let folder = tempfile::tempdir().expect("folder");
    for name in ["sure", "weak"] {
        std::fs::create_dir(folder.path().join(name)).expect("folder");
    }
    let sure: Arc<dyn Store> = Arc::new(FolderStore::new(folder.path().join("sure")));
    let weak: Arc<dyn Store> = Arc::new(Overwriting(FolderStore::new(folder.path().join("weak"))));
    for round in 0..40 {
        let moment = time("2026-10-25T00:30:00Z") + jiff::SignedDuration::from_hours(round);
        assert_eq!(race(Arc::clone(&sure), 8, moment).await.len(), 1, "round {round}");
        if round < 8 {
            assert_eq!(race(Arc::clone(&weak), 8, moment).await.len(), 1, "round {round} without create-only writes");
        }
    }
}

/// T-c: the two 02:30 of an autumn night are one moment under cron, and one claim.
#[tokio::test]
async fn a_repeated_hour_runs_once() {
    let folder = tempfile::tempdir().expect("folder");
    let store = FolderStore::new(folder.path());
    let (slots, owner) = (slots(&store), Owner::of_process("cron"));
    let runs = Schedule::parse("30 2 * * *").expect("schedule").cadence;
    let runs = runs.runs(&Zone::parse("Europe/Stockholm").expect("zone"), Semantics::Cron);
    let mut outcomes = Vec::new();
    for now in ["2026-10-25T00:30:01Z", "2026-10-25T01:30:01Z"] {
        let moment = runs.latest(time(now)).expect("it has run before");
        let claim = slots.claim(moment, &owner, time(now)).await.expect("claim");
        outcomes.push(matches!(claim, Claim::Claimed { exclusive: true, .. }));
    }
    assert_eq!(outcomes, [true, false]);
}

#[tokio::test]
async fn a_failed_or_cut_off_run_may_be_tried_again_and_a_running_or_good_one_not() {
    let folder = tempfile::tempdir().expect("folder");
    let store = FolderStore::new(folder.path());
    let (slots, alive) = (slots(&store), Owner::of_process("me"));
    let dead = Owner { pid: u32::MAX, ..alive.clone() };
    let (moment, now) = (time("2026-11-24T02:00:00Z"), time("2026-11-24T02:00:01Z"));
    let attempt = async |owner: &Owner| match slots.claim(moment, owner, now).await.expect("claim") {
        Claim::Claimed { ticket, .. } => Ok(ticket),
        Claim::TakenBy { claim, result } => Err((claim.owner.user, result.map(|result| result.ending))),
    };
    let first = attempt(&dead).await.expect("free");
    let second = attempt(&alive).await.expect("its process is gone");
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert_eq!(attempt(&alive).await, Err(("me".into(), None)), "it runs");
    slots.finish(&second, Ending::Failed, Some("no space"), now).await.expect("finish");
    let third = attempt(&alive).await.expect("the second failed");
    slots.finish(&third, Ending::Succeeded, None, now).await.expect("finish");
    slots.finish(&third, Ending::Succeeded, None, now).await.expect("saying it twice is no error");
    assert_eq!(attempt(&alive).await, Err(("me".into(), Some(Ending::Succeeded))));
    let seen = slots.seen(time("2026-11-24T01:00:00Z")).await.expect("seen");
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [(moment, SlotState::Ended(Ending::Succeeded))]);
}

#[tokio::test]
async fn a_moment_that_nobody_claimed_is_missed_after_its_grace() {
    let folder = tempfile::tempdir().expect("folder");
    let store = FolderStore::new(folder.path());
    let (slots, owner) = (slots(&store), Owner::of_process("me"));
    let runs = Schedule::parse("every 1h").expect("schedule").cadence.runs(&Zone::utc(), Semantics::Agent);
    let at = |hour: i64| time("2026-11-24T00:00:00Z") + jiff::SignedDuration::from_hours(hour);
    for hour in [0, 1, 2, 4, 6] {
        slots.claim(at(hour), &owner, at(hour)).await.expect("claim");
    }
    let grace = bdr::units::duration::Duration::from_secs(1_800);
    let missed = slots.missed(&runs, at(0), at(7) + jiff::SignedDuration::from_mins(10), grace).await.expect("missed");
    assert_eq!(missed, [at(3), at(5)]);
}

/// Those of a month stay, the newest two however old they are, and what is claimed for a moment to come.
#[tokio::test]
async fn slots_of_long_ago_are_forgotten_and_the_newest_stay() {
    let folder = tempfile::tempdir().expect("folder");
    let store = FolderStore::new(folder.path());
    let (slots, owner) = (slots(&store), Owner::of_process("me"));
    let at = |day: i64| time("2026-01-01T02:00:00Z") + jiff::SignedDuration::from_hours(24 * day);
    for day in [0, 1, 2, 40, 100] {
        let claim = slots.claim(at(day), &owner, at(day)).await.expect("claim");
        let Claim::Claimed { ticket, .. } = claim else { panic!("{claim:?}") };
        slots.finish(&ticket, Ending::Succeeded, None, at(day)).await.expect("finish");
    }
    let left = async || slots.seen(at(-100)).await.expect("seen").into_keys().collect::<Vec<_>>();
    for (now, gone, stay) in [
        (at(30), 0, vec![at(0), at(1), at(2), at(40), at(100)]),
        (at(31), 1, vec![at(1), at(2), at(40), at(100)]),
        (at(50), 1, vec![at(2), at(40), at(100)]),
        (at(71), 0, vec![at(2), at(40), at(100)]),
        (at(100), 1, vec![at(40), at(100)]),
        (at(9_000), 0, vec![at(40), at(100)]),
    ] {
        let old = slots.old(now).await.expect("old");
        assert_eq!(old.slots, gone, "{now}");
        slots.forget(&old).await.expect("forget");
        assert_eq!(left().await, stay, "{now}");
    }
    let objects = store.list("", None, 100).await.expect("list");
    assert_eq!(objects.len(), 4, "an outcome goes with its claim: {objects:?}");
}

#[tokio::test]
async fn slots_that_fill_several_listings_are_forgotten_all() {
    let folder = tempfile::tempdir().expect("folder");
    let store = FolderStore::new(folder.path());
    let at = |minute: i64| time("2026-01-01T00:00:00Z") + jiff::SignedDuration::from_mins(minute);
    for minute in 0..2_300 {
        let key = format!("p/_slots/docs/nightly/{}.1.json", at(minute).strftime("%Y%m%dT%H%M%SZ"));
        store.put(&key, Bytes::from_static(b"{}"), Put::default()).await.expect("put");
    }
    let old = slots(&store).old(at(100 * 24 * 60)).await.expect("old");
    assert_eq!(old.slots, 2_298);
    slots(&store).forget(&old).await.expect("forget");
    assert_eq!(store.list("", None, 100).await.expect("list").len(), 2);
}

#[tokio::test]
async fn an_object_that_is_no_claim_stops_the_run() {
    let folder = tempfile::tempdir().expect("folder");
    let store = FolderStore::new(folder.path());
    let key = "p/_slots/docs/nightly/20261124T020000Z.1.json";
    store.put(key, Bytes::from_static(b"{\"version\":2}"), Put::default()).await.expect("put");
    let now = time("2026-11-24T02:00:00Z");
    let error = slots(&store).claim(now, &Owner::of_process("me"), now).await.expect_err("not understood");
    assert!(error.to_string().contains(key), "{error}");
}

#[tokio::test]
async fn policies_that_share_a_store_do_not_meet() {
    let folder = tempfile::tempdir().expect("folder");
    let store = FolderStore::new(folder.path());
    let now = time("2026-11-24T02:00:00Z");
    for policy in ["one", "other"] {
        let slots = slots_of(policy, &store);
        let claim = slots.claim(now, &Owner::of_process("me"), now).await.expect("the store answers");
        let Claim::Claimed { ticket, .. } = claim else { panic!("{policy} meets the other one: {claim:?}") };
        slots.finish(&ticket, Ending::Succeeded, None, now).await.expect("finish");
        assert_eq!(slots.seen(now - jiff::SignedDuration::from_secs(1)).await.expect("seen").len(), 1, "{policy}");
    }
    for hour in [1, 2] {
        let later = now + jiff::SignedDuration::from_hours(hour);
        slots_of("one", &store).claim(later, &Owner::of_process("me"), later).await.expect("claim");
    }
    let one = slots_of("one", &store);
    let old = one.old(now + jiff::SignedDuration::from_hours(31 * 24)).await.expect("old");
    one.forget(&old).await.expect("forget");
    assert_eq!(one.seen(now - jiff::SignedDuration::from_secs(1)).await.expect("seen").len(), 2, "its oldest slot is gone");
    assert_eq!(slots_of("other", &store).seen(now - jiff::SignedDuration::from_secs(1)).await.expect("seen").len(), 1);
}
