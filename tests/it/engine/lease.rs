//! The lease: one apply at a time, none for ever, and what happens when it is lost.

use std::sync::Arc;
use std::time::Duration;

use bdr::address::StoreName;
use bdr::apply::{LeaseError, Stop};
use bdr::journal::Event;
use bdr::store::{Capabilities, Store};
use bytes::Bytes;

use crate::world::memory_store::MemoryStore;
use crate::world::model::{Bucket, Setup, bucket_id};
use crate::world::scene::{Scene, elsewhere, here, virtual_time};

const LEASE: &str = "safe-pm/.bdr/lease.json";

fn wanted() -> Setup {
    let bucket = Bucket { settings: (0..4).map(|key| (key, 1)).collect(), rules: [(0, 1)].into(), ..Bucket::default() };
    Setup { buckets: [(0, bucket)].into(), timers: (0..5).map(|key| (key, 1)).collect() }
}

#[test]
fn of_two_applies_at_once_one_wins_and_the_other_says_so() {
    virtual_time(async {
        let scene = Scene::new(Setup::default().live(), wanted().wanted());
        scene.world.set_weather(crate::world::Weather { lag_ms: 20_000, ..crate::world::Weather::default() });
        let (plan, other) = (scene.plan().await, scene.plan().await);
        let (one, two) = tokio::join!(
            scene.apply_plan(plan, "one", elsewhere(1), Stop::new()),
            scene.apply_plan(other, "two", elsewhere(2), Stop::new())
        );
        let (won, lost) = if one.outcome.is_ok() { (one, two) } else { (two, one) };
        assert!(won.outcome.expect("one holds it").counts.all_done());
        assert!(matches!(lost.outcome, Err(LeaseError::Held { .. } | LeaseError::Outrun { .. })));
        assert_eq!(scene.world.state().violations, Vec::<String>::new());
    });
}

#[test]
fn where_the_store_is_still_to_be_made_the_lease_is_taken_as_soon_as_it_is() {
    virtual_time(async {
        let world = Setup::default().live();
        let exists =
            |world: &crate::world::World| world.state().things.get(&bucket_id(0)).is_some_and(|thing| thing.seen().is_some());
        let store = Arc::new(MemoryStore::new(world.clone(), exists));
        let scene = Scene::with_store(world, wanted().wanted(), store);
        let applied = scene.apply("first").await;
        assert!(applied.outcome.expect("lease").counts.all_done());
        let at = |wanted: fn(&Event) -> bool| applied.events.iter().position(wanted).expect("happens");
        let taken = at(|event| matches!(event, Event::LeaseTaken { .. }));
        let starts = |event: &&Event| matches!(event, Event::ActionStarted { .. });
        assert_eq!(applied.events[..taken].iter().filter(starts).count(), 1, "only the bucket is made without it");
    });
}

#[test]
fn a_lease_of_a_dead_process_here_is_taken_at_once_and_one_from_elsewhere_after_its_time() {
    virtual_time(async {
        for (owner, seconds) in [(bdr::apply::Owner { started: Some(1), ..here() }, 0..2), (elsewhere(9), 30..34)] {
            let scene = Scene::new(Setup::default().live(), wanted().wanted());
            let plan = scene.plan().await;
            scene.world.set_weather(crate::world::Weather { crash_at: Some(9), ..crate::world::Weather::default() });
            tokio::select! {
                _ = scene.apply_plan(plan, "dies", owner, Stop::new()) => panic!("must die"),
                () = scene.world.crashed() => {}
            }
            scene.world.forget_writers();
            scene.world.set_weather(crate::world::Weather::default());
            let plan = scene.plan().await;
            let begun = tokio::time::Instant::now();
            let applied = scene.apply_plan(plan, "next", here(), Stop::new()).await;
            let taken = applied.events.iter().find_map(|event| match event {
                Event::LeaseTaken { generation, from, .. } => Some((*generation, from.is_some())),
                _ => None,
            });
            assert_eq!(taken, Some((2, true)));
            assert!(applied.outcome.expect("lease").counts.all_done());
            assert!(seconds.contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
        }
    });
}

#[test]
fn losing_the_lease_stops_the_apply() {
    virtual_time(async {
        let scene = Scene::new(Setup::default().live(), wanted().wanted());
        scene.world.set_weather(crate::world::Weather { lag_ms: 50_000, ..crate::world::Weather::default() });
        let plan = scene.plan().await;
        let (applied, ()) = tokio::join!(scene.apply_plan(plan, "run", here(), Stop::new()), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let etag = scene.store.head(LEASE).await.expect("held").etag;
            scene.store.replace(LEASE, Bytes::from_static(b"{}"), &etag).await.expect("broken by hand");
        });
        assert!(applied.events.iter().any(|event| matches!(event, Event::LeaseLost { .. })));
        let record = applied.outcome.expect("it had begun");
        let after = record.ended.expect("ended").duration_since(record.started.expect("started"));
        assert!(after.as_secs() <= 6, "noticed after {after:?}");
        assert!(record.counts.stopped + record.counts.cut_off > 0, "{record:#?}");
        assert_eq!(scene.store.text(LEASE).as_deref(), Some("{}"), "what somebody else wrote is left alone");
    });
}

#[test]
fn a_lease_that_was_broken_right_before_the_end_is_told() {
    virtual_time(async {
        let scene = Scene::new(Setup::default().live(), wanted().wanted());
        scene.world.set_weather(crate::world::Weather { lag_ms: 1_000, ..crate::world::Weather::default() });
        let plan = scene.plan().await;
        let (applied, ()) = tokio::join!(scene.apply_plan(plan, "run", here(), Stop::new()), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let etag = scene.store.head(LEASE).await.expect("held").etag;
            scene.store.replace(LEASE, Bytes::from_static(b"{}"), &etag).await.expect("broken by hand");
        });
        let lost = |event: &Event| matches!(event, Event::LeaseLost { reason } if reason.contains("bdr unlock"));
        assert!(applied.events.iter().any(lost), "{:#?}", applied.events);
        assert!(!applied.events.iter().any(|event| matches!(event, Event::LeaseLeft { .. })));
        assert_eq!(scene.store.text(LEASE).as_deref(), Some("{}"), "what somebody else wrote is left alone");
    });
}

#[test]
fn a_store_without_conditional_writes_holds_no_lease() {
    virtual_time(async {
        let world = Setup::default().live();
        let mut store = MemoryStore::new(world.clone(), |_| true);
        store.able = Capabilities { replace_if_match: false, ..store.able };
        let scene = Scene::with_store(world, wanted().wanted(), Arc::new(store));
        let Err(error) = scene.apply("first").await.outcome else { panic!("must be refused") };
        assert_eq!(
            error.to_string(),
            "none of the stores can hold a lease: `store-0` (memory://first) does not honour conditional writes"
        );
        assert_eq!(scene.world.state().writes, 0);
    });
}

#[test]
fn the_record_of_each_run_lies_beside_the_backups() {
    virtual_time(async {
        let scene = Scene::new(Setup::default().live(), wanted().wanted());
        scene.apply("r1").await.outcome.expect("lease");
        scene.apply("r2").await.outcome.expect("lease");
        assert_eq!(scene.store.keys(), [LEASE, "safe-pm/.bdr/runs/r1.json", "safe-pm/.bdr/runs/r2.json"]);
        let record: bdr::journal::RunRecord =
            serde_json::from_str(&scene.store.text("safe-pm/.bdr/runs/r1.json").expect("there")).expect("json");
        assert!(record.counts.all_done() && record.counts.done > 0 && record.generation == Some(1));
    });
}

/// A world in which every apply is guarded by the given stores.
fn guarded(world: &crate::world::World, stores: &[(&str, &Arc<MemoryStore>)]) -> Scene {
    let mut scene = Scene::with_store(world.clone(), wanted().wanted(), Arc::clone(stores[0].1));
    scene.guards = stores.iter().map(|(name, store)| (StoreName::new(name).unwrap(), Arc::clone(store))).collect();
    scene
}

#[test]
fn two_forms_of_a_policy_whose_first_stores_differ_meet_in_the_one_that_both_name() {
    virtual_time(async {
        let world = Setup::default().live();
        world.set_weather(crate::world::Weather { lag_ms: 20_000, ..crate::world::Weather::default() });
        let store = || Arc::new(MemoryStore::new(world.clone(), |_| true));
        let (first, shared, other) = (store(), store(), store());
        let one = guarded(&world, &[("a-first", &first), ("b-shared", &shared)]);
        let two = guarded(&world, &[("b-shared", &shared), ("c-other", &other)]);
        let (plan, later) = (one.plan().await, two.plan().await);
        let (ran, refused) = tokio::join!(one.apply_plan(plan, "one", elsewhere(1), Stop::new()), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            two.apply_plan(later, "two", elsewhere(2), Stop::new()).await
        });
        assert!(ran.outcome.expect("it holds both").counts.all_done());
        assert!(matches!(refused.outcome, Err(LeaseError::Held { .. })));
        assert_eq!(world.state().violations, Vec::<String>::new());
        // What it had taken is nobody's again.
        let record: serde_json::Value = serde_json::from_str(&shared.text(LEASE).expect("there")).expect("json");
        assert_eq!(record["holder"], serde_json::Value::Null);
        assert!(two.apply("three").await.outcome.expect("lease").counts.all_done());
    });
}

#[test]
fn a_store_beside_the_first_that_is_not_there_or_does_not_answer_holds_nothing_up() {
    virtual_time(async {
        let world = Setup::default().live();
        let there = Arc::new(MemoryStore::new(world.clone(), |_| true));
        let missing = Arc::new(MemoryStore::new(world.clone(), |_| false));
        for stores in [[("a", &there), ("b", &missing)], [("a", &missing), ("b", &there)]] {
            let scene = guarded(&world, &stores);
            let applied = scene.apply("run").await;
            assert!(applied.outcome.expect("lease").counts.all_done());
            assert!(applied.events.iter().any(|event| matches!(event, Event::LeaseTaken { .. })));
        }
    });
}
